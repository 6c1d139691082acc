"""Time that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

from afterclick.clock import from_iso

STORY_DAY = "2026-05-21"
TURNS = 40
"""How often `settle` lets the loop go round: more than any chain of tasks in the program is long."""


def moment(text: str) -> int:
    """Return milliseconds for `09:14`, `09:14:30` (21 May 2026, UTC) or a whole ISO 8601 time."""
    return from_iso(text if "T" in text else f"{STORY_DAY}T{text}Z")


NOON = moment("12:00")


class FakeClock:
    """A clock that only `advance` and `jump` move. Nobody who sleeps on it waits in earnest."""

    def __init__(self, now: int = NOON) -> None:
        self._started_at = now
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Return the wall time in milliseconds."""
        return self._started_at + round(self._elapsed * 1000)

    def elapsed(self) -> float:
        """Return the seconds since the clock was made."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far; give way once if there is nothing to wait for."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    @property
    def sleepers(self) -> int:
        """Return how many wait."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move on, waking everybody at their own moment and letting them act before time goes on."""
        await settle()
        until = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._elapsed = max(self._elapsed, at)
                woken.set_result(None)
                await settle()
        self._elapsed = until
        await settle()

    def jump(self, seconds: float) -> None:
        """Move on without letting anybody act, as a machine does that sleeps; `advance(0)` wakes them."""
        self._elapsed += seconds

    def set_wall(self, now: int) -> None:
        """Correct the wall time, as a time server does; `elapsed` takes no notice."""
        self._started_at = now - round(self._elapsed * 1000)


async def settle(turns: int = TURNS) -> None:
    """Let tasks that can go on do so."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Let the loop run until something is true, such as what a thread of the ledger does."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"it did not come true within {seconds} s")
        await asyncio.sleep(0)
