"""What becomes of a pass, for the lane that has to heed it."""

from __future__ import annotations

from dataclasses import dataclass

from afterclick.host.caller import Called
from afterclick.plugin.errors import LaneStop


@dataclass(slots=True)
class Report:
    """What a pass tells its lane: whether the CRM worked, and whether the lane has to wait.

    `broken` counts the leads for which the plugin itself failed, where it did so for all of them.
    """

    answered: bool = False
    failed: bool = False
    broken: int = 0
    stop: LaneStop | None = None
    synced: int = 0

    def note(self, called: Called, leads: int) -> None:
        """Take in one call."""
        self.failed = self.failed or called.failed
        self.answered = self.answered or not (called.failed or called.broken)
        if called.stop is not None:
            self.stop = called.stop
        self.broken = 0 if self.answered else max(self.broken, leads if called.broken else 0)
