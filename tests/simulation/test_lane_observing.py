"""A lane that only looks: nothing reaches the CRM, and what it announced is what a live one writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.simulation.bench import Bench
from tests.simulation.fakecrm import Fault

from afterclick.ledger.observations import Asked, Difference, Observation, Operation
from afterclick.ledger.rows import SyncState
from afterclick.model.fields import Kept, Scalar
from afterclick.plugin import Ambiguous, Match, NotAuthorized, NotYet, Record, RetryLater, WriteRefused
from afterclick.syncing import observing
from afterclick.syncing.lane import LaneRules, SyncLane

OBSERVING, LIVE = LaneRules(observes=True), LaneRules()
DAY = 300
"""Seconds that stand for a day here: a lane renews its lease every few of them."""


@pytest.fixture(autouse=True)
def short_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "LOOK_AGAIN", DAY * 1000)


async def switch(bench: Bench, lane: LaneRules, **rules: Any) -> SyncLane:
    """Stop the lane that runs, if any, and start one in the other mode, as a restart does."""
    for task in bench.tasks[1:]:
        task.cancel()
    await bench.clock.until(lambda: all(task.done() for task in bench.tasks[1:]))
    return bench.lane(lane=lane, **rules)


async def seen(bench: Bench, lead: int = 1) -> Observation:
    """Return what was seen of a lead."""
    [observation] = await bench.ledger.observations("fake", Asked(lead=lead))
    return observation


def written(observation: Observation) -> dict[str, Scalar]:
    """Return what was announced."""
    return {one.field: one.wanted for one in observation.differences if one.kept is None}


def writes(bench: Bench) -> list[str]:
    """Return the hooks that were called and may write."""
    return [hook for hook, _ in bench.crm.calls if hook not in ("match", "connect")]


async def test_nothing_is_written_and_the_lead_stays_behind(bench: Bench) -> None:
    bench.lane(lane=OBSERVING)
    await bench.converts("ann")
    await bench.clock.advance(60)
    row = await bench.sync()

    assert writes(bench) == []
    assert bench.crm.living() == []
    assert (row.synced, row.observed, row.record, row.sending) == (0, row.wanted, None, None)
    assert (await seen(bench)).operation is Operation.CREATE


async def test_what_was_announced_is_what_a_live_lane_writes(bench: Bench) -> None:
    """New people, changed ones, ones that are right and ones with values typed by somebody else."""
    bench.lane(lane=OBSERVING)
    for name in ("ann", "ben", "cleo", "dan"):
        await bench.taps(f"code-{name}", prefix="ref", campaign=f"spring-{name}", platform="ios", ago=60)
        await bench.converts(name, milestone="won")
    await bench.clock.advance(10)
    ann, ben, cleo, _ = await bench.leads()
    typed = {"campaign": "typed by hand", "platform": "Symbian", "stage": "qualified"}
    bench.crm.add(ann.keys[0], typed)
    bench.crm.add(ben.keys[0], {**written(await seen(bench, ben.id)), "stage": "customer"})
    bench.crm.add(cleo.keys[1], {"campaign": "spring-cleo"})
    await bench.clock.advance(DAY)
    announced = {row.id: await seen(bench, row.id) for row in await bench.leads()}
    before = {row.id: dict(row.values) for row in bench.crm.living()}
    assert writes(bench) == []
    assert [one.operation for one in announced.values()] == ["change", "none", "change", "create"]

    await switch(bench, LIVE)
    await bench.clock.advance(60)

    for lead, observation in announced.items():
        record = (await bench.sync(lead)).record
        assert record is not None
        had = before.get(record.id, {})
        expected = had | written(observation)
        if observation.operation is Operation.CREATE:
            expected.pop("key")
        assert bench.crm.rows[record.id].values == expected
        assert observation.record_id in (record.id, None)
    assert len(bench.crm.living()) == 4
    assert await bench.ledger.observations("fake", Asked()) == []
    assert {(await bench.sync(lead)).observed for lead in announced} == {0}


async def test_values_that_stay_are_told_with_the_reason(bench: Bench) -> None:
    bench.lane(lane=OBSERVING)
    await bench.taps("code-ann", prefix="ref", campaign="spring", platform="ios", ago=60)
    await bench.converts("ann", milestone="won")
    await bench.clock.advance(0.5)
    [ann] = await bench.leads()
    bench.crm.add(
        ann.keys[0], {"campaign": "typed", "platform": "Symbian", "stage": "unheard of", "token": "x"}
    )
    await bench.clock.advance(60)

    kept = {one.field: one.kept for one in (await seen(bench)).differences if one.kept}
    assert kept == {
        "campaign": Kept.EDITED,
        "token": Kept.EDITED,
        "platform": Kept.FILLED,
        "stage": Kept.AHEAD,
    }
    milestone = Difference(field="milestone", wanted="won")
    assert milestone in (await seen(bench)).differences


async def test_changed_lead_is_looked_at_again_at_once_and_others_the_next_day(bench: Bench) -> None:
    bench.lane(lane=OBSERVING)
    await bench.converts("ann", milestone="one", ago=1)
    await bench.converts("ben")
    await bench.clock.advance(60)
    assert len(bench.crm.named("match")) == 1

    await bench.converts("ann", milestone="two")
    await bench.clock.advance(60)
    assert bench.crm.named("match")[1:] == [("lead-1",)]
    assert written(await seen(bench))["milestone"] == "two"

    await bench.clock.advance(DAY)
    assert sorted(ref for refs in bench.crm.named("match")[2:] for ref in refs) == ["lead-1", "lead-2"]


async def test_going_back_to_looking_writes_nothing_more_and_loses_nothing(bench: Bench) -> None:
    bench.lane(lane=LIVE)
    await bench.converts("ann", milestone="one")
    await bench.clock.advance(10)
    row = bench.crm.living()[0]
    await switch(bench, OBSERVING)
    before = len(writes(bench))
    await bench.converts("ann", milestone="two")
    await bench.clock.advance(60)

    change = await seen(bench)
    assert (change.operation, change.record_id) == (Operation.CHANGE, row.id)
    assert change.differences == (Difference(field="milestone", present="one", wanted="two"),)
    assert len(writes(bench)) == before
    assert (await bench.sync()).record is not None

    await switch(bench, LIVE)
    await bench.clock.advance(60)
    assert row.values["milestone"] == "two"
    assert (await bench.sync()).synced == (await bench.sync()).wanted


async def test_write_of_a_live_time_that_may_still_land_is_waited_for_and_remembered(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: Fault(effect=12.0, answer=None) if hook == "create" else Fault()
    bench.lane(lane=LIVE)
    await bench.converts("ann")
    await bench.clock.advance(3)
    assert writes(bench) == ["create"]
    await switch(bench, OBSERVING)
    calls = len(bench.crm.calls)
    await bench.clock.advance(15)
    assert len(bench.crm.calls) == calls

    await bench.clock.advance(60)
    assert (await seen(bench)).operation is Operation.NONE
    assert (await bench.sync()).sending == "create"

    await switch(bench, LIVE)
    await bench.clock.advance(60)
    [row] = bench.crm.living()
    record = (await bench.sync()).record
    assert record is not None
    assert (record.id, record.created_by_us) == (row.id, True)
    assert (await bench.sync()).sending is None


async def test_record_of_a_known_lead_that_was_deleted_is_gone(bench: Bench) -> None:
    bench.lane(lane=LIVE)
    await bench.converts("ann")
    await bench.clock.advance(10)
    bench.crm.living()[0].deleted = True
    await switch(bench, OBSERVING)
    await bench.converts("ann", milestone="two")
    await bench.clock.advance(60)

    assert (await seen(bench)).operation is Operation.GONE
    assert (await bench.sync()).state is SyncState.ACTIVE
    assert await bench.codes() == []


async def test_two_people_who_lead_to_one_record_are_told(bench: Bench) -> None:
    bench.lane(lane=OBSERVING)
    row = bench.crm.add("of nobody", {})
    found = Record(kind="contact", id=row.id)
    bench.crm.answers("match", lambda leads: [Match(found) for _ in leads])
    await bench.converts("ann")
    await bench.converts("ben")
    await bench.clock.advance(30)

    assert [(await seen(bench, lead)).operation for lead in (1, 2)] == [Operation.CHANGE, Operation.SHARED]


async def test_several_records_are_left_to_a_person_and_not_held_yet(bench: Bench) -> None:
    candidates = tuple(Record(kind="contact", id=f"r{number}") for number in range(30))
    bench.crm.answers("match", lambda leads: [Ambiguous(candidates, "x" * 1000)])
    bench.lane(lane=OBSERVING)
    await bench.converts("ann")
    await bench.clock.advance(30)

    observation = await seen(bench)
    assert (observation.operation, len(observation.further)) == (Operation.AMBIGUOUS, 10)
    assert len(observation.reason or "") == 200
    assert (await bench.sync()).state is SyncState.ACTIVE


async def test_connection_that_creates_none_would_leave_a_new_lead_alone(bench: Bench) -> None:
    bench.lane(lane=OBSERVING, creates=False)
    await bench.converts("ann")
    await bench.clock.advance(30)

    observation = await seen(bench)
    assert observation.operation is Operation.NONE
    assert "creates none" in (observation.reason or "")


@pytest.mark.parametrize("answer", [NotYet(3.0, "ask again"), RetryLater("busy", after=3.0)])
async def test_lead_that_cannot_be_told_yet_is_asked_for_again(bench: Bench, answer: Any) -> None:
    bench.crm.answers("match", lambda leads: [answer])
    bench.lane(lane=OBSERVING)
    await bench.converts("ann")
    await bench.clock.advance(2)
    assert await bench.ledger.observations("fake", Asked()) == []

    await bench.clock.advance(10)
    assert (await seen(bench)).operation is Operation.CREATE


async def test_long_values_are_cut(bench: Bench) -> None:
    bench.lane(lane=OBSERVING)
    await bench.taps("t" * 1_000)
    await bench.clock.advance(30)

    assert all(len(str(one.wanted)) <= 200 for one in (await seen(bench)).differences)


def _refused(leads: Sequence[Any]) -> Any:
    raise WriteRefused("POST /find is not declared as a read")


def _unauthorized(leads: Sequence[Any]) -> Any:
    raise NotAuthorized("no")


@pytest.mark.parametrize(
    ("failure", "code"), [(_refused, "write-refused"), (_unauthorized, "not-authorized")]
)
async def test_lane_pauses_with_the_reason_and_looks_later(bench: Bench, failure: Any, code: str) -> None:
    bench.crm.answers("match", failure)
    bench.lane(lane=OBSERVING)
    await bench.converts("ann")
    await bench.clock.advance(5)
    assert await bench.codes() == [code]
    assert (await bench.sync()).tries == 0

    await bench.clock.advance(120)
    assert (await seen(bench)).operation is Operation.CREATE


async def test_metrics_tell_that_it_observes_and_what(bench: Bench) -> None:
    bench.lane(lane=OBSERVING)
    await bench.converts("ann")
    await bench.converts("ben")
    await bench.clock.advance(30)
    text = bench.metrics.render().decode()

    assert 'afterclick_lane_state{lane="sync:fake",state="observing"} 1.0' in text
    assert 'afterclick_lane_state{lane="sync:fake",state="running"} 0.0' in text
    assert 'afterclick_observations_total{connection="fake",operation="create"} 2.0' in text
    assert 'leads_synced_total{connection="fake"} 0.0' in text


async def test_an_absorption_is_announced_and_nobody_is_retired(bench: Bench) -> None:
    """Two leads with a record each turn out to be one person, and what follows is what was announced."""
    bench.lane(lane=LIVE, absorbs=True)
    await bench.happens("referral.completed", referral_code="c2")
    await bench.converts("ann")
    await bench.clock.advance(5)
    await switch(bench, OBSERVING, absorbs=True)
    before = len(writes(bench))
    await bench.converts("ann", referral_code="c2", milestone="more", ago=-1)
    await bench.clock.advance(60)

    observation = await seen(bench)
    assert (observation.operation, len(observation.absorbed)) == (Operation.CHANGE, 1)
    assert observation.further == ()
    assert len(writes(bench)) == before
    assert len(bench.crm.living()) == 2
    [count] = await bench.ledger.observation_counts()
    assert count.absorbed == 1

    await switch(bench, LIVE, absorbs=True)
    await bench.clock.advance(60)
    [row] = bench.crm.living()
    assert row.id == observation.record_id
    assert row.id not in observation.absorbed


async def test_a_double_that_the_plugin_does_not_retire_is_named(bench: Bench) -> None:
    bench.lane(lane=LIVE)
    await bench.happens("referral.completed", referral_code="c2")
    await bench.converts("ann")
    await bench.clock.advance(5)
    await switch(bench, OBSERVING)
    await bench.converts("ann", referral_code="c2", milestone="more", ago=-1)
    await bench.clock.advance(60)

    observation = await seen(bench)
    assert observation.absorbed == ()
    assert len(observation.further) == 1


async def test_stubs_that_are_only_looked_at_take_nobodys_room(bench: Bench) -> None:
    bench.lane(lane=OBSERVING, stubs_per_day=1)
    await bench.taps("one")
    await bench.taps("two")
    await bench.clock.advance(30)
    assert [(await seen(bench, lead)).operation for lead in (1, 2)] == [Operation.CREATE, Operation.CREATE]
    assert await bench.codes() == []

    await switch(bench, LIVE, stubs_per_day=1)
    await bench.clock.advance(30)
    assert len(bench.crm.living()) == 1
