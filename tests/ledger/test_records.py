"""Whose CRM record is it: adopting, marking a write before it is sent, settling what came of it."""

from __future__ import annotations

from typing import Any

from tests.ledger.harness import CRM, OTHER, Bench, milestone, two_halves
from tests.support.clock import NOON

from afterclick.ledger.rows import (
    Adoption,
    Attempt,
    Fence,
    KnownRecord,
    Sending,
    Settle,
    SyncState,
)

LATER = NOON + 3_600_000


def record(id: str, **more: Any) -> KnownRecord:
    return KnownRecord(kind="contact", id=id, **more)


FULL = record("1", url="https://crm.example.com/1", related={"deal": "7"}, created_by_us=True)


async def adopt(
    bench: Bench, fence: Fence, lead: int, *records: KnownRecord, **values: str
) -> dict[int, str]:
    found = {lead: Adoption(records=records, values=values)}
    return dict(await bench.ledger.adopt(fence, CRM, found))


async def halves(bench: Bench) -> Any:
    """Fold two leads that are one person, and return the event that joins them."""
    *parts, join = two_halves("ann", "ann@example.com")
    await bench.fold(*parts)
    return join


# Adopting


async def test_adopted_record_is_kept_with_its_doubles_and_values(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    assert await adopt(bench, lane, 1, FULL, record("2"), record("3"), name="Ann") == {}
    row = await bench.sync()

    assert (row.record, row.doubles, row.values) == (FULL, (record("2"), record("3")), {"name": "Ann"})


async def test_record_of_another_person_is_never_shared(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben", "cem")
    await adopt(bench, lane, 1, record("1"))
    found = {2: Adoption(records=(record("2"), record("1"))), 3: Adoption(records=(record("3"),))}
    refused = await bench.ledger.adopt(lane, CRM, found)

    assert list(refused) == [2]
    assert "contact 1" in refused[2]
    assert "lead 1" in refused[2]
    held, free = await bench.sync(2), await bench.sync(3)
    assert (held.state, held.reason, held.record, held.doubles) == (SyncState.HELD, refused[2], None, ())
    assert (free.state, free.record) == (SyncState.ACTIVE, record("3"))
    assert (await bench.sync(1)).record == record("1")


async def test_record_found_for_two_people_at_once_is_the_firsts(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    found = {lead: Adoption(records=(record("1"),)) for lead in (1, 2)}

    assert list(await bench.ledger.adopt(lane, CRM, found)) == [2]


async def test_double_of_another_person_is_never_shared_either(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    await adopt(bench, lane, 1, record("1"), record("2"))

    assert list(await adopt(bench, lane, 2, record("2"))) == [2]


async def test_equal_id_of_another_kind_is_another_record(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    await adopt(bench, lane, 1, record("1"))

    assert await adopt(bench, lane, 2, KnownRecord(kind="lead", id="1")) == {}


async def test_equal_id_in_another_crm_is_another_record(both: Bench) -> None:
    await both.people("ann", "ben")
    await adopt(both, await both.hold(CRM), 1, record("1"))
    found = {2: Adoption(records=(record("1"),))}

    assert await both.ledger.adopt(await both.hold(OTHER), OTHER, found) == {}


async def test_own_record_may_be_adopted_again(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await adopt(bench, lane, 1, record("1"), record("2"))

    assert await adopt(bench, lane, 1, record("2"), record("1")) == {}
    row = await bench.sync()
    assert (row.record, row.doubles) == (record("2"), (record("1"),))


async def test_joined_lead_gives_its_record_up(bench: Bench, lane: Fence) -> None:
    join = await halves(bench)
    await adopt(bench, lane, 2, FULL, record("2"), name="Ann")
    await bench.send(lane, 2, name="Anne")
    await bench.fold(join)

    assert await adopt(bench, lane, 1, FULL, record("2"), name="Ann") == {}
    root, joined = await bench.sync(1), await bench.sync(2)
    assert (root.record, root.doubles, root.values) == (FULL, (record("2"),), {"name": "Ann"})
    assert (joined.record, joined.doubles, joined.values) == (None, (), {})
    assert (joined.sending, joined.sending_since, joined.sending_values) == (None, None, {})


async def test_record_found_for_a_joined_lead_is_its_persons(bench: Bench, lane: Fence) -> None:
    join = await halves(bench)
    await adopt(bench, lane, 1, record("1"))
    await bench.fold(join)

    assert await adopt(bench, lane, 2, record("1")) == {}


# Marking


async def test_only_living_leads_are_marked_for_a_write(bench: Bench, lane: Fence) -> None:
    join = await halves(bench)
    assert await bench.send(lane, 1, 2) == [1, 2]
    await bench.fold(join)

    assert await bench.send(lane, 1, 2, 99) == [1]


async def test_mark_tells_what_is_sent_and_what_is_ours_before_it(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    sent = {1: Sending(values={"name": "Anne"}, base={"name": "Ann", "stage": "lead"})}
    await bench.ledger.note_sending(lane, CRM, sent, operation="enrich", now=NOON + 5)
    row = await bench.sync()

    assert (row.sending, row.sending_since, row.sending_epoch) == ("enrich", NOON + 5, lane.epoch)
    assert (row.sending_values, row.values) == ({"name": "Anne"}, {"name": "Ann", "stage": "lead"})


# Settling


async def test_settled_write_is_stored_and_its_mark_cleared(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.send(lane, 1, name="Ann")
    values = {"name": "Ann", "minutes": 18, "vip": True}
    assert await bench.settle(
        lane,
        1,
        synced=1,
        synced_at=NOON,
        record=FULL,
        values=values,
        rejected={"mail": "no"},
        doubles=(record("2"),),
        pending=("absorb",),
        tries=0,
    )
    row = await bench.sync()

    assert (row.synced, row.synced_at, row.record, row.values) == (1, NOON, FULL, values)
    assert (row.rejected, row.doubles, row.pending, row.tries) == (
        {"mail": "no"},
        (record("2"),),
        ("absorb",),
        0,
    )
    assert (row.sending, row.sending_since, row.sending_epoch, row.sending_values) == (None, None, None, {})


async def test_what_a_settle_does_not_tell_stays_as_it_is(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.settle(lane, 1, synced=1, synced_at=NOON, record=FULL, values={"name": "Ann"}, pending=("x",))
    before = await bench.sync()
    await bench.settle(lane, 1)

    assert await bench.sync() == before


async def test_uncertain_write_keeps_its_mark(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.send(lane, 1, name="Ann")
    await bench.settle(lane, 1, due_at=LATER, clear_sending=False, reason="timed out")
    row = await bench.sync()

    assert (row.sending, row.sending_since, row.sending_values) == ("create", NOON, {"name": "Ann"})
    assert (row.due_at, row.reason) == (LATER, "timed out")


async def test_synced_version_never_goes_back(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.fold(milestone("ann", "order"))
    await bench.settle(lane, 1, synced=2)
    await bench.settle(lane, 1, synced=1)

    assert (await bench.sync()).synced == 2


async def test_success_ends_the_count_of_failures(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.settle(lane, 1, tries=3, first_failed_at=NOON, reason="503")
    await bench.settle(lane, 1, tries=0, synced=1)
    row = await bench.sync()

    assert (row.tries, row.first_failed_at, row.reason) == (0, None, None)


async def test_record_that_was_never_ours_can_be_forgotten(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    await bench.settle(lane, 1, record=FULL, values={"name": "Ann"})
    await bench.settle(lane, 1, forget_record=True)
    row = await bench.sync()

    assert (row.record, row.values) == (None, {})
    assert await adopt(bench, lane, 2, FULL) == {}


async def test_record_of_another_person_holds_the_lead_that_met_it(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    await bench.settle(lane, 1, record=record("1"), synced=1)
    await bench.send(lane, 2, name="Ben")
    assert await bench.settle(lane, 2, record=record("1"), synced=1)
    row = await bench.sync(2)

    assert (row.state, row.record, row.synced, row.sending) == (SyncState.HELD, None, 0, None)
    assert row.reason is not None
    assert "lead 1" in row.reason


async def test_record_of_a_lead_that_was_joined_meanwhile_is_kept(bench: Bench, lane: Fence) -> None:
    join = await halves(bench)
    await bench.take(lane, now=LATER)
    await bench.send(lane, 2)
    await bench.fold(join)
    assert await bench.settle(lane, 2, record=record("2"), synced=1)
    [due] = await bench.take(lane, now=LATER)

    assert due.lead.id == 1
    assert [row.record for row in due.joined] == [record("2")]


async def test_settle_of_an_unknown_lead_is_no_fault(bench: Bench, lane: Fence) -> None:
    assert await bench.settle(lane, 99, synced=1)


# Settling too late


async def test_late_settle_keeps_the_record_and_makes_the_lead_due(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.take(lane, now=LATER)
    await bench.send(lane, 1, name="Ann")
    successor = await bench.hold(CRM, "two")
    assert not await bench.settle(lane, 1, synced=1, record=FULL, values={"name": "Ann"}, due_at=LATER)
    row = await bench.sync()

    assert (row.record, row.synced, row.values) == (FULL, 0, {})
    # The successor waits for the write of an older epoch, whatever the late settle knew of it.
    assert (row.sending, row.sending_epoch) == ("create", lane.epoch)
    assert await bench.taken(successor, now=NOON + 49_999) == []
    assert await bench.taken(successor, now=NOON + 50_000) == [1]


async def test_late_settle_never_replaces_the_record_that_a_successor_found(
    bench: Bench, lane: Fence
) -> None:
    await bench.people("ann")
    successor = await bench.hold(CRM, "two")
    await bench.settle(successor, 1, synced=1, record=FULL, doubles=(record("2"),))
    for _ in range(2):
        assert not await bench.settle(lane, 1, synced=1, record=record("3", created_by_us=True))
    row = await bench.sync()

    # Two records of one person: the late one is a double, to be absorbed.
    assert (row.record, row.doubles) == (FULL, (record("2"), record("3", created_by_us=True)))


async def test_late_settle_makes_due_what_a_successor_had_settled(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    successor = await bench.hold(CRM, "two")
    await bench.settle(successor, 1, synced=1, record=FULL)
    assert await bench.taken(successor, now=LATER) == []
    assert not await bench.settle(lane, 1, synced=1, record=FULL)

    assert await bench.taken(successor, now=LATER) == [1]
    assert (await bench.sync()).record == FULL


async def test_late_settle_of_a_joined_lead_makes_its_root_due(bench: Bench, lane: Fence) -> None:
    join = await halves(bench)
    await bench.fold(join)
    successor = await bench.hold(CRM, "two")
    for lead in (1, 2):
        await bench.settle(successor, lead, synced=9)
    assert not await bench.settle(lane, 2, synced=1, record=record("2"))

    [due] = await bench.take(successor, now=LATER)
    assert (due.lead.id, due.joined[0].record) == (1, record("2"))


async def test_late_settle_shares_no_record_either(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    successor = await bench.hold(CRM, "two")
    await bench.settle(successor, 1, synced=1, record=record("1"))
    assert not await bench.settle(lane, 2, synced=1, record=record("1"))
    row = await bench.sync(2)

    assert (row.state, row.record) == (SyncState.HELD, None)


# Attempts and findings


async def test_attempts_are_kept_with_the_settle_and_without(bench: Bench, lane: Fence) -> None:
    first = Attempt(at=NOON, connection=CRM, hook="create", leads=2, result="synced", duration_ms=12)
    second = Attempt(
        at=NOON + 1,
        connection=OTHER,
        hook="match",
        leads=1,
        result="retry",
        status=503,
        correlation="c-1",
        lead=1,
        reason="down",
    )
    await bench.ledger.settle(lane, [Settle(connection=CRM, lead=1)], [first])
    await bench.ledger.note_attempts([second])

    assert await bench.ledger.attempts(limit=10) == [second, first]
    assert await bench.ledger.attempts(limit=10, connection=CRM) == [first]
    assert await bench.ledger.attempts(limit=1) == [second]


async def test_attempt_of_a_late_settle_is_kept(bench: Bench, lane: Fence) -> None:
    await bench.hold(CRM, "two")
    attempt = Attempt(at=NOON, connection=CRM, hook="create", leads=1, result="synced")
    assert not (await bench.ledger.settle(lane, [], [attempt])).standing

    assert await bench.ledger.attempts(limit=10) == [attempt]


# What is remembered of connections
