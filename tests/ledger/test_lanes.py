"""Lanes: one holder at a time, and a fence that keeps the writes of a former one out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from tests.ledger.harness import CRM, FOLD, LEASE, Bench, OpenLedger, milestone, person
from tests.support.clock import NOON, FakeClock

from afterclick.errors import FenceLostError
from afterclick.ledger.api import Ledger
from afterclick.ledger.rows import Adoption, EventState, Fence, KnownRecord, LaneRow
from afterclick.model.lead import LeadState


async def acquire(ledger: Ledger, holder: str, now: int = NOON) -> LaneRow | None:
    return await ledger.acquire(CRM, holder, now=now, lease_ms=LEASE)


async def epoch(ledger: Ledger, holder: str, now: int = NOON) -> int:
    row = await acquire(ledger, holder, now)
    assert row is not None
    return row.epoch


async def test_free_lane_is_anybodys(ledger: Ledger) -> None:
    row = await acquire(ledger, "one")

    assert row == LaneRow(name=CRM, holder="one", epoch=1, expires_at=NOON + LEASE)
    assert await ledger.lanes() == [row]


async def test_held_lane_is_nobody_elses_until_it_expires(ledger: Ledger) -> None:
    await acquire(ledger, "one")

    assert await acquire(ledger, "two", NOON + LEASE - 1) is None
    assert await epoch(ledger, "two", NOON + LEASE) == 2
    assert await acquire(ledger, "one", NOON + LEASE + 1) is None


async def test_each_lane_has_a_holder_of_its_own(ledger: Ledger) -> None:
    await acquire(ledger, "one")
    row = await ledger.acquire("other", "two", now=NOON, lease_ms=LEASE)

    assert row is not None
    assert [(lane.name, lane.holder) for lane in await ledger.lanes()] == [(CRM, "one"), ("other", "two")]


async def test_holder_that_starts_anew_gets_its_lane_with_a_new_epoch(ledger: Ledger) -> None:
    assert await epoch(ledger, "one") == 1
    assert await epoch(ledger, "one", NOON + 1) == 2
    assert not await ledger.renew(Fence(CRM, 1), now=NOON + 2, lease_ms=LEASE)


async def test_renewed_lease_lasts_from_then_on(ledger: Ledger) -> None:
    fence = Fence(CRM, await epoch(ledger, "one"))

    assert await ledger.renew(fence, now=NOON + 3_000, lease_ms=LEASE)
    assert await acquire(ledger, "two", NOON + LEASE) is None
    assert await epoch(ledger, "two", NOON + 3_000 + LEASE) == 2


async def test_lost_or_unknown_lane_cannot_be_renewed(ledger: Ledger) -> None:
    fence = Fence(CRM, await epoch(ledger, "one"))
    await acquire(ledger, "two", NOON + LEASE)

    assert not await ledger.renew(fence, now=NOON + LEASE + 1, lease_ms=LEASE)
    assert not await ledger.renew(Fence("nowhere", 1), now=NOON, lease_ms=LEASE)


async def test_released_lane_is_free_at_once_and_cannot_be_renewed(ledger: Ledger) -> None:
    fence = Fence(CRM, await epoch(ledger, "one"))
    await ledger.release(fence)

    assert not await ledger.renew(fence, now=NOON + 1, lease_ms=LEASE)
    assert await epoch(ledger, "two", NOON + 1) == 2


async def test_former_holder_cannot_release_or_pause(ledger: Ledger) -> None:
    former = Fence(CRM, await epoch(ledger, "one"))
    now = NOON + LEASE
    current = Fence(CRM, await epoch(ledger, "two", now))
    await ledger.release(former)
    await ledger.pause(former, until=now + 60_000, reason="too late")

    assert await acquire(ledger, "three", now + 1) is None
    [row] = await ledger.lanes()
    assert (row.holder, row.paused_until, row.reason) == ("two", None, None)
    await ledger.pause(current, until=now + 60_000, reason="429")
    [row] = await ledger.lanes()
    assert (row.paused_until, row.reason) == (now + 60_000, "429")


async def test_pause_outlives_its_holder_until_it_is_ended(ledger: Ledger) -> None:
    await ledger.pause(Fence(CRM, await epoch(ledger, "one")), until=NOON + 60_000, reason="429")
    row = await acquire(ledger, "two", NOON + LEASE)

    assert row is not None
    assert (row.paused_until, row.reason) == (NOON + 60_000, "429")
    await ledger.pause(Fence(CRM, row.epoch), until=None, reason=None)
    assert [(lane.paused_until, lane.reason) for lane in await ledger.lanes()] == [(None, None)]


async def test_lanes_and_epochs_survive_a_restart(ledger: Ledger, open_ledger: OpenLedger) -> None:
    await acquire(ledger, "one")
    await ledger.close()
    again = await open_ledger()

    assert await acquire(again, "two", NOON + 1) is None
    assert await epoch(again, "one", NOON + 1) == 2


# The fence

Write = Callable[[Bench, Fence], Awaitable[Any]]
RECORD = KnownRecord(kind="contact", id="1")

WRITES: dict[str, tuple[str, Write]] = {
    "commit_fold": (FOLD, lambda bench, fence: bench.fold(milestone("ann", "order"), fence=fence)),
    "mark_events": (FOLD, lambda bench, fence: bench.ledger.mark_events(fence, [1], EventState.FAILED, "no")),
    "take": (CRM, lambda bench, fence: bench.take(fence, now=NOON + 60_000)),
    "note_sending": (CRM, lambda bench, fence: bench.send(fence, 1, name="x")),
    "adopt": (CRM, lambda bench, fence: bench.ledger.adopt(fence, CRM, {1: Adoption(records=(RECORD,))})),
}


async def contents(bench: Bench) -> Sequence[object]:
    events = await bench.ledger.events(limit=1, state=EventState.FOLDED)
    return events, await bench.ledger.leads(limit=100), await bench.ledger.syncs_of([1])


@pytest.mark.parametrize("name", WRITES)
async def test_write_of_a_former_holder_is_refused_and_changes_nothing(
    bench: Bench, clock: FakeClock, name: str
) -> None:
    await bench.people("ann")
    lane, write = WRITES[name]
    former = await bench.hold(lane)
    before = await contents(bench)
    current = await bench.hold(lane, "two")

    with pytest.raises(FenceLostError):
        await write(bench, former)
    assert await contents(bench) == before
    await write(bench, current)
    assert await contents(bench) != before


@pytest.mark.parametrize("name", WRITES)
async def test_write_after_the_release_is_refused(bench: Bench, name: str) -> None:
    await bench.people("ann")
    lane, write = WRITES[name]
    fence = await bench.hold(lane)
    await bench.ledger.release(fence)

    with pytest.raises(FenceLostError):
        await write(bench, fence)


async def test_event_of_a_refused_fold_is_folded_by_the_next_holder(bench: Bench) -> None:
    former = await bench.hold(FOLD)
    current = await bench.hold(FOLD, "two")
    with pytest.raises(FenceLostError):
        await bench.fold(person("ann"), fence=former)

    assert await bench.ledger.leads(limit=10) == []
    assert len(await bench.ledger.unfolded(10)) == 1
    await bench.fold(person("ann"), fence=current)
    [lead] = await bench.ledger.leads(limit=10)
    assert lead.state != LeadState()
    assert await bench.ledger.unfolded(10) == []


async def test_event_that_was_set_aside_tells_why(bench: Bench) -> None:
    [event] = await bench.store(person("ann"))
    await bench.ledger.mark_events(await bench.hold(FOLD), [event.id], EventState.FAILED, "KeyError: x")

    assert await bench.ledger.unfolded(10) == []
    [row] = await bench.ledger.events(limit=10, state=EventState.FAILED)
    assert (row.id, row.reason, row.lead) == (event.id, "KeyError: x", None)
