"""A plugin's module that keeps the contract, to break at one place at a time."""

from __future__ import annotations

import asyncio
import types
from typing import Any

import msgspec

from afterclick.clock import Clock
from afterclick.host.caller import Called, Caller
from afterclick.host.discovery import load
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Metrics
from afterclick.plugin import (
    CONTRACT_VERSION,
    Change,
    Context,
    Lead,
    NoMatch,
    PluginInfo,
    Record,
    Synced,
    hookimpl,
)

DEADLINE = 5.0
HOOKS = ("match", "create", "enrich")
LEADS = [Lead(ref=f"lead-{n}", keys=(f"event:{n:032x}",)) for n in range(3)]
RECORD = Record(kind="contact", id="1")
CHANGES = [Change(lead=lead, record=RECORD, fields={"token": "t"}) for lead in LEADS]
INPUTS: dict[str, Any] = {
    "match": {"leads": LEADS},
    "create": {"leads": LEADS},
    "enrich": {"changes": CHANGES},
}


class Settings(msgspec.Struct):
    """Nothing to set."""


def info(**changes: Any) -> PluginInfo:
    """Return a right description with some fields replaced, by whatever."""
    values: dict[str, Any] = {
        "name": "acme",
        "title": "Acme",
        "contract": CONTRACT_VERSION,
        "settings": Settings,
        "fields": (),
        "base_url": "https://acme.example",
        "call_deadline": DEADLINE,
        **changes,
    }
    return PluginInfo(**values)


def good(**hooks: Any) -> types.ModuleType:
    """Return a module that keeps the contract, with some hooks replaced; None takes one away."""

    def describe() -> PluginInfo:
        return info()

    async def match(leads: Any) -> Any:
        return [NoMatch() for _ in leads]

    async def create(leads: Any) -> Any:
        return [Synced(Record(kind="contact", id=lead.ref)) for lead in leads]

    async def enrich(changes: Any) -> Any:
        return [Synced(change.record) for change in changes]

    module = types.ModuleType("acme_plugin")
    chosen = {"describe": describe, "match": match, "create": create, "enrich": enrich, **hooks}
    for name, hook in chosen.items():
        if hook is not None:
            setattr(module, name, hookimpl(hook))
    return module


def caller(clock: Clock, **hooks: Any) -> Caller:
    """Return the caller of such a plugin."""
    plugin = load("acme", good(**hooks))
    ctx: Context[Any] = Context(
        connection="acme",
        settings=Settings(),
        http=None,  # type: ignore[arg-type]
        clock=clock,
        log=get_logger("plugin"),
        fields=(),
        state=None,  # type: ignore[arg-type]
    )
    return Caller(plugin, ctx, clock, Metrics())


def hook(answer: Any) -> Any:
    """Return a hook that answers, or raises, what is given; a function gets the inputs."""

    async def work(inputs: Any) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        result = answer(inputs) if callable(answer) else answer
        return await result if asyncio.iscoroutine(result) else result

    async def of_leads(leads: Any) -> Any:
        return await work(leads)

    async def of_changes(changes: Any) -> Any:
        return await work(changes)

    return {"match": of_leads, "create": of_leads, "enrich": of_changes}


async def call(clock: Clock, name: str, answer: Any) -> Called:
    """Call a hook that answers so."""
    return await caller(clock, **{name: hook(answer)[name]}).batch(name, **INPUTS[name])


def kinds(called: Called) -> list[type]:
    """Return the types of the outcomes."""
    return [type(one) for one in called.outcomes]
