"""The hooks of the Salesforce plugin: a table of contents, each naming the module that does the work.

    describe   what the plugin is                  settings, fields, limits, kinds
    connect    opens the org                       connecting, definitions, tokens → client
    match      reads by id, keys, e-mail address   matching, lookup, soql
    create     inserts with the unique key         writing, headers, conflicts
    enrich     updates by record id                writing, headers, conflicts
    absorb     points a double to its survivor     absorbing
    retire     deletes a stub that nobody touched  absorbing
    erase      deletes                             absorbing
    strays     lists Leads without a key           adopting
    check      compares the org                    checking, definitions, findings
    provision  makes fields and a permission set   provisioning, planning, surveying, metadata
    sandbox    an emulator to try it all on        sandbox

Below them: api (the only addresses), tokens and refusals (logging in), answers (shapes), problem (error body
→ facts), errors (facts → contract), mapping (leads → rows, rows → records).
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
from afterclick_salesforce import (
    absorbing,
    adopting,
    checking,
    connecting,
    limits,
    matching,
    provisioning,
    writing,
)
from afterclick_salesforce.api import ROWS
from afterclick_salesforce.client import Client, Ctx
from afterclick_salesforce.fields import DEFAULT_FIELDS
from afterclick_salesforce.kinds import KINDS
from afterclick_salesforce.settings import SalesforceSettings

INFO = PluginInfo(
    name="salesforce",
    title="Salesforce",
    contract=CONTRACT_VERSION,
    settings=SalesforceSettings,
    fields=DEFAULT_FIELDS,
    secrets=("client_id", "client_secret", "private_key", "provisioning_token"),
    environment={
        "SF_INSTANCE_URL": "base_url",
        "SF_CLIENT_ID": "client_id",
        "SF_CLIENT_SECRET": "client_secret",
        "SF_USERNAME": "username",
        "SF_PRIVATE_KEY": "private_key",
        "SF_PROVISIONING_TOKEN": "provisioning_token",
    },
    batch_size=ROWS,
    limits=limits.LIMITS,
    creates="keyed",
    # Triggers and flows of the org run within a call.
    call_deadline=60.0,
    # Salesforce does not undo a request that nobody waits for, and ends one after ten minutes. What lands
    # later than this makes no double, since the key is unique, and the next read puts its values right.
    late_effect=120.0,
    # Queries read the database.
    list_lag=2.0,
    findings=KINDS,
)


@hookimpl
def describe() -> PluginInfo:
    """Say what the plugin is, its settings and its fields."""
    return INFO


@hookimpl
async def connect(ctx: Ctx) -> Client:
    """Log in, read the org's definitions, and fit `ctx.fields` to them."""
    return await connecting.connect(ctx)


@hookimpl
async def match(leads: Sequence[Lead], ctx: Ctx) -> Sequence[MatchOutcome]:
    """Read the leads' records by id, else by all their keys, and look for their e-mail addresses."""
    return await matching.match(leads, ctx.client)


@hookimpl
async def create(leads: Sequence[Lead], ctx: Ctx) -> Sequence[Outcome]:
    """Make a Lead for each person under their first key."""
    return await writing.create(leads, ctx.client)


@hookimpl
async def enrich(changes: Sequence[Change], ctx: Ctx) -> Sequence[Outcome]:
    """Update Leads and Contacts by record id with what differs."""
    return await writing.enrich(changes, ctx.client)


@hookimpl
async def absorb(absorptions: Sequence[Absorption], ctx: Ctx) -> Sequence[Outcome]:
    """Retire Leads of ours whose person has another record."""
    return await absorbing.absorb(absorptions, ctx.client)


@hookimpl
async def retire(records: Sequence[Record], ctx: Ctx) -> Sequence[Outcome]:
    """Delete Leads of ours that nobody named and nobody else touched."""
    return await absorbing.retire(records, ctx.client)


@hookimpl
async def erase(records: Sequence[Record], ctx: Ctx) -> Sequence[Outcome]:
    """Delete a person's records."""
    return await absorbing.erase(records, ctx.client)


@hookimpl
async def strays(after: str | None, ctx: Ctx) -> Strays:
    """List Leads that carry a link's token or campaign and no key."""
    return await adopting.strays(after, ctx.client)


@hookimpl
async def check(ctx: Ctx) -> Sequence[Finding]:
    """Compare the org with what the fields need."""
    return await checking.check(ctx)


@hookimpl
async def provision(apply: bool, ctx: Ctx) -> Plan:
    """Make the fields, the picklist's value and the permission set that are missing."""
    return await provisioning.provision(apply, ctx)


@hookimpl
def sandbox(options: Mapping[str, str]) -> Any:
    """Return an emulator of Salesforce; imported here, since only trials need it."""
    from afterclick_salesforce.sandbox import make

    return make(options)
