"""What is due, when: `wanted > synced and due_at <= now`, never a stored flag."""

from __future__ import annotations

import asyncio

import pytest
from tests.ledger.harness import CRM, FOLD, OTHER, WAIT, Bench, OpenLedger, milestone, person, two_halves
from tests.support.clock import NOON, FakeClock
from tests.support.events import make_event

from afterclick.folding.batch import Rules
from afterclick.ledger.rows import Fence, SyncState
from afterclick.ledger.signal import syncs as syncs_signal
from afterclick.model.event import CLAIM, COMPLETED, INSTALL

LINK = {"prefix": "ref", "token": "CODE"}
LATER = NOON + 3_600_000


async def settled(bench: Bench, lane: Fence, lead: int = 1) -> int:
    """Take a lead and settle the version taken; return it."""
    [due] = await bench.take(lane, now=LATER, limit=1)
    assert due.lead.id == lead
    await bench.settle(lane, lead, synced=due.lead.version, tries=0)
    return due.lead.version


# Wanting


async def test_new_lead_is_due_after_the_linger(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")

    assert await bench.ledger.next_due(CRM) == NOON + 1_000
    assert await bench.taken(lane, now=NOON + 999) == []
    assert await bench.taken(lane, now=NOON + 1_000) == [1]


async def test_synced_lead_is_not_due(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await settled(bench, lane)

    assert await bench.taken(lane, now=LATER) == []
    assert await bench.ledger.next_due(CRM) is None


async def test_change_after_the_sync_makes_it_due_again(bench: Bench, lane: Fence, clock: FakeClock) -> None:
    await bench.people("ann")
    await settled(bench, lane)
    await clock.advance(60)
    await bench.fold(milestone("ann", "order"))

    assert await bench.ledger.next_due(CRM) == NOON + 61_000


async def test_change_while_it_is_due_does_not_put_it_off(
    bench: Bench, lane: Fence, clock: FakeClock
) -> None:
    await bench.people("ann")
    for number in range(3):
        await clock.advance(0.4)
        await bench.fold(milestone("ann", f"order {number}"))

    assert await bench.ledger.next_due(CRM) == NOON + 1_000
    assert (await bench.sync()).wanted == 4


async def test_change_during_the_call_is_not_lost(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    [due] = await bench.take(lane, now=LATER)
    await bench.fold(milestone("ann", "order"))
    await bench.settle(lane, 1, synced=due.lead.version)
    row = await bench.sync()

    assert (row.wanted, row.synced) == (2, 1)
    assert await bench.taken(lane, now=LATER) == [1]


async def test_change_does_not_reset_a_back_off(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.take(lane, now=LATER)
    await bench.settle(lane, 1, due_at=LATER, first_failed_at=NOON, reason="503")
    await bench.fold(milestone("ann", "order"))
    row = await bench.sync()

    assert (row.due_at, row.tries, row.first_failed_at, row.reason) == (LATER, 1, NOON, "503")


async def test_change_wakes_a_parked_lead(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.take(lane, now=LATER)
    await bench.settle(lane, 1, due_at=LATER, state=SyncState.PARKED, first_failed_at=NOON, reason="refused")
    assert await bench.taken(lane, now=LATER) == []
    await bench.fold(milestone("ann", "order"))
    row = await bench.sync()

    assert (row.state, row.due_at, row.tries, row.first_failed_at) == (
        SyncState.ACTIVE,
        NOON + 1_000,
        0,
        None,
    )


async def test_change_does_not_wake_a_held_lead(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.settle(lane, 1, state=SyncState.HELD, reason="a record is another's")
    await bench.fold(milestone("ann", "order"))

    assert (await bench.sync()).state is SyncState.HELD
    assert await bench.taken(lane, now=LATER) == []
    assert await bench.ledger.next_due(CRM) is None


async def test_stub_waits_and_its_name_brings_it_forward(bench: Bench, clock: FakeClock) -> None:
    await bench.fold(make_event(INSTALL, at="09:14", **LINK))
    assert await bench.ledger.next_due(CRM) == NOON + 600_000
    await clock.advance(60)
    await bench.fold(make_event(CLAIM, at="09:15", **LINK))
    assert await bench.ledger.next_due(CRM) == NOON + 600_000
    await bench.fold(make_event(COMPLETED, at="09:32", **LINK))

    assert await bench.ledger.next_due(CRM) == NOON + 61_000


async def test_name_does_not_put_off_a_stub_that_is_nearly_due(bench: Bench, clock: FakeClock) -> None:
    await bench.fold(make_event(INSTALL, at="09:14", **LINK))
    await clock.advance(599.9)
    await bench.fold(make_event(COMPLETED, at="09:32", **LINK))

    assert await bench.ledger.next_due(CRM) == NOON + 600_000


async def test_name_does_not_cut_short_a_back_off(bench: Bench, lane: Fence) -> None:
    await bench.fold(make_event(INSTALL, at="09:14", **LINK))
    await bench.take(lane, now=LATER)
    await bench.settle(lane, 1, due_at=LATER + 60_000, reason="503")
    await bench.fold(make_event(COMPLETED, at="09:32", **LINK))

    assert await bench.ledger.next_due(CRM) == LATER + 60_000


async def test_connections_do_not_wait_for_each_other(both: Bench) -> None:
    await both.people("ann", "ben")
    lane = await both.hold(CRM)
    other = await both.hold(OTHER)
    assert await both.taken(lane, now=LATER) == [1, 2]
    await both.settle(lane, 1, synced=1)
    await both.settle(lane, 2, synced=1)

    assert await both.taken(lane, now=LATER) == []
    assert await both.taken(other, connection=OTHER, now=LATER) == [1, 2]
    assert await both.ledger.next_due(CRM) is None


async def test_fold_gives_a_sign_to_the_connections_that_follow(both: Bench) -> None:
    signs = {name: both.ledger.signals._events[syncs_signal(name)] for name in (CRM, OTHER)}
    assert not any(sign.is_set() for sign in signs.values())
    await both.people("ann")

    assert all(sign.is_set() for sign in signs.values())


# Taking


async def test_oldest_due_come_first_and_no_more_than_asked(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben", "cem")
    for lead, due_at in ((1, NOON + 3), (2, NOON + 1), (3, NOON + 2)):
        await bench.settle(lane, lead, due_at=due_at)

    assert await bench.taken(lane, now=NOON + 10, limit=2) == [2, 3]
    assert await bench.ledger.next_due(CRM) == NOON + 1


async def test_taking_raises_tries_and_shows_the_version(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.fold(milestone("ann", "order"))
    [due] = await bench.take(lane, now=LATER)

    assert (due.lead.version, due.sync.tries, due.joined, due.joined_keys) == (2, 1, (), ())
    assert due.lead == (await bench.ledger.lead_states([1]))[1]
    assert due.sync == await bench.sync()
    [due] = await bench.take(lane, now=LATER)
    assert due.sync.tries == 2


async def test_leads_in_flight_are_passed_over(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben", "cem")

    assert await bench.taken(lane, now=LATER, besides=(1, 3)) == [2]
    assert await bench.taken(lane, now=LATER, besides=(1, 2), limit=1) == [3]
    assert (await bench.sync(1)).tries == 0


async def test_person_in_flight_under_a_joined_lead_is_passed_over(bench: Bench, lane: Fence) -> None:
    *halves, join = two_halves("ann", "ann@example.com")
    await bench.fold(*halves)
    await bench.fold(join)

    assert await bench.taken(lane, now=LATER, besides=(2,)) == []
    assert await bench.taken(lane, now=LATER) == [1]


async def test_person_comes_with_the_leads_behind_it(bench: Bench, lane: Fence) -> None:
    *halves, join = two_halves("ann", "ann@example.com")
    await bench.fold(*halves)
    before = await bench.ledger.lead_states([2])
    await bench.fold(join)
    [due] = await bench.take(lane, now=LATER)

    assert due.lead.id == 1
    assert [row.lead for row in due.joined] == [2]
    assert due.joined_keys == before[2].keys


async def test_joined_lead_is_never_due_by_itself(bench: Bench, lane: Fence) -> None:
    *halves, join = two_halves("ann", "ann@example.com")
    await bench.fold(*halves)
    await bench.take(lane, now=LATER)
    await bench.settle(lane, 2, state=SyncState.PARKED, reason="refused")
    await bench.fold(join)
    joined = await bench.sync(2)

    assert joined.wanted <= joined.synced
    await bench.ledger.wake(CRM, now=LATER)
    assert await bench.taken(lane, now=LATER) == [1]


async def test_what_becomes_due_within_a_moment_goes_out_together(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben", "cem")
    await bench.settle(lane, 2, due_at=NOON + 1_500)
    await bench.settle(lane, 3, due_at=NOON + 2_500)

    assert await bench.taken(lane, now=NOON + 1_000, horizon=NOON + 2_000) == [1, 2]


async def test_lead_in_back_off_is_not_taken_before_its_time(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    await bench.take(lane, now=NOON + 1_000, limit=1)
    await bench.settle(lane, 1, due_at=NOON + 1_500)

    assert await bench.taken(lane, now=NOON + 1_499, horizon=NOON + 9_000) == [2]
    assert await bench.taken(lane, now=NOON + 1_500, horizon=NOON + 9_000, besides=(2,)) == [1]


async def test_write_that_may_still_land_is_waited_for(bench: Bench, lane: Fence, clock: FakeClock) -> None:
    await bench.people("ann")
    await clock.advance(2)
    await bench.take(lane)
    await bench.send(lane, 1, name="Ann")
    free_at = NOON + 2_000 + WAIT

    assert await bench.taken(lane) == []
    assert await bench.ledger.next_due(CRM) == free_at
    assert (await bench.sync()).tries == 1
    assert await bench.taken(lane, now=free_at - 1) == []
    [due] = await bench.take(lane, now=free_at)
    assert (due.sync.sending, due.sync.sending_since) == ("create", NOON + 2_000)
    assert (due.sync.sending_epoch, due.sync.sending_values) == (lane.epoch, {"name": "Ann"})


async def test_write_of_a_joined_lead_that_may_still_land_holds_the_person_up(
    bench: Bench, lane: Fence, clock: FakeClock
) -> None:
    *halves, join = two_halves("ann", "ann@example.com")
    await bench.fold(*halves)
    await clock.advance(2)
    await bench.take(lane)
    await bench.send(lane, 2)
    await bench.fold(join)

    assert await bench.taken(lane, now=NOON + 2_000 + WAIT - 1) == []
    [due] = await bench.take(lane, now=NOON + 2_000 + WAIT)
    assert due.joined[0].sending == "create"


async def test_one_that_waits_is_out_of_the_way_from_then_on(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben", "cem")
    await bench.send(lane, 1)

    assert await bench.taken(lane, now=NOON + 1_000, limit=2) == [2]
    assert await bench.taken(lane, now=NOON + 1_000, limit=2) == [2, 3]


# Waking


async def test_parked_leads_of_the_connection_wake(both: Bench) -> None:
    await both.people("ann", "ben", "cem")
    lane = await both.hold(CRM)
    await both.settle(lane, 1, synced=1, state=SyncState.PARKED, rejected={"name": "x"}, first_failed_at=NOON)
    await both.settle(lane, 2, state=SyncState.HELD, reason="a record is another's")
    await both.settle(lane, 3, synced=1)

    assert await both.ledger.wake(OTHER, now=LATER) == 0
    assert await both.ledger.wake(CRM, now=LATER) == 1
    row = await both.sync(1)
    assert (row.state, row.rejected, row.tries, row.first_failed_at) == (SyncState.ACTIVE, {}, 0, None)
    assert await both.taken(lane, now=LATER) == [1]
    assert (await both.sync(2)).state is SyncState.HELD


async def test_changed_mapping_ends_a_wait_but_no_back_off(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    await bench.settle(lane, 1, due_at=LATER, tries=0, reason="no record yet")
    await bench.settle(lane, 2, due_at=LATER, tries=1, first_failed_at=NOON, reason="503")
    await bench.ledger.wake(CRM, now=NOON)

    assert await bench.taken(lane, now=NOON) == [1]


async def test_change_ends_a_wait_that_follows_no_failure(
    bench: Bench, lane: Fence, clock: FakeClock
) -> None:
    await bench.people("ann", "ben")
    await bench.settle(lane, 1, due_at=LATER, tries=0, reason="no record yet")
    await bench.settle(lane, 2, due_at=LATER, tries=1, first_failed_at=NOON, reason="503")
    await clock.advance(60)
    await bench.fold(milestone("ann", "order"), milestone("ben", "order"))

    assert await bench.taken(lane, now=NOON + 60_999) == []
    assert await bench.taken(lane, now=NOON + 61_000) == [1]


# Totals


async def test_totals_count_what_waits(both: Bench) -> None:
    both.rules = Rules(linger=0)
    await both.fold(*(person(user, second) for second, user in enumerate(("ann", "ben", "cem"))))
    lane = await both.hold(CRM)
    await both.settle(lane, 1, state=SyncState.PARKED)
    await both.settle(lane, 2, state=SyncState.HELD)
    await both.store(person("eve"))
    totals = await both.ledger.totals([CRM, OTHER, "unknown"], now=NOON)

    assert totals.unfolded == 1
    assert totals.oldest_unfolded_at == person("eve").received_at
    assert totals.due == {CRM: 1, OTHER: 3, "unknown": 0}
    assert totals.oldest_due_at == {CRM: NOON, OTHER: NOON}
    assert totals.parked == totals.held == {CRM: 1, OTHER: 0, "unknown": 0}
    assert totals.size_bytes > 0
    assert totals.free_bytes > 0


# Restart


async def test_due_leads_and_marks_survive_a_restart(bench: Bench, open_ledger: OpenLedger) -> None:
    lane = await bench.hold(CRM)
    await bench.people("ann", "ben")
    await bench.take(lane, now=LATER, limit=1)
    await bench.send(lane, 1, name="Ann")
    before = await bench.ledger.syncs_of([1, 2])
    await bench.ledger.close()
    bench.ledger = await open_ledger()

    assert await bench.ledger.syncs_of([1, 2]) == before
    assert await bench.taken(await bench.hold(CRM), now=NOON + 1_000) == [2]


@pytest.mark.parametrize("seed", range(4))
async def test_concurrent_folds_and_takes_lose_no_change(bench: Bench, lane: Fence, seed: int) -> None:
    await bench.people("ann", "ben")
    fence = await bench.hold(FOLD)

    async def change() -> None:
        for number in range(5):
            await bench.fold(milestone("ann", f"order {seed} {number}"), fence=fence)

    async def follow() -> None:
        for _ in range(5):
            for due in await bench.take(lane, now=LATER):
                await bench.settle(lane, due.lead.id, synced=due.lead.version)

    await asyncio.gather(change(), follow())
    await follow()
    row = await bench.sync()
    version = (await bench.ledger.lead_states([1]))[1].version

    assert row.wanted == row.synced == version == 6
