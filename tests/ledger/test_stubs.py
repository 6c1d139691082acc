"""Stubs that nobody wants kept, here or in a CRM: found in small steps, never one that something hangs on."""

from __future__ import annotations

import pytest
from tests.ledger.harness import CRM, FOLD, Bench
from tests.support.clock import NOON
from tests.support.events import make_event, make_registration

from afterclick.errors import FenceLostError
from afterclick.ledger.rows import EventState, Fence, KnownRecord, SyncState
from afterclick.ledger.steps import Stubs
from afterclick.model.event import CLAIM, CREATED, INSTALL, Event
from afterclick.model.journey import Policy

DAY = 86_400
RECORD = KnownRecord(kind="contact", id="1", created_by_us=True)


def tap(token: str, at: str = "09:00", prefix: str = "promo") -> Event:
    return make_event(INSTALL, at=at, prefix=prefix, token=token)


async def drop(bench: Bench, *, look: int = 100) -> int:
    """Drop stubs that have not changed for a day; return how many went."""
    fence, dropped, after = await bench.hold(FOLD), 0, 0
    while True:
        before = bench.clock.now() - DAY * 1000
        step = await bench.ledger.drop_stubs(fence, before=before, after=after, look=look)
        dropped += step.dropped
        if step.after is None:
            return dropped
        after = step.after


async def days_pass(bench: Bench, days: int = 9) -> None:
    """Let time go by, enough for the journeys to end unless said otherwise; the newest lead is of the end."""
    bench.clock.jump(days * DAY)
    while await bench.ledger.tidy():
        pass
    await bench.fold(make_event(INSTALL, at=bench.clock.now(), prefix="promo", token="of-the-end"))


async def kept(bench: Bench) -> list[int]:
    """Return the living leads but the newest."""
    return sorted(row.id for row in await bench.ledger.leads(limit=100))[:-1]


@pytest.mark.parametrize("look", [1, 2, 100])
async def test_stubs_that_nobody_claimed_go_in_steps_of_any_size(bench: Bench, look: int) -> None:
    await bench.fold(*(tap(f"link-{number}") for number in range(5)))
    await days_pass(bench)

    assert await drop(bench, look=look) == 5
    assert (await kept(bench), await drop(bench, look=look)) == ([], 0)


async def test_events_of_a_dropped_stub_stay_and_are_nobodys(bench: Bench) -> None:
    await bench.fold(tap("summer"))
    await days_pass(bench)
    await drop(bench)
    [event] = [event for event in await bench.ledger.events(limit=10) if event.id == 1]

    assert (event.state, event.lead) == (EventState.FOLDED, None)
    assert event.reason is not None
    assert await bench.ledger.syncs_of([1]) == []


async def test_stub_that_can_be_claimed_stays(bench: Bench) -> None:
    await bench.fold(tap("summer"))
    await days_pass(bench, days=7)
    assert await drop(bench) == 0
    await bench.fold(make_registration(at="10:00", user="ann", prefix="promo", token="summer"))

    assert await kept(bench) == [1]


async def test_whoever_is_known_stays(bench: Bench) -> None:
    bench.policy = Policy(personal_prefixes=frozenset({"invite"}))
    await bench.fold(
        make_registration(at="09:00", user="ann"),
        make_registration(at="09:00", email="ben@example.com"),
        make_event(CREATED, at="09:00", referrer_token="eve", prefix="ref", token="CODE"),
        tap("x9", prefix="invite"),
    )
    await days_pass(bench)

    assert await drop(bench) == 0
    assert len(await kept(bench)) == 4


async def test_stub_that_a_person_claimed_stays_behind_that_person(bench: Bench) -> None:
    await bench.fold(tap("summer"), make_registration(at="09:30", user="ann"))
    await bench.fold(make_registration(at="10:00", user="ann", prefix="promo", token="summer"))
    await days_pass(bench)

    assert await drop(bench) == 0
    assert len(await bench.ledger.lead_states([1, 2])) == 2


async def test_stub_with_a_record_or_a_write_that_may_have_made_one_stays(bench: Bench, lane: Fence) -> None:
    await bench.fold(tap("one"), tap("two", at="09:01"), tap("three", at="09:02"))
    await bench.settle(lane, 1, record=RECORD, synced=1)
    await bench.send(lane, 2)
    await days_pass(bench)

    assert await drop(bench) == 1
    assert await kept(bench) == [1, 2]


async def test_dropped_stub_is_written_to_no_crm(bench: Bench, lane: Fence) -> None:
    """Also not by a pass that had taken it before."""
    await bench.fold(tap("summer"))
    bench.clock.jump(700)
    assert await bench.taken(lane) == [1]
    await days_pass(bench)
    await drop(bench)

    assert await bench.send(lane, 1) == []
    assert 1 not in await bench.taken(lane, now=bench.clock.now() + DAY * 1000)


async def test_code_that_a_dropped_stub_came_through_can_still_be_described(bench: Bench) -> None:
    await bench.fold(make_event(CLAIM, at="09:00", deep_link_path="/ref/CODE"))
    await days_pass(bench)
    assert await drop(bench) == 1
    await bench.fold(
        make_event(CREATED, at=bench.clock.now(), referral_code="CODE", referrer_id="host"),
        make_event(CLAIM, at=bench.clock.now(), deep_link_path="/ref/CODE"),
    )

    assert await bench.ledger.lead_states([1]) == {}


async def test_nothing_is_dropped_by_a_process_that_lost_the_lane(bench: Bench) -> None:
    await bench.fold(tap("summer"))
    await days_pass(bench)
    lost = await bench.hold(FOLD)
    await bench.hold(FOLD, holder="two")

    with pytest.raises(FenceLostError):
        await bench.ledger.drop_stubs(lost, before=bench.clock.now(), after=0, look=10)
    assert await kept(bench) == [1]


# Records of stubs that expire.

AGE = 30 * DAY * 1000


async def in_the_crm(bench: Bench, lane: Fence, *leads: int) -> None:
    """Let leads have a record that we made, as a pass leaves them."""
    now = bench.clock.now()
    for lead in leads:
        record = KnownRecord(kind="contact", id=str(lead), created_by_us=True)
        await bench.settle(lane, lead, record=record, synced=1, synced_at=now)


async def expired(bench: Bench, *, look: int = 100, most: int = 100) -> list[int]:
    """Go round once; return who is due by that."""
    after: int | None = 0
    while after is not None:
        step = await bench.ledger.expire_stubs(CRM, expire=AGE, after=after, look=look, most=most)
        assert step.due <= most
        after = step.after
    rows = await bench.ledger.syncs_of(range(1, 20))
    return [row.lead for row in rows if row.wanted > row.synced]


@pytest.mark.parametrize(("look", "most"), [(1, 1), (2, 1), (2, 2), (100, 2), (100, 100)])
async def test_records_of_old_stubs_become_due_in_steps_of_any_size(
    bench: Bench, lane: Fence, look: int, most: int
) -> None:
    await bench.fold(*(tap(f"link-{number}") for number in range(5)))
    await in_the_crm(bench, lane, 1, 2, 3, 4, 5)
    assert await expired(bench) == []
    bench.clock.jump(31 * DAY)

    assert await expired(bench, look=look, most=most) == [1, 2, 3, 4, 5]


async def test_stub_that_was_looked_at_since_is_not_due_again(bench: Bench, lane: Fence) -> None:
    await bench.fold(tap("one"), tap("two"))
    await in_the_crm(bench, lane, 1, 2)
    bench.clock.jump(31 * DAY)
    await in_the_crm(bench, lane, 2)

    assert await expired(bench) == [1]


async def test_who_has_a_name_or_a_record_of_somebody_else_or_is_set_aside_does_not_expire(
    bench: Bench, lane: Fence
) -> None:
    taps = [tap(token, at=f"09:0{minute}") for minute, token in enumerate(("one", "two", "three"))]
    await bench.fold(*taps, make_registration(at="09:09", user="ann"))
    await in_the_crm(bench, lane, 1, 3, 4)
    await bench.settle(lane, 2, record=KnownRecord(kind="contact", id="typed"), synced=1, synced_at=NOON)
    await bench.settle(lane, 3, state=SyncState.HELD, code="record-gone", reason="deleted")
    bench.clock.jump(31 * DAY)

    assert await expired(bench) == [1]


async def test_records_without_a_name_are_counted(bench: Bench, lane: Fence) -> None:
    await bench.fold(tap("one"), tap("two"), make_registration(at="09:00", user="ann"))
    await in_the_crm(bench, lane, 1, 2, 3)
    now = bench.clock.now()

    assert await bench.ledger.count_stubs(before=now) == [
        Stubs(connection=CRM, records=2, old=0, oldest_at=now)
    ]
    assert [one.old for one in await bench.ledger.count_stubs(before=now + 1)] == [2]
