"""The pacer against a CRM that counts: never over a limit in any window, close to it while there is work."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulation.clock import VirtualClock

from afterclick.host.limits import BUDGET, ConnectionPacer
from afterclick.plugin import Limit

Used = list[tuple[float, float]]
"""When how much of a limit was used."""


def most_in_a_window(used: Used, seconds: float) -> float:
    """Return the largest sum of costs within any half-open window of that length."""
    most = total = 0.0
    start = 0
    for at, cost in used:
        total += cost
        while used[start][0] <= at - seconds + 1e-9:
            total -= used[start][1]
            start += 1
        most = max(most, total)
    return most


async def work_off(
    limit: Limit, costs: Sequence[float], gaps: Sequence[float] = (0.0,), *, at_once: int = 1
) -> Used:
    """Let callers ask for these costs, a few at a time, with pauses; return when each was let through."""
    clock = VirtualClock()
    pacer = ConnectionPacer([limit], clock)
    used: Used = []
    todo = list(enumerate(costs))

    async def caller() -> None:
        while todo:
            number, cost = todo.pop(0)
            waited, _ = await pacer.acquire({limit.bucket: cost}, None)
            assert waited == 0.0
            used.append((clock.elapsed(), cost))
            await clock.sleep(gaps[number % len(gaps)])

    callers = [asyncio.ensure_future(caller()) for _ in range(at_once)]
    await clock.until(lambda: all(one.done() for one in callers), limit=1e9)
    return used


AMOUNTS = st.integers(min_value=1, max_value=400)
SECONDS = st.sampled_from([0.5, 1.0, 2.0, 10.0, 60.0])


@given(AMOUNTS, SECONDS, st.lists(st.floats(0, 30), min_size=1, max_size=8), st.integers(1, 4))
def test_no_window_holds_more_calls_than_the_limit(
    amount: int, seconds: float, gaps: list[float], at_once: int
) -> None:
    limit = Limit(bucket="burst", amount=amount, seconds=seconds)
    used = asyncio.run(work_off(limit, [1.0] * 150, gaps, at_once=at_once))

    assert most_in_a_window(used, seconds) <= amount


@given(
    st.integers(min_value=1, max_value=400),
    SECONDS,
    st.lists(st.floats(0, 3), min_size=1, max_size=8),
    st.data(),
)
def test_no_window_holds_more_cost_than_the_limit(
    amount: int, seconds: float, gaps: list[float], data: st.DataObject
) -> None:
    costs = data.draw(st.lists(st.integers(1, amount).map(float), min_size=20, max_size=80))
    limit = Limit(bucket="tokens", amount=amount, seconds=seconds)
    used = asyncio.run(work_off(limit, costs, gaps, at_once=3))

    assert most_in_a_window(used, seconds) <= amount + 1e-6


@pytest.mark.parametrize("amount", [5, 10, 19, 20, 25, 100, 190, 1000])
async def test_most_of_a_limit_is_used_while_there_is_work(amount: int) -> None:
    limit = Limit(bucket="burst", amount=amount, seconds=10)
    used = await work_off(limit, [1.0] * amount * 6, at_once=4)

    spent = sum(one for at, one in used if at <= 50)
    assert spent >= 0.9 * amount * 5


async def test_costs_that_are_small_beside_the_limit_use_most_of_it() -> None:
    limit = Limit(bucket="tokens", amount=1000, seconds=10)
    costs = [20.0, 10.0, 40.0, 5.0] * 80
    used = await work_off(limit, costs, at_once=3)

    assert sum(cost for at, cost in used if at <= 50) >= 0.9 * 5000
    assert most_in_a_window(used, 10) <= 1000


async def test_a_wait_beyond_the_deadline_is_refused_and_takes_nothing() -> None:
    clock = VirtualClock()
    pacer = ConnectionPacer([Limit(bucket="burst", amount=10, seconds=10)], clock)
    assert await pacer.acquire({"burst": 1.0}, 5.0) == (0.0, "")

    for _ in range(5):
        waits, full = await pacer.acquire({"burst": 5.0}, 3.0)
        assert full == "burst"
        assert waits == pytest.approx(5 / 0.95)
    await clock.advance(2)
    started = asyncio.ensure_future(pacer.acquire({"burst": 1.0}, None))
    await clock.advance(0)
    assert started.done()


async def test_of_several_limits_the_slowest_decides_and_a_refusal_takes_of_none() -> None:
    clock = VirtualClock()
    limits = [Limit(bucket="fast", amount=1000, seconds=1), Limit(bucket="slow", amount=1, seconds=100)]
    pacer = ConnectionPacer(limits, clock)
    before = pacer.headroom()
    assert await pacer.acquire({"fast": 1.0, "slow": 1.0}, None) == (0.0, "")

    full = [await pacer.acquire({"fast": 1.0, "slow": 1.0}, 10.0) for _ in range(100)]
    assert {name for _, name in full} == {"slow"}
    await clock.advance(1)
    assert pacer.headroom()["fast"] == before["fast"] == 1.0


async def test_a_bucket_that_nobody_limits_lets_everything_through() -> None:
    pacer = ConnectionPacer([Limit(bucket="unlimited", amount=math.inf, seconds=1)], VirtualClock())

    for _ in range(1000):
        assert await pacer.acquire({"unlimited": 100.0, "unknown": 1.0}, 0.0) == (0.0, "")


async def test_a_caller_that_gave_up_waiting_does_not_free_its_place() -> None:
    """The place was promised; giving it back could let two through where one may go."""
    clock = VirtualClock()
    limit = Limit(bucket="burst", amount=10, seconds=10)
    pacer = ConnectionPacer([limit], clock)
    first = asyncio.ensure_future(pacer.acquire({"burst": 3.0}, None))
    await clock.advance(0)
    first.cancel()
    used: Used = []
    for _ in range(20):
        again = asyncio.ensure_future(pacer.acquire({"burst": 1.0}, None))
        await clock.until(again.done)
        used.append((clock.elapsed(), 1.0))

    assert most_in_a_window(used, 10) <= 10


# What the CRM's headers say.


async def test_what_the_crm_says_remains_is_believed() -> None:
    clock = VirtualClock()
    pacer = ConnectionPacer([Limit(bucket="burst", amount=100, seconds=10)], clock)
    pacer.learn("burst", amount=100, seconds=10, remaining=0)

    waits, _ = await pacer.acquire({"burst": 1.0}, clock.elapsed())
    assert waits > 0
    assert pacer.headroom()["burst"] == 0.0


async def test_a_lower_limit_paces_from_then_on() -> None:
    clock = VirtualClock()
    pacer = ConnectionPacer([Limit(bucket="burst", amount=100, seconds=10)], clock)
    pacer.learn("burst", amount=10, seconds=10, remaining=None)
    used: Used = []
    while clock.elapsed() < 60:
        one = asyncio.ensure_future(pacer.acquire({"burst": 1.0}, None))
        await clock.until(one.done)
        used.append((clock.elapsed(), 1.0))

    assert most_in_a_window(used, 10) <= 10


async def test_a_limit_that_the_operator_set_is_lowered_and_never_raised() -> None:
    clock = VirtualClock()
    limits = [Limit(bucket="own", amount=100, seconds=10), Limit(bucket="crm", amount=100, seconds=10)]
    pacer = ConnectionPacer(limits, clock, fixed=["own"])

    async def waits(bucket: str) -> float:
        return (await pacer.acquire({bucket: 50.0}, clock.elapsed()))[0]

    for told, own, crm in ((1000, 100, 1000), (50, 50, 50), (200, 100, 200)):
        for bucket in ("own", "crm"):
            pacer.learn(bucket, amount=told, seconds=10, remaining=0)
        assert await waits("own") == pytest.approx(50 / (own * 0.095))
        assert await waits("crm") == pytest.approx(50 / (crm * 0.095))


ODD = st.sampled_from([None, math.nan, math.inf, -math.inf, -1e9, -1.0, 0.0, 1e-300, 1e300])


@given(ODD, ODD, ODD, st.booleans())
def test_absurd_figures_leave_the_limit_usable(
    amount: float | None, seconds: float | None, remaining: float | None, pace: bool
) -> None:
    async def use() -> None:
        clock = VirtualClock()
        pacer = ConnectionPacer([Limit(bucket="burst", amount=100, seconds=10, pace=pace)], clock)
        pacer.learn("burst", amount=amount, seconds=seconds, remaining=remaining)
        for _ in range(5):
            waits, _ = await pacer.acquire({"burst": 1.0}, clock.elapsed())
            assert waits <= 10
            await clock.advance(10)
        assert all(0.0 <= ratio <= 1.0 for ratio in pacer.headroom().values())

    asyncio.run(use())


# Quotas and the operator's budget.


async def test_a_quota_is_counted_and_not_paced() -> None:
    clock = VirtualClock()
    pacer = ConnectionPacer([Limit(bucket="daily", amount=100, seconds=86_400, pace=False)], clock)

    for _ in range(95):
        assert await pacer.acquire({"daily": 1.0}, 0.0) == (0.0, "")
    waits, full = await pacer.acquire({"daily": 1.0}, 30.0)
    assert (waits, full) == (86_400.0, "daily")

    await clock.advance(86_400)
    assert await pacer.acquire({"daily": 1.0}, clock.elapsed()) == (0.0, "")


async def test_a_budget_counts_every_call_whatever_it_draws_on() -> None:
    clock = VirtualClock()
    pacer = ConnectionPacer([], clock, budget=3)

    for bucket in ("a", "b", "c"):
        assert await pacer.acquire({bucket: 50.0}, 10.0) == (0.0, "")
    assert await pacer.acquire({"a": 1.0}, 10.0) == (86_400.0, BUDGET)


async def test_what_others_spent_of_a_quota_is_spent() -> None:
    clock = VirtualClock()
    pacer = ConnectionPacer([Limit(bucket="daily", amount=100, seconds=86_400, pace=False)], clock)
    pacer.learn("daily", amount=None, seconds=None, remaining=6)

    assert await pacer.acquire({"daily": 1.0}, 10.0) == (0.0, "")
    assert (await pacer.acquire({"daily": 1.0}, 10.0))[1] == "daily"
