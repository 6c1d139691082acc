"""Staying below a CRM's limits: one pacer per connection, and one holder per connection in the cluster.

A paced limit lets a few calls through at once and then goes steadily, at a share of the limit chosen
so that no window of the CRM's length, wherever it starts, holds more than the limit. A quota is only
counted.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from afterclick.clock import Clock
from afterclick.plugin.types import Limit

SHARE = 0.95
"""The part of a limit that we use."""

AT_ONCE = 0.04
"""The part of a paced limit that may go out without a pause; with `SHARE` still below the whole."""

BUDGET = "budget"
"""The bucket of the operator's own daily budget, which every call draws on."""

DAY = 86_400.0
LONGEST = 31 * DAY
"""The longest time (s) that a limit may count over: what headers say beyond it is no limit."""


class Gate(Protocol):
    """A limit as the pacer sees it. Times are `Clock.elapsed()` in seconds."""

    amount: float

    def wait(self, cost: float, now: float) -> float:
        """Return the seconds until `cost` is free."""
        ...

    def take(self, cost: float, now: float) -> None:
        """Take `cost`, if need be in advance."""
        ...

    def learn(self, amount: float | None, seconds: float | None, remaining: float | None, now: float) -> None:
        """Follow the CRM's own figures; others may use up the same limit."""
        ...

    def headroom(self, now: float) -> float:
        """Return the part that is free, 0 to 1."""
        ...


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

    def _now(self, now: float) -> float:
        return min(self._size, self._level + (now - self._at) * self._rate)

    def wait(self, cost: float, now: float) -> float:
        """Return the seconds until the reservoir has earned `cost`."""
        missing = cost - self._now(now)
        return 0.0 if missing <= 0 else missing / self._rate

    def take(self, cost: float, now: float) -> None:
        """Take `cost`; a reservoir that is overdrawn has to earn it before anything else goes.

        What a cost exceeds the reservoir by is earned twice, before it and after it: a window that
        begins or ends with it would hold more than the limit otherwise.
        """
        self._level, self._at = self._now(now) - cost - max(0.0, cost - self._size), now

    def learn(self, amount: float | None, seconds: float | None, remaining: float | None, now: float) -> None:
        """Follow the CRM's figures: never more than it says remains."""
        level = self._now(now)
        self.amount = amount or self.amount
        self.seconds = seconds or self.seconds
        if remaining is not None:
            level = min(level, remaining)
        self._level, self._at = min(level, self._size), now

    def headroom(self, now: float) -> float:
        """Return how full the reservoir is."""
        return max(0.0, self._now(now)) / self._size


class Quota:
    """A limit that is only counted: `amount` per `seconds`, from the first call of each period on."""

    def __init__(self, amount: float, seconds: float, now: float, *, share: float = SHARE) -> None:
        self.amount = amount
        self.seconds = seconds
        self._share = share
        self._began = now
        self._spent = 0.0

    def _left(self, now: float) -> float:
        if now - self._began >= self.seconds:
            self._began, self._spent = now, 0.0
        return self.amount * self._share - self._spent

    def wait(self, cost: float, now: float) -> float:
        """Return the seconds until the next period, if this one has no room."""
        return 0.0 if self._left(now) >= cost else self._began + self.seconds - now

    def take(self, cost: float, now: float) -> None:
        """Count `cost`."""
        self._left(now)
        self._spent += cost

    def learn(self, amount: float | None, seconds: float | None, remaining: float | None, now: float) -> None:
        """Follow the CRM's figures: what others spent is spent."""
        self._left(now)
        self.amount = amount or self.amount
        self.seconds = seconds or self.seconds
        if remaining is not None:
            self._spent = max(self._spent, self.amount - remaining)

    def headroom(self, now: float) -> float:
        """Return which part of our share is left."""
        ours = self.amount * self._share
        # A budget of nothing is one.
        return max(0.0, self._left(now)) / ours if ours else 0.0


class ConnectionPacer:
    """The limits of one connection; a bucket that nobody limits lets everything through.

    `fixed` names those that the operator set: the CRM's headers may lower them, not raise them.
    `budget` is how many calls a day the operator allows.
    """

    def __init__(
        self,
        limits: Iterable[Limit],
        clock: Clock,
        *,
        fixed: Collection[str] = (),
        budget: float | None = None,
    ) -> None:
        self._clock = clock
        now = clock.elapsed()
        limited = [one for one in limits if math.isfinite(one.amount)]
        self._fixed = {one.bucket: one.amount for one in limited if one.bucket in fixed}
        self._gates: dict[str, Gate] = {
            one.bucket: (Bucket if one.pace else Quota)(one.amount, one.seconds, now) for one in limited
        }
        if budget is not None:
            self._gates[BUDGET] = Quota(budget, DAY, now, share=1.0)
        self._told: dict[str, float] = {}
        self._amounts: dict[str, float] = {}

    async def acquire(self, costs: Mapping[str, float], deadline: float | None) -> tuple[float, str]:
        """Wait until every bucket gives its cost; return (seconds, bucket) if that takes too long."""
        now = self._clock.elapsed()
        if BUDGET in self._gates:
            costs = {**costs, BUDGET: 1.0}
        drawn = [(name, gate, costs[name]) for name, gate in self._gates.items() if name in costs]
        wait, full = max(((gate.wait(cost, now), name) for name, gate, cost in drawn), default=(0.0, ""))
        if deadline is not None and wait > 0 and now + wait >= deadline:
            return wait, full
        for _, gate, cost in drawn:
            gate.take(cost, now)
        if wait > 0:
            await self._clock.sleep(wait)
        return 0.0, ""

    def learn(
        self, bucket: str, *, amount: float | None, seconds: float | None, remaining: float | None
    ) -> None:
        """Take over what the CRM's headers say; only limits known from the start are kept by it.

        A plugin reads them as they come: what makes no sense is left out.
        """
        amount = amount if amount is not None and 1 <= amount < math.inf else None
        seconds = seconds if seconds is not None and 0 < seconds <= LONGEST else None
        left = max(0.0, remaining) if remaining is not None and math.isfinite(remaining) else None
        if amount is not None:
            self._amounts[bucket] = amount
        gate = self._gates.get(bucket)
        if gate is not None:
            # A limit that the operator set holds, whatever more the CRM would allow.
            told = None if amount is None else min(amount, self._fixed.get(bucket, math.inf))
            gate.learn(told, seconds, left, self._clock.elapsed())
        if amount and left is not None:
            self._told[bucket] = min(1.0, left / amount)

    def told(self) -> dict[str, float]:
        """Return, per bucket, the limit that the CRM's headers spoke of last."""
        return dict(self._amounts)

    def headroom(self) -> dict[str, float]:
        """Return, per bucket, which part of the limit is free: by the CRM's word, else by our own count."""
        now = self._clock.elapsed()
        return {name: gate.headroom(now) for name, gate in self._gates.items()} | self._told
