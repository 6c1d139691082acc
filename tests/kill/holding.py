"""Holds a write on its way into a CRM, before it takes effect or before its answer leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from afterclick.sandbox import Answer, Call, Emulator, Faults

Moment = Literal["before", "after"]
"""When a write is held: before it takes effect, or between that and its answer."""


class Hold:
    """Holds the next write at a moment, until it is released."""

    def __init__(self, moment: Moment) -> None:
        self.reached = asyncio.Event()
        self._moment = moment
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let the write go on, or hold none."""
        self._released.set()

    async def stand(self, moment: Moment) -> bool:
        """Stand in the way of a write; tell whether it was held."""
        if moment != self._moment or self.reached.is_set() or self._released.is_set():
            return False
        self.reached.set()
        await self._released.wait()
        return True


class HeldFaults(Faults):
    """The faults of an emulator, behind a hold; `writes` tells which calls change something."""

    def __init__(self, emulator: Emulator, writes: Callable[[Call], bool]) -> None:
        super().__init__(emulator.clock, emulator.refuse, reasons=emulator.reasons)
        self._writes = writes
        self._hold: Hold | None = None

    def hold_next_write(self, moment: Moment) -> Hold:
        """Hold the next write, and none for which an earlier hold still waits."""
        self._hold = Hold(moment)
        return self._hold

    async def before(self, call: Call) -> Answer | None:
        """Hold a write that has not taken effect, or let happen what happens.

        One that was held is late enough: a fault could make it later than any CRM is.
        """
        if self._hold is not None and self._writes(call) and await self._hold.stand("before"):
            return None
        return await super().before(call)

    async def after(self, call: Call, answer: Answer) -> Answer:
        """Hold the answer of a write that has taken effect, then let happen what happens to it."""
        if self._hold is not None and self._writes(call) and answer.status < 300:
            await self._hold.stand("after")
        return await super().after(call, answer)
