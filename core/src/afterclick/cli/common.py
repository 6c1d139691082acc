"""What several commands need: settings, installed plugins, a ledger to read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from afterclick.clock import SystemClock
from afterclick.config.connections import ConnectionPlan, resolve_connections
from afterclick.config.load import load
from afterclick.config.model import Settings
from afterclick.errors import AfterclickError, ConfigurationError
from afterclick.host.connection import Connected, open_connection
from afterclick.host.discovery import Discovery, discover
from afterclick.host.gates import read_only
from afterclick.ledger.sqlite import SqliteReader
from afterclick.observe.metrics import Metrics
from afterclick.plugin.http import Gate

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part."""
    return asyncio.run(work)


def plan(settings: Settings, found: Discovery) -> ConnectionPlan:
    """Return the connections of the installed plugins.

    Raises:
        ConfigurationError: a connection's table has faults.

    """
    infos = {name: plugin.info for name, plugin in found.plugins.items()}
    broken = [refused.name for refused in found.refused]
    connections = resolve_connections(settings, infos, os.environ, broken=broken)
    if connections.faults:
        raise ConfigurationError(list(connections.faults))
    return connections


@asynccontextmanager
async def reading(config: str | None) -> AsyncIterator[SqliteReader]:
    """Open the configured ledger for reading, beside a service that may be running."""
    settings = load(config, os.environ)
    reader = await SqliteReader.open_reader(Path(settings.ledger.path))
    try:
        yield reader
    finally:
        await reader.close()


async def with_connection(
    config: str | None, name: str, work: Callable[[Connected], Awaitable[T]], *, gate: Gate = read_only
) -> T:
    """Run `work` with one connection's plugin, outside the service; it may read, unless `gate` lets it write.

    Without a `name` it is the only connection there is.

    Raises:
        AfterclickError: there is no such connection, or none was named and there are several.

    """
    found = discover()
    connections = plan(load(config, os.environ), found)
    ready = {one.name: one for one in connections.ready}
    name = name or (next(iter(ready)) if len(ready) == 1 else "")
    if name not in ready:
        half = {one.connection: ", ".join(one.missing) for one in connections.half_set}
        raise AfterclickError(
            f"there is no connection {name!r}" if name else "which connection is meant is not said",
            hint=f"Set {half[name]}."
            if name in half
            else f"Ready: {', '.join(ready) or 'none'}. See `afterclick plugins`.",
        )
    resolved = ready[name]
    plugin = found.plugins[resolved.plugin]
    async with open_connection(
        resolved, plugin, clock=SystemClock(), metrics=Metrics(), gate=gate
    ) as connected:
        return await work(connected)
