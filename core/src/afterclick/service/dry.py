"""A ledger that a pass may work on without changing anything: it knows what the real one knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from afterclick.ledger.rows import Adoption, Attempt, Fence, Referrer, Sending, Settle, Settled
from afterclick.ledger.sqlite import SqliteReader
from afterclick.ledger.sqlite.records import SHARED
from afterclick.ledger.told import FindingRow

NOBODY = Fence("preview", 0)
"""No lane: nothing is stored, so nothing has to be fenced off."""


class NoLease:
    """The lease of a pass that needs none."""

    fence = last_fence = NOBODY


@dataclass(slots=True)
class DryLedger:
    """What a pass over one connection's persons stores, kept for the length of the pass.

    `persons` are the leads of each person by the living one. `sent` counts the requests so far, so that
    `notes` tell of each write with which request it begins, its operation and its leads.
    """

    known: SqliteReader
    connection: str
    persons: Mapping[int, frozenset[int]]
    sent: Callable[[], int]
    notes: list[tuple[int, str, tuple[int, ...]]] = field(default_factory=list)
    settles: list[Settle] = field(default_factory=list)
    findings: list[FindingRow] = field(default_factory=list)

    async def referrers(self, users: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Referrer]:
        """Return who refers, as the real ledger knows them."""
        return await self.known.referrers(users)

    async def grant_stubs(self, fence: Fence, connection: str, *, day: int, wanted: int, limit: int) -> int:
        """Let all stubs through: what is only looked at takes nobody's room."""
        return wanted

    async def adopt(self, fence: Fence, connection: str, found: Mapping[int, Adoption]) -> Mapping[int, str]:
        """Return the leads that would be refused, as another person holds their record."""
        return {
            lead: reason
            for lead, adoption in found.items()
            if (reason := await self._clash(lead, adoption)) is not None
        }

    async def _clash(self, lead: int, adoption: Adoption) -> str | None:
        for record in adoption.records:
            holder = await self.known.holder_of(self.connection, record.kind, record.id)
            if holder is not None and holder not in self.persons[lead]:
                return SHARED.format(kind=record.kind, id=record.id, lead=holder)
        return None

    async def note_sending(
        self,
        fence: Fence,
        connection: str,
        leads: Mapping[int, Sending],
        *,
        operation: str,
        now: int,
    ) -> Sequence[int]:
        """Take down that a write follows; nobody joins anybody meanwhile."""
        self.notes.append((self.sent(), operation, tuple(leads)))
        return list(leads)

    async def settle(self, fence: Fence, settles: Sequence[Settle], attempts: Sequence[Attempt]) -> Settled:
        """Take down what was learned."""
        self.settles += settles
        return Settled()

    async def note_findings(self, findings: Sequence[FindingRow]) -> None:
        """Take down what an operator would be told."""
        self.findings += findings
