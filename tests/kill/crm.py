"""Sandboxes that can hold a write, before it takes effect or before its answer leaves."""

from __future__ import annotations

import asyncio
from typing import Literal

from afterclick.sandbox import Answer, Call, Clock
from afterclick.sandbox.faults import Faults
from afterclick_hubspot.sandbox import HubSpotSandbox, Options
from afterclick_pipedrive.sandbox import Options as PipedriveOptions
from afterclick_pipedrive.sandbox import PipedriveSandbox

Moment = Literal["before", "after"]
"""When a write is held: before it takes effect, or between that and its answer."""

WRITES = ("/batch/create", "/batch/update", "/batch/upsert", "/batch/archive")
"""How HubSpot's writes end; all of its calls are POSTs."""


def is_write(call: Call) -> bool:
    """Tell whether a call changes something."""
    return call.path.endswith(WRITES) or call.method in {"PATCH", "PUT", "DELETE"} or _creates(call)


def _creates(call: Call) -> bool:
    return call.method == "POST" and call.path.endswith(("/persons", "/deals"))


class Hold:
    """Holds the next write at a moment, until it is released."""

    def __init__(self, moment: Moment) -> None:
        self.reached = asyncio.Event()
        self._moment = moment
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let the write go on, or hold none."""
        self._released.set()

    async def stand(self, moment: Moment, call: Call) -> None:
        """Stand in the way of a call."""
        if moment == self._moment and is_write(call) and not self.reached.is_set():
            self.reached.set()
            await self._released.wait()


class HeldFaults(Faults):
    """Faults that come after a hold."""

    hold: Hold | None = None

    async def before(self, call: Call) -> Answer | None:
        if self.hold is not None:
            await self.hold.stand("before", call)
        return await super().before(call)

    async def after(self, call: Call, answer: Answer) -> Answer:
        if self.hold is not None and answer.status < 300:
            await self.hold.stand("after", call)
        return await super().after(call, answer)


class HeldSandbox(HubSpotSandbox):
    """HubSpot, whose next write can be held."""

    faults: HeldFaults

    def __init__(self, clock: Clock, seed: int) -> None:
        super().__init__(Options(unlimited=True, seed=seed), clock=clock)
        self.faults = HeldFaults(self.clock, self.refuse, seed, reasons=self.reasons)


class HeldPipedrive(PipedriveSandbox):
    """Pipedrive, whose next write can be held, and whose search is half a minute behind."""

    faults: HeldFaults

    def __init__(self, clock: Clock, seed: int) -> None:
        super().__init__(PipedriveOptions(unlimited=True, seed=seed, search_lag=30.0), clock=clock)
        self.faults = HeldFaults(self.clock, self.refuse, seed, reasons=self.reasons)


def hold_next_write(faults: HeldFaults, moment: Moment) -> Hold:
    """Hold the next write, and no other any more."""
    faults.hold = hold = Hold(moment)
    return hold
