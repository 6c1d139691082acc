"""Rolling windows and days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from afterclick.sandbox import DailyLimit, RollingWindow
from afterclick.testing import StillClock


def test_call_over_the_window_is_refused_and_counted(still: StillClock) -> None:
    window = RollingWindow(3, 10, still)

    assert [window.take() for _ in range(5)] == [True, True, True, False, False]
    assert (window.remaining, window.violations) == (0, 2)


def test_window_rolls_with_every_call_rather_than_in_blocks(still: StillClock) -> None:
    window = RollingWindow(2, 10, still)
    window.take()
    still.seconds = 6
    window.take()

    still.seconds = 9.9
    assert not window.take()
    still.seconds = 10
    assert window.take()
    assert not window.take()
    still.seconds = 16
    assert window.take()


def test_window_counts_cost(still: StillClock) -> None:
    window = RollingWindow(10, 2, still)

    assert window.take(8)
    assert not window.take(3)
    assert window.take(2)


def test_refused_call_takes_nothing(still: StillClock) -> None:
    window = RollingWindow(1, 10, still)
    window.take()
    still.seconds = 9
    window.take()

    still.seconds = 10

    assert window.take()


@pytest.mark.parametrize("make", [lambda clock: RollingWindow(None, 1, clock), lambda c: DailyLimit(None, c)])
def test_no_limit_refuses_nothing(
    still: StillClock, make: Callable[[StillClock], RollingWindow | DailyLimit]
) -> None:
    limit = make(still)

    assert all(limit.take(1000) for _ in range(1000))
    assert (limit.remaining, limit.violations) == (0, 0)


def test_day_ends_at_midnight_of_its_zone(still: StillClock) -> None:
    day = DailyLimit(2, still, "America/New_York")
    assert [day.take() for _ in range(3)] == [True, True, False]
    assert datetime(2026, 5, 22, 4, tzinfo=UTC).timestamp() * 1000 == day.resets_at

    still.seconds = (day.resets_at - still.now()) / 1000 - 1
    assert not day.take()
    still.seconds += 1
    assert day.take()
    assert (day.spent, day.remaining, day.violations) == (1, 1, 2)


def test_day_of_a_clock_change_is_as_long_as_it_is(still: StillClock) -> None:
    still.seconds = datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp() - still.now() / 1000
    day = DailyLimit(2, still, "America/New_York")

    assert datetime(2026, 11, 2, 5, tzinfo=UTC).timestamp() * 1000 == day.resets_at


def test_cleared_limits_start_afresh(still: StillClock) -> None:
    window, day = RollingWindow(1, 10, still), DailyLimit(1, still)
    for limit in (window, day):
        limit.take()
        limit.take()
        limit.clear()

        assert (limit.remaining, limit.violations) == (1, 0)
