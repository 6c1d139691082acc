"""What the plugin's tests share: an open connection without a network, and the leads that go over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from yarl import URL

from afterclick.plugin import Change, FieldSpec, Lead, Record, Scalar
from afterclick.testing import ListLog, NullPacer, StillClock, open_context
from afterclick.testing.answers import Answers
from afterclick_salesforce import plugin
from afterclick_salesforce.client import Client, Ctx, open_api
from afterclick_salesforce.fields import CONTACT, DEFAULT_FIELDS, LEAD
from afterclick_salesforce.mapping import Shape

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


class Org(Answers):
    """Salesforce as a list of answers, given in order, and the requests that met them."""

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
    pacer: NullPacer
    log: ListLog


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
    clock, pacer, log = StillClock(), NullPacer(), ListLog()
    with Org() as org:
        async with open_context(
            plugin,
            {"base_url": BASE, "client_id": "consumer", "client_secret": SECRET, **settings},
            clock=clock,
            pacer=pacer,
            log=log,
            state=NoState(),
        ) as ctx:
            ctx.connection, ctx.fields = "crm", tuple(fields)
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
