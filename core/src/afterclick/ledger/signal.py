"""A tap on the shoulder: work may be waiting in the ledger.

A signal saves the wait for the next look; it carries nothing and may be lost or come for nothing.
Whoever waits looks into the ledger either way.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from afterclick.clock import Clock

EVENTS = "events"
OPERATIONS = "operations"


def syncs(connection: str) -> str:
    """Return the name of the signal that a connection's syncs changed."""
    return f"syncs:{connection}"


class Signals:
    """Named signals of one process."""

    def __init__(self) -> None:
        self._events: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def give(self, name: str) -> None:
        """Wake whoever waits for `name`, now or next."""
        self._events[name].set()

    async def wait(self, name: str, clock: Clock, seconds: float) -> None:
        """Return when `name` was given since the last wait, or after `seconds`."""
        event = self._events[name]
        if not event.is_set() and seconds > 0:
            waits = {asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))}
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in waits:
                    task.cancel()
                await asyncio.gather(*waits, return_exceptions=True)
        event.clear()
