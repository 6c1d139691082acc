"""Operations, a little at a time: fresh changes go first.

A lane takes what has been due the longest. Were a hundred thousand leads made due at once, a change of
today would wait behind them all. So an operation feeds its lane only as much as keeps it busy, and no
more while the lane pauses or the day's budget runs low. What it has not fed yet is not due, so neither
metrics nor alerts take it for a backlog, and to cancel it is to feed no more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from afterclick.clock import Clock
from afterclick.errors import LedgerError
from afterclick.ledger.api import Ledger
from afterclick.ledger.operations import Advance, Kind, Operation, Terms, Waiting
from afterclick.ledger.signal import OPERATIONS
from afterclick.ledger.steps import Steps
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger

AGAIN, LOOK_AGAIN = 0.1, 5.0
"""Seconds between two rounds while there is something to do, and while there is nothing."""

SMALLEST, LARGEST = 16, 2048
"""Rows of a step."""

MOST_EVENTS = 256
"""Events that may wait for the fold before more are given to it."""

SPARE = 0.25
"""The part of a day's budget that is left to fresh changes."""


Work = Callable[[Operation, int, int], Awaitable[Advance | Waiting | None]]
"""A step of an operation that takes more than the ledger: how many rows to look at, how many to change."""


class Route(msgspec.Struct, frozen=True):
    """Where an operation's leads go.

    `terms` is what the connection takes, `most` how many due leads keep its lane busy, `spare` which part of
    its day's quotas is left (0 to 1), `erases` whether records can be erased there.
    """

    terms: Terms
    most: int
    spare: Callable[[], float]
    erases: bool = False


class Feeder:
    """Carries out the operations of one ledger.

    `routes` are the connections that run, `works` do the steps of kinds that the ledger cannot do alone.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        routes: Callable[[], Mapping[str, Route]],
        works: Mapping[Kind, Work] | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._routes = routes
        self._works = works or {}
        self._steps = Steps(256, smallest=SMALLEST, largest=LARGEST)
        self._waiting: dict[int, str] = {}
        self._log = get_logger("console")

    async def run(self) -> None:
        """Feed until cancelled."""
        while True:
            try:
                some = await self.feed_once()
            except LedgerError as failure:
                self._log.warning(Said.LEDGER_UNAVAILABLE, code=failure.code, reason=failure.message)
                some = False
            if some:
                await self._clock.sleep(AGAIN)
            else:
                await self._ledger.signals.wait(OPERATIONS, self._clock, LOOK_AGAIN)

    async def feed_once(self) -> bool:
        """Give every operation its turn; tell whether there is one."""
        operations = await self._ledger.running_operations()
        self._waiting = {one.id: self._waiting[one.id] for one in operations if one.id in self._waiting}
        for operation in operations:
            await self._feed(operation)
        return bool(operations)

    def waits_for(self, operation: Operation) -> str | None:
        """Return what a running operation waits for, None if it goes on."""
        return self._waiting.get(operation.id)

    async def _feed(self, operation: Operation) -> None:
        route = self._routes().get(operation.connection)
        room, reason = await self._room(operation, route)
        step = await self._step(operation, route, room) if room > 0 else None
        if isinstance(step, Waiting):
            reason = step.reason
        if reason is None:
            self._waiting.pop(operation.id, None)
        else:
            self._waiting[operation.id] = reason
        if not isinstance(step, Advance):
            return
        self._steps.took(step.seconds, step.operation.looked - operation.looked)
        if not step.operation.running:
            self._log.info(Said.OPERATION_ENDED, **named(step.operation))

    async def _step(self, operation: Operation, route: Route | None, room: int) -> Advance | Waiting | None:
        work = self._works.get(operation.kind)
        if work is not None:
            return await work(operation, self._steps.size, room)
        terms = Terms() if route is None else route.terms
        return await self._ledger.advance(
            operation.id, look=self._steps.size, most=room, terms=terms, now=self._clock.now()
        )

    async def _room(self, operation: Operation, route: Route | None) -> tuple[int, str | None]:
        """Return how many leads or events may be fed now, and why none where that is so."""
        if operation.selection.lead is not None or operation.selection.event is not None:
            # A single one holds nobody up.
            return 1, None
        if operation.kind is Kind.EVENTS:
            waiting = await self._ledger.count_unfolded(most=MOST_EVENTS)
            return MOST_EVENTS - waiting, "the fold is busy" if waiting >= MOST_EVENTS else None
        if operation.kind is Kind.REFOLD:
            rooms = [await self._room_of(name, one) for name, one in self._routes().items()]
            return min(rooms, default=(LARGEST, None), key=lambda room: room[0])
        if route is None:
            return 0, f"the connection {operation.connection} is not running"
        return await self._room_of(operation.connection, route)

    async def _room_of(self, connection: str, route: Route) -> tuple[int, str | None]:
        if route.spare() < SPARE:
            return 0, f"the last {SPARE:.0%} of the day's quota are kept for fresh changes"
        due = await self._ledger.count_due(connection, now=self._clock.now(), most=route.most)
        return route.most - due, "the CRM has enough to do" if due >= route.most else None


def named(operation: Operation) -> dict[str, object]:
    """Return what a log line tells of an operation: nothing that could name a person."""
    return {
        "operation": operation.id,
        "kind": operation.kind.value,
        "connection": operation.connection,
        "state": operation.state.value,
        "changed": operation.changed,
    }
