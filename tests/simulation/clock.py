"""Time for programs that run in one event loop and nowhere else: it moves on as soon as nobody can act.

`tests.support.clock.FakeClock` gives everybody a fixed number of turns; a simulation of thousands of
waits needs to know when nothing is left to do, and a ledger without threads lets it know.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

from afterclick.clock import from_iso

START = from_iso("2026-05-21T12:00:00Z")


class VirtualClock:
    """A clock that jumps from one waiter to the next."""

    def __init__(self, now: int = START) -> None:
        self._started_at = now
        self._elapsed = 0.0
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Return the wall time in milliseconds."""
        return self._started_at + round(self._elapsed * 1000)

    def set(self, text: str) -> None:
        """Let the wall show another time (ISO 8601); nobody waits for less or more because of it."""
        self._started_at = from_iso(text) - round(self._elapsed * 1000)

    def elapsed(self) -> float:
        """Return the seconds since the clock was made."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far."""
        if not seconds > 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._elapsed + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, letting everybody act at their own moment."""
        end = self._elapsed + seconds
        await idle()
        while self._waiting and self._waiting[0][0] <= end:
            await self._wake_next()
        self._elapsed = end

    async def until(self, reached: Callable[[], bool], *, limit: float = 3600.0) -> None:
        """Move on until something is true; fail where it is not within `limit` seconds."""
        end = self._elapsed + limit
        await idle()
        while not reached():
            if not self._waiting or self._waiting[0][0] > end:
                raise AssertionError(f"it did not come true within {limit:g} s")
            await self._wake_next()

    async def _wake_next(self) -> None:
        at, _, woken = heapq.heappop(self._waiting)
        if not woken.done():
            self._elapsed = max(self._elapsed, at)
            woken.set_result(None)
            await idle()


async def idle() -> None:
    """Let the loop run until nobody else can go on."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    while True:
        await asyncio.sleep(0)
        if not ready:
            return
