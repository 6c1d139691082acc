"""Sharing the event loop: what a batch works out at once, deliveries wait for."""

from __future__ import annotations

import asyncio

AT_ONCE = 16
"""People worked out before others get a turn: some milliseconds."""


async def give_way(number: int) -> None:
    """Let others act before the first of a batch, and before every few that follow it."""
    if number % AT_ONCE == 0:
        await asyncio.sleep(0)
