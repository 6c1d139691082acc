"""What was only looked at: it is not due for a while, and still behind, whatever was seen."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ledger.harness import CRM, OTHER, WAIT, Bench, milestone, two_halves
from tests.support.clock import NOON, FakeClock

from afterclick.clock import MILLISECONDS_PER_DAY
from afterclick.errors import FenceLostError
from afterclick.ledger.observations import Asked, Difference, Observation, Operation
from afterclick.ledger.rows import Adoption, Fence, KnownRecord
from afterclick.ledger.sqlite import observations as module
from afterclick.model.fields import Kept

AGAIN = NOON + MILLISECONDS_PER_DAY
LATER = NOON + 3_600_000
CHANGED = (
    Difference(field="campaign", present="spring", wanted="summer"),
    Difference(field="token", present="typed", wanted="t", kept=Kept.EDITED),
)


def seen(lead: int = 1, version: int = 1, **more: Any) -> Observation:
    """Return an observation of a lead."""
    given: dict[str, Any] = {"connection": CRM, "at": NOON, "operation": Operation.CREATE}
    return Observation(lead=lead, version=version, **(given | more))


def of_record(lead: int, id: str = "r1", **more: Any) -> Observation:
    """Return an observation of a lead that has a record."""
    given: dict[str, Any] = {"operation": Operation.CHANGE, "differences": CHANGED}
    return seen(lead, record_kind="contact", record_id=id, **(given | more))


async def look(bench: Bench, lane: Fence, *observations: Observation) -> list[Observation]:
    """Note observations; return what was stored."""
    return list(await bench.ledger.note_observations(lane, observations, again=AGAIN))


async def shown(bench: Bench, **asked: Any) -> list[Observation]:
    """Return what is shown of the connection."""
    return list(await bench.ledger.observations(CRM, Asked(**asked)))


# Due


async def test_observed_lead_is_behind_and_not_due_for_a_day(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    [due] = await bench.take(lane, now=LATER)
    await look(bench, lane, seen(version=due.lead.version))
    row = await bench.sync()

    assert (row.wanted, row.synced, row.observed, row.tries) == (1, 0, 1, 0)
    assert await bench.taken(lane, now=AGAIN - 1) == []
    assert await bench.taken(lane, now=AGAIN) == [1]


async def test_change_makes_an_observed_lead_due_after_the_linger(
    bench: Bench, lane: Fence, clock: FakeClock
) -> None:
    await bench.people("ann")
    await look(bench, lane, seen())
    await clock.advance(60)
    await bench.fold(milestone("ann", "order"))

    assert await bench.ledger.next_due(CRM) == NOON + 61_000


async def test_change_during_the_look_is_not_put_off(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    [due] = await bench.take(lane, now=LATER)
    await bench.fold(milestone("ann", "order"))
    await look(bench, lane, seen(version=due.lead.version))

    assert await bench.taken(lane, now=LATER) == [1]


async def test_mark_of_a_write_outlives_the_look(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.send(lane, 1, campaign="summer")
    before = await bench.sync()
    assert await bench.taken(lane, now=NOON + WAIT - 1) == []
    assert await bench.taken(lane, now=NOON + WAIT) == [1]
    await look(bench, lane, seen())
    after = await bench.sync()

    assert (after.sending, after.sending_since, after.sending_values) == (
        before.sending,
        before.sending_since,
        {"campaign": "summer"},
    )


async def test_what_was_observed_is_due_at_once_when_the_lane_may_write(
    bench: Bench, lane: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEP", 2)
    await bench.people("ann", "ben", "cleo")
    await look(bench, lane, *(seen(lead) for lead in (1, 2, 3)))
    steps = [await bench.ledger.forget_observations(lane, CRM) for _ in range(3)]

    assert steps == [2, 1, 0]
    assert await bench.taken(lane, now=NOON) == [1, 2, 3]
    assert await shown(bench) == []
    assert {(await bench.sync(lead)).observed for lead in (1, 2, 3)} == {0}


async def test_nothing_of_another_connection_becomes_due(both: Bench) -> None:
    lane = await both.hold(CRM)
    await both.people("ann")
    await look(both, lane, seen(), seen(connection=OTHER))

    assert await both.ledger.forget_observations(lane, CRM) == 1
    assert (await both.sync(connection=OTHER)).observed == 1
    assert len(await both.ledger.observations(OTHER, Asked())) == 1


async def test_synced_lead_stays_synced(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.settle(lane, 1, synced=1)
    await look(bench, lane, seen())
    await bench.ledger.forget_observations(lane, CRM)

    assert await bench.taken(lane, now=AGAIN) == []


async def test_changed_mapping_lets_everything_be_looked_at_again(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await look(bench, lane, seen())
    await bench.ledger.wake(CRM, now=LATER)

    assert await bench.taken(lane, now=LATER) == [1]


async def test_former_holder_notes_nothing(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.hold(CRM, "another")
    with pytest.raises(FenceLostError):
        await look(bench, lane, seen())
    with pytest.raises(FenceLostError):
        await bench.ledger.forget_observations(lane, CRM)

    assert await shown(bench) == []
    assert (await bench.sync()).observed == 0


# Whose record


async def test_record_of_another_person_is_shared(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    record = KnownRecord(kind="contact", id="r1")
    await bench.ledger.adopt(lane, CRM, {1: Adoption(records=(record,))})
    [stored] = await look(bench, lane, of_record(2))

    assert (stored.operation, stored.changes, stored.record_id) == (Operation.SHARED, 0, "r1")
    assert "lead 1" in str(stored.reason)
    assert await shown(bench) == [stored]


async def test_of_two_who_would_have_one_record_the_first_gets_it(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    for _ in range(2):
        first, second = await look(bench, lane, of_record(1), of_record(2))
        assert (first.operation, second.operation) == (Operation.CHANGE, Operation.SHARED)


async def test_own_record_is_not_shared_with_a_lead_that_joined(bench: Bench, lane: Fence) -> None:
    halves = two_halves("ann", "ann@example.com")
    await bench.fold(*halves[:2])
    await look(bench, lane, of_record(1), of_record(2, "r2"))
    await bench.fold(halves[2])
    [stored] = await look(bench, lane, of_record(1, "r2", version=2))

    assert stored.operation is Operation.CHANGE


# What is shown


async def test_newer_look_takes_the_place_of_the_older(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await look(bench, lane, seen())
    await look(bench, lane, of_record(1, version=2))

    assert await shown(bench) == [of_record(1, version=2)]


async def test_lead_that_joined_another_is_not_shown(bench: Bench, lane: Fence) -> None:
    halves = two_halves("ann", "ann@example.com")
    await bench.fold(*halves[:2])
    await look(bench, lane, seen(1), seen(2))
    await bench.fold(halves[2])

    assert [one.lead for one in await shown(bench)] == [1]
    assert [count.leads for count in await bench.ledger.observation_counts()] == [1]


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ({}, [1, 2, 3]),
        ({"limit": 2}, [1, 2]),
        ({"lead": 2}, [2]),
        ({"operations": (Operation.CREATE, Operation.GONE)}, [1, 3]),
        ({"field": "campaign"}, [2, 3]),
        ({"kept": True}, [2]),
        ({"field": "campaign", "kept": True}, []),
        ({"field": "token", "kept": True}, [2]),
    ],
)
async def test_observations_are_chosen(
    bench: Bench, lane: Fence, asked: dict[str, Any], leads: list[int]
) -> None:
    await bench.people("ann", "ben", "cleo")
    created = (Difference(field="campaign", wanted="summer"),)
    await look(bench, lane, seen(1, operation=Operation.GONE), of_record(2), seen(3, differences=created))

    assert [one.lead for one in await shown(bench, **asked)] == leads


async def test_counts_tell_leads_fields_and_doubles_by_operation(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben", "cleo")
    merged = of_record(3, "r3", at=NOON + 5, absorbed=("r4", "r5"))
    await look(bench, lane, seen(1), of_record(2, "r2"), merged)

    counts = {one.operation: one for one in await bench.ledger.observation_counts()}
    assert {name: (one.leads, one.changes, one.absorbed) for name, one in counts.items()} == {
        Operation.CREATE: (1, 0, 0),
        Operation.CHANGE: (2, 2, 2),
    }
    assert (counts[Operation.CHANGE].first_at, counts[Operation.CHANGE].last_at) == (NOON, NOON + 5)


async def test_what_was_seen_is_forgotten_after_thirty_days(
    bench: Bench, lane: Fence, clock: FakeClock
) -> None:
    await bench.people("ann", "ben")
    await look(bench, lane, seen(1), seen(2, at=NOON + MILLISECONDS_PER_DAY))
    await clock.advance(30 * 86_400 + 1)
    while await bench.ledger.tidy():
        pass

    assert [one.lead for one in await shown(bench)] == [2]
    assert await bench.ledger.forget_observations(lane, CRM) == 2, "what was forgotten becomes due as well"
