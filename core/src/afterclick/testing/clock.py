"""Time for tests of plugins: whoever waits finds it passed, so that none takes longer than its calls."""

from __future__ import annotations

import asyncio

from afterclick.clock import Clock, from_iso

NOON = from_iso("2026-05-21T12:00:00Z")


class StillClock:
    """Stands still until a test moves it; whoever waits moves it on at once, so that pacing costs no time.

    `seconds` are those since it was made, and may be set; `now` is where it began, in milliseconds.
    """

    def __init__(self, now: int = NOON) -> None:
        self._started_at = now
        self.seconds = 0.0

    def now(self) -> int:
        """Return the wall time in milliseconds."""
        return self._started_at + round(self.seconds * 1000)

    def elapsed(self) -> float:
        """Return the seconds since the clock was made."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Move on, and let others act."""
        self.move(max(0.0, seconds))
        await asyncio.sleep(0)

    def move(self, seconds: float) -> None:
        """Let this time pass."""
        self.seconds += seconds


class HoldingClock:
    """The same time as another clock; whoever waits on it waits until `release`.

    The sandbox's delays and the host's deadlines need that: they measure what goes on beside them.
    """

    def __init__(self, time: Clock) -> None:
        self._time = time
        self._released = asyncio.Event()

    def now(self) -> int:
        """Return the wall time in milliseconds."""
        return self._time.now()

    def elapsed(self) -> float:
        """Return the seconds since the clock was made."""
        return self._time.elapsed()

    async def sleep(self, seconds: float) -> None:
        """Wait until somebody says that the time has come."""
        if seconds > 0:
            await self._released.wait()

    def release(self) -> None:
        """Let everybody go on who waits, now and from now on."""
        self._released.set()
