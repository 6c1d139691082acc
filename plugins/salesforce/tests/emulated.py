"""An emulated org over a socket, and the connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from afterclick.clock import SystemClock
from afterclick.plugin import Change, Lead, Scalar
from afterclick.plugin.http import Gate
from afterclick.sandbox import serve
from afterclick.testing import NullPacer, open_context
from afterclick_salesforce import plugin
from afterclick_salesforce.client import Ctx
from afterclick_salesforce.sandbox import Options, SalesforceSandbox

from .support import ADA, USER, NoState, lead

VALUES: dict[str, Scalar] = {
    "Deep_Link_Key__c": USER,
    "Deep_Link_Token__c": "summer-promo",
    "Deep_Link_Campaign__c": "summer",
    "Install_Date__c": "2026-05-21T09:14:00.000Z",
    "Deep_Link_Minutes_To_Convert__c": 42,
    "LeadSource": "Deep Link",
    "Email": ADA,
    "FirstName": "Ada",
    "LastName": "Lovelace",
    "Company": "Analytical",
}
STUB: dict[str, Scalar] = {
    "Deep_Link_Token__c": "summer-promo",
    "FirstName": "Deep Link",
    "LastName": "Lead summer-promo 3f9c0d",
    "Company": "Unknown",
}
PERSON: dict[str, Scalar] = {"email": ADA, "last_name": "Lovelace"}


class Account(NamedTuple):
    """An emulated org and the connection to it."""

    ctx: Ctx
    org: SalesforceSandbox
    pacer: NullPacer

    async def match(self, *leads: Lead) -> list[Any]:
        return list(await plugin.match(leads, self.ctx))

    async def create(self, *leads: Lead) -> list[Any]:
        return list(await plugin.create(leads, self.ctx))

    async def enrich(
        self, record: str, fields: Mapping[str, Scalar], attributes: Mapping[str, Scalar] | None = None
    ) -> Any:
        whose = lead(record=record, attributes=dict(attributes or {}))
        (found,) = await self.match(whose)
        (outcome,) = await plugin.enrich([Change(lead=whose, record=found.record, fields=fields)], self.ctx)
        return outcome

    def held(self, sobject: str = "Lead") -> list[dict[str, Any]]:
        """Return the values of all live records of an object."""
        return [dict(row.values) for row in self.org.org.tables[sobject].store.newest(None)]


@asynccontextmanager
async def account(
    *,
    provisioned: bool = True,
    connected: bool = True,
    gate: Gate | None = None,
    settings: Mapping[str, Any] | None = None,
    expires: bool = False,
    **options: Any,
) -> AsyncIterator[Account]:
    """Run an emulator and connect to it."""
    emulator = SalesforceSandbox(Options(provisioned=provisioned, **options))
    pacer = NullPacer()
    async with (
        serve(emulator) as running,
        open_context(
            plugin,
            {**running.settings(), **(settings or {})},
            clock=SystemClock(),
            pacer=pacer,
            state=NoState(),
            gate=gate,
        ) as ctx,
    ):
        ctx.expires = expires
        if provisioned and connected:
            ctx.client = await plugin.connect(ctx)
        yield Account(ctx, emulator, pacer)
