"""The kit's time: whoever waits finds it passed, so that no rule takes longer than its calls."""

from __future__ import annotations

import asyncio

from afterclick.clock import Clock, from_iso

START = from_iso("2026-05-21T12:00:00Z")


class JumpingClock:
    """Stands still between waits, and a wait moves it on at once: pacing costs no time."""

    def __init__(self, now: int = START) -> None:
        self._started_at = now
        self._elapsed = 0.0

    def now(self) -> int:
        """Return the wall time in milliseconds."""
        return self._started_at + round(self._elapsed * 1000)

    def elapsed(self) -> float:
        """Return the seconds since the clock was made."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Move on, and let others act."""
        self._elapsed += max(0.0, seconds)
        await asyncio.sleep(0)


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
