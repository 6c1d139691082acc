"""How much of its calls an org has spent, and what it says about it.

Source: Salesforce App Limits Cheatsheet, "API Request Limits and Allocations"; REST API Developer Guide,
"Limit Info Header" and "Limits".
"""

from __future__ import annotations

from typing import Any

from afterclick.sandbox import MILLISECONDS_PER_DAY, Clock, RollingWindow
from afterclick_salesforce.sandbox.options import Options

DAY = MILLISECONDS_PER_DAY / 1000
HOUR = 3600.0
WITHOUT_END = 1_000_000_000
"""What an org without limits says that it may call: every answer tells a number."""


class Limits:
    """The calls of any 24 hours, those at a time, and the logins of any hour."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        """Forget what was spent."""
        self.allowed = WITHOUT_END if self._options.unlimited else self._options.daily
        self.day = RollingWindow(self.allowed, DAY, self._clock)
        self.too_many_at_a_time = 0
        self._logins: dict[str, RollingWindow] = {}

    def exceeded(self, open_calls: int) -> str | None:
        """Spend a call; return which limit it exceeds, by the word for its body, or None."""
        most = 0 if self._options.unlimited else self._options.concurrent
        if most and open_calls > most:
            self.too_many_at_a_time += 1
            return "concurrent"
        return None if self.day.take() else "daily"

    def login(self, username: str) -> bool:
        """Spend a login; False if the user has had too many."""
        limit = None if self._options.unlimited else self._options.logins_per_hour
        window = self._logins.setdefault(username, RollingWindow(limit, HOUR, self._clock))
        return window.take()

    @property
    def spent(self) -> int:
        """Return the calls of the last 24 hours."""
        return self.allowed - self.day.remaining

    def headers(self) -> dict[str, str]:
        """Return what an answer tells of the limits."""
        info = f"api-usage={self.spent}/{self.allowed}"
        if self._options.per_app:
            info += f"; per-app-api-usage={self.spent}/{self._options.per_app}(appName=Afterclick)"
        return {"Sforce-Limit-Info": info}

    def body(self) -> dict[str, Any]:
        """Return what `/limits` answers."""
        return {
            "DailyApiRequests": {"Max": self.allowed, "Remaining": self.day.remaining},
            "DataStorageMB": {"Max": 5, "Remaining": 5},
        }

    def violations(self) -> dict[str, int]:
        """Return how often each limit was exceeded."""
        logins = sum(window.violations for window in self._logins.values())
        return {"daily": self.day.violations, "concurrent": self.too_many_at_a_time, "logins": logins}
