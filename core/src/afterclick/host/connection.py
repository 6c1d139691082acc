"""One connection, ready to be called: its HTTP session, context and caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from afterclick import __version__
from afterclick.clock import Clock
from afterclick.config.addresses import is_loopback
from afterclick.config.connections import ResolvedConnection
from afterclick.host.caller import Caller
from afterclick.host.discovery import Plugin
from afterclick.host.gates import gate_of, read_only
from afterclick.host.limits import ConnectionPacer
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Metrics
from afterclick.plugin.http import CallReport, Gate, Http
from afterclick.plugin.types import Context, State

_KEEP_ALIVE = 15.0
"""Seconds: shorter than a CRM's own, since a call on a connection it just closed has an unknown fate."""


@dataclass(frozen=True, slots=True)
class Connected:
    """What the rest of the program needs of a connection."""

    name: str
    resolved: ResolvedConnection
    plugin: Plugin
    caller: Caller
    pacer: ConnectionPacer

    def beside(self) -> Caller:
        """Return a caller for a look beside the lane: same account, same limits, reads only.

        Its context is as configured: without a client, and without what `connect` made of the fields.
        """
        lane = self.caller.ctx
        return self.caller.with_context(
            _context(self.resolved, lane.http.behind(read_only), lane.clock, lane.state)
        )


class MemoryState:
    """A plugin's state where no service runs: kept for the length of a command."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        """Return what was stored under `key`."""
        return self._values.get(key)

    async def set(self, key: str, value: str) -> None:
        """Store until the command ends."""
        self._values[key] = value


@asynccontextmanager
async def open_connection(
    resolved: ResolvedConnection,
    plugin: Plugin,
    *,
    clock: Clock,
    metrics: Metrics,
    state: State | None = None,
    gate: Gate | None = None,
) -> AsyncIterator[Connected]:
    """Open a connection's HTTP session; `connect` is called by whoever uses it.

    `gate` says what may leave; without one the connection's mode does.
    """
    usual = {limit.bucket: limit.amount for limit in plugin.info.limits}
    fixed = [one.bucket for one in resolved.limits if usual.get(one.bucket) != one.amount]
    pacer = ConnectionPacer(resolved.limits, clock, fixed=fixed, budget=resolved.daily_budget)

    def report(call: CallReport) -> None:
        metrics.crm_call(call.connection, call.status, call.seconds, call.costs)
        for bucket, ratio in pacer.headroom().items():
            metrics.headroom(resolved.name, bucket, ratio)

    async with _session(resolved.base_url) as session:
        http = Http(
            session,
            connection=resolved.name,
            base_url=resolved.base_url,
            pacer=pacer,
            clock=clock,
            report=report,
            gate=gate or gate_of(resolved.mode),
        )
        ctx = _context(resolved, http, clock, state or MemoryState())
        yield Connected(resolved.name, resolved, plugin, Caller(plugin, ctx, clock, metrics), pacer)


def _session(base_url: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=32, keepalive_timeout=_KEEP_ALIVE),
        headers={"User-Agent": f"afterclick/{__version__}"},
        cookie_jar=aiohttp.DummyCookieJar(),
        # A proxy of the environment leads out; it must not get what stays on this machine.
        trust_env=not is_loopback(urlsplit(base_url).hostname or ""),
    )


def _context(resolved: ResolvedConnection, http: Http, clock: Clock, state: State) -> Context[Any]:
    return Context(
        connection=resolved.name,
        settings=resolved.settings,
        http=http,
        clock=clock,
        log=get_logger("plugin", connection=resolved.name),
        fields=resolved.fields,
        state=state,
        stages=resolved.stages,
        zone=resolved.time_zone,
        expires=resolved.expires,
    )
