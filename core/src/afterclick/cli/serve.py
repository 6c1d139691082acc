"""`afterclick serve`: receive, fold and sync until told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from afterclick.cli.output import ConfigFile
from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.errors import ConfigurationError, Fault
from afterclick.observe.events import Said
from afterclick.observe.log import configure, get_logger
from afterclick.service import Service

_FILES_BESIDES = 300
"""Open files beside those of senders: connections to CRMs and of the admin port, the ledger, newcomers."""


def serve(config: ConfigFile = None) -> None:
    """Run the service: receive webhooks, fold them into leads, keep the CRMs up to date."""
    settings = load(config, os.environ)
    if not settings.sources:
        remedy = "Set WEBHOOK_SECRET to the webhook's signing secret, or add a table [sources.tolinku]."
        raise ConfigurationError([Fault("sources", "nobody may send anything", remedy)])
    configure(settings.log.level, settings.log.format, sys.stderr)
    allow_files(settings.server.max_connections)
    service = Service(settings, os.environ, clock=SystemClock())
    # What is there by now stays. Looking through it for garbage holds everything up for a tenth of a second.
    gc.freeze()
    with asyncio.Runner(loop_factory=_loop()) as runner:
        runner.run(_serve(service))


def allow_files(connections: int) -> None:
    """Take as many open files as the system gives: each connection is one, and the default is often 1,024."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + _FILES_BESIDES
    if soft != resource.RLIM_INFINITY and soft < needed:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard < 0 else min(needed, hard), hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < needed:
            get_logger("service").warning(Said.FILES_SCARCE, allowed=soft, needed=needed)


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's event loop where there is one: a fifth more deliveries a second."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(service: Service) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with service:
        await service.run_until(stopped)
