"""Bursts, the day's tokens, blocks of the network: what is sent, what is not, and who goes first."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import NoMatch, NotYet, Synced, Throttled
from afterclick.testing import NOON, DictState
from afterclick_pipedrive import limits, plugin
from afterclick_pipedrive.budget import Budget, Errand, Spent, errand_of
from afterclick_pipedrive.settings import PipedriveSettings

from .support import EMAIL_SEARCH, PERSONS, Bench, bench, error, lead, ok, person

BODY = error("request over limit", errorCode=429)
BLOCK = "<!DOCTYPE html><title>Access denied</title>"


async def refused(b: Bench, status: int = 429, body: Any = BODY, **headers: Any) -> Throttled:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    b.pipe.reply(f"{PERSONS}/5", body, status, headers=names, method="GET")
    with pytest.raises(Throttled) as stop:
        await plugin.match([lead(record_id="5")], b.ctx)
    return stop.value


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({}, 2.0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1"}, 2.0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "4"}, 4.0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1779364802"}, 10.0),
        ({"Retry_After": "3"}, 3.0),
        ({"Retry_After": "47", "x_ratelimit_reset": "1"}, 47.0),
        ({"x_daily_ratelimit_token_remaining": "9000"}, 2.0),
        ({"x_ratelimit_reset": "soon"}, 2.0),
    ],
)
async def test_burst_waits_for_seconds(headers: dict[str, Any], after: float) -> None:
    async with bench() as b:
        stop = await refused(b, **headers)
        assert (stop.after, stop.scope) == (after, "burst")


async def test_empty_day_waits_for_long() -> None:
    async with bench() as b:
        stop = await refused(b, x_daily_ratelimit_token_remaining="0", x_ratelimit_remaining="7")
        assert (stop.after, stop.scope) == (1800.0, "daily")


async def test_third_burst_in_a_row_is_an_empty_day() -> None:
    async with bench() as b:
        scopes = []
        for _ in range(3):
            scopes.append((await refused(b)).scope)
            b.clock.move(2)
        assert scopes == ["burst", "burst", "daily"]


async def test_an_answer_in_between_ends_the_row() -> None:
    async with bench() as b:
        for _ in range(4):
            assert (await refused(b)).scope == "burst"
            b.clock.move(2)
            b.pipe.reply(f"{PERSONS}/5", ok(person(5)), method="GET")
            await plugin.match([lead(record_id="5")], b.ctx)


async def test_nothing_is_sent_while_a_refusal_lasts() -> None:
    async with bench() as b:
        await refused(b)
        b.clock.move(1.5)
        with pytest.raises(Throttled) as stop:
            await plugin.create([lead()], b.ctx)
        assert stop.value.after == 0.5
        assert len(b.pipe.sent) == 1
        b.clock.move(0.5)
        b.pipe.reply(PERSONS, ok(person(6)))
        (outcome,) = await plugin.create([lead()], b.ctx)
        assert isinstance(outcome, Synced)


async def test_page_instead_of_data_stops_the_connection_for_a_quarter_of_an_hour() -> None:
    async with bench() as b:
        stop = await refused(b, 403, BLOCK)
        assert (stop.after, stop.scope) == (900.0, "blocked")
        b.clock.move(899)
        with pytest.raises(Throttled):
            await plugin.create([lead()], b.ctx)
        assert len(b.pipe.sent) == 1


async def test_headers_tell_the_limiter_the_real_limits() -> None:
    async with bench() as b:
        told = {"x-ratelimit-limit": "80", "x-ratelimit-remaining": "79"}
        b.pipe.reply(f"{PERSONS}/5", ok(person(5)), headers=told, method="GET")
        await plugin.match([lead(record_id="5")], b.ctx)
        assert ("burst", 80.0, 2.0, 79.0) in b.pacer.learnt
        assert ("tokens", 12_000.0, None, 11_999.0) in b.pacer.learnt


async def test_search_headers_say_nothing_of_the_burst() -> None:
    async with bench() as b:
        told = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "9"}
        b.pipe.reply(EMAIL_SEARCH, ok([]), headers=told, method="GET")
        assert await plugin.match([lead(emails=("ada@example.com",))], b.ctx) == [NoMatch()]
        assert ("search", 10.0, 2.0, 9.0) in b.pacer.learnt
        assert "burst" not in {bucket for bucket, amount, *_ in b.pacer.learnt if amount == 10.0}


# The day's tokens.


def budget(**settings: Any) -> tuple[Budget, list[int]]:
    now = [NOON]
    return Budget(lambda: now[0], PipedriveSettings(**settings)), now


@pytest.mark.parametrize(
    ("settings", "amount"),
    [
        ({}, 12_000),
        ({"plan": "growth", "seats": 3}, 72_000),
        ({"plan": "ultimate", "daily_token_share": 1.0}, 210_000),
        ({"daily_tokens": 500}, 500),
    ],
)
def test_share_follows_plan_and_seats(settings: dict[str, Any], amount: float) -> None:
    assert budget(**settings)[0].amount == amount


def test_price_is_counted_before_it_is_spent_and_never_beyond_the_share() -> None:
    one, _ = budget(daily_tokens=12)
    for _ in range(2):
        with one.spending(5):
            pass
    with pytest.raises(Throttled) as stop, one.spending(5):
        raise AssertionError("sent")
    assert stop.value.scope == "daily"
    assert one.left == 2


def test_company_that_has_less_left_than_our_share_bounds_us() -> None:
    one, now = budget(daily_tokens=100)
    one.told(30_000, 20)
    assert one.left == 20
    with one.spending(5):
        pass
    assert one.left == 15
    now[0] += 86_400_000
    assert one.left == 100


def test_share_follows_the_company_s_real_tokens() -> None:
    one, _ = budget()
    one.told(60_000, 60_000)
    assert one.amount == 24_000


def test_day_ends_at_midnight_utc() -> None:
    one, now = budget(daily_tokens=10)
    with one.spending(10):
        pass
    assert one.left == 0
    assert one.wait() == 1800.0
    now[0] = NOON + 12 * 3_600_000 - 60_000
    assert one.wait() == 60.0
    now[0] += 60_000
    assert one.left == 10


async def test_spending_survives_a_restart() -> None:
    state = DictState()
    one, _ = budget(daily_tokens=100)
    with one.spending(40):
        pass
    one.wrote()
    await one.store(state)
    other, _ = budget(daily_tokens=100)
    await other.load(state)
    assert other.left == 60
    assert other.spent == Spent(day="2026-05-21", tokens=40, people=1)
    assert other.spent.per_person == 40


@pytest.mark.parametrize(
    ("spent", "allowed"),
    [
        (0, {Errand.CONVERSION, Errand.IDENTITY, Errand.CREATE, Errand.ENRICH}),
        (93, {Errand.CONVERSION, Errand.IDENTITY, Errand.CREATE}),
        (96, {Errand.CONVERSION, Errand.IDENTITY}),
        (98, {Errand.CONVERSION}),
        (100, set()),
    ],
)
def test_conversions_go_on_longest(spent: int, allowed: set[Errand]) -> None:
    one, _ = budget(daily_tokens=100)
    with one.spending(spent):
        pass
    assert {errand for errand in Errand if one.allows(errand)} == allowed


def test_errand_of_a_lead() -> None:
    assert errand_of(lead(attributes={"conversion_date": "2026-05-21"}, stub=True)) is Errand.CONVERSION
    assert errand_of(lead()) is Errand.IDENTITY
    assert errand_of(lead(stub=True)) is Errand.CREATE
    assert errand_of(lead(stub=True, record_id="5")) is Errand.ENRICH


async def test_less_urgent_people_wait_without_a_call_and_without_a_try() -> None:
    async with bench(settings={"daily_tokens": 100}) as b:
        b.ctx.client.api.budget.spent.tokens = 97
        b.ctx.client.api.budget.spent.day = "2026-05-21"
        b.pipe.reply(f"{PERSONS}/5", ok(person(5)), method="GET")
        urgent = lead("lead-1", record_id="5", attributes={"conversion_date": "2026-05-21"})
        later = lead("lead-2", record_id="6", stub=True)
        found = await plugin.match([later, urgent], b.ctx)
        assert isinstance(found[0], NotYet)
        assert found[1].record.id == "5"  # type: ignore[union-attr]


def test_an_app_may_send_four_times_as_much() -> None:
    assert limits.burst(PipedriveSettings(api_token="x")) == 20
    assert limits.burst(PipedriveSettings(plan="premium")) == 400
