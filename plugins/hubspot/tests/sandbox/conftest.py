"""Accounts that run on a free port of the loopback for one test, and a client that knows nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import aiohttp
import msgspec
import pytest

from afterclick.sandbox import serve
from afterclick.testing import StillClock
from afterclick_hubspot.sandbox import HubSpotSandbox, Options

START = 1_779_354_840_000
"""21 May 2026, 09:14 UTC."""

KEY = "deep_link_key"


class Reply(msgspec.Struct):
    """Status, headers and the decoded body of an answer."""

    status: int
    headers: dict[str, str]
    body: Any


class Account:
    """A running account. Paths are below `/crm/objects/2026-09/contacts` unless they start with `//`."""

    def __init__(self, sandbox: HubSpotSandbox, session: aiohttp.ClientSession, clock: StillClock) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.version = "2026-09"
        self.token = "pat-sandbox"
        self._session = session

    async def send(self, method: str, path: str, body: Any = None, **more: Any) -> Reply:
        below = "" if path.startswith("//") else f"/crm/objects/{self.version}/contacts"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else msgspec.json.encode(body)
        url = self.sandbox.base_url + below + path.removeprefix("/" if path.startswith("//") else "")
        headers |= more.pop("headers", {})
        async with self._session.request(method, url, data=data, headers=headers, **more) as response:
            raw = await response.read()
            is_json = response.content_type == "application/json" and raw
            decoded = msgspec.json.decode(raw) if is_json else raw.decode()
            return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, decoded)

    async def post(self, path: str, body: Any) -> Reply:
        return await self.send("POST", path, body)

    async def get(self, path: str, **params: str) -> Reply:
        return await self.send("GET", path, params=params)

    async def patch(self, path: str, properties: dict[str, Any], **params: str) -> Reply:
        return await self.send("PATCH", path, {"properties": properties}, params=params)

    async def batch(self, verb: str, *inputs: Any, **more: Any) -> Reply:
        return await self.post(f"/batch/{verb}", {"inputs": list(inputs), **more})

    async def create(self, **properties: str) -> str:
        """Make a contact through the API and return its id."""
        reply = await self.post("", {"properties": properties})
        assert reply.status == 201, reply.body
        contact_id: str = reply.body["id"]
        return contact_id

    def contact(self, contact_id: str) -> dict[str, str]:
        found = self.sandbox.contact(contact_id)
        assert found is not None
        return found


class OpenAccount(Protocol):
    async def __call__(self, **options: Any) -> Account: ...


@pytest.fixture
async def open_account() -> AsyncIterator[OpenAccount]:
    """Return a function that starts an account with some options, and the properties of Afterclick."""
    async with AsyncExitStack() as stack:

        async def open_account(**options: Any) -> Account:
            clock = StillClock(START)
            sandbox = HubSpotSandbox(Options(**options), clock=clock)
            define(sandbox)
            await stack.enter_async_context(serve(sandbox))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Account(sandbox, session, clock)

        yield open_account


@pytest.fixture
async def account(open_account: OpenAccount) -> Account:
    """Return an account with the default options."""
    return await open_account()


def define(sandbox: HubSpotSandbox) -> None:
    sandbox.add_property(KEY, unique=True)
    sandbox.add_property("first_touch_campaign")
    sandbox.add_property("install_date", "datetime")
    sandbox.add_property("signup_day", "date")
    sandbox.add_property("minutes", "number")
    sandbox.add_property("vip", "bool")


def keyed(key: str, trace_id: str | None = None, /, **properties: Any) -> dict[str, Any]:
    """Return an upsert input by the unique key."""
    made: dict[str, Any] = {"id": key, "idProperty": KEY, "properties": properties}
    return made if trace_id is None else {**made, "objectWriteTraceId": trace_id}
