"""What commands, metrics and start-up ask every ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from afterclick.ledger.rows import (
    Arrival,
    Attempt,
    ConnectionRow,
    EventState,
    LeadRow,
    Referrer,
    StoredEvent,
    SyncRow,
    Totals,
)
from afterclick.ledger.steps import Stubs
from afterclick.ledger.told import FindingRow
from afterclick.model.memory import LinkMemory


class Referrers(Protocol):
    """Who brings others."""

    async def referrers(self, users: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Referrer]:
        """Return who refers, by (space, user id); those whom no lead has the id of are left out."""
        ...


class Reads(Referrers, Protocol):
    """What commands, metrics and start-up read."""

    async def count_stubs(self, *, before: int) -> Sequence[Stubs]:
        """Return, by connection, how many records without a name we made.

        `old` are those whose lead has not changed since `before` (ms).
        """
        ...

    async def totals(self, connections: Sequence[str], *, now: int) -> Totals:
        """Return figures for metrics."""
        ...

    async def count_due(self, connection: str, *, now: int, most: int) -> int:
        """Return how many leads are due for a connection, counted up to `most`."""
        ...

    async def count_unfolded(self, *, most: int) -> int:
        """Return how many events wait for the fold, counted up to `most`."""
        ...

    async def events(
        self, *, limit: int, state: EventState | None = None, lead: int | None = None
    ) -> Sequence[StoredEvent]:
        """Return events, newest first."""
        ...

    async def event(self, id: int) -> StoredEvent | None:
        """Return one event."""
        ...

    async def leads(self, *, limit: int, search: str | None = None) -> Sequence[LeadRow]:
        """Return living leads, newest change first; `search` finds an exact identity value or a key."""
        ...

    async def syncs_of(self, leads: Sequence[int]) -> Sequence[SyncRow]:
        """Return the sync rows of leads."""
        ...

    async def link(self, space: str, prefix: str, token: str) -> LinkMemory | None:
        """Return what a link remembers."""
        ...

    async def event_counts(self) -> Mapping[tuple[str, str], int]:
        """Return how many events there are by (type, state)."""
        ...

    async def attempts(self, *, limit: int, connection: str | None = None) -> Sequence[Attempt]:
        """Return attempts, newest first."""
        ...

    async def arrivals(self) -> Mapping[str, Arrival]:
        """Return the newest delivery of each source that ever sent something well signed."""
        ...

    async def milestones(self) -> Sequence[str]:
        """Return every milestone that a lead has passed, by name."""
        ...

    async def connections(self) -> Sequence[ConnectionRow]:
        """Return every remembered connection."""
        ...

    async def findings(self, *, limit: int = 10_000) -> Sequence[FindingRow]:
        """Return what an operator should know, what is over too, newest first."""
        ...
