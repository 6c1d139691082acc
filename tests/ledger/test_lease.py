"""Holding a lane: a holder knows that it is one no longer, whatever happened to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.support.clock import FakeClock, settle

from afterclick.errors import FenceLostError, LedgerError
from afterclick.ledger.lease import Lease
from afterclick.ledger.rows import Fence, LaneRow

LANE = "sync:crm"


class OneLane:
    """A lane in memory; `slow` seconds pass before an answer arrives, `broken` ones never do."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.holder: str | None = None
        self.epoch = 0
        self.expires_at = 0
        self.broken = False
        self.slow = 0.0

    async def _arrive(self) -> None:
        if self.slow:
            await self.clock.sleep(self.slow)
        if self.broken:
            raise LedgerError("out of order")

    async def acquire(self, lane: str, holder: str, *, now: int, lease_ms: int) -> LaneRow | None:
        await self._arrive()
        if self.holder is not None and self.expires_at > now:
            return None
        self.holder, self.epoch, self.expires_at = holder, self.epoch + 1, now + lease_ms
        return LaneRow(name=lane, holder=holder, epoch=self.epoch, expires_at=self.expires_at)

    async def renew(self, fence: Fence, *, now: int, lease_ms: int) -> bool:
        await self._arrive()
        if fence.epoch != self.epoch or self.holder is None:
            return False
        self.expires_at = now + lease_ms
        return True

    async def release(self, fence: Fence) -> None:
        await self._arrive()
        if fence.epoch == self.epoch:
            self.holder = None

    async def pause(self, fence: Fence, *, until: int | None, reason: str | None) -> None:
        raise NotImplementedError

    async def lanes(self) -> Sequence[LaneRow]:
        raise NotImplementedError


@pytest.fixture
def lane(clock: FakeClock) -> OneLane:
    """Return a free lane."""
    return OneLane(clock)


def lease(lane: OneLane, holder: str = "one") -> Lease:
    return Lease(lane, lane.clock, LANE, holder, seconds=10.0, renew=3.0)


def lost(held: Lease) -> bool:
    try:
        return held.fence is None
    except FenceLostError:
        return True


async def test_held_lane_gives_its_fence(lane: OneLane) -> None:
    async with lease(lane) as held:
        assert held.fence == held.last_fence == Fence(LANE, 1)

    assert lane.holder is None
    assert lane.clock.sleepers == 0


async def test_lease_is_renewed_as_long_as_it_is_held(lane: OneLane, clock: FakeClock) -> None:
    async with lease(lane) as held:
        await clock.advance(3600)

        assert not lost(held)


async def test_second_holder_waits_for_the_first(lane: OneLane, clock: FakeClock) -> None:
    other = lease(lane, "two")
    async with lease(lane):
        entering = asyncio.ensure_future(other.__aenter__())
        await clock.advance(60)
        assert not entering.done()
    await clock.advance(3)

    assert (await entering).fence == Fence(LANE, 2)
    await other.__aexit__(None, None, None)


async def test_machine_that_slept_holds_nothing_when_it_wakes(lane: OneLane, clock: FakeClock) -> None:
    async with lease(lane) as held:
        await clock.advance(4)
        clock.jump(8.9)
        assert not lost(held)
        clock.jump(0.2)

        assert lost(held)
        assert held.last_fence == Fence(LANE, 1)


async def test_corrected_wall_time_shortens_no_lease(lane: OneLane, clock: FakeClock) -> None:
    async with lease(lane) as held:
        clock.set_wall(clock.now() + 86_400_000)

        assert not lost(held)


async def test_lease_counts_from_before_the_renewal_was_asked_for(lane: OneLane, clock: FakeClock) -> None:
    async with lease(lane) as held:
        lane.slow = 5.0
        # Asked for at 3 s, granted at 8 s: good until 13 s, not until 18 s.
        await clock.advance(8)
        lane.broken = True
        await clock.advance(4.9)
        assert not lost(held)
        await clock.advance(0.2)

        assert lost(held)
        lane.slow = 0.0


async def test_renewal_that_fails_once_costs_nothing(lane: OneLane, clock: FakeClock) -> None:
    async with lease(lane) as held:
        lane.broken = True
        await clock.advance(4)
        lane.broken = False
        await clock.advance(60)

        assert not lost(held)


async def test_ledger_that_is_out_of_order_lets_the_lease_run_out(lane: OneLane, clock: FakeClock) -> None:
    async with lease(lane) as held:
        lane.broken = True
        await clock.advance(9)
        assert not lost(held)
        await clock.advance(1)

        assert lost(held)
        lane.broken = False


async def test_lane_that_another_took_is_lost_at_the_next_renewal(lane: OneLane, clock: FakeClock) -> None:
    async with lease(lane) as held:
        lane.holder, lane.epoch = "two", 2
        assert not lost(held)
        await clock.advance(3)

        assert lost(held)
        assert held.last_fence == Fence(LANE, 1)
    assert (lane.holder, lane.epoch) == ("two", 2)


async def test_lane_never_held_has_no_fence(lane: OneLane) -> None:
    never = lease(lane)

    assert lost(never)
    with pytest.raises(FenceLostError, match="never held"):
        _ = never.last_fence


async def test_broken_ledger_does_not_hide_what_ended_the_lease(lane: OneLane) -> None:
    async def work() -> None:
        async with lease(lane):
            lane.broken = True
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    await settle()

    assert lane.clock.sleepers == 0
