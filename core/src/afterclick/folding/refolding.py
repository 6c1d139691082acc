"""Leads computed anew from their stored events, after a rule of reading has changed.

A step takes the fold's turn, so that no event is folded into a lead meanwhile. It stores what changed
and how far it is in one transaction: a crash loses no step and repeats none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from afterclick.clock import Clock
from afterclick.folding.batch import Destination, Rules, wants_of
from afterclick.folding.lane import FoldLane, read
from afterclick.ledger.api import Ledger
from afterclick.ledger.operations import Advance, Operation, Picked, Refold, Waiting
from afterclick.ledger.rows import Fence, LeadRow, StoredEvent, Want
from afterclick.model.event import Event
from afterclick.model.lead import keys_of
from afterclick.model.refold import refolded
from afterclick.model.view import Decision

MOST_LEADS = 256
EVENTS_AT_ONCE = 512
"""Events that are read in one go: some milliseconds of decoding, then others have their turn."""

Read = tuple[Event, Decision]


class Refolder:
    """Carries out refolds of one ledger; `destinations` tells which connections follow."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        lane: FoldLane,
        *,
        rules: Rules,
        destinations: Callable[[], Sequence[Destination]],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lane = lane
        # Due at once: whoever feeds the lanes counts what is due, and must see what it has fed.
        self._rules = msgspec.structs.replace(rules, linger=0)
        self._destinations = destinations

    async def step(self, operation: Operation, look: int, most: int) -> Advance | Waiting | None:
        """Compute the next leads anew, `look` at the most, until `most` have changed.

        None if there is no such operation.
        """
        async with self._lane.turn() as fence:
            if fence is None:
                return Waiting("the fold does not run in this process")
            picked = await self._ledger.picked(operation, look=min(look, MOST_LEADS))
            rows = await self._ledger.lead_states(picked.chosen)
            said = await self._said_of(picked.chosen)
            return await self._ledger.commit_refold(
                self._computed(operation, picked, rows, said, fence=fence, most=most)
            )

    async def _said_of(self, leads: Sequence[int]) -> Mapping[int, Sequence[Read]]:
        """Return the events of leads that can be read, with what was decided of them."""
        said: dict[int, list[Read]] = defaultdict(list)
        after = 0
        while page := await self._ledger.folded_events(leads, after=after, look=EVENTS_AT_ONCE):
            after = page[-1].id
            for stored in page:
                event = self._event(stored)
                if event is not None and stored.lead is not None and stored.decision is not None:
                    said[stored.lead].append((event, stored.decision))
            if len(page) < EVENTS_AT_ONCE:
                break
        return said

    def _event(self, stored: StoredEvent) -> Event | None:
        try:
            return read(stored, self._rules.further)
        except ValueError:
            # It was folded once, by other rules; what it said then stays, as if it had been dropped.
            return None

    def _computed(
        self,
        operation: Operation,
        picked: Picked,
        rows: Mapping[int, LeadRow],
        said: Mapping[int, Sequence[Read]],
        *,
        fence: Fence,
        most: int,
    ) -> Refold:
        now = self._clock.now()
        passed: list[int] = []
        changed: list[LeadRow] = []
        wants: list[Want] = []
        for lead in picked.passed:
            row = rows.get(lead)
            state = None if row is None else refolded(row.state, said.get(lead, ()), self._rules.further)
            if row is not None and state is not None and state != row.state:
                if len(changed) == most:
                    break
                new = msgspec.structs.replace(
                    row,
                    state=state,
                    keys=keys_of(state, self._rules.pepper),
                    version=row.version + 1,
                    changed_at=now,
                )
                changed.append(new)
                wants += wants_of(new, row.state, self._destinations(), self._rules, now)
            passed.append(lead)
        return Refold(
            fence=fence,
            operation=operation.id,
            now=now,
            leads=changed,
            wants=wants,
            passed=passed,
            whole=picked.last and len(passed) == len(picked.passed),
        )
