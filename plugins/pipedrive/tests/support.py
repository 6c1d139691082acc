"""What the tests of the Pipedrive plugin share: a connection without a network, and Pipedrive's bodies."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from afterclick.plugin import Change, FieldSpec, Lead, Record, Scalar
from afterclick.testing import DictState, ListLog, NullPacer, StillClock, open_context
from afterclick.testing.answers import Answers
from afterclick_pipedrive import plugin, tables
from afterclick_pipedrive.answers import Field
from afterclick_pipedrive.client import Client, Ctx, open_api
from afterclick_pipedrive.directory import Directory
from afterclick_pipedrive.fields import DEFAULT_FIELDS
from afterclick_pipedrive.mapping import Shape
from afterclick_pipedrive.pipelines import Desk

BASE = "https://acme.pipedrive.com"
PERSONS = f"{BASE}/api/v2/persons"
DEALS = f"{BASE}/api/v2/deals"
FIELDS = f"{BASE}/api/v2/personFields"
LEADS = f"{BASE}/api/v1/leads"
ME = f"{BASE}/api/v1/users/me"
SEARCH = f"{BASE}/api/v2/itemSearch/field"
EMAIL_SEARCH = f"{BASE}/api/v2/persons/search"
TOKEN = "a-secret-token"

USER = "user:11111111111111111111111111111111"
EMAIL = "email:22222222222222222222222222222222"
EVENT = "event:33333333333333333333333333333333"
DEAL_KEY = "d" * 40

Json = dict[str, Any]


class Bench(NamedTuple):
    """A connection under test and everything that stands in for the world around it."""

    ctx: Ctx
    pipe: Answers
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
    with Answers() as pipe:
        async with open_context(
            plugin,
            {"base_url": BASE, "api_token": TOKEN, "domain": "acme", **dict(settings or {})},
            clock=clock,
            pacer=pacer,
            log=log,
            state=state,
        ) as ctx:
            ctx.fields = tuple(fields)
            ctx.stages = dict(stages or {})
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
