"""What the service does beside the lanes: figures at each scrape, and what it writes down or forgets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from structlog.typing import FilteringBoundLogger

from afterclick.clock import Clock
from afterclick.errors import LedgerError
from afterclick.ledger.api import Ledger
from afterclick.ledger.steps import Steps
from afterclick.observe.events import Said
from afterclick.observe.metrics import Metrics

TIDY_EVERY, TIDY_AGAIN = 300.0, 0.2
"""Seconds between two looks for what is to be forgotten, and between two steps of it."""

ARRIVALS_EVERY = 5.0
PRUNE_EVERY, PRUNE_AGAIN = 3600.0, 0.1
"""Seconds between two looks for events that are kept no longer, and between two steps of it."""


async def show_figures(ledger: Ledger, metrics: Metrics, connections: Sequence[str], *, now: int) -> None:
    """Bring the gauges that tell of the ledger up to date; `now` in milliseconds."""
    totals = await ledger.totals(connections, now=now)
    unfolded_at = totals.oldest_unfolded_at
    metrics.backlog(
        unfolded=totals.unfolded,
        oldest_age=0.0 if unfolded_at is None else (now - unfolded_at) / 1000,
        size_bytes=totals.size_bytes,
        free_bytes=totals.free_bytes,
    )
    metrics.standing(totals.findings)
    for name in connections:
        due_at = totals.oldest_due_at.get(name)
        metrics.syncs(
            name,
            due=totals.due.get(name, 0),
            oldest_age=0.0 if due_at is None else (now - due_at) / 1000,
            set_aside={"parked": totals.parked.get(name, 0), "held": totals.held.get(name, 0)},
        )


async def keep_arrivals(ledger: Ledger, clock: Clock, log: FilteringBoundLogger) -> None:
    """Let the ledger write down now and then what came last from whom, until cancelled."""
    while True:
        await clock.sleep(ARRIVALS_EVERY)
        try:
            await ledger.note_arrivals()
        except LedgerError as failure:
            log.warning(Said.LEDGER_UNAVAILABLE, code=failure.code, reason=failure.message)


@asynccontextmanager
async def background(name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let something run beside the lanes, cut off at the end: for what may stop at any point."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def tidy(ledger: Ledger, clock: Clock, log: FilteringBoundLogger) -> None:
    """Let the ledger forget what it keeps for a time only, a little at a time, until cancelled."""
    while True:
        try:
            forgotten = await ledger.tidy()
        except LedgerError as failure:
            log.warning(Said.LEDGER_UNAVAILABLE, code=failure.code, reason=failure.message)
            forgotten = 0
        await clock.sleep(TIDY_AGAIN if forgotten else TIDY_EVERY)


async def prune(ledger: Ledger, clock: Clock, log: FilteringBoundLogger, *, keep: float) -> None:
    """Let the ledger drop events that are older than `keep` seconds, a little at a time, until cancelled."""
    while True:
        try:
            dropped = await _prune_once(ledger, clock, before=clock.now() - round(keep * 1000))
        except LedgerError as failure:
            log.warning(Said.LEDGER_UNAVAILABLE, code=failure.code, reason=failure.message)
        else:
            if dropped:
                log.info(Said.EVENTS_PRUNED, dropped=dropped)
        await clock.sleep(PRUNE_EVERY)


async def _prune_once(ledger: Ledger, clock: Clock, *, before: int) -> int:
    steps = Steps(64, smallest=16, largest=1024)
    dropped, after = 0, 0
    while True:
        step = await ledger.prune(before=before, after=after, look=steps.size)
        dropped += step.dropped
        if step.after is None:
            return dropped
        after = step.after
        steps.took(step.seconds, step.looked)
        await clock.sleep(PRUNE_AGAIN)
