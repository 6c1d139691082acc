"""Plugins that describe themselves wrongly, or find wrong records."""

from __future__ import annotations

from typing import Any

import msgspec
from afterclick_acme import plugin as acme
from tests.conformance.breaking import answers, asks, breaker, to, with_values

from afterclick.plugin import (
    Ambiguous,
    Gone,
    Match,
    NoMatch,
    Plan,
    PlanStep,
)


@breaker("the-description-is-sound", "api_kee")
def describe_wrongly() -> Any:
    return msgspec.structs.replace(acme.describe(), secrets=("api_kee",))


class Loose(msgspec.Struct, frozen=True, kw_only=True):
    api_key: Any


@breaker("settings-faults-are-all-listed", "`api_key` is not among the faults")
def describe_loosely() -> Any:
    return msgspec.structs.replace(acme.describe(), settings=Loose)


@breaker("provision-plans-first", "raised WriteRefused")
async def provision_at_once(apply: bool, ctx: Any) -> Any:
    return await acme.provision(True, ctx)


@breaker("provision-twice-changes-nothing", "sends writes")
async def provision_always(apply: bool, ctx: Any) -> Any:
    for spec in ctx.fields if apply else ():
        await acme.call(ctx, "POST", "/fields", {"name": spec.name})
    return Plan(steps=tuple(PlanStep(action="keep", what=spec.name) for spec in ctx.fields))


@breaker("check-tells-what-is-missing", "check finds nothing")
async def check_nothing(ctx: Any) -> Any:
    return []


answers(
    "match-finds-what-create-made", "surname is None", "match", lambda _, out: with_values(out, surname=None)
)
asks(
    "match-finds-it-under-any-key",
    "who has a record",
    "match",
    lambda lead: msgspec.structs.replace(lead, keys=lead.keys[:1]),
)
answers(
    "match-tells-of-doubles",
    "it tells of",
    "match",
    lambda _, out: msgspec.structs.replace(out, doubles=()) if isinstance(out, Match) else out,
)


@breaker("match-keeps-the-places-of-a-batch", "for somebody new it answers Match")
async def match_backwards(leads: Any, ctx: Any) -> Any:
    return (await acme.match(leads, ctx))[::-1]


answers("match-tells-of-a-deleted-record", "NoMatch", "match", to(Gone, lambda _: NoMatch()))
answers(
    "two-candidates-are-not-chosen-between",
    "two people typed in",
    "match",
    lambda _, out: Match(out.candidates[0]) if isinstance(out, Ambiguous) else out,
)
answers(
    "silence-is-no-proof",
    "search index behind",
    "match",
    lambda lead, out: NoMatch() if lead.uncertain_since else out,
)


@breaker("match-only-reads", "not declared as a read")
async def match_undeclared(leads: Any, ctx: Any) -> Any:
    await acme.call(ctx, "POST", "/people/find", {"values": []})
    return await acme.match(leads, ctx)
