"""Whose account it is, and how much of its limits is spent.

Sources: developers.hubspot.com "Account information" (2026-09) and "Usage guidelines".
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from afterclick.sandbox import Answer, Call, Clock, DailyLimit, RollingWindow
from afterclick_hubspot.sandbox.options import Options
from afterclick_hubspot.sandbox.values import instant

WINDOW_SECONDS = 10


class Limits:
    """The three limits: a burst per token, a second for searches and a day per account."""

    def __init__(self, options: Options, clock: Clock) -> None:
        free = options.unlimited
        self._options = options
        self._clock = clock
        self._bursts: dict[str, RollingWindow] = {}
        self.search = RollingWindow(None if free else options.search_rate, 1, clock)
        self.day = DailyLimit(None if free else options.daily, clock, options.time_zone)

    def burst(self, token: str) -> RollingWindow:
        """Return the burst window of a token."""
        if token not in self._bursts:
            limit = None if self._options.unlimited else self._options.burst
            self._bursts[token] = RollingWindow(limit, WINDOW_SECONDS, self._clock)
        return self._bursts[token]

    def exceeded(self, token: str, *, search: bool) -> str | None:
        """Spend a call; return the policy it exceeds, or None."""
        if search and not self.search.take():
            return "SECONDLY"
        if not self.burst(token).take():
            return "TEN_SECONDLY_ROLLING"
        return None if self.day.take() else "DAILY"

    def headers(self, token: str, *, spent: str = "") -> dict[str, str]:
        """Return the rate-limit headers; none where there is no limit.

        `spent` is the policy of which nothing is left, whatever was counted: that of a 429 made on purpose.
        """
        if self._options.unlimited:
            return {}
        burst = self.burst(token)
        remaining = 0 if spent == "TEN_SECONDLY_ROLLING" else burst.remaining
        return {
            "X-HubSpot-RateLimit-Max": str(burst.limit),
            "X-HubSpot-RateLimit-Remaining": str(remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW_SECONDS * 1000),
            "X-HubSpot-RateLimit-Daily": str(self.day.limit),
            "X-HubSpot-RateLimit-Daily-Remaining": str(0 if spent == "DAILY" else self.day.remaining),
            # Deprecated and still sent.
            "X-HubSpot-RateLimit-Secondly": str((burst.limit or 0) // WINDOW_SECONDS),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(remaining // WINDOW_SECONDS),
        }

    def clear(self) -> None:
        """Forget what was spent."""
        self._bursts.clear()
        self.search.clear()
        self.day.clear()

    def violations(self) -> dict[str, int]:
        """Return how often each limit was exceeded."""
        return {
            "burst": sum(window.violations for window in self._bursts.values()),
            "search": self.search.violations,
            "daily": self.day.violations,
        }


class Account:
    """`/account-info/{version}`."""

    def __init__(self, options: Options, clock: Clock, limits: Limits) -> None:
        self._options = options
        self._clock = clock
        self._limits = limits

    def details(self, call: Call) -> Answer:
        """Return the account's number, kind and time zone."""
        zone = ZoneInfo(self._options.time_zone)
        offset = datetime.fromtimestamp(self._clock.now() / 1000, zone)
        seconds = (offset.utcoffset() or offset - offset).total_seconds()
        body = {
            "portalId": self._options.portal_id,
            "accountType": self._options.account_type,
            "timeZone": self._options.time_zone,
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": offset.isoformat()[-6:],
            "utcOffsetMilliseconds": round(seconds * 1000),
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
        return Answer(200, body)

    def usage(self, call: Call) -> Answer:
        """Return how many calls of today are spent."""
        day = self._limits.day
        result = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": self._options.daily,
            "currentUsage": day.spent,
            "collectedAt": instant(self._clock.now()),
            "fetchStatus": "SUCCESS",
            "resetsAt": instant(day.resets_at),
        }
        return Answer(200, {"results": [result]})
