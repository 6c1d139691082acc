"""Notices when something keeps the event loop to itself: until it lets go, everything waits for it.

A plugin runs in the service's own loop. One that waits is no trouble, however long; one that computes, or
blocks on a file or a lock, holds up deliveries, lanes and health checks alike, and nothing within the
process can stop it. What can be done is to say who it is: a thread looks while it lasts.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback

from structlog.typing import FilteringBoundLogger

from afterclick.observe.events import Said
from afterclick.observe.metrics import Metrics

BEAT, PATIENCE = 0.25, 1.0
"""Seconds between two signs of life of the loop, and after which the lack of one is told."""

_FRAMES = 6
"""How much of the stack is told, innermost first."""


class StallWatch:
    """Measures by how much the loop is late, and tells what it is at when it is late for long.

    These are seconds of the machine and not of the service's clock: the loop itself is what is measured.
    """

    def __init__(self, metrics: Metrics, log: FilteringBoundLogger, *, patience: float = PATIENCE) -> None:
        self._metrics = metrics
        self._log = log
        self._patience = patience
        self._alive = threading.Event()
        self._over = False

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        thread = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="stall-watch", daemon=True
        )
        thread.start()
        try:
            while True:
                due = loop.time() + BEAT
                self._alive.set()
                await asyncio.sleep(BEAT)
                self._metrics.loop_lag_seconds.observe(max(0.0, loop.time() - due))
        finally:
            self._over = True
            self._alive.set()

    def _watch(self, watched: int) -> None:
        """Wait for each sign of life; tell once of each time that it stays away."""
        told = False
        while not self._over:
            if self._alive.wait(self._patience):
                self._alive.clear()
                told = False
            elif not told:
                told = True
                self._tell(watched)

    def _tell(self, watched: int) -> None:
        frame = sys._current_frames().get(watched)
        stack = traceback.extract_stack(frame)[: -_FRAMES - 1 : -1]
        at = [f"{one.filename}:{one.lineno} {one.name}" for one in stack]
        self._log.warning(Said.LOOP_BLOCKED, seconds=self._patience, at=at)
