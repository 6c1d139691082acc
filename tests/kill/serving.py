"""The process that is killed: what `afterclick serve` runs, on the clock of the test that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from tests.kill.clock import SharedClock

from afterclick.config.load import load
from afterclick.observe.log import configure
from afterclick.service import Service


async def _serve() -> None:
    settings = load(None, os.environ)
    configure(settings.log.level, settings.log.format, sys.stderr)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with Service(settings, os.environ, clock=SharedClock.of_environment()) as service:
        await service.run_until(stopped)


if __name__ == "__main__":
    asyncio.run(_serve())
