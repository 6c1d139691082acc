"""What the plugin's tests share: an open connection without a network, and the leads that go over it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from unittest.mock import Mock

import aiohttp
import msgspec
from aioresponses import CallbackResult, aioresponses
from yarl import URL

from afterclick.plugin import Change, Context, FieldSpec, Http, Lead, Record, Scalar
from afterclick_salesforce.client import Client, Ctx, open_api
from afterclick_salesforce.fields import CONTACT, DEFAULT_FIELDS, LEAD
from afterclick_salesforce.mapping import Shape
from afterclick_salesforce.settings import SalesforceSettings

from .bodies import BASE, POINTER, Json, composite, descriptions, login, page

DATA = f"{BASE}/services/data/v68.0"
TOKEN = f"{BASE}/services/oauth2/token"
COMPOSITE = f"{DATA}/composite"
ROWS = f"{DATA}/composite/sobjects"
LEADS = f"{DATA}/sobjects/Lead"
DESCRIBE_LEAD = f"{LEADS}/describe"
DESCRIBE_CONTACT = f"{DATA}/sobjects/Contact/describe"
SECRET = "consumer-secret"

KEY = "Deep_Link_Key__c"
USER = "user:11111111111111111111111111111111"
EMAIL = "email:22222222222222222222222222222222"
EVENT = "event:33333333333333333333333333333333"
ADA = "ada@example.com"
NOON = 1_779_364_800_000
"""21 May 2026, 12:00 UTC."""


class _Response(aiohttp.ClientResponse):
    # aioresponses 0.7.9 leaves out the writer that aiohttp 3.14 demands.
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", Mock())
        super().__init__(*args, **kwargs)


class Sent(NamedTuple):
    """One request as it left; the body decoded where it was JSON."""

    method: str
    url: URL
    body: Any
    headers: dict[str, str]


class Org(aioresponses):  # type: ignore[misc, unused-ignore]
    """Salesforce as a list of answers, given in order, and the requests that met them."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []

    def __enter__(self) -> Org:
        super().__enter__()
        return self

    def add(self, url: Any, *args: Any, **kwargs: Any) -> None:
        """Add an answer that aiohttp can read."""
        super().add(url, *args, **{"response_class": _Response, **kwargs})

    def reply(
        self,
        url: str,
        body: Any,
        status: int = 200,
        *,
        method: str = "POST",
        usage: str = "",
        repeat: bool = False,
    ) -> None:
        """Answer a call with JSON, or with bytes or text as they are, whatever its query."""
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = {"Sforce-Limit-Info": usage} if usage else {}

        def answer(asked: URL, **request: Any) -> CallbackResult:
            self._note(method, asked, request)
            return CallbackResult(status=status, body=raw, headers=headers, response_class=_Response)

        self.add(_any_query(url), method=method, callback=answer, repeat=repeat)

    def fail(self, url: str, failure: BaseException, *, method: str = "POST") -> None:
        """Let a call fail on its way."""
        self.add(_any_query(url), method=method, exception=failure)

    def reads(self, *pages: Iterable[Json], status: int = 200) -> None:
        """Answer the next Composite call with a page of records for each of its queries."""
        self.reply(COMPOSITE, composite(*(page(rows) for rows in pages)), status)

    @property
    def queries(self) -> list[str]:
        """Return the text of every query that was asked."""
        parts = [
            part
            for one in self.sent
            if one.url.path.endswith("/composite")
            for part in one.body["compositeRequest"]
        ]
        return [URL(part["url"]).query["q"] for part in parts]

    def _note(self, method: str, asked: URL, request: Mapping[str, Any]) -> None:
        data = request.get("data")
        body = json.loads(data) if isinstance(data, bytes) and data[:1] in b"{[" else data
        self.sent.append(Sent(method, asked, body, dict(request.get("headers") or {})))


def _any_query(url: str) -> re.Pattern[str]:
    return re.compile(re.escape(url) + r"(\?.*)?$")


class StillClock:
    """A clock that stands; waiting moves it on."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> int:
        return self.time

    def elapsed(self) -> float:
        return self.time / 1000

    async def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)


class OpenPacer:
    """A limiter that lets all pass and remembers what it was told."""

    def __init__(self) -> None:
        self.learnt: list[tuple[str, float | None, float | None]] = []

    async def acquire(self, costs: Mapping[str, float], deadline: float | None) -> tuple[float, str]:
        return 0.0, ""

    def learn(
        self, bucket: str, *, amount: float | None, seconds: float | None, remaining: float | None
    ) -> None:
        self.learnt.append((bucket, amount, remaining))


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Json]] = []

    def debug(self, event: str, **values: Any) -> None:
        self.lines.append((event, values))

    info = warning = debug


class NoState:
    """A store that a plugin must leave alone: a token does not belong into the ledger."""

    async def get(self, key: str) -> str | None:
        raise AssertionError(key)

    async def set(self, key: str, value: str) -> None:
        raise AssertionError(key)


class Bench(NamedTuple):
    """A connection under test and everything that stands in for the world around it."""

    ctx: Ctx
    org: Org
    clock: StillClock
    pacer: OpenPacer
    log: Lines


@asynccontextmanager
async def bench(
    *,
    connected: bool = True,
    logged_in: bool = True,
    fields: Sequence[FieldSpec] = DEFAULT_FIELDS,
    **settings: Any,
) -> AsyncIterator[Bench]:
    """Open a connection to an org that only answers what the test says.

    `connected` skips `connect`; `logged_in` answers the first login.
    """
    clock, pacer, log = StillClock(), OpenPacer(), Lines()
    with Org() as org:
        async with aiohttp.ClientSession() as session:
            http = Http(
                session, connection="crm", base_url=BASE, pacer=pacer, clock=clock, report=lambda call: None
            )
            given = {"client_id": "consumer", "client_secret": SECRET, **settings}
            ctx = Context(
                connection="crm",
                settings=msgspec.convert(given, SalesforceSettings),
                http=http,
                clock=clock,
                log=log,
                fields=tuple(fields),
                state=NoState(),
            )
            if logged_in:
                org.reply(TOKEN, login())
            if connected:
                ctx.client = Client(ctx, open_api(ctx), shape(ctx.fields))
            yield Bench(ctx, org, clock, pacer, log)


def shape(fields: Sequence[FieldSpec] = DEFAULT_FIELDS) -> Shape:
    """Return how records of a provisioned org are read."""
    visible = {object: frozenset(found.by_name) for object, found in descriptions().items()}
    return Shape(fields=tuple(fields), key=KEY, instance=BASE, visible=visible, pointer=POINTER)


# Leads and changes.


def lead(
    ref: str = "lead-1",
    keys: Sequence[str] = (USER,),
    values: Mapping[str, Scalar] | None = None,
    record: str | None = None,
    **more: Any,
) -> Lead:
    """Return a lead; with `record` it has one already."""
    kind = CONTACT if (record or "").startswith("003") else LEAD
    known = None if record is None else Record(kind=kind, id=record)
    return Lead(ref=ref, keys=tuple(keys), values=dict(values or {}), record=known, **more)


def named(ref: str = "lead-1", **more: Any) -> Lead:
    """Return a lead that has a name and an address."""
    attributes = {"last_name": "Lovelace", "email": ADA}
    values = {"LastName": "Lovelace", "Email": ADA, "Company": "Analytical"}
    return lead(ref, values=values, attributes=attributes, **more)


def change(
    record: str,
    fields: Mapping[str, Scalar],
    values: Mapping[str, Scalar] | None = None,
    *,
    ref: str = "lead-1",
    key: str | None = USER,
    attributes: Mapping[str, Scalar] | None = None,
    **more: Any,
) -> Change:
    """Return a change of a record that holds `values`."""
    whose = lead(ref, record=record, attributes=dict(attributes or {}))
    assert whose.record is not None
    before = Record(kind=whose.record.kind, id=record, values=dict(values or {}), key=key)
    return Change(lead=whose, record=before, fields=dict(fields), **more)
