"""Finding stubs whose records have been nobody's for long, a few when a lane has nothing else to do."""

from __future__ import annotations

from afterclick.clock import Clock
from afterclick.ledger.api import Ledger
from afterclick.ledger.steps import Steps

LOOK_EVERY, STEP_EVERY = 3600.0, 0.1
"""Seconds between two rounds over all stubs, and between two steps of one."""


class Expiry:
    """Makes stubs due that have not changed for `expire` (ms), up to `most` at a time.

    It only wakes them: whether a record goes is decided by a pass, which reads it first. One that stays
    is not asked about again.
    """

    def __init__(self, ledger: Ledger, clock: Clock, connection: str, *, expire: int, most: int) -> None:
        self._ledger = ledger
        self._clock = clock
        self._connection = connection
        self._expire = expire
        self._most = most
        self._steps = Steps(64, smallest=16, largest=1024)
        self._next = 0.0
        self._after = 0

    @property
    def wait(self) -> float:
        """Return the seconds until the next step."""
        return max(0.0, self._next - self._clock.elapsed())

    async def step(self) -> bool:
        """Look at a few stubs if it is time to; return whether some are due by that."""
        if self.wait > 0:
            return False
        step = await self._ledger.expire_stubs(
            self._connection, expire=self._expire, after=self._after, look=self._steps.size, most=self._most
        )
        self._steps.took(step.seconds, max(1, step.looked))
        self._after = step.after or 0
        self._next = self._clock.elapsed() + (LOOK_EVERY if step.after is None else STEP_EVERY)
        return step.due > 0
