"""Salesforce's limits: what each answer tells of the day's calls, and how long a refusal lasts. Pure.

Calls are counted over the last 24 hours for the whole org, so others use up the same number. Source:
Salesforce, "API Request Limits and Allocations" and "Limit Info Header".
"""

from __future__ import annotations

import re
from typing import NamedTuple

from afterclick.plugin import Limit

DAILY = "daily"
LOGIN = "login"
GATEWAY = "gateway"
DAY = 86_400.0
HEADER = "Sforce-Limit-Info"

LIMITS = (
    # What a Developer org has; the first answer's header tells the real figure.
    Limit(bucket=DAILY, amount=15_000, seconds=DAY),
    # A user may log in 3,600 times an hour, whatever program asks.
    Limit(bucket=LOGIN, amount=600, seconds=3_600.0),
)
UNPACED = 1_000_000_000.0

DAY_USED_UP = 900.0
"""Seconds until it is tried again once the day's calls are used up; some come back all the time."""
CONCURRENT = 10.0
"""Seconds to wait where too many long calls run at once."""
LOGINS = 600.0
"""Seconds to wait where the user has logged in too often."""
LOGIN_UNDER_WAY = 5.0
LOCKED = 5.0
"""Seconds until a locked record is tried again: Salesforce itself has waited ten already."""

_USAGE = re.compile(r"(?:^|[;,\s])api-usage=([0-9]{1,12})/([0-9]{1,12})")


class Usage(NamedTuple):
    """Calls of the org in the last 24 hours, and how many it may make."""

    used: int
    allowed: int

    @property
    def left(self) -> int:
        """Return how many calls remain."""
        return max(0, self.allowed - self.used)


def usage(header: str | None) -> Usage | None:
    """Read `api-usage=18/15000` or `api-usage=18/15000; per-app-api-usage=…`; None if it says nothing."""
    found = _USAGE.search(header or "")
    if found is None or int(found.group(2)) == 0:
        return None
    return Usage(int(found.group(1)), int(found.group(2)))


def pause(*, concurrent: bool) -> tuple[float, str]:
    """Return how many seconds to wait after `REQUEST_LIMIT_EXCEEDED`, and the name of the limit.

    Only the message tells the two apart: `ConcurrentRequests …` and `ConcurrentPerOrgLongTxn …` pass by
    themselves, anything else is the day's number.
    """
    return (CONCURRENT, "concurrent") if concurrent else (DAY_USED_UP, DAILY)
