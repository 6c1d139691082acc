"""An emulated account over a socket, and the connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from afterclick.clock import SystemClock
from afterclick.plugin import Change, Lead, Scalar
from afterclick.plugin.http import Gate
from afterclick.sandbox import serve
from afterclick.testing import NullPacer, open_context
from afterclick_hubspot import plugin
from afterclick_hubspot.client import Ctx
from afterclick_hubspot.sandbox import HubSpotSandbox, Options

from .support import USER, lead

VALUES: dict[str, Scalar] = {
    "deep_link_key": USER,
    "deep_link_token": "summer-promo",
    "first_touch_campaign": "summer",
    "install_date": "2026-05-21T09:14:00.000Z",
    "deep_link_minutes_to_convert": 42,
    "lifecyclestage": "lead",
    "email": "ada@example.com",
    "lastname": "Lovelace",
}


class Account(NamedTuple):
    """An emulated account and the connection to it."""

    ctx: Ctx
    hub: HubSpotSandbox
    pacer: NullPacer

    async def match(self, *leads: Lead) -> list[Any]:
        return list(await plugin.match(leads, self.ctx))

    async def create(self, *leads: Lead) -> list[Any]:
        return list(await plugin.create(leads, self.ctx))

    async def enrich(self, record_id: str, fields: dict[str, Scalar]) -> Any:
        (found,) = await self.match(lead(record_id=record_id))
        (outcome,) = await plugin.enrich([Change(lead=lead(), record=found.record, fields=fields)], self.ctx)
        return outcome

    def writes(self) -> int:
        counts = self.hub.counts()["routes"]
        return sum(sum(by.values()) for route, by in counts.items() if "upsert" in route or "update" in route)


@asynccontextmanager
async def account(
    *, provisioned: bool = True, gate: Gate | None = None, **options: Any
) -> AsyncIterator[Account]:
    """Run an emulator and connect to it."""
    pacer = NullPacer()
    async with (
        serve(HubSpotSandbox(Options(**options))) as running,
        open_context(plugin, running.settings(), clock=SystemClock(), pacer=pacer, gate=gate) as ctx,
    ):
        assert isinstance(running.emulator, HubSpotSandbox)
        if provisioned:
            await plugin.provision(True, ctx)
            ctx.client = await plugin.connect(ctx)
        yield Account(ctx, running.emulator, pacer)
