"""When a whole CRM fails: stop asking, look again with one small batch, go on when that works."""

from __future__ import annotations

import msgspec

TOLERATED = 3
"""Calls in a row that may fail as a whole before the lane pauses."""

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
PROBE = 5
"""Leads in the batch that tries whether the CRM is back."""


class Breaker(msgspec.Struct):
    """Counts failed calls in a row. `failures` above `TOLERATED` means open, then half-open."""

    failures: int = 0

    def succeeded(self) -> None:
        """Note a call that the CRM answered."""
        self.failures = 0

    def failed(self) -> float:
        """Note a call that failed as a whole; return the seconds to pause, 0 for none."""
        self.failures += 1
        over = self.failures - TOLERATED
        return 0.0 if over < 0 else min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(over, 20))

    def batch(self, size: int) -> int:
        """Return how many leads to take now."""
        return min(size, PROBE) if self.failures >= TOLERATED else size
