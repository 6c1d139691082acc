"""What becomes of a lead for everything a CRM can answer about it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from tests.simulation.bench import Bench
from tests.simulation.fakecrm import FIELDS, Fault

from afterclick.ledger.rows import SyncState
from afterclick.plugin import (
    Ambiguous,
    BatchRefused,
    CallFailed,
    Exists,
    FieldSpec,
    Gone,
    NotYet,
    Rejected,
    RetryLater,
    Uncertain,
)
from afterclick.syncing.retry import RetryRules

SETTLE = 22.0
"""Seconds for which a write of the fake CRM may still land: deadline, late effect and list lag."""


def answering(outcome: Any) -> Any:
    """Return a script that answers every input alike."""
    return lambda inputs: [outcome] * len(inputs)


def raising(failure: Exception) -> Any:
    """Return a script that fails."""

    def script(inputs: Sequence[Any]) -> Any:
        raise failure

    return script


def _more_calls(bench: Bench, known: int) -> bool:
    return len(bench.crm.calls) > known


async def test_retry_later_waits_as_long_as_the_crm_asks(bench: Bench) -> None:
    bench.crm.answers("create", answering(RetryLater("locked", after=40.0)))
    bench.lane()
    await bench.converts("ann")

    await bench.clock.advance(40)
    assert bench.crm.named("create") == [("lead-1",)]
    assert (await bench.sync()).reason == "locked"

    await bench.clock.advance(3)
    assert len(bench.crm.living()) == 1
    assert (await bench.sync()).reason is None


async def test_retry_later_without_a_time_backs_off_longer_and_longer(bench: Bench) -> None:
    bench.crm.answers("match", *[answering(RetryLater("busy"))] * 6)
    bench.lane()
    await bench.converts("ann")
    times: list[float] = []
    while len(bench.crm.named("match")) < 7:
        known = len(bench.crm.calls)
        await bench.clock.until(partial(_more_calls, bench, known))
        times.append(bench.clock.elapsed())
    waits = [later - sooner for sooner, later in itertools.pairwise(times)]

    for number, wait in enumerate(waits[:6]):
        assert 2.5 * 2**number <= wait <= 5 * 2**number + 1
    await bench.clock.advance(5)
    assert (await bench.sync()).tries == 0


async def test_one_that_fails_for_too_long_is_parked_and_wakes_when_the_lead_changes(bench: Bench) -> None:
    bench.crm.answers("match", *[answering(RetryLater("broken"))] * 40)
    bench.lane(retry=RetryRules(first=5, longest=60, give_up_after=600))
    await bench.converts("ann")
    await bench.clock.advance(900)
    assert (await bench.sync()).state is SyncState.PARKED
    assert await bench.codes() == ["lead-parked"]
    calls = len(bench.crm.calls)

    await bench.clock.advance(600)
    assert len(bench.crm.calls) == calls

    await bench.converts("ann", milestone="more")
    await bench.clock.advance(30)
    assert (await bench.sync()).state is SyncState.ACTIVE, "it gets its whole time again, not one try"

    bench.crm.scripts["match"].clear()
    await bench.clock.advance(120)
    assert len(bench.crm.living()) == 1


async def test_a_write_that_is_always_uncertain_backs_off_and_is_parked(bench: Bench) -> None:
    bench.crm.answers("create", *[answering(Uncertain("no answer"))] * 200)
    bench.lane(retry=RetryRules(first=5, longest=600, give_up_after=3600))
    await bench.converts("ann")
    await bench.clock.advance(8000)

    assert (await bench.sync()).state is SyncState.PARKED
    assert len(bench.crm.named("create")) < 25
    assert await bench.codes() == ["lead-parked"]


async def test_an_uncertain_write_is_matched_again_when_it_can_land_no_more(bench: Bench) -> None:
    bench.crm.answers("create", answering(Uncertain("cut off")))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(2)
    since = bench.clock.elapsed()
    assert (await bench.sync()).sending == "create"

    await bench.clock.until(lambda: len(bench.crm.named("match")) == 2)
    assert bench.clock.elapsed() - since > SETTLE - 2

    await bench.clock.advance(5)
    assert len(bench.crm.living()) == 1
    assert (await bench.sync()).sending is None


async def test_an_uncertain_write_that_had_happened_is_found_and_is_ours(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: Fault(broken="cut") if hook == "create" else Fault()
    bench.lane()
    await bench.converts("ann", milestone="one")
    await bench.clock.advance(2)
    await bench.converts("ann", milestone="two")
    await bench.clock.advance(60)

    (row,) = bench.crm.living()
    assert row.values["milestone"] == "two"
    record = (await bench.sync()).record
    assert record is not None
    assert record.created_by_us


async def test_a_rejected_field_is_dropped_and_the_rest_is_synced(bench: Bench) -> None:
    bench.crm.rejected = {("milestone", "odd")}
    bench.lane()
    await bench.converts("ann", milestone="odd")
    await bench.clock.advance(5)

    (row,) = bench.crm.living()
    assert "milestone" not in row.values
    assert row.values["stage"] == "customer"
    assert (await bench.sync()).rejected == {"milestone": "odd"}
    assert await bench.codes() == ["field-rejected"]

    await bench.converts("ann", milestone="even", ago=-1)
    await bench.clock.advance(5)
    assert row.values["milestone"] == "even"


async def test_several_rejected_fields_are_dropped_one_by_one(bench: Bench) -> None:
    bench.crm.rejected = {("milestone", "odd"), ("stage", "customer"), ("referrer", "bob")}
    bench.lane()
    await bench.converts("ann", milestone="odd", referrer_id="bob")
    await bench.clock.advance(5)

    (row,) = bench.crm.living()
    assert row.values.keys() == {"name", "converted", "token"} | row.values.keys() - {
        "milestone",
        "stage",
        "referrer",
    }
    assert {"milestone", "stage", "referrer"}.isdisjoint(row.values)
    assert (await bench.sync()).synced == 1


async def test_a_lead_that_is_rejected_as_a_whole_is_parked_until_it_changes(bench: Bench) -> None:
    bench.crm.answers("create", answering(Rejected("a rule of the account")))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(600)
    assert (await bench.sync()).state is SyncState.PARKED
    assert await bench.codes() == ["lead-rejected"]

    await bench.converts("ann", milestone="more")
    await bench.clock.advance(5)
    assert len(bench.crm.living()) == 1


async def test_a_rejected_key_is_never_dropped(bench: Bench) -> None:
    """A record without its key is found by nobody: the next try would make another one."""
    bench.crm.answers("create", answering(Rejected("no such field", "key")))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(60)

    assert bench.crm.living() == []
    assert (await bench.sync()).state is SyncState.PARKED


async def test_a_refused_batch_is_halved_down_to_the_culprit(bench: Bench) -> None:
    bench.crm.poison = {"venom"}
    bench.lane()
    for number in range(8):
        await bench.converts(f"p{number}", ago=8 - number, milestone="venom" if number == 5 else "fine")
    await bench.clock.advance(10)

    assert [len(refs) for refs in bench.crm.named("create")] == [8, 4, 4, 2, 1, 1, 2]
    assert len(bench.crm.living()) == 7
    assert (await bench.sync(6)).state is SyncState.PARKED
    assert await bench.codes() == ["lead-rejected"]


async def test_a_refused_batch_that_names_the_field_costs_only_that_field(bench: Bench) -> None:
    bench.crm.answers("create", raising(BatchRefused("too long", field="milestone")))
    bench.lane()
    await bench.converts("ann", milestone="long")
    await bench.clock.advance(5)

    assert "milestone" not in bench.crm.living()[0].values


async def test_a_refused_read_is_halved_and_does_not_run_hot(bench: Bench) -> None:
    def refuse(leads: Sequence[Any]) -> Any:
        if any(lead.ref == "lead-2" for lead in leads):
            raise BatchRefused("an odd id")
        return None

    bench.crm.answers("match", *[refuse] * 200)
    bench.lane()
    for number in range(4):
        await bench.converts(f"p{number}")
    await bench.clock.advance(60)

    assert sorted(row.ref for row in bench.crm.living()) == ["lead-1", "lead-3", "lead-4"]
    assert len(bench.crm.named("match")) < 40


async def test_a_read_that_breaks_is_halved_down_to_the_culprit(bench: Bench) -> None:
    def stumble(leads: Sequence[Any]) -> Any:
        if any(lead.ref == "lead-3" for lead in leads):
            raise KeyError("email")
        return None

    bench.crm.answers("match", *[stumble] * 200)
    bench.lane()
    for number in range(8):
        await bench.converts(f"p{number}")
    await bench.clock.advance(60)

    assert len(bench.crm.living()) == 7
    assert (await bench.sync(3)).synced == 0


async def test_a_create_that_met_a_record_reads_and_merges_it(bench: Bench) -> None:
    def exists(leads: Sequence[Any]) -> Any:
        row = bench.crm.add(leads[0].keys[0], {"campaign": "typed", "milestone": "typed"})
        return [Exists(bench.crm.record(row))]

    bench.crm.answers("create", exists)
    bench.lane()
    await bench.taps("code-ann", prefix="ref", campaign="spring")
    await bench.converts("ann")
    await bench.clock.advance(5)

    (row,) = bench.crm.living()
    assert row.values["campaign"] == "typed"
    assert row.values["milestone"] == "typed"
    assert row.values["stage"] == "customer"
    assert len(bench.crm.named("create")) == 1
    record = (await bench.sync()).record
    assert record is not None
    assert not record.created_by_us


async def test_a_record_that_somebody_deleted_stays_away(bench: Bench) -> None:
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(5)
    bench.crm.living()[0].deleted = True

    for number in range(3):
        await bench.converts("ann", milestone=f"m{number}")
        await bench.clock.advance(60)

    assert bench.crm.living() == []
    assert (await bench.sync()).state is SyncState.HELD
    assert await bench.codes() == ["record-gone"]


async def test_a_record_deleted_between_read_and_write_stays_away(bench: Bench) -> None:
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(5)
    bench.crm.answers("enrich", answering(Gone("deleted")))

    await bench.converts("ann", milestone="more")
    await bench.clock.advance(60)

    assert (await bench.sync()).state is SyncState.HELD


async def test_a_lead_with_several_candidates_is_held(bench: Bench) -> None:
    bench.crm.answers("match", answering(Ambiguous((), "two of one name")))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(60)

    assert bench.crm.living() == []
    assert (await bench.sync()).state is SyncState.HELD
    assert await bench.codes() == ["record-ambiguous"]


async def test_not_yet_costs_no_try(bench: Bench) -> None:
    bench.crm.answers("match", *[answering(NotYet(7.0, "the list lags"))] * 5)
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(20)
    assert (await bench.sync()).tries == 0
    assert 2 <= len(bench.crm.named("match")) <= 4

    await bench.clock.advance(40)
    assert len(bench.crm.living()) == 1


@pytest.mark.parametrize("after", [float("inf"), float("nan"), -1e9, 1e300])
@pytest.mark.parametrize("kind", [RetryLater, NotYet])
async def test_an_absurd_wait_neither_breaks_the_lane_nor_runs_hot(
    bench: Bench, kind: Any, after: float
) -> None:
    outcome = kind(reason="wait", after=after)
    bench.crm.answers("match", *[answering(outcome)] * 300)
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(600)

    assert 1 <= len(bench.crm.named("match")) <= 130
    assert not [one for one in await bench.attempts() if one.result == "broken"]
    lanes = {row.name: row for row in await bench.ledger.lanes()}
    assert lanes["sync:fake"].reason is None


async def test_an_enrich_whose_answer_was_lost_waits_until_it_can_land_no_more(bench: Bench) -> None:
    bench.lane()
    await bench.converts("ann", milestone="one")
    await bench.clock.advance(5)
    late = [Fault(effect=15.0, answer=None)]
    bench.crm.plan = lambda hook, refs: late.pop() if hook == "enrich" and late else Fault()

    await bench.converts("ann", milestone="two", ago=-1)
    await bench.clock.advance(12)
    await bench.converts("ann", milestone="three", ago=-2)
    await bench.clock.advance(120)

    assert bench.crm.living()[0].values["milestone"] == "three"


async def test_an_uncertain_write_stays_ours_when_the_next_one_is_lost_too(bench: Bench) -> None:
    """The first write landed, the second was marked and never sent: what is there is still ours."""
    bench.lane()
    await bench.converts("ann", milestone="one")
    await bench.clock.advance(5)
    faults = [Fault(effect=None, broken="cut"), Fault(broken="cut")]
    bench.crm.plan = lambda hook, refs: faults.pop() if hook == "enrich" and faults else Fault()

    await bench.converts("ann", milestone="two", ago=-1)
    await bench.clock.advance(10)
    assert bench.crm.living()[0].values["milestone"] == "two"
    await bench.converts("ann", milestone="three", ago=-2)
    await bench.clock.advance(200)

    assert faults == []
    assert bench.crm.living()[0].values["milestone"] == "three"


async def test_one_lead_that_cannot_be_rendered_does_not_stop_the_others(bench: Bench) -> None:
    """A placeholder that cannot be filled in: a mistake that only some leads bring to light."""
    wrong = FieldSpec(attribute="referral_source", name="from", title="From", placeholder="{token.nope}")
    bench.lane(fields=(*FIELDS, wrong))
    for number in range(4):
        if number == 1:
            await bench.converts(f"p{number}")
        else:
            await bench.converts(f"p{number}", referrer_id="bob")
    await bench.clock.advance(120)

    assert sorted(row.ref for row in bench.crm.living()) == ["lead-1", "lead-3", "lead-4"]
    assert (await bench.sync(2)).reason


async def test_a_call_that_was_not_sent_is_certainly_not_applied(bench: Bench) -> None:
    bench.crm.answers("create", raising(CallFailed("cannot connect", sent=False)))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(12)

    assert len(bench.crm.living()) == 1
    assert (await bench.sync()).sending is None
