"""Holding a lane: one process in the cluster does a job at a time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Protocol

from afterclick.clock import Clock
from afterclick.errors import FenceLostError, LedgerError
from afterclick.ledger.api import Lanes
from afterclick.ledger.rows import Fence


class Held(Protocol):
    """A lane that is held: what a pass needs of its lease."""

    @property
    def fence(self) -> Fence:
        """Return the proof of holding the lane."""
        ...

    @property
    def last_fence(self) -> Fence:
        """Return the newest proof there was, good or not."""
        ...


class Lease:
    """A lane held for `seconds` at a time and renewed well before they end.

    The time counts from before the renewal was asked for, on a clock that runs while the machine
    sleeps: a holder that was suspended knows that it is one no longer.
    """

    def __init__(
        self,
        ledger: Lanes,
        clock: Clock,
        lane: str,
        holder: str,
        *,
        seconds: float = 10.0,
        renew: float = 3.0,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lane = lane
        self._holder = holder
        self._seconds = seconds
        self._every = renew
        self._good_until = 0.0
        self._fence: Fence | None = None
        self._last: Fence | None = None
        self._renewing: asyncio.Task[None] | None = None

    @property
    def fence(self) -> Fence:
        """Return the proof of holding the lane.

        Raises:
            FenceLostError: the lease has run out.

        """
        if self._fence is None or self._clock.elapsed() >= self._good_until:
            raise FenceLostError(f"the lease of the lane {self._lane!r} has run out")
        return self._fence

    @property
    def last_fence(self) -> Fence:
        """Return the newest proof there was, good or not: a settle that comes too late is refused by it.

        Raises:
            FenceLostError: the lane was never held.

        """
        if self._last is None:
            raise FenceLostError(f"the lane {self._lane!r} was never held")
        return self._last

    async def __aenter__(self) -> Lease:
        """Wait until the lane is ours."""
        while True:
            started = self._clock.elapsed()
            row = await self._ledger.acquire(
                self._lane, self._holder, now=self._clock.now(), lease_ms=int(self._seconds * 1000)
            )
            if row is not None:
                self._fence = self._last = Fence(self._lane, row.epoch)
                self._good_until = started + self._seconds
                self._renewing = asyncio.create_task(self._renew(), name=f"lease {self._lane}")
                return self
            await self._clock.sleep(self._every)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the lane back."""
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing
        if self._fence is not None:
            with suppress(LedgerError):
                await self._ledger.release(self._fence)

    async def _renew(self) -> None:
        while self._fence is not None:
            await self._clock.sleep(self._every)
            started = self._clock.elapsed()
            try:
                kept = await self._ledger.renew(
                    self._fence, now=self._clock.now(), lease_ms=int(self._seconds * 1000)
                )
            except LedgerError:
                # The lease runs out by itself unless a later try succeeds.
                continue
            if not kept:
                self._fence = None
                return
            self._good_until = started + self._seconds
