"""How much may be asked of Pipedrive: tokens in a day, requests in two seconds, and the caps of a plan.

Sources: pipedrive.readme.io "Rate limiting" (17 September 2026); the knowledge base's "Usage limits in
Pipedrive". What is inferred is told where it stands.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from afterclick.sandbox import Clock, DailyLimit, RollingWindow
from afterclick_pipedrive.sandbox.options import Options

WINDOW_SECONDS = 2
SEARCH_BURST = 10
"""Searches in any 2 seconds, whatever the plan and the kind of token."""
TOKENS_PER_SEAT = 30_000
WRITES_PER_DAY = 10_000
"""POST and PUT requests of a user in a day of UTC: a rule of 2019, which is told and hardly enforced."""
MAX_DEALS_OF_COMPANY = 300_000

Limit = Literal["burst", "search", "daily", "blocked"]


class Allowance(NamedTuple):
    """What a plan gives: daily budget as a multiple, bursts for both kinds of token, and caps."""

    multiplier: int
    burst: int
    oauth_burst: int
    fields: int
    deals_per_seat: int


ALLOWANCES = {
    "lite": Allowance(1, 20, 80, 30, 2_500),
    "growth": Allowance(2, 40, 160, 100, 5_000),
    "premium": Allowance(5, 100, 400, 300, 15_000),
    "ultimate": Allowance(7, 120, 480, 500, 20_000),
}


class Caller(msgspec.Struct, frozen=True):
    """Whose request it is: the token (a name for it), its kind and its user's id."""

    token: str
    oauth: bool
    user_id: int
    scopes: frozenset[str] = frozenset()


class Caps(NamedTuple):
    """How many custom fields, and how many deals and leads, a company may have; None for no cap."""

    fields: int | None
    deals: int | None


def caps(options: Options) -> Caps:
    """Return the caps of the plan, or those chosen instead."""
    if options.unlimited:
        return Caps(None, None)
    plan = ALLOWANCES[options.plan]
    deals = min(plan.deals_per_seat * options.seats, MAX_DEALS_OF_COMPANY)
    return Caps(
        plan.fields if options.max_fields is None else options.max_fields,
        deals if options.max_deals is None else options.max_deals,
    )


class Limits:
    """What is spent, by token and by the whole company."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._plan = ALLOWANCES[options.plan]
        self._clock = clock
        daily = TOKENS_PER_SEAT * self._plan.multiplier * options.seats
        daily = daily if options.daily is None else options.daily
        self.day = DailyLimit(None if options.unlimited else daily, clock, options.budget_zone)
        self._windows: dict[tuple[str, str], RollingWindow] = {}
        self._writes: dict[int, DailyLimit] = {}
        # A refusal heeded late is no offence: calls already under way come back with a 429 as well.
        self._offences = RollingWindow(options.patience, 60, clock)
        self._blocked_until = 0.0
        self._blocked_calls = 0

    def exceeded(self, caller: Caller, method: str, price: int, *, search: bool) -> Limit | None:
        """Spend a call of `price` tokens; return the limit that refuses it, or None."""
        if self._options.unlimited:
            self.day.take(price)
            return None
        limit = self._exceeded(caller, price, search=search)
        if limit is None and method in ("POST", "PUT"):
            self._left_to_write(caller).take()
        if limit and not caller.oauth and not self._offences.take():
            self._blocked_until = self._clock.elapsed() + self._options.block_seconds
        return limit

    def blocks(self) -> bool:
        """Tell whether the network in front refuses a call with an API token, and count it."""
        if self._clock.elapsed() >= self._blocked_until:
            return False
        self._blocked_calls += 1
        return True

    def headers(self, caller: Caller, *, spent: Limit | None = None) -> dict[str, str]:
        """Return what an answer tells of the limits.

        `spent` is the limit of which nothing is left, whatever was counted: that of a 429 made on purpose.
        """
        if self._options.unlimited:
            return {}
        told: dict[str, str] = {}
        if self._options.tell_burst:
            told |= self._burst_headers(caller, spent)
        if self._options.tell_budget and self.day.limit is not None:
            left = 0 if spent == "daily" else self.day.remaining
            told["x-daily-ratelimit-token-limit"] = str(self.day.limit)
            told["x-daily-ratelimit-token-remaining"] = str(left)
        return told

    def clear(self) -> None:
        """Forget what was spent."""
        self.day.clear()
        self._windows.clear()
        self._writes.clear()
        self._offences.clear()
        self._blocked_until = 0.0
        self._blocked_calls = 0

    def violations(self) -> dict[str, int]:
        """Return how often each limit was exceeded; `blocked` are calls during a block."""
        counts = {"burst": 0, "search": 0}
        for (kind, _), window in self._windows.items():
            counts[kind] += window.violations
        return {**counts, "daily": self.day.violations, "blocked": self._blocked_calls}

    def _exceeded(self, caller: Caller, price: int, *, search: bool) -> Limit | None:
        if search and not self._window("search", caller).take():
            return "search"
        # A search counts in the general window as well: nobody says so, and it is the stricter reading.
        if not self._window("burst", caller).take():
            return "burst"
        # The last call of a day may cost more than what is left, so that nothing stays unspent.
        return None if self.day.take(max(1, min(price, self.day.remaining))) else "daily"

    def _window(self, kind: Literal["burst", "search"], caller: Caller) -> RollingWindow:
        key = (kind, caller.token)
        if key not in self._windows:
            size = SEARCH_BURST if kind == "search" else self._burst(caller)
            self._windows[key] = RollingWindow(size, WINDOW_SECONDS, self._clock)
        return self._windows[key]

    def _burst(self, caller: Caller) -> int:
        if self._options.burst is not None:
            return self._options.burst
        return self._plan.oauth_burst if caller.oauth else self._plan.burst

    def _burst_headers(self, caller: Caller, spent: Limit | None) -> dict[str, str]:
        window = self._window("burst", caller)
        told = {
            "x-ratelimit-limit": str(window.limit),
            "x-ratelimit-remaining": str(0 if spent in ("burst", "search") else window.remaining),
            # Seconds from now, as clients found (pipedrive-dotnet#36); the unit is not documented.
            "x-ratelimit-reset": str(WINDOW_SECONDS),
        }
        if not caller.oauth:
            told["x-daily-requests-left"] = str(self._left_to_write(caller).remaining)
        return told

    def _left_to_write(self, caller: Caller) -> DailyLimit:
        return self._writes.setdefault(caller.user_id, DailyLimit(WRITES_PER_DAY, self._clock))
