"""Records without a name are limited by the day; people with one always go."""

from __future__ import annotations

from pathlib import Path

from tests.simulation.bench import Bench
from tests.simulation.clock import START

from afterclick.clock import MILLISECONDS_PER_DAY


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


async def test_what_waited_stays_out_once_no_stubs_are_wanted_until_it_has_a_name(bench: Bench) -> None:
    await bench.taps("code-ann", ago=30, prefix="ref")
    await bench.taps("summer", ago=20)
    await bench.clock.advance(10)
    bench.lane(stubs=False)
    await bench.clock.advance(60)

    assert bench.crm.named("match") == []
    row = await bench.sync(1)
    assert (row.synced, row.wanted, row.record) == (1, 1, None)

    await bench.converts("ann")
    await bench.clock.advance(10)
    assert len(bench.crm.living()) == 1


async def test_a_record_that_is_there_is_kept_up_to_date_where_no_new_ones_are_wanted(bench: Bench) -> None:
    first = bench.lane()
    await bench.taps("summer", ago=30, campaign="may")
    await bench.clock.advance(10)
    first.stop()
    await bench.clock.advance(10)
    bench.lane(stubs=False)
    claim = {"token": "summer", "prefix": "promo", "campaign": "may", "platform": "ios"}
    await bench.happens("deferred_link.claimed", ago=40, **claim)
    await bench.clock.advance(10)

    [record] = bench.crm.living()
    assert record.values["platform"] == "iOS"


async def test_fold_drops_stubs_that_nobody_claimed_where_none_are_kept(tmp_path: Path) -> None:
    async with Bench(tmp_path / "ledger.db", stubs="none") as bench:
        await bench.taps("summer")
        await bench.converts("ann")
        await bench.taps("autumn")
        await bench.clock.advance(10)
        assert [row.id for row in await bench.leads()] == [1, 2, 3]

    later = START + 10 * MILLISECONDS_PER_DAY
    async with Bench(tmp_path / "ledger.db", stubs="none", folds=False, begins=later) as bench:
        await bench.ledger.tidy()
        _ = bench.run(bench.fold.run())
        await bench.clock.advance(1)

        # The last number would be given again.
        assert [row.id for row in await bench.leads()] == [2, 3]
        assert len(await bench.ledger.events(limit=10)) == 3
