"""Erasing the records of a person who is forgotten, in one CRM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from afterclick.clock import Clock
from afterclick.host.caller import Called
from afterclick.ledger.api import Ledger
from afterclick.ledger.operations import Waiting
from afterclick.ledger.rows import Attempt, KnownRecord
from afterclick.ledger.told import FindingRow
from afterclick.observe.metrics import Metrics
from afterclick.plugin import Exists, Gone, Rejected, Synced
from afterclick.syncing.findings import RECORD_NOT_ERASED
from afterclick.syncing.lane import SyncLane
from afterclick.syncing.person import as_record

TRY_AGAIN = 30.0
"""Seconds before a record is tried again that could not be erased."""


class Eraser:
    """Erases records through the plugin of a lane, with its limits, and while it is connected."""

    def __init__(self, ledger: Ledger, clock: Clock, lane: SyncLane, metrics: Metrics) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lane = lane
        self._metrics = metrics
        self._next = 0.0
        self._reason = ""

    @property
    def settles(self) -> float:
        """Return the seconds after which no write can land any more that was begun before."""
        return self._lane.settles

    @property
    def erases(self) -> bool:
        """Tell whether records can be erased in this CRM."""
        return self._lane.erases

    async def erase(self, records: Sequence[KnownRecord]) -> Waiting | None:
        """Erase records and drop them from the ledger, one by one.

        Whatever the CRM does not erase is told as a finding, and dropped as well: then it is for a person.
        To erase twice does no harm, so a crash between the call and the ledger costs a call.
        """
        for record in records:
            waiting = await self._erase(record)
            if waiting is not None:
                return waiting
        return None

    async def _erase(self, record: KnownRecord) -> Waiting | None:
        if not self.erases:
            await self._tell(record, "this connection cannot erase")
        elif self._clock.elapsed() < self._next:
            return Waiting(self._reason)
        else:
            called = await self._lane.erase(as_record(record))
            if called is None:
                return Waiting(f"the connection {self._lane.connection} pauses")
            await self._ledger.note_attempts([self._attempt(called)])
            refusal = _refusal(called)
            if refusal is not None:
                await self._tell(record, refusal)
            elif not isinstance(called.outcomes[0], Synced | Exists | Gone):
                return self._later(called)
        await self._ledger.drop_records(self._lane.connection, [record])
        return None

    def _later(self, called: Called) -> Waiting:
        self._next = self._clock.elapsed() + TRY_AGAIN
        why = _why(called) or "no answer"
        self._reason = f"{self._lane.connection} has not erased a record yet: {why}"
        return Waiting(self._reason)

    async def _tell(self, record: KnownRecord, why: str) -> None:
        where = f"{record.kind} {record.id}" + (f", {record.url}" if record.url else "")
        found = RECORD_NOT_ERASED.found(
            f"the record of a person who was forgotten is still there ({where}): {why}",
            subject=f"{record.kind} {record.id}",
        )
        row = FindingRow.of(found, connection=self._lane.connection, now=self._clock.now())
        await self._ledger.note_findings([row])
        self._metrics.finding(row.code, row.connection)

    def _attempt(self, called: Called) -> Attempt:
        call = called.calls[-1] if called.calls else None
        return Attempt(
            at=self._clock.now(),
            connection=self._lane.connection,
            hook="erase",
            leads=1,
            result=type(called.stop or called.refused or called.outcomes[0]).__name__,
            status=None if call is None else call.status,
            correlation=None if call is None else call.correlation,
            duration_ms=int(called.seconds * 1000),
            reason=_why(called),
        )


def _refusal(called: Called) -> str | None:
    """Return why the CRM will not erase a record, whatever is tried; None if that is not so."""
    if called.refused is not None:
        return str(called.refused.reason)
    outcome = called.outcomes[0]
    return outcome.reason if isinstance(outcome, Rejected) else None


def _why(called: Called) -> str | None:
    outcome: Any = called.stop or called.refused or called.outcomes[0]
    return getattr(outcome, "reason", None) or called.broken
