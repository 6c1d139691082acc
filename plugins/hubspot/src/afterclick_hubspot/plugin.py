"""The hooks of the HubSpot plugin: a table of contents, each naming the module that does the work.

    describe   what the plugin is                  settings, fields, limits
    connect    opens the account                   connecting → client
    match      reads by id, keys, e-mail address   matching, lookup
    create     upserts by key, or creates          writing, correlation, conflicts
    enrich     updates by record id                writing, correlation, conflicts
    absorb     archives or merges a double         absorbing
    retire     archives what only we touched       absorbing
    erase      deletes for good                    absorbing
    strays     lists contacts without a key        adopting
    check      compares the account                checking, definitions, findings, kinds
    provision  makes group and properties          provisioning, planning, definitions
    sandbox    an emulator to try it all on        sandbox

Below them: api (the only addresses), answers (shapes), problem (error body → facts), errors (facts →
contract), limits (how long to wait), mapping (leads → inputs, contacts → records).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afterclick.plugin import (
    CONTRACT_VERSION,
    Absorption,
    Change,
    Finding,
    Lead,
    MatchOutcome,
    Outcome,
    Plan,
    PluginInfo,
    Record,
    Strays,
    hookimpl,
)
from afterclick_hubspot import (
    absorbing,
    adopting,
    checking,
    connecting,
    limits,
    matching,
    provisioning,
    writing,
)
from afterclick_hubspot.api import BASE_URL, BATCH
from afterclick_hubspot.client import Client, Ctx
from afterclick_hubspot.fields import DEFAULT_FIELDS, STAGES
from afterclick_hubspot.kinds import KINDS
from afterclick_hubspot.settings import HubSpotSettings

INFO = PluginInfo(
    name="hubspot",
    title="HubSpot",
    contract=CONTRACT_VERSION,
    settings=HubSpotSettings,
    fields=DEFAULT_FIELDS,
    base_url=BASE_URL,
    secrets=("access_token", "provisioning_token"),
    environment={
        "HUBSPOT_ACCESS_TOKEN": "access_token",
        "HUBSPOT_PROVISIONING_TOKEN": "provisioning_token",
    },
    batch_size=BATCH,
    limits=limits.LIMITS,
    creates="keyed",
    call_deadline=30.0,
    # HubSpot's edge gives up on a request after 100 seconds (524), 70 after our deadline.
    late_effect=70.0,
    # Reads by id or unique property do not go through the search index.
    list_lag=2.0,
    stages=STAGES,
    findings=KINDS,
)


@hookimpl
def describe() -> PluginInfo:
    """Say what the plugin is, its settings and its fields."""
    return INFO


@hookimpl
async def connect(ctx: Ctx) -> Client:
    """Read account and property definitions, and fit `ctx.fields` to them."""
    return await connecting.connect(ctx)


@hookimpl
async def match(leads: Sequence[Lead], ctx: Ctx) -> Sequence[MatchOutcome]:
    """Read the leads' contacts by record id, else by all their keys, and look for their e-mail addresses."""
    return await matching.match(leads, ctx.client)


@hookimpl
async def create(leads: Sequence[Lead], ctx: Ctx) -> Sequence[Outcome]:
    """Make a contact for each lead under its first key."""
    return await writing.create(leads, ctx.client)


@hookimpl
async def enrich(changes: Sequence[Change], ctx: Ctx) -> Sequence[Outcome]:
    """Update contacts by record id with what differs."""
    return await writing.enrich(changes, ctx.client)


@hookimpl
async def absorb(absorptions: Sequence[Absorption], ctx: Ctx) -> Sequence[Outcome]:
    """Retire contacts of ours whose person has another one."""
    return await absorbing.absorb(absorptions, ctx.client)


@hookimpl
async def retire(records: Sequence[Record], ctx: Ctx) -> Sequence[Outcome]:
    """Put contacts into the bin that nobody but Afterclick touched."""
    return await absorbing.retire(records, ctx.client)


@hookimpl
async def erase(records: Sequence[Record], ctx: Ctx) -> Sequence[Outcome]:
    """Delete a person's contacts for good."""
    return await absorbing.erase(records, ctx.client)


@hookimpl
async def strays(after: str | None, ctx: Ctx) -> Strays:
    """List contacts that carry a link's token or campaign and no key."""
    return await adopting.strays(after, ctx.client)


@hookimpl
async def check(ctx: Ctx) -> Sequence[Finding]:
    """Compare the account with what the fields need."""
    return await checking.check(ctx)


@hookimpl
async def provision(apply: bool, ctx: Ctx) -> Plan:
    """Make the property group and the properties that are missing."""
    return await provisioning.provision(apply, ctx)


@hookimpl
def sandbox(options: Mapping[str, str]) -> Any:
    """Return an emulator of HubSpot; imported here, since only trials need it."""
    from afterclick_hubspot.sandbox import make

    return make(options)
