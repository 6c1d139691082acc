"""Records that an operator gives to leads: nothing is taken from anybody, and nobody gets a second one."""

from __future__ import annotations

import pytest
from tests.ledger.harness import CRM, FOLD, OTHER, Bench, two_halves

from afterclick.errors import FenceLostError
from afterclick.ledger.claims import Claim
from afterclick.ledger.rows import Adoption, ConnectionRow, Fence, KnownRecord, Settle, SyncState

RECORD = KnownRecord(kind="contact", id="7", url="https://crm.example.com/7", related={"deal": "1"})


async def claim(bench: Bench, fence: Fence, *leads: int, id: str = "7", **values: str) -> dict[int, str]:
    """Give leads the record of that number; return why some were refused."""
    record = KnownRecord(kind="contact", id=id, url=RECORD.url, related=RECORD.related)
    wish = Claim(record=record, values=values)
    return dict(await bench.ledger.claim(fence, CRM, dict.fromkeys(leads, wish), now=bench.clock.now()))


async def test_a_lead_gets_the_record_and_is_due(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.settle(lane, 1, synced=1, tries=0)
    assert await claim(bench, lane, 1, name="Unknown") == {}
    row = await bench.sync()

    assert (row.record, row.values, row.claimed) == (RECORD, {"name": "Unknown"}, True)
    assert await bench.taken(lane) == [1]
    assert await bench.ledger.known_records(CRM, [("contact", "7"), ("contact", "8")]) == {("contact", "7")}
    assert await bench.ledger.known_records(OTHER, [("contact", "7")]) == frozenset()


async def test_a_lead_that_is_older_than_the_connection_gets_its_row(bench: Bench, lane: Fence) -> None:
    bench.places = []
    await bench.people("ann")
    assert await claim(bench, lane, 1) == {}

    assert (await bench.sync()).wanted == 1
    assert await bench.taken(lane) == [1]


async def test_a_lead_that_was_set_aside_goes_on(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.settle(lane, 1, state=SyncState.HELD, code="record-ambiguous", reason="two")
    await claim(bench, lane, 1)
    row = await bench.sync()

    assert (row.state, row.code, row.reason, row.tries) == (SyncState.ACTIVE, None, None, 0)


async def test_of_two_who_are_given_one_record_the_first_gets_it(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")

    assert await claim(bench, lane, 1, 2) == {2: "the record contact 7 belongs to another person (lead 1)"}
    assert (await bench.sync(2)).record is None


async def test_a_lead_with_a_record_keeps_it(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await claim(bench, lane, 1)

    assert await claim(bench, lane, 1, id="8") == {1: "the lead has a record by now (contact 7)"}
    assert (await bench.sync()).record == RECORD


async def test_a_lead_that_is_being_written_gets_none(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.send(lane, 1)

    assert await claim(bench, lane, 1) == {1: "what became of a write for the lead is not known yet"}


async def test_whoever_joined_another_or_is_gone_gets_none(bench: Bench, lane: Fence) -> None:
    *parts, join = two_halves("ann", "ann@example.com")
    await bench.fold(*parts)
    await bench.ledger.adopt(lane, CRM, {2: Adoption(records=(KnownRecord(kind="contact", id="5"),))})
    await bench.fold(join)

    assert await claim(bench, lane, 1, 2, 99) == {
        1: "the lead has a record by now (contact 5)",
        2: "the lead is a part of lead 1 by now",
        99: "the lead is gone",
    }


async def test_whoever_is_being_forgotten_gets_none(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    row = ConnectionRow(name=CRM, plugin="fake", first_seen_at=bench.clock.now())
    await bench.ledger.remember_connection(row)
    await bench.ledger.hold_back(1, now=bench.clock.now())

    assert await claim(bench, lane, 1) == {1: "the person is being forgotten"}


async def test_a_former_holder_of_the_lane_gives_nothing_away(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.hold(CRM, "two")

    with pytest.raises(FenceLostError):
        await claim(bench, lane, 1)
    assert (await bench.sync()).record is None


async def test_a_claim_ends_when_the_record_is_right_or_given_up(bench: Bench, lane: Fence) -> None:
    await bench.people("ann", "ben")
    await claim(bench, lane, 1)
    await claim(bench, lane, 2, id="8")
    settles = [
        Settle(connection=CRM, lead=1, synced=1, record=RECORD),
        Settle(connection=CRM, lead=2, forget_record=True),
    ]
    await bench.ledger.settle(lane, settles, [])

    assert [(row.claimed, row.record) for row in [await bench.sync(1), await bench.sync(2)]] == [
        (False, RECORD),
        (False, None),
    ]
    assert await claim(bench, lane, 2, id="8") == {}


async def test_living_leads_are_read_page_by_page(bench: Bench, lane: Fence) -> None:
    *parts, join = two_halves("ann", "ann@example.com")
    await bench.fold(*parts)
    await bench.ledger.adopt(lane, CRM, {2: Adoption(records=(KnownRecord(kind="contact", id="5"),))})
    await bench.fold(join, fence=await bench.hold(FOLD))
    await bench.people("ben", "cem")
    pages = [await bench.ledger.living(CRM, after=after, look=2) for after in (0, 3, 4)]

    assert [[(one.lead.id, one.has_record) for one in page] for page in pages] == [
        [(1, True), (3, False)],
        [(4, False)],
        [],
    ]
