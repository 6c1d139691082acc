"""`afterclick serve` with a service of the benchmarks' own, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable

import uvloop

from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.host.discovery import Discovery, discover
from afterclick.observe.log import configure
from afterclick.service import Service


def serve(kind: type[Service], found: Callable[[], Discovery] = discover) -> None:
    """Serve until SIGTERM, with the plugins that are `found`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(kind, found()))


async def _serve(kind: type[Service], found: Discovery) -> None:
    settings = load(None, os.environ)
    configure(settings.log.level, settings.log.format, sys.stderr)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with kind(settings, os.environ, clock=SystemClock(), found=found) as service:
        await service.run_until(stopped)
