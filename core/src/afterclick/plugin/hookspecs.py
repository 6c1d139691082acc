"""The whole plugin contract on one page.

All hooks are `async` except `describe` and `sandbox`. An implementation may take any subset of the
arguments. The core calls one plugin for one connection at a time; a batch never holds two leads of
one person. Every input of `match`, `create`, `enrich` and `absorb` gets exactly one answer, in the
order of the inputs.

What an exception means: a write may have happened, or may still land (`Uncertain`); a `match` is
tried again later (`RetryLater`). Better answers are the classes of `afterclick.plugin.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pluggy

from afterclick.plugin.findings import Finding
from afterclick.plugin.types import (
    Absorption,
    Change,
    Context,
    Lead,
    MatchOutcome,
    Outcome,
    Plan,
    PluginInfo,
    Record,
    Strays,
)

hookspec = pluggy.HookspecMarker("afterclick")

REQUIRED = ("describe", "match", "create", "enrich")
"""Hooks without which a plugin is refused; the others have a stated fallback."""


@hookspec
def describe() -> PluginInfo:  # type: ignore[empty-body]
    """Say what the plugin is: name, settings, default fields, batch size, limits. Since contract 1.

    Called once at load, before any credential is known; must not do I/O.
    """


@hookspec
async def connect(ctx: Context[Any]) -> Any:
    """Make what the other hooks find in `ctx.client`. Since contract 1.

    Called once per connection when its lane starts and again after `NotAuthorized` or
    `Misconfigured`, so resolve here what the CRM calls by other names. Without it, `ctx.client`
    is None and hooks use `ctx.http`. Raise `NotAuthorized` or `Misconfigured` to pause the lane.
    """


@hookspec
async def disconnect(ctx: Context[Any]) -> None:
    """Release what `connect` made. Fallback: nothing to release. Since contract 1."""


@hookspec
async def match(leads: Sequence[Lead], ctx: Context[Any]) -> Sequence[MatchOutcome]:  # type: ignore[empty-body]
    """Find each lead's record and read the current values of `ctx.fields`. Since contract 1.

    Called before every write. A lead with `record` is read by that id (and followed where the CRM
    merged or converted it); one without is looked up under **all** its `keys`. A lead with `emails`
    that the records found do not have is looked for by those too: what people typed in has no key.
    Several records are `Match(record, doubles)`; the core chooses which lives on. Where
    `uncertain_since` is set a write may have landed unseen: answer `NoMatch` only from a source
    that shows writes at once, else `NotYet`. Must not write.
    """


@hookspec
async def create(leads: Sequence[Lead], ctx: Context[Any]) -> Sequence[Outcome]:  # type: ignore[empty-body]
    """Create a record for each lead, under `lead.keys[0]`, with `lead.values`. Since contract 1.

    Called only for leads that `match` answered with `NoMatch` in the same pass. Answer `Synced`
    with the new record, or `Exists` where the CRM says that it is there already.
    """


@hookspec
async def enrich(changes: Sequence[Change], ctx: Context[Any]) -> Sequence[Outcome]:  # type: ignore[empty-body]
    """Write `change.fields`, and nothing else, to `change.record`. Since contract 1.

    Called only where a value differs or a step is `pending`. Never send an empty value. The key is
    among the fields only where the record has none; otherwise never send it. Answer `Synced` with the
    record as the CRM returned it.
    """


@hookspec
async def absorb(absorptions: Sequence[Absorption], ctx: Context[Any]) -> Sequence[Outcome]:  # type: ignore[empty-body]
    """Bring a double into its survivor, in steps that are each safe to repeat. Since contract 1.

    Called once the survivor holds what it should, for one double of a person at a time, and only for
    doubles that we made. A double that is gone or merged already is `Synced`; one that must stay,
    because people took it up, is `Rejected`. No key moves from one record to the other. Answer
    `Synced(pending=(…))` to be called again for the steps that remain. Fallback: the survivor is
    enriched and the double is a finding for the operator.
    """


@hookspec
async def retire(records: Sequence[Record], ctx: Context[Any]) -> Sequence[Outcome]:  # type: ignore[empty-body]
    """Take away records that nobody but we made and touched, best where people can bring them back.

    Since contract 1. Called for people whom nobody ever named, where the operator lets such records
    expire, and only for those that `match` showed with `touched=False` in the same pass. Look once more:
    one that people took up meanwhile is `Rejected`, one that is gone is `Synced`. Fallback: they stay.
    """


@hookspec
async def check(ctx: Context[Any]) -> Sequence[Finding]:  # type: ignore[empty-body]
    """Compare the account with what the fields need; must not write. Since contract 1.

    Fallback: no findings.
    """


@hookspec
async def provision(apply: bool, ctx: Context[Any]) -> Plan:  # type: ignore[empty-body]
    """Say which fields the account lacks and, with `apply`, make them. Since contract 1.

    Run twice it changes nothing the second time. Fallback: an empty plan.
    """


@hookspec
async def strays(after: str | None, ctx: Context[Any]) -> Strays:  # type: ignore[empty-body]
    """List records that have a value in the field of `token` or `campaign`, and none in that of `key`.

    Since contract 1. A part at a time, each in one call or a few; `after` is what the part before ended
    with, None at the beginning. For `afterclick adopt`, which may be asked for on an account with millions of
    records: let the CRM choose if it can. Leave out what no key can be written to. Must not write. Fallback:
    `adopt` says that the plugin does not offer it.
    """


@hookspec
async def erase(records: Sequence[Record], ctx: Context[Any]) -> Sequence[Outcome]:  # type: ignore[empty-body]
    """Erase a person's records for good. Fallback: a finding that names them. Since contract 1.

    Called when a person is forgotten, for one record at a time. One that is gone is `Synced` or `Gone`.
    """


@hookspec
def sandbox(options: Mapping[str, str]) -> Any:
    """Return an `afterclick.sandbox.Emulator` of the CRM. Fallback: there is none. Since contract 1."""
