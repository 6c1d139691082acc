"""Dropping stubs that nobody claimed, where the operator wants none kept.

The fold lane does it between two batches: between reading what a batch needs and storing what came of it,
no lead may go.
"""

from __future__ import annotations

from afterclick.clock import Clock
from afterclick.ledger.api import Ledger
from afterclick.ledger.lease import Lease
from afterclick.ledger.steps import Steps
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger

LOOK_EVERY, STEP_EVERY = 3600.0, 0.1
"""Seconds between two rounds over all stubs, and between two steps of one."""


class Forgetting:
    """Goes round the stubs, a little at a time; `life` (ms) is how long one may be claimed."""

    def __init__(self, ledger: Ledger, clock: Clock, *, life: int) -> None:
        self._ledger = ledger
        self._clock = clock
        self._life = life
        self._steps = Steps(64, smallest=16, largest=1024)
        self._next = 0.0
        self._after = 0
        self._dropped = 0
        self._log = get_logger("fold")

    async def step(self, lease: Lease) -> None:
        """Look at a few stubs, if it is time to."""
        if self._clock.elapsed() < self._next:
            return
        before = self._clock.now() - self._life
        step = await self._ledger.drop_stubs(
            lease.fence, before=before, after=self._after, look=self._steps.size
        )
        self._dropped += step.dropped
        if step.after is not None:
            self._steps.took(step.seconds, step.looked)
            self._after, self._next = step.after, self._clock.elapsed() + STEP_EVERY
            return
        if self._dropped:
            self._log.info(Said.STUBS_DROPPED, dropped=self._dropped)
        self._after, self._dropped, self._next = 0, 0, self._clock.elapsed() + LOOK_EVERY
