"""Records without a name are limited by the day; people with one always go."""

from __future__ import annotations

from tests.simulation.bench import Bench


async def crowd(bench: Bench, count: int) -> None:
    """Let strangers tap one link."""
    for number in range(count):
        await bench.taps("summer", ago=count - number)


async def test_a_day_sees_so_many_stubs_and_the_rest_comes_on_the_next(bench: Bench) -> None:
    bench.clock.set("2026-05-21T23:50:00Z")
    bench.lane(stubs_per_day=4, batch=3)
    await crowd(bench, 7)
    await bench.clock.advance(60)

    assert len(bench.crm.living()) == 4
    assert await bench.codes() == ["stubs-waiting"]
    waiting = [row for row in [await bench.sync(lead) for lead in range(1, 8)] if row.synced < row.wanted]
    assert [row.reason for row in waiting] == ["4 stubs a day are allowed"] * 3
    assert all(row.tries == 0 for row in waiting), "it costs no try"

    await bench.clock.advance(10 * 60)
    assert len(bench.crm.living()) == 7


async def test_what_waits_is_not_asked_about(bench: Bench) -> None:
    bench.lane(stubs_per_day=0)
    await crowd(bench, 5)
    await bench.clock.advance(60)

    assert bench.crm.named("match") == []


async def test_a_name_lets_a_waiting_stub_through_and_is_not_counted(bench: Bench) -> None:
    bench.lane(stubs_per_day=1)
    await bench.taps("code-ann", ago=30, prefix="ref")
    await bench.clock.advance(10)
    await bench.taps("code-bob", ago=20, prefix="ref")
    await bench.clock.advance(10)
    assert len(bench.crm.living()) == 1

    await bench.converts("bob")
    await bench.converts("cleo")
    await bench.clock.advance(10)

    assert len(bench.crm.living()) == 3


async def test_a_record_that_is_there_is_kept_up_to_date_whatever_the_day_has_seen(bench: Bench) -> None:
    bench.lane(stubs_per_day=1)
    await bench.taps("summer", ago=30, campaign="may")
    await bench.clock.advance(10)
    await bench.happens("deferred_link.claimed", ago=40, token="summer", prefix="promo", campaign="may")
    await bench.clock.advance(10)

    assert len(bench.crm.living()) == 1
    row = await bench.sync(1)
    assert row.synced == row.wanted
