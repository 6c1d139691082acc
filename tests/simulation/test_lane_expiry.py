"""Records without a name go after a time, if the operator wants that, and never one that a person touched."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulation.bench import Bench
from tests.simulation.fakecrm import Fault

from afterclick.clock import MILLISECONDS_PER_DAY
from afterclick.ledger.observations import Asked, Operation
from afterclick.plugin import Rejected
from afterclick.syncing.lane import LaneRules

MONTH: int = 30 * MILLISECONDS_PER_DAY
LATER = "2026-07-21T12:00:00Z"


async def strangers(bench: Bench, count: int = 1) -> None:
    """Let people tap a link and be in the CRM, without a name; then stop the lane."""
    lane = bench.lane(absorbs=True)
    for number in range(count):
        await bench.taps("code-ann", ago=number, prefix="ref", campaign="may", platform="ios")
    await bench.clock.advance(10)
    lane.stop()
    await bench.clock.advance(10)
    assert len(bench.crm.living()) == count


async def months_pass(bench: Bench, **rules: Any) -> None:
    """Start a lane that lets stubs expire, two months later."""
    bench.clock.set(LATER)
    bench.lane(absorbs=True, **({"expire": MONTH} | rules))
    await bench.clock.advance(10)


async def another_process_looks(bench: Bench) -> None:
    """Let the lane be another's, who goes round anew."""
    bench.tasks[-1].cancel()
    await bench.clock.advance(1)
    bench.lane(absorbs=True, expire=MONTH)
    await bench.clock.advance(10)


async def test_records_of_strangers_go_and_do_not_come_back(bench: Bench) -> None:
    await strangers(bench, 3)
    await bench.converts("bob")
    await months_pass(bench, batch=2)
    assert [row.ref for row in bench.crm.living()] == ["lead-4"], "whoever has a name stays"

    await another_process_looks(bench)
    assert len(bench.crm.named("retire")) == 2
    assert len(bench.crm.rows) == 4
    row = await bench.sync(1)
    assert (row.record, row.sending, row.synced) == (None, None, row.wanted)
    assert await bench.codes() == []


async def test_a_young_stub_stays_until_its_time_is_over(bench: Bench) -> None:
    await strangers(bench)
    bench.clock.set("2026-06-20T11:50:00Z")
    bench.lane(absorbs=True, expire=MONTH)
    await bench.clock.advance(60)
    assert len(bench.crm.living()) == 1

    await bench.clock.advance(3600)
    assert bench.crm.living() == []


async def test_nothing_goes_unless_it_is_wanted(bench: Bench) -> None:
    await strangers(bench)
    bench.clock.set(LATER)
    bench.lane(absorbs=True)
    await bench.clock.advance(10)

    assert len(bench.crm.living()) == 1


@pytest.mark.parametrize("field", ["campaign", "name", "owner"])
async def test_a_record_that_a_person_touched_stays_and_is_asked_about_once(bench: Bench, field: str) -> None:
    await strangers(bench)
    bench.crm.edit("r1", field, "typed by sales")
    await months_pass(bench)
    await another_process_looks(bench)

    [record] = bench.crm.living()
    assert record.values[field] == "typed by sales"
    assert bench.crm.named("retire") == []
    assert len(bench.crm.named("match")) == 2


async def test_a_value_that_somebody_else_changed_keeps_the_record_even_if_the_plugin_does_not_see_it(
    bench: Bench,
) -> None:
    await strangers(bench)
    bench.crm.rows["r1"].values["platform"] = "Android"
    await months_pass(bench)

    assert len(bench.crm.living()) == 1


async def test_a_record_that_was_taken_up_a_moment_ago_is_kept_at_the_plugins_word(bench: Bench) -> None:
    await strangers(bench)
    bench.crm.answers("retire", lambda inputs: [Rejected("it has a deal by now") for _ in inputs])
    await months_pass(bench)
    await another_process_looks(bench)

    assert len(bench.crm.named("retire")) == 1
    row = await bench.sync(1)
    assert row.record is not None
    assert (row.record.id, row.sending, row.synced) == ("r1", None, row.wanted)


async def test_a_name_that_comes_late_makes_a_new_record(bench: Bench) -> None:
    await strangers(bench)
    await months_pass(bench)
    assert bench.crm.living() == []
    await bench.taps("code-ann", prefix="ref", campaign="june", platform="ios")
    await bench.converts("ann")
    await bench.clock.advance(10)

    assert [row.values["campaign"] for row in bench.crm.living()] == ["june"]


async def test_a_name_while_the_record_goes_makes_a_new_one_and_is_no_deletion_by_hand(bench: Bench) -> None:
    """Nobody knows at that time whether it went; it had."""
    await strangers(bench)
    bench.crm.plan = lambda hook, refs: Fault(broken="cut") if hook == "retire" else Fault()
    bench.lane(absorbs=True, expire=10_000)
    await bench.clock.advance(10)
    assert (await bench.sync(1)).sending == "retire"
    assert bench.crm.living() == []
    await bench.converts("ann")
    await bench.clock.advance(120)

    [record] = bench.crm.living()
    row = await bench.sync(1)
    assert row.record is not None
    assert (row.record.id, row.state) == (record.id, "active")
    assert await bench.codes() == []


async def test_a_record_that_a_person_deleted_is_no_expired_one(bench: Bench) -> None:
    await strangers(bench)
    bench.crm.rows["r1"].deleted = True
    await months_pass(bench)

    assert (await bench.sync(1)).state == "held"
    assert await bench.codes() == ["record-gone"]


async def test_a_plugin_that_cannot_tell_or_take_away_keeps_every_record(bench: Bench) -> None:
    await strangers(bench)
    bench.clock.set(LATER)
    bench.lane(expire=MONTH)
    await bench.clock.advance(10)

    assert len(bench.crm.living()) == 1


async def test_a_lane_that_observes_tells_what_would_go_and_takes_nothing_away(bench: Bench) -> None:
    await strangers(bench, 2)
    bench.crm.edit("r1", "campaign", "typed by sales")
    bench.clock.set(LATER)
    bench.lane(absorbs=True, expire=MONTH, lane=LaneRules(observes=True))
    await bench.clock.advance(10)

    seen = {one.lead: one.operation for one in await bench.ledger.observations("fake", Asked())}
    assert seen == {1: Operation.NONE, 2: Operation.RETIRE}
    assert len(bench.crm.living()) == 2


async def test_a_stub_that_is_over_before_it_has_a_record_gets_none(bench: Bench) -> None:
    await bench.taps("summer")
    await bench.clock.advance(10)
    await months_pass(bench)

    assert bench.crm.calls == []
    row = await bench.sync(1)
    assert row.synced == row.wanted
