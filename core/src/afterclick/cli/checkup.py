"""Gathers what `afterclick check` shows: every look, and the facts beside them. Writes nothing anywhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from afterclick.checking import findings as kinds
from afterclick.checking.accounts import at_account
from afterclick.checking.ledger import Room, measure
from afterclick.checking.local import at_home
from afterclick.checking.look import Look
from afterclick.checking.setup import names
from afterclick.cli.common import plan
from afterclick.clock import Clock
from afterclick.config.connections import ConnectionPlan, ResolvedConnection
from afterclick.config.load import load
from afterclick.config.model import Settings
from afterclick.errors import AfterclickError, LedgerError, LedgerOutdatedError
from afterclick.host.connection import open_connection
from afterclick.host.discovery import Discovery, discover
from afterclick.ledger.rows import Arrival, LaneRow, Totals
from afterclick.ledger.sqlite import SqliteReader
from afterclick.ledger.told import FindingRow
from afterclick.observe.metrics import Metrics
from afterclick.syncing.findings import STOPS

_FOLD, _SYNC = "fold", "sync:"
_LANES = frozenset(kind.code for kind in STOPS)


class SourceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A source, and its newest delivery (milliseconds)."""

    name: str
    kind: str
    received_at: int | None = None
    type: str | None = None


class LimitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A limit: how much in how many seconds is configured, and how much the CRM says it is."""

    bucket: str
    seconds: float
    configured: float
    told: float | None = None


class ConnectionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that can be used, and what waits for it. Times in milliseconds."""

    name: str
    plugin: str
    base_url: str
    mode: str
    limits: tuple[LimitFacts, ...] = ()
    daily_budget: int | None = None
    due: int = 0
    oldest_due_at: int | None = None
    waits_until: int | None = None
    reason: str | None = None


class LedgerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger; `serving` tells whether a service holds it just now."""

    path: str
    room: Room
    serving: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that a check knows. `noted` counts by code what the service keeps besides."""

    now: int
    findings: tuple[FindingRow, ...]
    sources: tuple[SourceFacts, ...] = ()
    connections: tuple[ConnectionFacts, ...] = ()
    ledger: LedgerFacts
    noted: Mapping[str, int] = {}


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger remembers, read once."""

    arrivals: Mapping[str, Arrival] = {}
    totals: Totals = Totals()
    lanes: Sequence[LaneRow] = ()
    findings: Sequence[FindingRow] = ()


async def examine(config: str | None, connection: str | None, clock: Clock) -> Report:
    """Look at everything, or at one connection only.

    Raises:
        ConfigurationError: the configuration has faults.
        AfterclickError: there is no such connection.

    """
    settings = load(config, os.environ)
    found = discover()
    planned = plan(settings, found)
    if connection is not None and connection not in names(planned):
        raise AfterclickError(
            f"there is no connection {connection!r}",
            hint=f"There is: {', '.join(sorted(names(planned))) or 'none'}. See `afterclick plugins`.",
        )
    chosen = [one for one in planned.ready if connection in (None, one.name)]
    looks, memory = await _at_home(settings, planned, found, clock)
    accounts = await asyncio.gather(*(_at_account(one, found, clock) for one in chosen))
    looks = [
        look for look in (*looks, *(look for look, _ in accounts)) if connection in (None, look.connection)
    ]
    now = clock.now()
    rows = [row for look in looks for row in look.rows(now)]
    lanes = {row.name: row for row in memory.lanes}
    return Report(
        now=now,
        findings=(*rows, *_of_lanes(memory.findings, [one.name for one in chosen])),
        sources=_sources(settings, memory),
        connections=tuple(
            _facts(one, limits, memory.totals, lanes.get(_SYNC + one.name), now)
            for one, (_, limits) in zip(chosen, accounts, strict=True)
        ),
        ledger=LedgerFacts(
            path=settings.ledger.path,
            room=await asyncio.to_thread(measure, Path(settings.ledger.path)),
            serving=_FOLD in lanes and lanes[_FOLD].expires_at > now,
        ),
        noted=_noted(memory.findings, looks),
    )


async def _at_home(
    settings: Settings, planned: ConnectionPlan, found: Discovery, clock: Clock
) -> tuple[list[Look], Memory]:
    try:
        async with _reading(Path(settings.ledger.path)) as ledger:
            looks = await at_home(settings, planned, found, ledger)
            return looks, Memory() if ledger is None else await _remembered(ledger, planned, clock)
    except LedgerOutdatedError as failure:
        unread = kinds.LEDGER_OLDER.found(failure.message)
    except LedgerError as failure:
        unread = kinds.LEDGER_UNUSABLE.found(failure.message, remedy=failure.hint)
    looks = await at_home(settings, planned, found, None)
    return [*looks, Look(codes=frozenset({unread.code}), findings=(unread,))], Memory()


@asynccontextmanager
async def _reading(path: Path) -> AsyncIterator[SqliteReader | None]:
    """Open the ledger for reading; one that is not there yet is no fault."""
    if not await asyncio.to_thread(path.exists):
        yield None
        return
    ledger = await SqliteReader.open_reader(path)
    try:
        yield ledger
    finally:
        await ledger.close()


async def _remembered(ledger: SqliteReader, planned: ConnectionPlan, clock: Clock) -> Memory:
    return Memory(
        arrivals=await ledger.arrivals(),
        totals=await ledger.totals([one.name for one in planned.ready], now=clock.now()),
        lanes=await ledger.lanes(),
        findings=[row for row in await ledger.findings() if row.closed_at is None],
    )


async def _at_account(
    resolved: ResolvedConnection, found: Discovery, clock: Clock
) -> tuple[Look, tuple[LimitFacts, ...]]:
    plugin = found.plugins[resolved.plugin]
    async with open_connection(resolved, plugin, clock=clock, metrics=Metrics()) as connected:
        look = await at_account(connected)
        told = connected.pacer.told()
    return look, tuple(
        LimitFacts(
            bucket=limit.bucket,
            seconds=limit.seconds,
            configured=limit.amount,
            told=told.get(limit.bucket),
        )
        for limit in resolved.limits
    )


def _facts(
    resolved: ResolvedConnection,
    limits: tuple[LimitFacts, ...],
    totals: Totals,
    lane: LaneRow | None,
    now: int,
) -> ConnectionFacts:
    waits = lane is not None and lane.paused_until is not None and lane.paused_until > now
    return ConnectionFacts(
        name=resolved.name,
        plugin=resolved.plugin,
        base_url=resolved.base_url,
        mode=resolved.mode,
        limits=limits,
        daily_budget=resolved.daily_budget,
        due=totals.due.get(resolved.name, 0),
        oldest_due_at=totals.oldest_due_at.get(resolved.name),
        waits_until=lane.paused_until if lane is not None and waits else None,
        reason=lane.reason if lane is not None and waits else None,
    )


def _sources(settings: Settings, memory: Memory) -> tuple[SourceFacts, ...]:
    return tuple(
        SourceFacts(
            name=name,
            kind=source.kind,
            received_at=None if (last := memory.arrivals.get(name)) is None else last.received_at,
            type=None if last is None else last.type,
        )
        for name, source in settings.sources.items()
    )


def _of_lanes(noted: Sequence[FindingRow], connections: Sequence[str]) -> list[FindingRow]:
    """Return what lanes met while they worked, such as a right to write that no look can see."""
    return [row for row in noted if row.code in _LANES and row.connection in connections]


def _noted(noted: Sequence[FindingRow], looks: Sequence[Look]) -> dict[str, int]:
    judged = {code for look in looks for code in look.codes} | _LANES
    codes = [row.code for row in noted if row.code not in judged]
    return {code: codes.count(code) for code in sorted(set(codes))}
