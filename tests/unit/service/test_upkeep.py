"""What the service does beside the lanes goes on for ever, whatever a turn of it meets."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, cast

from structlog.testing import capture_logs
from tests.support.clock import NOON, FakeClock

from afterclick.errors import LedgerError
from afterclick.ledger.api import Ledger
from afterclick.ledger.steps import Pruned
from afterclick.observe.log import get_logger
from afterclick.service.upkeep import PRUNE_EVERY, prune

DAY = 86_400


class Pruning:
    """A ledger that answers as it was told, and keeps what it was asked."""

    def __init__(self, *answers: Pruned | LedgerError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, int]] = []

    async def prune(self, *, before: int, after: int, look: int) -> Pruned:
        assert look > 0
        self.asked.append((before, after))
        answer = self.answers.pop(0)
        if isinstance(answer, LedgerError):
            raise answer
        return answer


async def pruned(clock: FakeClock, ledger: Pruning, *, hours: int) -> list[dict[str, Any]]:
    """Let it prune for some hours; return what it logged."""
    with capture_logs() as log:
        work = prune(cast("Ledger", ledger), clock, get_logger("service"), keep=10 * DAY)
        task = asyncio.create_task(work)
        await clock.advance(hours * PRUNE_EVERY - 1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return list(cast("list[dict[str, Any]]", log))


async def test_events_are_pruned_step_by_step_to_the_end(clock: FakeClock) -> None:
    ledger = Pruning(
        Pruned(looked=64, dropped=60, after=64, seconds=0.01), Pruned(looked=3, dropped=2, after=None)
    )
    log = await pruned(clock, ledger, hours=1)
    old = NOON - 10 * DAY * 1000

    assert ledger.asked == [(old, 0), (old, 64)]
    assert [(line["event"], line["dropped"]) for line in log] == [("events-pruned", 62)]


async def test_pruning_outlives_a_ledger_that_fails(clock: FakeClock) -> None:
    ledger = Pruning(LedgerError("the disk is full"), Pruned(looked=0, dropped=0, after=None))
    log = await pruned(clock, ledger, hours=2)

    assert [after for _, after in ledger.asked] == [0, 0]
    assert [line["event"] for line in log] == ["ledger-unavailable"]
