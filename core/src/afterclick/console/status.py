"""How a service stands: sources, fold, connections, lanes, findings. Cheap at any size of the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from afterclick import __version__
from afterclick.clock import Clock
from afterclick.config.model import Source
from afterclick.ledger.api import Ledger
from afterclick.ledger.rows import ConnectionRow, LaneRow, Totals
from afterclick.observe.metrics import Metrics


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One sender: when it last sent something well signed, and what became of its requests since a start."""

    name: str
    kind: str
    space: str
    last_delivery_at: int | None
    requests: Mapping[str, int]


class ConnectionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One CRM account: `due` leads, since when, and those set aside; each counted up to 20,000."""

    name: str
    plugin: str
    running: bool
    due: int
    oldest_due_at: int | None
    parked: int
    held: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole service. Times are milliseconds since 1970 (UTC)."""

    version: str
    now: int
    started_at: int
    ledger_bytes: int
    unfolded: int
    oldest_unfolded_at: int | None
    sources: Sequence[SourceStatus]
    connections: Sequence[ConnectionStatus]
    lanes: Sequence[LaneRow]
    findings: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at a running service. `running` tells which connections it serves."""

    ledger: Ledger
    clock: Clock
    metrics: Metrics
    sources: Mapping[str, Source]
    running: Callable[[], Sequence[str]]
    started_at: int

    async def status(self) -> Status:
        """Return how the service stands now."""
        now = self.clock.now()
        rows = await self.ledger.connections()
        totals = await self.ledger.totals([row.name for row in rows], now=now)
        running = frozenset(self.running())
        return Status(
            version=__version__,
            now=now,
            started_at=self.started_at,
            ledger_bytes=totals.size_bytes,
            unfolded=totals.unfolded,
            oldest_unfolded_at=totals.oldest_unfolded_at,
            sources=await self._sources(),
            connections=[_connection(row, totals, running=row.name in running) for row in rows],
            lanes=await self.ledger.lanes(),
            findings=_by_level(totals),
        )

    async def _sources(self) -> list[SourceStatus]:
        arrivals = await self.ledger.arrivals()
        requests: dict[str, dict[str, int]] = defaultdict(dict)
        for source, result, count in self.metrics.requests():
            requests[source][result] = count
        return [
            SourceStatus(
                name=name,
                kind=source.kind,
                space=source.space,
                last_delivery_at=arrivals[name].received_at if name in arrivals else None,
                requests=requests[name],
            )
            for name, source in self.sources.items()
        ]


def _by_level(totals: Totals) -> dict[str, int]:
    """Return how many findings are open, by level."""
    counts: dict[str, int] = defaultdict(int)
    for (_, _, level), count in totals.findings.items():
        counts[level] += count
    return dict(counts)


def _connection(row: ConnectionRow, totals: Totals, *, running: bool) -> ConnectionStatus:
    return ConnectionStatus(
        name=row.name,
        plugin=row.plugin,
        running=running,
        due=totals.due.get(row.name, 0),
        oldest_due_at=totals.oldest_due_at.get(row.name),
        parked=totals.parked.get(row.name, 0),
        held=totals.held.get(row.name, 0),
    )
