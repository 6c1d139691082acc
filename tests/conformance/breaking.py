"""Acme's plugin with one fault: how the tests of the kit break what every rule has to catch.

A breaker is registered for its rule, with words that the verdict must hold, so that it is caught for its own
fault and no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from afterclick_acme import plugin as acme
from afterclick_acme.sandbox import AcmeSandbox

from afterclick.plugin import Match, Synced, hookimpl
from afterclick.testing import Crm

ACME = Crm(
    plugin=acme,
    sandbox=lambda clock: AcmeSandbox(clock=clock),
    edit=AcmeSandbox.edit,
    delete=AcmeSandbox.remove,
    poison=("email", "no address"),
)


@dataclass(frozen=True)
class Breaker:
    """A plugin that breaks one rule, and words of what the kit says to that."""

    crm: Crm
    words: str


BREAKERS: dict[str, Breaker] = {}


def breaks(rule: str, words: str, *hooks: Callable[..., Any]) -> None:
    """Register Acme's plugin with these in place of its own hooks; a name begins with that of the hook."""
    own = {name: hook for name, hook in vars(acme).items() if hasattr(hook, "afterclick_impl")}
    members = own | {hook.__name__.partition("_")[0]: hookimpl(hook) for hook in hooks}
    plugin = type("Plugin", (), {name: staticmethod(hook) for name, hook in members.items()})()
    BREAKERS[rule] = Breaker(replace(ACME, plugin=plugin), words)


def breaker(rule: str, words: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register Acme's plugin with this one hook in place of its own."""

    def register(hook: Callable[..., Any]) -> Callable[..., Any]:
        breaks(rule, words, hook)
        return hook

    return register


def answers(rule: str, words: str, hook: str, change: Callable[[Any, Any], Any]) -> None:
    """Register a plugin that changes each outcome of a hook: `change(input, outcome)`."""
    own: Callable[..., Awaitable[list[Any]]] = getattr(acme, hook)

    async def match(leads: Any, ctx: Any) -> list[Any]:
        return [change(one, outcome) for one, outcome in zip(leads, await own(leads, ctx), strict=True)]

    async def create(leads: Any, ctx: Any) -> list[Any]:
        return await match(leads, ctx)

    async def enrich(changes: Any, ctx: Any) -> list[Any]:
        return await match(changes, ctx)

    async def erase(records: Any, ctx: Any) -> list[Any]:
        return await match(records, ctx)

    breaks(rule, words, {"match": match, "create": create, "enrich": enrich, "erase": erase}[hook])


def asks(rule: str, words: str, hook: str, change: Callable[[Any], Any]) -> None:
    """Register a plugin that changes each input of a hook before Acme's own one sees it."""
    own: Callable[..., Awaitable[list[Any]]] = getattr(acme, hook)

    async def match(leads: Any, ctx: Any) -> list[Any]:
        return await own([change(lead) for lead in leads], ctx)

    async def create(leads: Any, ctx: Any) -> list[Any]:
        return await match(leads, ctx)

    async def enrich(changes: Any, ctx: Any) -> list[Any]:
        return await match(changes, ctx)

    breaks(rule, words, {"match": match, "create": create, "enrich": enrich}[hook])


def with_values(outcome: Any, **values: Any) -> Any:
    """Return an outcome whose record has other values; None leaves one out."""
    if not isinstance(outcome, Match | Synced):
        return outcome
    held = {name: value for name, value in {**outcome.record.values, **values}.items() if value is not None}
    return msgspec.structs.replace(outcome, record=msgspec.structs.replace(outcome.record, values=held))


def to(kind: type, made: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a change that turns outcomes of one kind into something else."""
    return lambda one, outcome: made(one) if isinstance(outcome, kind) else outcome


def key(ctx: Any) -> dict[str, str]:
    """Return the header with the credential."""
    return {"Authorization": f"Bearer {ctx.settings.api_key}"}
