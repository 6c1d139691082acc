"""How often a CRM may be called: rolling windows and days, with a count of the times over the limit."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from afterclick.clock import Clock


class RollingWindow:
    """At most `limit` units in any `seconds`; None for no limit.

    A call over the limit is refused and takes nothing from the window. `violations` counts those.
    """

    def __init__(self, limit: int | None, seconds: float, clock: Clock) -> None:
        self.limit = limit
        self.seconds = seconds
        self.violations = 0
        self._clock = clock
        self._taken: deque[tuple[float, int]] = deque()
        self._sum = 0

    def take(self, cost: int = 1) -> bool:
        """Spend `cost` units; False, and nothing spent, if the window does not hold them."""
        if self.limit is None:
            return True
        self._forget_old()
        if self._sum + cost > self.limit:
            self.violations += 1
            return False
        self._taken.append((self._clock.elapsed(), cost))
        self._sum += cost
        return True

    @property
    def remaining(self) -> int:
        """Return the units left now; 0 where there is no limit to tell."""
        if self.limit is None:
            return 0
        self._forget_old()
        return self.limit - self._sum

    def clear(self) -> None:
        """Forget what was spent, and the violations."""
        self._taken.clear()
        self._sum = 0
        self.violations = 0

    def _forget_old(self) -> None:
        oldest = self._clock.elapsed() - self.seconds
        taken = self._taken
        while taken and taken[0][0] <= oldest:
            self._sum -= taken.popleft()[1]


class DailyLimit:
    """At most `limit` units a day of the time zone `zone`; None for no limit.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: the machine does not know the zone.

    """

    def __init__(self, limit: int | None, clock: Clock, zone: str = "UTC") -> None:
        self.limit = limit
        self.violations = 0
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._day = (0, 0)
        self._spent = 0

    def take(self, cost: int = 1) -> bool:
        """Spend `cost` units; False, and nothing spent, if the day does not hold them."""
        self._turn_the_page()
        if self.limit is not None and self._spent + cost > self.limit:
            self.violations += 1
            return False
        self._spent += cost
        return True

    @property
    def spent(self) -> int:
        """Return the units spent today; counted without a limit too."""
        self._turn_the_page()
        return self._spent

    @property
    def remaining(self) -> int:
        """Return the units left today; 0 where there is no limit to tell."""
        self._turn_the_page()
        return 0 if self.limit is None else self.limit - self._spent

    @property
    def resets_at(self) -> int:
        """Return the next midnight in the zone, in milliseconds since 1970."""
        self._turn_the_page()
        return self._day[1]

    def clear(self) -> None:
        """Forget what was spent, and the violations."""
        self._spent = 0
        self.violations = 0

    def _turn_the_page(self) -> None:
        now = self._clock.now()
        if self._day[0] <= now < self._day[1]:
            return
        today = datetime.fromtimestamp(now / 1000, self._zone).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        # A day is as long as the clocks make it: the date is moved, not 24 hours added.
        tomorrow = datetime.combine(today.date() + timedelta(days=1), datetime.min.time(), self._zone)
        self._day = (round(today.timestamp() * 1000), round(tomorrow.timestamp() * 1000))
        self._spent = 0
