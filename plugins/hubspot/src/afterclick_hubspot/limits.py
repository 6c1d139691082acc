"""HubSpot's limits: what the plan allows, what the headers tell, how long a refusal lasts. Pure.

Source: HubSpot, "API usage guidelines". The burst limit belongs to one token, the daily one to the
account, which starts a new day at midnight in its own time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from afterclick.plugin import Limit

BURST = "burst"
DAILY = "daily"
SEARCH = "search"
WINDOW = 10.0
"""Seconds that the burst limit counts over."""
DAY = 86_400.0

PLAN_BURST = {"free": 100, "starter": 100, "professional": 190, "enterprise": 190, "unlimited": 1_000_000}
"""Calls per `WINDOW` by plan; the first answer's headers tell the real figure."""

LIMITS = (
    Limit(bucket=BURST, amount=PLAN_BURST["free"], seconds=WINDOW),
    # Counted by HubSpot over all apps of the account, so only its headers know what is left.
    Limit(bucket=DAILY, amount=250_000, seconds=DAY),
    # Of the whole account. Four, since all its tools draw on the five, and older pages of HubSpot say four.
    Limit(bucket=SEARCH, amount=4, seconds=1.0),
)

LOCKED = 2.5
"""Seconds to wait on 423: a lock lasts 2. No jitter, since one lane writes to one account."""

_LONGEST = DAY
_SHORTEST = 1.0
_MIGRATION = 600.0
_POLICIES = {"SECONDLY": (1.0, "secondly"), "TEN_SECONDLY_ROLLING": (WINDOW, BURST)}
_JUST_AFTER_MIDNIGHT = 600.0


class Reading(NamedTuple):
    """What the headers of one answer say of one limit; None for what they leave out."""

    bucket: str
    amount: float | None
    seconds: float | None
    remaining: float | None


class DayClock(msgspec.Struct, frozen=True):
    """Where the account's day begins: an IANA zone and, where the system does not know it, an offset."""

    zone: str = "UTC"
    offset_milliseconds: int = 0

    def tzinfo(self) -> tzinfo:
        """Return the zone, else the fixed offset, else UTC."""
        try:
            return ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            pass
        try:
            return timezone(timedelta(milliseconds=self.offset_milliseconds))
        except (ValueError, OverflowError):
            return UTC


def readings(headers: Mapping[str, str]) -> list[Reading]:
    """Return what an answer's headers tell; an empty list where HubSpot sends none (search does not)."""
    burst = Reading(
        BURST,
        _number(headers.get("X-HubSpot-RateLimit-Max")),
        _seconds(headers.get("X-HubSpot-RateLimit-Interval-Milliseconds")),
        _number(headers.get("X-HubSpot-RateLimit-Remaining")),
    )
    daily = Reading(
        DAILY,
        _number(headers.get("X-HubSpot-RateLimit-Daily")),
        DAY,
        _number(headers.get("X-HubSpot-RateLimit-Daily-Remaining")),
    )
    return [found for found in (burst, daily) if found.amount is not None or found.remaining is not None]


def _number(raw: str | None) -> float | None:
    text = (raw or "").strip()
    return float(text) if text.isdecimal() and text.isascii() else None


def _seconds(raw: str | None) -> float | None:
    milliseconds = _number(raw)
    return milliseconds / 1000 if milliseconds else None


def pause(
    policy: str, *, retry_after: float | None, migrating: bool, now: int, day: DayClock
) -> tuple[float, str]:
    """Return how many seconds to wait after a 429 or 477, and the name of the limit.

    `policy` is the answer's `policyName`, `now` the wall time in milliseconds. HubSpot documents
    `Retry-After` for 477 only; where it comes, it wins.
    """
    if migrating:
        after, scope = _MIGRATION, "migration"
    elif policy == "DAILY":
        after, scope = until_midnight(now, day), DAILY
    else:
        after, scope = _POLICIES.get(policy, (WINDOW, BURST))
    if retry_after is not None:
        after = retry_after
    return min(max(after, _SHORTEST), _LONGEST), scope


def until_midnight(now: int, day: DayClock) -> float:
    """Return the seconds until the account's next day begins.

    Within ten minutes after midnight it is ten minutes: a refusal then means that HubSpot's clock
    is behind ours, and the day must not be lost for that.
    """
    local = datetime.fromtimestamp(now / 1000, day.tzinfo())
    begun = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if (local - begun).total_seconds() < _JUST_AFTER_MIDNIGHT:
        return _JUST_AFTER_MIDNIGHT
    # By time stamps, not by subtracting local times: a day with a change of the clock has 23 or 25 hours.
    return (begun + timedelta(days=1)).timestamp() - now / 1000
