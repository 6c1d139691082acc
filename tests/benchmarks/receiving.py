"""`afterclick serve` whose events stay unfolded, to measure receiving by itself: all else is on."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import cast

import uvloop

from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.folding.lane import FoldLane
from afterclick.observe.log import configure
from afterclick.service import Service


class Idle:
    """Stands in for the fold lane and leaves every event where it is; others may have its turn."""

    def __init__(self, lane: FoldLane) -> None:
        self.turn = lane.turn

    async def run(self) -> None:
        """Wait for the end."""
        await asyncio.Event().wait()


class Receiving(Service):
    """The service with that lane."""

    def _fold_lane(self) -> FoldLane:
        return cast("FoldLane", Idle(super()._fold_lane()))


async def main() -> None:
    """Serve until SIGTERM."""
    settings = load(None, os.environ)
    configure(settings.log.level, settings.log.format, sys.stderr)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with Receiving(settings, os.environ, clock=SystemClock()) as service:
        await service.run_until(stopped)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
