"""Staying below a CRM's limits: one pacer per connection, and one holder per connection in the cluster.

A bucket lets a few calls through at once and then paces at a share of the limit, chosen so that no
window of the CRM's length, wherever it starts, holds more than the limit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from afterclick.clock import Clock
from afterclick.plugin.types import Limit

SHARE = 0.95
"""The part of a limit that we use."""

AT_ONCE = 0.04
"""The part of a limit that may go out without a pause; with `SHARE` still below the whole."""


class Bucket:
    """A limit of `amount` per `seconds`, as a reservoir that fills steadily."""

    def __init__(self, amount: float, seconds: float, now: float) -> None:
        self.amount = amount
        self.seconds = seconds
        self._level = self._size
        self._at = now

    @property
    def _size(self) -> float:
        return max(1.0, math.floor(self.amount * AT_ONCE))

    @property
    def _rate(self) -> float:
        return self.amount * SHARE / self.seconds

    def level(self, now: float) -> float:
        """Return how much is free at once."""
        return min(self._size, self._level + (now - self._at) * self._rate)

    def take(self, cost: float, now: float) -> float:
        """Take `cost`, if need be in advance; return the seconds to wait before using it.

        A cost above the reservoir's size empties it for as long as it takes to earn the cost.
        """
        level = self.level(now) - cost
        self._level, self._at = level, now
        return 0.0 if level >= 0 else -level / self._rate

    def wait(self, cost: float, now: float) -> float:
        """Return the seconds that `take` would have to wait."""
        missing = cost - self.level(now)
        return 0.0 if missing <= 0 else missing / self._rate

    def learn(self, amount: float | None, seconds: float | None, remaining: float | None, now: float) -> None:
        """Follow the CRM's own figures; others may use up the same limit."""
        level = self.level(now)
        self.amount = amount or self.amount
        self.seconds = seconds or self.seconds
        if remaining is not None:
            level = min(level, remaining)
        self._level, self._at = min(level, self._size), now


class ConnectionPacer:
    """The buckets of one connection; one that nobody limits lets everything through.

    `fixed` names those that the operator set: the CRM's headers may lower them, not raise them.
    """

    def __init__(self, limits: Iterable[Limit], clock: Clock, *, fixed: Collection[str] = ()) -> None:
        self._clock = clock
        self._fixed = frozenset(fixed)
        now = clock.elapsed()
        self._buckets = {
            limit.bucket: Bucket(limit.amount, limit.seconds, now)
            for limit in limits
            if math.isfinite(limit.amount)
        }
        self.remaining: dict[str, float] = {}

    async def acquire(self, bucket: str, cost: float, deadline: float | None) -> bool:
        """Wait for `cost` of `bucket`; False, and nothing is taken, if that would pass the deadline."""
        pool = self._buckets.get(bucket)
        if pool is None:
            return True
        now = self._clock.elapsed()
        wait = pool.wait(cost, now)
        if deadline is not None and now + wait >= deadline:
            return False
        pool.take(cost, now)
        if wait > 0:
            await self._clock.sleep(wait)
        return True

    def learn(
        self, bucket: str, *, amount: float | None, seconds: float | None, remaining: float | None
    ) -> None:
        """Take over what the CRM's headers say; only limits known from the start are paced by it."""
        pool = self._buckets.get(bucket)
        if pool is not None:
            # A limit that the operator set holds, whatever more the CRM would allow.
            own = pool.amount if bucket in self._fixed else math.inf
            told = None if amount is None else min(amount, own)
            pool.learn(told, seconds, remaining, self._clock.elapsed())
        if amount and remaining is not None:
            self.remaining[bucket] = max(0.0, min(1.0, remaining / amount))

    def headroom(self) -> dict[str, float]:
        """Return, per bucket, which part of the limit is free: by the CRM's word, else by our own count."""
        now = self._clock.elapsed()
        own = {name: max(0.0, pool.level(now)) / pool._size for name, pool in self._buckets.items()}
        return own | self.remaining
