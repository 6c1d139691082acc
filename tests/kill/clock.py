"""Time that a test gives to the processes it starts: faster than the machine's, and never ahead of the test.

HubSpot may let a write land 100 seconds after it was sent, which nobody wants to wait for. The test that
plays HubSpot moves the time on, a little with each turn of its loop, and the service reads it. So a CRM
on a slow machine is never later than its plugin says: while it does not get to run, no time passes.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

VARIABLE = "KILL_CLOCK"
"""Names the file of the clock, for a process that is to go by it."""

TICK, LONGEST_TICK = 0.005, 0.02
"""Seconds of the machine between two steps of the clock, and for how many a late step counts."""


class SharedClock:
    """A clock in a file: the milliseconds (UTC) at which it began, its speed, the seconds since then."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._cells = memoryview(mmap.mmap(opened.fileno(), 24)).cast("d")
        self._stands = False

    @classmethod
    def begun(cls, file: Path, *, speed: float) -> SharedClock:
        """Make a clock that begins now, by the machine's own time."""
        file.write_bytes(bytes(24))
        clock = cls(file)
        clock._cells[0], clock._cells[1] = time.time() * 1000, speed
        return clock

    @classmethod
    def of_environment(cls) -> SharedClock:
        """Return the clock that this process was started with."""
        return cls(Path(os.environ[VARIABLE]))

    def now(self) -> int:
        """Return the wall time in milliseconds."""
        return int(self._cells[0] + self._cells[2] * 1000)

    def elapsed(self) -> float:
        """Return the seconds since the clock was made."""
        return self._cells[2]

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far; at once if `seconds` is not above 0."""
        end = self.elapsed() + seconds
        while (left := end - self.elapsed()) > 0:  # noqa: ASYNC110 - another process moves it on
            await asyncio.sleep(max(TICK / 2, left / self._cells[1]))
        await asyncio.sleep(0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Move the time on while the block runs."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Let no time pass while the block runs: starting a program takes some machines long."""
        self._stands = True
        try:
            yield
        finally:
            self._stands = False

    async def _run(self) -> None:
        before = time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            if not self._stands:
                self._cells[2] += min(now - before, LONGEST_TICK) * self._cells[1]
            before = now
