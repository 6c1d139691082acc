"""The hooks of the Pipedrive plugin: a table of contents, each naming the module that does the work.

    describe   what the plugin is                      settings, fields, limits
    connect    opens the account                       connecting, origin, pipelines → client
    match      reads by id, lists, key, address        matching, reading, looking, directory
    create     makes persons                           writing
    enrich     changes persons; takes a deal's steps   writing, deals, listing
    absorb     deletes or merges a double              absorbing
    retire     deletes what nobody touched             absorbing
    erase      deletes                                 absorbing
    strays     lists persons without a key             adopting
    check      compares the account                    checking, findings, kinds
    provision  makes custom fields                     provisioning, planning
    sandbox    an emulator to try it all on            sandbox

Below them: api (the only addresses and prices), credentials, budget (the day's tokens), answers
(shapes), problem (error body → facts), errors (facts → contract), tables (names → codes), mapping
(values → bodies, persons → records), parallel and memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

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
from afterclick_pipedrive import (
    absorbing,
    adopting,
    checking,
    connecting,
    limits,
    matching,
    provisioning,
    writing,
)
from afterclick_pipedrive.api import BASE_URL
from afterclick_pipedrive.client import Client, Ctx
from afterclick_pipedrive.fields import DEFAULT_FIELDS
from afterclick_pipedrive.kinds import KINDS
from afterclick_pipedrive.settings import PipedriveSettings

T = TypeVar("T")

INFO = PluginInfo(
    name="pipedrive",
    title="Pipedrive",
    contract=CONTRACT_VERSION,
    settings=PipedriveSettings,
    fields=DEFAULT_FIELDS,
    base_url=BASE_URL,
    secrets=("api_token", "client_secret", "refresh_token", "provisioning_token"),
    environment={
        "PIPEDRIVE_API_TOKEN": "api_token",
        "PIPEDRIVE_DOMAIN": "domain",
        "PIPEDRIVE_CLIENT_ID": "client_id",
        "PIPEDRIVE_CLIENT_SECRET": "client_secret",
        "PIPEDRIVE_REFRESH_TOKEN": "refresh_token",
        "PIPEDRIVE_PROVISIONING_TOKEN": "provisioning_token",
    },
    # Each person is a request of its own; what a crash leaves unclear is one batch.
    batch_size=20,
    limits=limits.LIMITS,
    creates="unkeyed",
    call_deadline=30.0,
    # Neither is documented: a request that we stop waiting for, and how far a list may be behind.
    late_effect=30.0,
    list_lag=30.0,
    findings=KINDS,
)


@hookimpl
def describe() -> PluginInfo:
    """Say what the plugin is, its settings and its fields."""
    return INFO


@hookimpl
async def connect(ctx: Ctx) -> Client:
    """Resolve fields, pipeline and stage, and fit `ctx.fields` and `ctx.zone` to the account."""
    return await connecting.connect(ctx)


@hookimpl
async def match(leads: Sequence[Lead], ctx: Ctx) -> Sequence[MatchOutcome]:
    """Read the leads' persons by record id, or find them by list, key and e-mail address."""
    return await _counted(matching.match(leads, ctx.client), ctx)


@hookimpl
async def create(leads: Sequence[Lead], ctx: Ctx) -> Sequence[Outcome]:
    """Make a person for each lead under its first key."""
    return await _counted(writing.create(leads, ctx.client), ctx)


@hookimpl
async def enrich(changes: Sequence[Change], ctx: Ctx) -> Sequence[Outcome]:
    """Update persons by record id with what differs, or take the step that their deal lacks."""
    return await _counted(writing.enrich(changes, ctx.client), ctx)


@hookimpl
async def absorb(absorptions: Sequence[Absorption], ctx: Ctx) -> Sequence[Outcome]:
    """Retire persons of ours whose lead has another one."""
    return await _counted(absorbing.absorb(absorptions, ctx.client), ctx)


@hookimpl
async def retire(records: Sequence[Record], ctx: Ctx) -> Sequence[Outcome]:
    """Delete persons without a name that expired and that nobody has touched."""
    return await _counted(absorbing.retire(records, ctx.client), ctx)


@hookimpl
async def erase(records: Sequence[Record], ctx: Ctx) -> Sequence[Outcome]:
    """Delete a lead's persons, and what was opened for them."""
    return await _counted(absorbing.erase(records, ctx.client), ctx)


@hookimpl
async def strays(after: str | None, ctx: Ctx) -> Strays:
    """List persons that carry a link's token or campaign and no key, by going through all."""
    return await adopting.strays(after, ctx.client)


@hookimpl
async def check(ctx: Ctx) -> Sequence[Finding]:
    """Compare the account with what the fields need, and tell what the day's tokens went to."""
    return await checking.check(ctx)


@hookimpl
async def provision(apply: bool, ctx: Ctx) -> Plan:
    """Make the custom fields that are missing."""
    return await provisioning.provision(apply, ctx)


@hookimpl
def sandbox(options: Mapping[str, str]) -> Any:
    """Return an emulator of Pipedrive; imported here, since only trials need it."""
    from afterclick_pipedrive.sandbox import make

    return make(options)


async def _counted(work: Awaitable[T], ctx: Ctx) -> T:
    """Keep what a hook spent, whatever comes of it."""
    try:
        return await work
    finally:
        await ctx.client.api.budget.store(ctx.state)
