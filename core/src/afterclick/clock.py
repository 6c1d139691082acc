"""Time as a dependency: everything that waits takes a clock, so that no test ever has to.

Wall times are whole milliseconds since 1970 (UTC), the unit of the ledger; spans are seconds.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

MILLISECONDS_PER_DAY = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """What the service needs of time."""

    def now(self) -> int:
        """Return the wall time in milliseconds since 1970, UTC."""
        ...

    def elapsed(self) -> float:
        """Return seconds of a clock that never goes back and runs on while the machine sleeps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; at once if `seconds` is not above 0."""
        ...


class SystemClock:
    """The machine's own time, shifted by `offset` milliseconds (the demo tells a story of May)."""

    def __init__(self, offset: int = 0) -> None:
        self._offset = offset
        # A lease must count the time a machine was suspended; only Linux has a clock for that.
        self._elapsed_clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def now(self) -> int:
        """Return the wall time in milliseconds."""
        return time.time_ns() // 1_000_000 + self._offset

    def elapsed(self) -> float:
        """Return seconds since some fixed point in the past."""
        return time.clock_gettime(self._elapsed_clock)

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(max(0.0, seconds))


def to_iso(milliseconds: int) -> str:
    """Return `2026-05-21T09:14:00.000Z`, the one form in which times leave this program."""
    moment = _EPOCH + milliseconds * _MILLISECOND
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """Return milliseconds for an ISO 8601 text that carries `Z` or an offset.

    Raises:
        ValueError: the text is no such time.

    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return (moment - _EPOCH) // _MILLISECOND
