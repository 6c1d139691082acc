"""Retries: what was set aside begins anew, is told of by page, and may have its record made again."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ledger.harness import CRM, Bench, milestone, two_halves
from tests.ledger.operating import LATER, aside, done, settle_all, troubled
from tests.support.clock import NOON

from afterclick.ledger.operations import Kind, Trouble
from afterclick.ledger.rows import Adoption, Fence, KnownRecord, SyncState


@pytest.mark.parametrize(
    ("selection", "leads"),
    [
        ({}, [2, 3, 4, 5]),
        ({"states": (Trouble.PARKED,)}, [2]),
        ({"states": (Trouble.HELD,)}, [3, 4]),
        ({"states": (Trouble.FAILING, Trouble.PARKED)}, [2, 5]),
        ({"code": "record-ambiguous"}, [4]),
        ({"reason": "picklist"}, [2]),
        ({"reason": "%"}, []),
        ({"lead": 4}, [4]),
        ({"lead": 1}, []),
        ({"recreate": True}, [3]),
        ({"states": (Trouble.PARKED,), "code": "record-gone"}, []),
    ],
)
async def test_retry_is_for_what_was_chosen(
    bench: Bench, lane: Fence, selection: dict[str, Any], leads: list[int]
) -> None:
    await troubled(bench, lane)

    assert await done(bench, Kind.RETRY, **selection) == len(leads)
    assert await bench.taken(lane, now=NOON) == leads


async def test_retried_lead_begins_anew(bench: Bench, lane: Fence) -> None:
    await troubled(bench, lane)
    await settle_all(bench, lane, lead_2={"rejected": {"campaign": "x"}, **aside("lead-rejected")})
    await done(bench, Kind.RETRY)
    parked, failing = await bench.sync(2), await bench.sync(5)

    assert (parked.state, parked.code, parked.reason, parked.tries) == (SyncState.ACTIVE, None, None, 0)
    assert parked.rejected == {}
    assert (failing.tries, failing.first_failed_at, failing.due_at) == (0, None, NOON)


async def test_retry_of_a_lead_that_joined_another_changes_nothing(bench: Bench, lane: Fence) -> None:
    *parts, join = two_halves("ann", "ann@example.com")
    await bench.fold(*parts)
    await settle_all(bench, lane, lead_2=aside("record-gone"))
    await bench.fold(join)

    assert await done(bench, Kind.RETRY) == 0


async def test_record_that_was_deleted_stays_known_unless_it_may_be_recreated(
    bench: Bench, lane: Fence
) -> None:
    await bench.people("ann", "ben")
    records = [KnownRecord(kind="contact", id=id, created_by_us=True) for id in ("1", "2")]
    found = {lead: Adoption(records=(record,), values={"a": "b"}) for lead, record in enumerate(records, 1)}
    await bench.ledger.adopt(lane, CRM, found)
    await settle_all(bench, lane, lead_1=aside("record-gone"), lead_2=aside("record-gone"))
    await done(bench, Kind.RETRY, lead=1)
    await done(bench, Kind.RETRY, lead=2, recreate=True)
    kept, forgotten = await bench.sync(1), await bench.sync(2)

    assert (kept.record, kept.values) == (records[0], {"a": "b"})
    assert (forgotten.record, forgotten.values) == (None, {})
    again = {1: Adoption(records=(records[1],))}
    assert await bench.ledger.adopt(lane, CRM, again) == {}, "the record is nobody's"


async def test_record_in_the_row_of_a_joined_lead_is_forgotten_too(bench: Bench, lane: Fence) -> None:
    *parts, join = two_halves("ann", "ann@example.com")
    await bench.fold(*parts)
    record = KnownRecord(kind="contact", id="7")
    await bench.ledger.adopt(lane, CRM, {2: Adoption(records=(record,))})
    await bench.fold(join)
    await settle_all(bench, lane, lead_1=aside("record-gone"))
    await done(bench, Kind.RETRY, recreate=True)
    [due] = await bench.take(lane, now=LATER)

    assert [row.record for row in (due.sync, *due.joined)] == [None, None]


# What was set aside


async def test_what_was_set_aside_is_told_page_by_page(bench: Bench, lane: Fence) -> None:
    await troubled(bench, lane)
    first = await bench.ledger.set_aside(CRM, after=0, look=3)
    assert first.after is not None
    rest = await bench.ledger.set_aside(CRM, after=first.after, look=3)
    told = [(row.lead, row.trouble, row.code, row.reason) for row in (*first.rows, *rest.rows)]

    assert rest.after is None
    assert told == [
        (2, Trouble.PARKED, "lead-rejected", "No such Picklist value"),
        (3, Trouble.HELD, "record-gone", "deleted"),
        (4, Trouble.HELD, "record-ambiguous", "two contacts"),
        (5, Trouble.FAILING, None, "HTTP 500"),
    ]
    assert rest.rows[-1].since == NOON


async def test_lead_that_goes_on_is_no_longer_told_of(bench: Bench, lane: Fence) -> None:
    await troubled(bench, lane)
    await done(bench, Kind.RETRY)
    await bench.fold(milestone("ben", "order"))

    assert (await bench.ledger.set_aside(CRM, after=0, look=10)).rows == []


@pytest.mark.parametrize("how", ["fold", "wake"])
async def test_parked_lead_that_wakes_forgets_why_it_was_parked(bench: Bench, lane: Fence, how: str) -> None:
    await troubled(bench, lane)
    if how == "fold":
        await bench.fold(milestone("ben", "order"))
    else:
        await bench.ledger.wake(CRM, now=NOON)

    assert ((await bench.sync(2)).state, (await bench.sync(2)).code) == (SyncState.ACTIVE, None)
