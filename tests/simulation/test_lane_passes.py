"""When a lane writes, what it puts together, and whose values win. Faults are in the files beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.simulation.bench import Bench
from tests.simulation.fakecrm import FakeCrm, Fault

from afterclick.ledger.rows import SyncState
from afterclick.plugin import Synced
from afterclick.syncing.lane import LaneRules

SLOW = Fault(effect=2.0, answer=2.0)


async def test_ten_events_of_one_person_cost_one_write(bench: Bench) -> None:
    bench.lane()

    for number in range(10):
        await bench.converts("ann", milestone=f"m{number}", ago=number)
    await bench.clock.advance(10)

    assert bench.crm.named("create") == [("lead-1",)]
    assert bench.crm.named("enrich") == []
    assert bench.crm.living()[0].values["milestone"] == "m0"


async def test_nothing_is_written_before_the_linger_is_over(bench: Bench) -> None:
    bench.lane()
    await bench.converts("ann")

    await bench.clock.advance(0.9)
    assert bench.crm.calls == []

    await bench.clock.advance(0.2)
    assert bench.crm.named("create") == [("lead-1",)]


async def test_people_who_become_due_within_a_moment_travel_together(bench: Bench) -> None:
    bench.lane()
    for number in range(4):
        await bench.converts(f"p{number}")
        await bench.clock.advance(0.1)
    await bench.clock.advance(5)

    assert bench.crm.named("create") == [("lead-1", "lead-2", "lead-3", "lead-4")]


async def test_an_unnamed_journey_waits_for_its_delay(bench: Bench) -> None:
    bench.lane()
    await bench.taps("summer")

    await bench.clock.advance(1.9)
    assert bench.crm.calls == []

    await bench.clock.advance(1)
    assert bench.crm.named("create") == [("lead-1",)]


async def test_a_stub_that_gets_a_name_waits_no_longer(bench: Bench) -> None:
    bench.lane()
    await bench.taps("code-ann", prefix="ref", platform="ios")
    await bench.clock.advance(0.1)
    await bench.converts("ann")
    await bench.clock.advance(1.3)

    assert bench.crm.named("create") == [("lead-1",)]
    assert bench.crm.living()[0].key.startswith("user:")


async def test_a_person_is_in_one_batch_at_a_time(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: SLOW
    bench.lane(lane=LaneRules(in_flight=4))
    for number in range(8):
        await bench.converts("ann", milestone=f"m{number}")
        await bench.clock.advance(1.5)
        assert sum(name != "match" for name, _ in bench.crm.calls) <= 2
        assert bench.crm.busy["lead-1"] <= 1
    await bench.clock.advance(60)

    assert bench.crm.living()[0].values["milestone"] == "m7"
    assert len(bench.crm.living()) == 1


async def test_several_batches_are_under_way_at_once(bench: Bench) -> None:
    for number in range(10):
        await bench.converts(f"p{number}")
    await bench.clock.advance(3)
    bench.crm.plan = lambda hook, refs: SLOW
    bench.lane(batch=3, lane=LaneRules(in_flight=2))

    await bench.clock.advance(1)
    assert [len(refs) for refs in bench.crm.named("match")] == [3, 3]

    await bench.clock.advance(60)
    assert sorted(row.ref for row in bench.crm.living()) == sorted(f"lead-{n}" for n in range(1, 11))


async def test_a_record_that_is_right_costs_no_write(bench: Bench) -> None:
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(5)
    row = bench.crm.living()[0]
    row.values["milestone"] = "second"

    await bench.converts("ann", milestone="second", ago=-1)
    await bench.clock.advance(5)

    assert bench.crm.named("enrich") == []
    assert (await bench.sync()).synced == (await bench.sync()).wanted


async def test_a_late_older_event_cannot_undo_a_newer_one(bench: Bench) -> None:
    bench.lane()
    await bench.converts("ann", milestone="second")
    await bench.clock.advance(5)

    await bench.converts("ann", milestone="first", ago=600)
    await bench.clock.advance(5)

    values = bench.crm.living()[0].values
    assert values["milestone"] == "second"
    assert str(values["converted"]) < "2026-05-21T12:00"


async def test_what_a_person_typed_is_kept_and_the_rest_is_synced(bench: Bench) -> None:
    bench.lane()
    await bench.taps("code-ann", prefix="ref", campaign="spring")
    await bench.converts("ann", milestone="one")
    await bench.clock.advance(5)
    row = bench.crm.living()[0]
    bench.crm.edit(row.id, "campaign", "typed by hand")

    await bench.taps("code-ann", prefix="ref", campaign="winter", ago=60)
    await bench.converts("ann", milestone="two")
    await bench.clock.advance(5)

    assert row.values["campaign"] == "typed by hand"
    assert row.values["milestone"] == "two"


async def test_a_field_that_a_person_emptied_is_filled_again(bench: Bench) -> None:
    bench.lane()
    await bench.converts("ann", milestone="one")
    await bench.clock.advance(5)
    row = bench.crm.living()[0]
    del row.values["milestone"]

    await bench.converts("ann", milestone="two")
    await bench.clock.advance(5)

    assert row.values["milestone"] == "two"


async def test_a_stage_never_goes_back(bench: Bench) -> None:
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(5)
    row = bench.crm.living()[0]
    assert row.values["stage"] == "customer"

    row.values["stage"] = "lead"
    await bench.converts("ann", milestone="more")
    await bench.clock.advance(5)

    assert row.values["stage"] == "customer"


async def test_a_connection_that_may_not_create_looks_again_later(bench: Bench) -> None:
    bench.lane(creates=False)
    await bench.converts("ann", milestone="won")
    await bench.clock.advance(10)
    assert [hook for hook, _ in bench.crm.calls] == ["match"]
    assert (await bench.sync()).tries == 0

    key = (await bench.leads())[0].keys[0]
    row = bench.crm.add(key, {"campaign": "of another system"})
    await bench.clock.advance(120)

    assert row.values["milestone"] == "won"
    assert bench.crm.named("create") == []
    assert (await bench.sync()).state is SyncState.ACTIVE


async def test_another_connection_is_not_held_up(bench: Bench) -> None:
    stuck = FakeCrm(bench.clock)
    stuck.plan = lambda hook, refs: Fault(effect=None, answer=None)
    bench.lane(crm=stuck, connection="other")
    bench.lane()

    await bench.converts("ann")
    await bench.clock.advance(5)

    assert len(bench.crm.living()) == 1
    assert stuck.living() == []


async def test_a_further_step_is_taken_at_once(bench: Bench) -> None:
    def pending(leads: Sequence[Any]) -> Any:
        row = bench.crm.add(leads[0].keys[0], {}, ref=leads[0].ref)
        return [Synced(bench.crm.record(row), pending=("deal",))]

    seen: list[tuple[str, ...]] = []

    def step(changes: Sequence[Any]) -> Any:
        seen.append(changes[0].pending)
        return [Synced(changes[0].record)]

    bench.crm.answers("create", pending)
    bench.crm.answers("enrich", step)
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(3)

    assert seen == [("deal",)]
    assert (await bench.sync()).pending == ()
    assert (await bench.sync()).synced == 1


async def test_stop_finishes_what_is_under_way_and_takes_nothing_more(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: SLOW
    lane = bench.lane(batch=2, lane=LaneRules(in_flight=1))
    for number in range(4):
        await bench.converts(f"p{number}")
    await bench.clock.advance(4)
    assert len(bench.crm.named("match")) == 1

    lane.stop()
    await bench.clock.until(lambda: all(task.done() for task in bench.tasks[1:]), limit=30)

    assert len(bench.crm.living()) == 2
    assert [(await bench.sync(lead)).synced for lead in (1, 2, 3, 4)] == [1, 1, 0, 0]
    assert [row.holder for row in await bench.ledger.lanes() if row.name == "sync:fake"] == [None]


async def test_a_cancelled_lane_gives_its_lane_back_and_loses_nothing(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: SLOW
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(6)
    assert bench.crm.named("create") == [("lead-1",)]

    bench.tasks[-1].cancel()
    await asyncio.wait({bench.tasks[-1]})
    bench.lane()
    await bench.clock.advance(120)

    assert len(bench.crm.living()) == 1
    assert bench.crm.living()[0].values["stage"] == "customer"
    assert (await bench.sync()).sending is None


async def test_a_claim_finds_its_install_behind_many_of_another_platform(bench: Bench) -> None:
    await bench.taps("may-sale", ago=500, platform="ios")
    for number in range(40):
        await bench.taps("may-sale", ago=400 - number, platform="android")
    await bench.clock.advance(5)
    await bench.happens("deferred_link.claimed", ago=1, token="may-sale", prefix="promo", platform="ios")
    await bench.clock.advance(5)

    assert len(await bench.leads()) == 41


async def test_every_lead_of_a_popular_code_inherits_its_referrer(bench: Bench) -> None:
    for number in range(1_100):
        await bench.taps("POPULAR", ago=600 - number / 10, prefix="ref")
    await bench.clock.advance(20)
    await bench.happens("referral.created", ago=700, referral_code="POPULAR", referrer_id="ann")
    await bench.clock.advance(5)

    leads = await bench.ledger.leads(limit=2_000)
    assert len(leads) == 1_100
    assert {row.state.referrer.value for row in leads if row.state.referrer} == {"ann"}
    assert all(row.state.referrer for row in leads)
