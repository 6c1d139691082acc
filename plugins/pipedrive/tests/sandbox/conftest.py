"""Companies that run on a free port of the loopback for one test, and a client that knows nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import aiohttp
import msgspec
import pytest

from afterclick.sandbox import serve
from afterclick.testing import StillClock
from afterclick_pipedrive.sandbox import Options, PipedriveSandbox

from . import documents

START = 1_779_354_840_000
"""21 May 2026, 09:14 UTC."""


class Reply(msgspec.Struct):
    """Status, headers and the decoded body of an answer."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def data(self) -> Any:
        assert self.body["success"] is True, self.body
        return self.body["data"]


class Account:
    """A running company. Paths are below `/api/v2` unless they start with `//`.

    Every answer of success is held against the documents.
    """

    def __init__(self, sandbox: PipedriveSandbox, session: aiohttp.ClientSession, clock: StillClock) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.headers = {"x-api-token": "sandbox-api-token"}
        self._session = session

    async def send(self, method: str, path: str, body: Any = None, **more: Any) -> Reply:
        below = "" if path.startswith("//") else "/api/v2"
        url = self.sandbox.base_url + below + path.removeprefix("/" if path.startswith("//") else "")
        headers = more.pop("headers", {"Content-Type": "application/json", **self.headers})
        data = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        async with self._session.request(method, url, data=data, headers=headers, **more) as response:
            raw = await response.read()
            is_json = response.content_type == "application/json" and raw
            decoded: Any = msgspec.json.decode(raw) if is_json else raw.decode()
            api = response.url.path.startswith(("/api/", "/v1/", "/oauth/"))
            if api and response.status < 300 and decoded.get("success") is not False:
                documents.check(method, response.url.path, decoded, nulls=self.sandbox.options.nulls)
            return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, decoded)

    async def get(self, path: str, **params: str) -> Reply:
        return await self.send("GET", path, params=params)

    async def post(self, path: str, **body: Any) -> Reply:
        return await self.send("POST", path, body)

    async def patch(self, path: str, **body: Any) -> Reply:
        return await self.send("PATCH", path, body)

    async def delete(self, path: str) -> Reply:
        return await self.send("DELETE", path)

    async def create(self, name: str = "Ada Lovelace", **body: Any) -> int:
        """Make a person through the API and return its id."""
        person_id: int = (await self.post("/persons", name=name, **body)).data["id"]
        return person_id

    def code(self, name: str) -> str:
        """Return the code of a person field."""
        return self.sandbox.field_code(name)


class OpenAccount(Protocol):
    async def __call__(self, **options: Any) -> Account: ...


@pytest.fixture
async def open_account() -> AsyncIterator[OpenAccount]:
    """Return a function that starts a company with some options, and a few fields."""
    async with AsyncExitStack() as stack:

        async def open_account(**options: Any) -> Account:
            clock = StillClock(START)
            sandbox = PipedriveSandbox(Options(**options), clock=clock)
            define(sandbox)
            await stack.enter_async_context(serve(sandbox))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Account(sandbox, session, clock)

        yield open_account


@pytest.fixture
async def account(open_account: OpenAccount) -> Account:
    """Return a company with the default options."""
    return await open_account()


def define(sandbox: PipedriveSandbox) -> None:
    sandbox.add_field("Deep link key")
    sandbox.add_field("Campaign")
    sandbox.add_field("Install date", "date")
    sandbox.add_field("Minutes", "double")
    sandbox.add_field("Deep link key", entity="deal")
