"""Work at an operator's word: which rows each kind changes, in steps that survive a crash between any two."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ledger.harness import CRM, FOLD, OTHER, Bench, OpenLedger, milestone, person, two_halves
from tests.ledger.operating import LATER, SYNCED, begin, done, settle_all, troubled, work
from tests.support.clock import NOON, FakeClock
from tests.support.events import make_event, make_registration

from afterclick.ledger.operations import Kind, OperationState, Refoldable, Selection, Terms, Trouble
from afterclick.ledger.rows import EventState, Fence, SyncState
from afterclick.model.event import INSTALL

# Beginning, stepping, ending


async def test_operation_is_kept_with_how_far_it_is(
    bench: Bench, lane: Fence, open_ledger: OpenLedger
) -> None:
    await troubled(bench, lane)
    begun = await begin(bench, Kind.RETRY, states=(Trouble.HELD,))
    await bench.ledger.advance(begun.id, look=2, most=10, terms=Terms(), now=NOON + 5)
    await bench.ledger.close()
    [kept] = await (await open_ledger()).running_operations()

    assert (kept.kind, kept.connection, kept.selection) == (
        Kind.RETRY,
        CRM,
        Selection(states=(Trouble.HELD,)),
    )
    assert (kept.looked, kept.changed, kept.cursor, kept.updated_at) == (2, 1, 3, NOON + 5)


async def test_same_wish_is_begun_once_until_it_has_ended(bench: Bench, lane: Fence) -> None:
    await troubled(bench, lane)
    first = await begin(bench, Kind.RESYNC)
    assert await begin(bench, Kind.RESYNC) == first
    assert (await begin(bench, Kind.RESYNC, named=True)).id != first.id
    await work(bench, first)

    assert (await begin(bench, Kind.RESYNC)).id not in {first.id, first.id + 1}


async def test_cancelled_operation_does_nothing_more(bench: Bench, lane: Fence) -> None:
    await troubled(bench, lane)
    begun = await begin(bench, Kind.RETRY)
    await bench.ledger.advance(begun.id, look=1, most=1, terms=Terms(), now=NOON)
    cancelled = await bench.ledger.cancel_operation(begun.id, now=NOON)
    step = await bench.ledger.advance(begun.id, look=9, most=9, terms=Terms(), now=NOON)
    assert step is not None

    assert step.operation == cancelled
    assert (step.operation.state, step.operation.changed) == (OperationState.CANCELLED, 1)
    assert await bench.ledger.running_operations() == []
    assert await bench.ledger.cancel_operation(99, now=NOON) is None


async def test_ended_operation_cannot_be_cancelled(bench: Bench) -> None:
    ended = await work(bench, await begin(bench, Kind.RESYNC))

    assert await bench.ledger.cancel_operation(ended.id, now=NOON) == ended


@pytest.mark.parametrize(("look", "most"), [(1, 1), (2, 1), (3, 5), (100, 1), (5, 100)])
async def test_steps_of_any_size_change_each_row_once(
    bench: Bench, lane: Fence, look: int, most: int
) -> None:
    await troubled(bench, lane)
    ended = await work(bench, await begin(bench, Kind.RETRY), look=look, most=most)

    assert (ended.state, ended.looked, ended.changed) == (OperationState.DONE, 4, 4)


async def test_operations_are_listed_newest_first(bench: Bench) -> None:
    ids = [(await begin(bench, Kind.RESYNC, since=number)).id for number in range(3)]

    assert [one.id for one in await bench.ledger.operations(limit=2)] == [ids[2], ids[1]]
    assert await bench.ledger.operation(ids[0]) is not None
    assert await bench.ledger.operation(99) is None


async def test_count_is_what_would_be_changed(bench: Bench, lane: Fence) -> None:
    await troubled(bench, lane)
    selection = Selection(states=(Trouble.HELD, Trouble.FAILING))
    counts, after = [], 0
    while True:
        count, following = await bench.ledger.count_operation(
            Kind.RETRY, CRM, selection, terms=Terms(), after=after, look=2
        )
        counts.append(count)
        if following is None:
            break
        after = following

    assert counts == [1, 2, 0]
    assert await bench.taken(lane, now=LATER) == []


# Resync


async def test_resync_makes_synced_leads_due_and_leaves_the_rest_as_they_are(
    bench: Bench, lane: Fence
) -> None:
    await troubled(bench, lane)
    await bench.people("fay")
    before = await bench.sync(6)

    assert await done(bench, Kind.RESYNC) == 3
    assert await bench.sync(6) == before
    assert (await bench.sync(5)).due_at == LATER * 2
    assert (await bench.sync(2)).state is SyncState.PARKED
    assert await bench.taken(lane, now=NOON) == [1]


async def test_resync_ends_a_wait_that_follows_no_failure(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    await bench.settle(lane, 1, due_at=LATER, tries=0, reason="no record yet")

    assert await done(bench, Kind.RESYNC) == 2
    assert await bench.taken(lane, now=NOON) == [1]


async def test_resynced_lead_ends_when_it_is_settled(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await settle_all(bench, lane, lead_1=SYNCED)
    await done(bench, Kind.RESYNC)
    [due] = await bench.take(lane, now=NOON)
    await settle_all(bench, lane, lead_1={"synced": due.lead.version, "tries": 0})

    assert await bench.taken(lane, now=LATER) == []


async def test_resync_sends_a_change_that_the_connection_did_not_want(
    bench: Bench, lane: Fence, clock: FakeClock
) -> None:
    bench.places = [bench.places[0]]
    await bench.people("ann")
    await settle_all(bench, lane, lead_1=SYNCED)
    bench.places = []
    await bench.fold(milestone("ann", "order"))
    await done(bench, Kind.RESYNC)
    row = await bench.sync()

    assert (row.wanted, row.synced) == (2, 0)


@pytest.mark.parametrize(
    ("selection", "leads"),
    [
        ({}, [1, 2, 3]),
        ({"named": True}, [1, 3]),
        ({"since": NOON + 60_000}, [3]),
        ({"lead": 2}, [2]),
    ],
)
async def test_resync_is_for_what_was_chosen(
    bench: Bench, lane: Fence, clock: FakeClock, selection: dict[str, Any], leads: list[int]
) -> None:
    await bench.people("ann")
    await bench.fold(make_event(INSTALL, prefix="p", token="t"))
    await clock.advance(60)
    await bench.fold(person("cleo"))
    await settle_all(bench, lane, lead_1=SYNCED, lead_2=SYNCED, lead_3=SYNCED)

    assert await done(bench, Kind.RESYNC, **selection) == len(leads)
    assert await bench.taken(lane, now=clock.now()) == leads


# Back-fill


@pytest.mark.parametrize(
    ("selection", "terms", "leads"),
    [
        ({}, {}, [1, 2, 3, 4]),
        ({"named": True}, {}, [1, 3, 4]),
        ({}, {"stubs": False}, [1, 3, 4]),
        ({}, {"spaces": frozenset({"shop"})}, [4]),
        ({"since": NOON + 60_000}, {}, [3, 4]),
    ],
)
async def test_backfill_brings_what_was_chosen_and_may_go_there(
    bench: Bench,
    clock: FakeClock,
    selection: dict[str, Any],
    terms: dict[str, Any],
    leads: list[int],
) -> None:
    await bench.people("ann")
    await bench.fold(make_event(INSTALL, prefix="p", token="t"))
    await clock.advance(60)
    await bench.fold(person("cleo"), make_registration(user="dan", space="shop"))
    ended = await work(bench, await begin(bench, Kind.BACKFILL, OTHER, **selection), look=2, **terms)
    fence = await bench.hold(OTHER)

    assert ended.changed == len(leads)
    assert await bench.taken(fence, connection=OTHER, now=clock.now()) == leads


async def test_backfill_leaves_out_who_is_there_and_who_joined_another(both: Bench) -> None:
    *parts, join = two_halves("ann", "ann@example.com")
    both.places = both.places[:1]
    await both.fold(*parts)
    await both.fold(join)
    await both.fold(person("ben"))

    assert await done(both, Kind.BACKFILL, CRM) == 0
    assert await done(both, Kind.BACKFILL, OTHER) == 2
    assert await done(both, Kind.BACKFILL, OTHER) == 0


async def test_backfilled_lead_is_wanted_as_it_is_now(bench: Bench) -> None:
    await bench.people("ann")
    await bench.fold(milestone("ann", "order"))
    await done(bench, Kind.BACKFILL, OTHER)
    row = await bench.sync(1, OTHER)

    assert (row.wanted, row.synced, row.due_at) == (2, 0, NOON)


# Events


async def test_events_that_were_set_aside_are_folded_again(bench: Bench) -> None:
    [first, second, third] = await bench.store(*(person(name, n) for n, name in enumerate("abc")))
    fence = await bench.hold(FOLD)
    await bench.ledger.mark_events(fence, [first.id, second.id], EventState.FAILED, "ValueError: no")
    await bench.ledger.mark_events(fence, [third.id], EventState.UNATTRIBUTED, "nobody's")

    assert await done(bench, Kind.EVENTS, "", event=first.id) == 1
    assert [row.id for row in await bench.ledger.unfolded(10)] == [first.id]
    assert await done(bench, Kind.EVENTS, "", events=Refoldable.UNATTRIBUTED) == 1
    assert await done(bench, Kind.EVENTS, "") == 1
    rows = await bench.ledger.unfolded(10)
    assert [(row.id, row.state, row.reason) for row in rows] == [
        (row.id, EventState.NEW, None) for row in (first, second, third)
    ]
