"""Forgetting a person: first the CRMs, then the ledger; each step is taken from what there is.

No step is remembered. Whatever a crash, a late write or a new event leaves behind is seen by the next step,
and what is done stays done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from afterclick.clock import Clock
from afterclick.ledger.api import Ledger
from afterclick.ledger.operations import Advance, Belongings, Operation, Waiting
from afterclick.ledger.rows import Fence, KnownRecord


class Erases(Protocol):
    """One CRM as forgetting sees it."""

    @property
    def settles(self) -> float:
        """Return the seconds after which no write can land any more that was begun before."""
        ...

    @property
    def erases(self) -> bool:
        """Tell whether records can be erased in this CRM."""
        ...

    async def erase(self, records: Sequence[KnownRecord]) -> Waiting | None:
        """Erase records and drop them from the ledger; None when all are dropped."""
        ...


class Forgetter:
    """Carries out the forgetting of people.

    `turn` keeps the fold still and yields the proof of its lane, `erasers` are by connection that runs.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        turn: Callable[[], AbstractAsyncContextManager[Fence | None]],
        erasers: Callable[[], Mapping[str, Erases]],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._turn = turn
        self._erasers = erasers

    async def step(self, operation: Operation, look: int, most: int) -> Advance | Waiting | None:
        """Do what is next: hold the lanes back, wait, erase in the CRMs, erase here."""
        lead = operation.selection.lead or 0
        found = await self._ledger.belongings(lead)
        if found is None:
            return await self._forget(operation, lead, look)
        return (
            await self._looked_up(operation, found)
            or await self._held_back(found)
            or await self._erased(operation, found)
            or await self._forget(operation, found.lead, look)
        )

    async def _looked_up(self, operation: Operation, found: Belongings) -> Waiting | None:
        """See to it that there is no record that nobody knows of: a write may have made one."""
        if found.sent_at is None or operation.selection.keep_records:
            return None
        if found.left_alone and self._is_over(found.sent_at):
            await self._ledger.look_up(found.lead, now=self._clock.now())
        return Waiting("what became of a write to a CRM is looked up first")

    async def _held_back(self, found: Belongings) -> Waiting | None:
        """Keep the lanes away, and wait until whatever one has begun has ended."""
        if not found.held:
            await self._ledger.hold_back(found.lead, now=self._clock.now())
            return Waiting("the lanes are told")
        if found.taken_until is None or self._is_over(found.taken_until):
            return None
        return Waiting("a write that was begun before may still land")

    def _is_over(self, begun: int) -> bool:
        """Tell whether nothing can land any more that was begun at a moment (ms)."""
        settles = max((one.settles for one in self._erasers().values()), default=0.0)
        return begun + settles * 1000 <= self._clock.now()

    async def _erased(self, operation: Operation, found: Belongings) -> Waiting | None:
        if operation.selection.keep_records:
            return None
        erasers = self._erasers()
        waits: Waiting | None = None
        for connection, records in found.records.items():
            if connection in erasers:
                waits = await erasers[connection].erase(records) or waits
            else:
                waits = Waiting(f"the connection {connection} is not running")
        return waits

    async def _forget(self, operation: Operation, lead: int, look: int) -> Advance | Waiting | None:
        async with self._turn() as fence:
            if fence is None:
                return Waiting("the fold does not run in this process")
            oldest = await self._ledger.unfolded(1)
            if oldest and oldest[0].received_at <= operation.created_at:
                return Waiting("events that came before wait for the fold")
            return await self._ledger.forget(fence, operation.id, lead=lead, look=look, now=self._clock.now())
