"""CRM accounts for a command that may not ask the real ones: each connection gets an empty emulator."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from afterclick.cli.provision import provisioned
from afterclick.cli.sandbox import emulator_of
from afterclick.clock import Clock
from afterclick.config.connections import ConnectionPlan, ResolvedConnection
from afterclick.config.load import load
from afterclick.config.model import Settings
from afterclick.host.connection import open_connection
from afterclick.host.discovery import Discovery
from afterclick.host.gates import anything
from afterclick.observe.metrics import Metrics
from afterclick.sandbox import serve
from afterclick.service.connections import planned


def settings_with(
    config: str | None, environ: Mapping[str, str], found: Discovery
) -> tuple[Settings, ConnectionPlan]:
    """Return settings in which every plugin with an emulator has a connection, whatever is configured."""
    settings = load(config, environ)
    plan = planned(settings, found, environ)
    there = {one.plugin for one in plan.ready}
    more = {
        f"AFTERCLICK_CONNECTIONS__{name.upper()}__{key.upper()}": value
        for name, plugin in found.plugins.items()
        if name not in there and plugin.has("sandbox")
        for key, value in emulator_of(name, {}, found.plugins).settings().items()
        if key != "base_url"
    }
    if not more:
        return settings, plan
    completed = {**environ, **more}
    settings = load(config, completed)
    return settings, planned(settings, found, completed)


async def stand_in(
    stack: AsyncExitStack, resolved: ResolvedConnection, found: Discovery, clock: Clock
) -> ResolvedConnection | None:
    """Return a connection to an emulator that has the fields it needs; None if its plugin brings none.

    The emulator runs until `stack` is closed.
    """
    plugin = found.plugins[resolved.plugin]
    if not plugin.has("sandbox"):
        return None
    running = await stack.enter_async_context(serve(emulator_of(resolved.plugin, {}, found.plugins)))
    given: dict[str, Any] = {**msgspec.structs.asdict(resolved.settings), **running.settings()}
    other = copy.copy(resolved)
    other.base_url = given.pop("base_url").rstrip("/")
    other.settings = msgspec.convert(given, type(resolved.settings), strict=False)
    async with open_connection(other, plugin, clock=clock, metrics=Metrics(), gate=anything) as connected:
        await provisioned(connected, apply=True)
    return other
