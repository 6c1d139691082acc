"""Pipedrive's limits: what the plan allows, what headers tell, how long a refusal lasts. Pure.

A burst is counted per token over 2 seconds, searches apart from it, the day's tokens per company.
An empty day and a burst give the same 429; only headers, which may be missing, tell them apart. Source:
Pipedrive, "Rate limiting" and "Usage limits"; the budget's headers as several clients report them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

from afterclick.plugin import Answer, Limit, Throttled
from afterclick_pipedrive.settings import PipedriveSettings

BURST, SEARCH, TOKENS = "burst", "search", "tokens"
DAILY, BLOCKED = "daily", "blocked"
WINDOW = 2.0
"""Seconds that bursts are counted over."""
DAY = 86_400.0

TOKENS_PER_SEAT = 30_000
"""Tokens that a seat brings each day on Lite."""

SEARCHES = 10


class PlanLimits(NamedTuple):
    """What a plan allows: requests in a window, tokens as a multiple of Lite's, custom fields, searches."""

    burst: float
    tokens: float
    custom_fields: int
    searches: float = SEARCHES


PLANS = {
    "lite": PlanLimits(20, 1, 30),
    "growth": PlanLimits(40, 2, 100),
    "premium": PlanLimits(100, 5, 300),
    "ultimate": PlanLimits(120, 7, 500),
    "unlimited": PlanLimits(1_000_000, inf, 1_000_000, searches=1_000_000),
}
OAUTH_BURST = 4
"""An OAuth app may send so many times the requests of an API token."""

LIMITS = (
    Limit(bucket=BURST, amount=PLANS["lite"].burst, seconds=WINDOW),
    Limit(bucket=SEARCH, amount=SEARCHES, seconds=WINDOW),
    # Spent by everybody in the company, and counted by `budget`, which survives a restart.
    Limit(bucket=TOKENS, amount=inf, seconds=DAY, pace=False),
)

PROBE = 1800.0
"""Seconds between two looks whether the day's tokens are back: when the day ends is not documented."""
BLOCK = 900.0
"""Seconds without a call after the network in front of Pipedrive blocked the company."""
_LONGEST_BURST = 10.0
_IN_A_ROW = 3


def burst(settings: PipedriveSettings) -> float:
    """Return the requests per window that the plan allows this credential."""
    allowed = PLANS[settings.plan].burst
    return allowed if settings.api_token else allowed * OAUTH_BURST


def company_tokens(settings: PipedriveSettings) -> float:
    """Return the tokens that the company has each day by its plan."""
    return TOKENS_PER_SEAT * PLANS[settings.plan].tokens * settings.seats


def number(headers: Mapping[str, str], name: str) -> float | None:
    """Return a header's number; None where it is missing or none."""
    text = headers.get(name, "").strip()
    return float(text) if text.isdecimal() and text.isascii() else None


class Refusals:
    """Tells what a refusal asks for, and remembers those before: three bursts in a row are an empty day."""

    def __init__(self) -> None:
        self._bursts = 0
        self._last = -inf

    def passed(self) -> None:
        """Take in an answer that was no refusal."""
        self._bursts = 0

    def read(self, answer: Answer, *, now: int, elapsed: float) -> Throttled | None:
        """Return for how long nothing may be sent, or None if the answer is no such refusal.

        `now` is the wall time in milliseconds, `elapsed` the clock's seconds.
        """
        if answer.status == 403 and not answer.body.lstrip().startswith(b"{"):
            return Throttled("Pipedrive's network blocks the company", after=BLOCK, scope=BLOCKED)
        if answer.status != 429:
            return None
        if self._is_daily(answer.headers, elapsed):
            return Throttled("the company's tokens of the day are spent", after=PROBE, scope=DAILY)
        after = answer.retry_after(now)
        if after is None:
            # How long a window has left; some tell the moment instead, which is no length of time.
            after = min(number(answer.headers, "x-ratelimit-reset") or WINDOW, _LONGEST_BURST)
        return Throttled("Pipedrive's burst limit", after=max(after, WINDOW), scope=BURST)

    def _is_daily(self, headers: Mapping[str, str], elapsed: float) -> bool:
        if number(headers, "x-daily-ratelimit-token-remaining") == 0:
            return True
        # What was under way at the time of a refusal is refused with it, and counts once.
        if elapsed - self._last >= WINDOW:
            self._bursts += 1
            self._last = elapsed
        return self._bursts >= _IN_A_ROW
