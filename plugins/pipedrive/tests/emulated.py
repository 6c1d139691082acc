"""An emulated company over a socket, and the connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from afterclick.host.limits import ConnectionPacer
from afterclick.plugin import Change, Lead, Record, Scalar
from afterclick.plugin.http import CallReport, Gate
from afterclick.sandbox import serve
from afterclick.testing import NullPacer, StillClock, open_context
from afterclick_pipedrive import plugin
from afterclick_pipedrive.client import Client, Ctx
from afterclick_pipedrive.fields import DEFAULT_FIELDS
from afterclick_pipedrive.sandbox import Options, PipedriveSandbox


class Account(NamedTuple):
    """An emulated company and the connection to it."""

    ctx: Ctx
    crm: PipedriveSandbox
    clock: StillClock
    reports: list[CallReport]

    @property
    def client(self) -> Client:
        client: Client = self.ctx.client
        return client

    async def connect(self) -> None:
        """Connect, as a lane that begins does."""
        self.ctx.fields, self.ctx.zone, self.ctx.client = DEFAULT_FIELDS, "UTC", None
        self.ctx.client = await plugin.connect(self.ctx)

    async def match(self, *leads: Lead) -> list[Any]:
        return list(await plugin.match(leads, self.ctx))

    async def create(self, *leads: Lead) -> list[Any]:
        return list(await plugin.create(leads, self.ctx))

    async def enrich(self, *changes: Change) -> list[Any]:
        return list(await plugin.enrich(changes, self.ctx))

    @property
    def spent(self) -> float:
        """Return the tokens that were spent since the account was opened."""
        return sum(report.costs.get("tokens", 0) for report in self.reports)


def change(lead: Lead, record: Record, fields: Mapping[str, Scalar], *pending: str) -> Change:
    """Return a change of a record."""
    return Change(lead=lead, record=record, fields=dict(fields), pending=tuple(pending))


@asynccontextmanager
async def account(
    *,
    settings: Mapping[str, Any] | None = None,
    provisioned: bool = True,
    connected: bool = True,
    gate: Gate | None = None,
    paced: bool = False,
    fields: Sequence[Any] = DEFAULT_FIELDS,
    **options: Any,
) -> AsyncIterator[Account]:
    """Run an emulator, without limits unless the connection is `paced` as by the core, and connect to it."""
    options.setdefault("unlimited", not paced)
    clock = StillClock()
    emulator = PipedriveSandbox(Options(**options), clock=clock)
    reports: list[CallReport] = []
    async with (
        serve(emulator) as running,
        open_context(
            plugin,
            {**running.settings(), **(settings or {})},
            clock=clock,
            pacer=ConnectionPacer(plugin.describe().limits, clock) if paced else NullPacer(),
            report=reports.append,
            gate=gate,
        ) as ctx,
    ):
        ctx.fields = tuple(fields)
        one = Account(ctx, emulator, clock, reports)
        if provisioned:
            await plugin.provision(True, ctx)
        if provisioned and connected:
            ctx.client = await plugin.connect(ctx)
        reports.clear()
        yield one
