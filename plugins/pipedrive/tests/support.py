"""What the tests of the Pipedrive plugin share: a connection without a network, and Pipedrive's bodies."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from unittest.mock import Mock

import aiohttp
from aioresponses import CallbackResult, aioresponses
from yarl import URL

from afterclick.plugin import Change, Context, FieldSpec, Http, Lead, Record, Scalar
from afterclick.plugin.http import CallReport
from afterclick_pipedrive import tables
from afterclick_pipedrive.answers import Field
from afterclick_pipedrive.client import Client, Ctx, open_api
from afterclick_pipedrive.directory import Directory
from afterclick_pipedrive.fields import DEFAULT_FIELDS
from afterclick_pipedrive.mapping import Shape
from afterclick_pipedrive.pipelines import Desk
from afterclick_pipedrive.settings import PipedriveSettings

BASE = "https://acme.pipedrive.com"
PERSONS = f"{BASE}/api/v2/persons"
DEALS = f"{BASE}/api/v2/deals"
FIELDS = f"{BASE}/api/v2/personFields"
LEADS = f"{BASE}/api/v1/leads"
ME = f"{BASE}/api/v1/users/me"
SEARCH = f"{BASE}/api/v2/itemSearch/field"
EMAIL_SEARCH = f"{BASE}/api/v2/persons/search"
TOKEN = "a-secret-token"

NOON = 1_779_364_800_000
"""21 May 2026, 12:00 UTC."""

USER = "user:11111111111111111111111111111111"
EMAIL = "email:22222222222222222222222222222222"
EVENT = "event:33333333333333333333333333333333"
DEAL_KEY = "d" * 40

Json = dict[str, Any]


class StreamlessResponse(aiohttp.ClientResponse):
    """A response of aioresponses 0.7.9, which leaves out the writer that aiohttp 3.14 demands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", Mock())
        super().__init__(*args, **kwargs)


class Sent(NamedTuple):
    """One request as it left."""

    method: str
    url: URL
    body: Any
    headers: dict[str, str]


class Pipe(aioresponses):  # type: ignore[misc, unused-ignore]
    """Pipedrive as a list of answers, given in order, and the requests that met them."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []

    def __enter__(self) -> Pipe:
        super().__enter__()
        return self

    def add(self, url: Any, *args: Any, **kwargs: Any) -> None:
        """Add an answer that aiohttp 3.14 can read."""
        kwargs.setdefault("response_class", StreamlessResponse)
        super().add(url, *args, **kwargs)

    def reply(
        self,
        method: str,
        url: str,
        body: Any,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        repeat: bool = False,
    ) -> None:
        """Answer a call with JSON, or with bytes or text as they are, whatever its query."""
        raw = body if isinstance(body, bytes | str) else json.dumps(body)

        def answer(asked: URL, **request: Any) -> CallbackResult:
            self._note(method, asked, request)
            return CallbackResult(
                status=status, body=raw, headers=dict(headers or {}), response_class=StreamlessResponse
            )

        self.add(_any_query(url), method=method, callback=answer, repeat=repeat)

    def fail(self, method: str, url: str, failure: BaseException) -> None:
        """Let a call fail on its way."""

        def note(asked: URL, **request: Any) -> None:
            self._note(method, asked, request)

        self.add(_any_query(url), method=method, callback=note, exception=failure)

    def _note(self, method: str, asked: URL, request: Mapping[str, Any]) -> None:
        data = request.get("data")
        body = json.loads(data) if isinstance(data, bytes) else data
        self.sent.append(Sent(method, asked, body, dict(request.get("headers") or {})))


def _any_query(url: str) -> re.Pattern[str]:
    return re.compile(re.escape(url) + r"(\?.*)?$")


class StillClock:
    """A clock that stands; waiting moves it on."""

    def __init__(self, now: int = NOON) -> None:
        self.time = now

    def now(self) -> int:
        return self.time

    def elapsed(self) -> float:
        return self.time / 1000

    async def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)

    def move(self, seconds: float) -> None:
        self.time += round(seconds * 1000)


class NullPacer:
    """A limiter that lets all pass, or nothing, and remembers what it was told."""

    def __init__(self) -> None:
        self.open = True
        self.learnt: list[tuple[str, float | None, float | None, float | None]] = []

    async def acquire(self, costs: Mapping[str, float], deadline: float | None) -> tuple[float, str]:
        return (0.0, "") if self.open else (60.0, "burst")

    def learn(
        self, bucket: str, *, amount: float | None, seconds: float | None, remaining: float | None
    ) -> None:
        self.learnt.append((bucket, amount, seconds, remaining))


class ListLog:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def debug(self, event: str, **values: Any) -> None:
        self.lines.append((event, values))

    info = warning = debug


class DictState:
    """A state that a test can look into."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.values.get(key)

    async def set(self, key: str, value: str) -> None:
        self.values[key] = value


class Bench(NamedTuple):
    """A connection under test and everything that stands in for the world around it."""

    ctx: Ctx
    pipe: Pipe
    clock: StillClock
    pacer: NullPacer
    log: ListLog
    state: DictState


@asynccontextmanager
async def bench(
    *,
    settings: Mapping[str, Any] | None = None,
    fields: Iterable[FieldSpec] = DEFAULT_FIELDS,
    stages: Mapping[str, str] | None = None,
    connected: bool = True,
    foreign: bool = False,
    desk: Desk | None = None,
) -> AsyncIterator[Bench]:
    """Open a connection to a Pipedrive that only answers what the test says; `connected` skips `connect`.

    In a `foreign` account there may be keys of another ledger.
    """
    clock, pacer, log, state = StillClock(), NullPacer(), ListLog(), DictState()
    reports: list[CallReport] = []
    with Pipe() as pipe:
        async with aiohttp.ClientSession() as session:
            http = Http(
                session,
                connection="pipedrive",
                base_url=BASE,
                pacer=pacer,
                clock=clock,
                report=reports.append,
            )
            given: Json = {"api_token": TOKEN, "domain": "acme", **dict(settings or {})}
            ctx: Ctx = Context(
                connection="pipedrive",
                settings=PipedriveSettings(**given),
                http=http,
                clock=clock,
                log=log,
                fields=tuple(fields),
                state=state,
                stages=dict(stages or {}),
            )
            if connected:
                table = tables.resolve(ctx.fields, definitions(), ctx.stages).table
                assert table is not None
                ctx.fields = table.fields
                shape = Shape(table=table, url=BASE, user=1)
                directory = Directory() if foreign else None
                ctx.client = Client(ctx, await open_api(ctx), shape, desk=desk, directory=directory)
            yield Bench(ctx, pipe, clock, pacer, log, state)


# Leads and changes.


def lead(
    ref: str = "lead-1",
    keys: Sequence[str] = (USER,),
    values: Mapping[str, Scalar] | None = None,
    record_id: str | None = None,
    related: Mapping[str, str] | None = None,
    **more: Any,
) -> Lead:
    """Return a lead; with `record_id` it has a record already."""
    record = None if record_id is None else Record(kind="person", id=record_id, related=dict(related or {}))
    return Lead(ref=ref, keys=tuple(keys), values=dict(values or {}), record=record, **more)


def change(
    record_id: str,
    fields: Mapping[str, Scalar],
    values: Mapping[str, Scalar] | None = None,
    *pending: str,
    **more: Any,
) -> Change:
    """Return a change of a record that holds `values`."""
    related = more.pop("related", {})
    record = Record(kind="person", id=record_id, values=dict(values or {}), key=USER, related=related)
    return Change(
        lead=lead(record_id=record_id, related=related, **more),
        record=record,
        fields=dict(fields),
        pending=pending,
    )


# Pipedrive's bodies.


def code(name: str) -> str:
    """Return the code of a custom field in the account of these tests."""
    return hashlib.sha1(name.encode()).hexdigest()  # noqa: S324 - as long as a code, and no secret


_TYPES = {"text": "varchar", "number": "double", "date": "date"}


def definitions(*leave_out: str, **types: str) -> list[Field]:
    """Return a provisioned account's person fields, without some, some with other types (by attribute)."""
    own = [
        Field("Name", "name", "varchar", None, False),
        Field("Labels", "label_ids", "set", [], False),
    ]
    return own + [
        Field(spec.name, code(spec.name), types.get(spec.attribute, _TYPES[spec.kind.value]), None, True)
        for spec in DEFAULT_FIELDS
        if not spec.standard and spec.attribute not in leave_out
    ]


def person(id: int, custom: Mapping[str, Any] | None = None, **more: Any) -> Json:
    """Return a person as version 2 shows it; `custom` by our names of the fields."""
    empty = dict.fromkeys((code(spec.name) for spec in DEFAULT_FIELDS if not spec.standard), None)
    return {
        "id": id,
        "name": "Ada Lovelace",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "owner_id": 1,
        "org_id": None,
        "add_time": "2026-05-01T08:00:00Z",
        "update_time": "2026-05-20T08:00:00.123Z",
        "emails": [],
        "phones": [],
        "is_deleted": False,
        "visible_to": 3,
        "label_ids": [],
        "picture_id": None,
        "custom_fields": {**empty, **{code(name): value for name, value in (custom or {}).items()}},
        **more,
    }


def deal(id: int, *, key: str | None = USER, **more: Any) -> Json:
    """Return a deal as version 2 shows it."""
    shown = {"id": id, "title": "x", "status": "open", "stage_id": 7, "person_id": 5, "is_deleted": False}
    return {**shown, "is_archived": False, "custom_fields": {DEAL_KEY: key}, **more}


def ok(data: Any, cursor: str | None = None) -> Json:
    """Return a success."""
    return {"success": True, "data": data, "additional_data": {"next_cursor": cursor}}


def error(text: str, **more: Any) -> Json:
    """Return the body of a refused call."""
    return {
        "success": False,
        "error": text,
        "error_info": "Please check developers.pipedrive.com for more information.",
        "data": None,
        "additional_data": None,
        **more,
    }
