"""Deliveries: stored durably, once each."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import msgspec
import pytest
from tests.ledger.harness import OpenLedger
from tests.support.clock import NOON
from tests.support.events import make_delivery, make_report

from afterclick.errors import LedgerError
from afterclick.ledger.api import Ledger
from afterclick.ledger.rows import Arrival, EventState, NewEvent, StoredEvent
from afterclick.ledger.signal import EVENTS
from afterclick.ledger.sqlite import SqliteReader
from afterclick.model.event import INSTALL


def install(number: int = 0) -> NewEvent:
    return make_delivery(INSTALL, at="09:14", prefix="menu", token=f"t{number}")


async def stored(ledger: Ledger) -> list[StoredEvent]:
    return list(await ledger.events(limit=10_000))


async def test_delivery_is_stored_once(ledger: Ledger) -> None:
    assert await ledger.append(install())
    assert not await ledger.append(install())

    assert len(await stored(ledger)) == 1


async def test_stored_event_says_what_the_delivery_said(ledger: Ledger) -> None:
    delivery = msgspec.structs.replace(
        install(),
        body=b'{"a":"\x00\xff"}',
        ip_hash=b"\x00" * 16,
        time_replaced=True,
        space="été",
        reason="late",
    )
    await ledger.append(delivery)
    [event] = await stored(ledger)

    given = msgspec.structs.asdict(delivery)
    assert {name: getattr(event, name) for name in given} == given
    assert (event.lead, event.decision) == (None, None)
    assert await ledger.event(event.id) == event
    assert await ledger.event(event.id + 1) is None


async def test_one_of_many_concurrent_copies_is_new(ledger: Ledger) -> None:
    new = await asyncio.gather(*(ledger.append(install()) for _ in range(50)))

    assert sum(new) == 1
    assert len(await stored(ledger)) == 1


async def test_crowd_with_repeats_is_stored_once_each(ledger: Ledger) -> None:
    crowd = [install(number) for number in range(300)] * 3
    random.Random(7).shuffle(crowd)
    new = await asyncio.gather(*map(ledger.append, crowd))
    again = await asyncio.gather(*map(ledger.append, crowd[:300]))

    assert sum(new) == 300
    assert not any(again)
    assert {event.body for event in await stored(ledger)} == {event.body for event in crowd}


@pytest.mark.parametrize("size", [1, 2, 3, 63, 64, 65, 256, 257, 513])
async def test_group_of_any_size_is_stored(ledger: Ledger, size: int) -> None:
    assert all(await asyncio.gather(*(ledger.append(install(number)) for number in range(size))))
    assert len(await stored(ledger)) == size


async def test_same_bytes_in_another_space_are_another_event(ledger: Ledger) -> None:
    assert await ledger.append(make_delivery(INSTALL, token="t"))
    assert await ledger.append(make_delivery(INSTALL, token="t", space="shop"))


async def test_equal_hash_in_another_bucket_is_another_event(ledger: Ledger) -> None:
    assert await ledger.append(install())
    assert await ledger.append(msgspec.structs.replace(install(), bucket=0))


async def test_what_was_received_is_known_after_a_restart(ledger: Ledger, open_ledger: OpenLedger) -> None:
    await ledger.append(install())
    await ledger.close()
    again = await open_ledger()

    assert not await again.append(install())
    assert await again.append(install(1))
    assert len(await again.unfolded(10)) == 2


async def test_caller_who_gives_up_loses_nothing(ledger: Ledger) -> None:
    waiting = [asyncio.ensure_future(ledger.append(install(number))) for number in range(20)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert not any(await asyncio.gather(*(ledger.append(install(number)) for number in range(20))))
    assert len(await stored(ledger)) == 20


async def test_unfolded_events_come_oldest_first_and_no_more_than_asked(ledger: Ledger) -> None:
    for number in range(5):
        await ledger.append(install(number))

    assert [event.body for event in await ledger.unfolded(3)] == [install(number).body for number in range(3)]


@pytest.mark.parametrize("state", [EventState.INVALID, EventState.IGNORED])
async def test_event_that_is_set_aside_waits_for_no_fold(ledger: Ledger, state: EventState) -> None:
    delivery = msgspec.structs.replace(install(), state=state, reason="the body is not JSON")
    await ledger.append(delivery)

    assert await ledger.unfolded(10) == []
    [event] = await ledger.events(limit=10, state=state)
    assert event.reason == "the body is not JSON"
    assert await ledger.event_counts() == {(INSTALL, state.value): 1}


@pytest.mark.parametrize("state", EventState)
async def test_events_are_listed_by_state_newest_first(ledger: Ledger, state: EventState) -> None:
    for number, one in enumerate([*EventState, *EventState]):
        await ledger.append(msgspec.structs.replace(install(number), state=one))
    found = await ledger.events(limit=10, state=state)

    assert [row.state for row in found] == [state, state]
    assert found[0].id > found[1].id
    assert await ledger.events(limit=1, state=state) == found[:1]


async def test_new_event_gives_the_fold_a_sign(ledger: Ledger) -> None:
    sign = ledger.signals._events[EVENTS]
    await ledger.append(msgspec.structs.replace(install(), state=EventState.INVALID))
    assert not sign.is_set()
    await ledger.append(install(1))
    assert sign.is_set()
    sign.clear()
    await ledger.append(install(1))
    assert not sign.is_set()


async def test_closed_ledger_takes_nothing(ledger: Ledger) -> None:
    await ledger.close()

    with pytest.raises(LedgerError):
        await ledger.append(install())
    with pytest.raises(LedgerError):
        await ledger.unfolded(1)


async def test_close_finishes_what_was_accepted(ledger: Ledger, open_ledger: OpenLedger) -> None:
    waiting = [asyncio.ensure_future(ledger.append(install(number))) for number in range(300)]
    await asyncio.sleep(0)
    await ledger.close()

    assert all(await asyncio.gather(*waiting))
    assert len(await stored(await open_ledger())) == 300


async def test_ledger_is_ready_until_it_is_closed(ledger: Ledger) -> None:
    assert await ledger.ready()
    await ledger.close()
    assert not await ledger.ready()


async def test_secrets_are_made_once(ledger: Ledger, open_ledger: OpenLedger) -> None:
    one, two = await ledger.secret("addresses"), await ledger.secret("other")
    await ledger.close()
    again = await open_ledger()

    assert len(one) == len(two) == 32
    assert one != two
    assert await again.secret("addresses") == one


async def test_registration_is_found_by_its_key(ledger: Ledger) -> None:
    one, other = make_report(user_id="ann"), make_report(user_id="ben")
    await ledger.append(one)
    await ledger.append(make_delivery(INSTALL, token="t"))
    found = await ledger.stored(one.tie)

    assert found is not None
    assert (found.body, found.type, found.source) == (one.body, "registration", "app")
    assert await ledger.stored(other.tie) is None


# The newest delivery of each source


async def test_the_newest_delivery_of_each_source_is_known(ledger: Ledger) -> None:
    first = msgspec.structs.replace(install(1), source="one", received_at=NOON)
    second = msgspec.structs.replace(install(2), source="two", received_at=NOON + 1)
    assert await ledger.arrivals() == {}
    await ledger.append(first)
    await ledger.append(second)
    # A repeat is a delivery too.
    await ledger.append(msgspec.structs.replace(first, received_at=NOON + 9))

    assert await ledger.arrivals() == {"one": Arrival(NOON + 9, INSTALL), "two": Arrival(NOON + 1, INSTALL)}


async def test_the_newest_delivery_survives_a_start(open_ledger: OpenLedger) -> None:
    ledger = await open_ledger()
    await ledger.append(msgspec.structs.replace(install(), received_at=NOON))
    await ledger.append(msgspec.structs.replace(install(), received_at=NOON + 5))
    await ledger.close()
    ledger = await open_ledger()
    assert await ledger.arrivals() == {"tolinku": Arrival(NOON + 5, INSTALL)}

    await ledger.append(msgspec.structs.replace(install(1), received_at=NOON + 7))
    await ledger.note_arrivals()
    assert await ledger.arrivals() == {"tolinku": Arrival(NOON + 7, INSTALL)}


async def test_what_was_not_written_down_is_found_among_the_events(ledger: Ledger, ledger_path: Path) -> None:
    await ledger.append(msgspec.structs.replace(install(), received_at=NOON))
    reader = await SqliteReader.open_reader(ledger_path)

    assert await reader.arrivals() == {"tolinku": Arrival(NOON, INSTALL)}
    await reader.close()
