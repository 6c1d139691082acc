"""Folding, and taking what is due: by themselves, in ledgers of very different age."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import uvloop
from tests.benchmarks.deliveries import bursts, singles
from tests.benchmarks.figures import Figure, Goal, figure, ratio, scaled
from tests.benchmarks.ledgers import Filled, multiply
from tests.benchmarks.options import Options
from tests.benchmarks.receiving_benchmarks import yardstick
from tests.benchmarks.stage import scratch

from afterclick.clock import SystemClock
from afterclick.ledger.rows import Due, Fence, Settle
from afterclick.ledger.sqlite import SqliteLedger

T = TypeVar("T")

PEOPLE = 2_000
"""People folded a round, five events each."""

YOUNG = 10_000
"""Stored events of the ledger that the others are compared with."""

TAKEN, FEW_DUE = 100, 1_000
_TAKES = 60
_WAIT_MS = 50_000

RATE = Goal("≥", 5_000, 10_000)
FLAT = Goal("≥", 0.85, 0.9)
TAKE_FLAT = Goal("≤", 3.0, 2.0)


def fold(options: Options) -> Iterator[Figure]:
    """Folding by one process, in a young ledger and in one with many stored events."""
    rates: dict[int, list[float]] = {YOUNG: [], options.stored: []}
    bare: list[float] = []
    with scratch(options.folder) as folder:
        files = {stored: folder / f"{stored}.db" for stored in rates}
        for stored, file in files.items():
            run(_begin(file))
            multiply(file, stored // YOUNG - 1, "copies_of_events.sql")
        for number in range(options.rounds):
            bare.append(yardstick(options))
            for stored, file in files.items():
                rates[stored].append(run(_fold_rate(file, start=(number + 1) * PEOPLE)))
    for stored, rate in rates.items():
        goal = RATE if stored == YOUNG else None
        yield scaled(f"folding, {stored:,} stored events", rate, bare, "events/s", goal=goal)
    name = f"fold rate at {options.stored:,} ÷ at {YOUNG:,} stored"
    yield ratio(name, rates[options.stored], rates[YOUNG], goal=FLAT)


async def _begin(file: Path) -> None:
    filled = await Filled.open(file, connections=("crm",))
    await filled.store(bursts(), YOUNG)
    await filled.fold()
    await filled.close()


async def _fold_rate(file: Path, *, start: int) -> float:
    filled = await Filled.open(file, connections=("crm",))
    await filled.store(bursts(start=start), 5 * PEOPLE)
    started = time.perf_counter()
    folded = await filled.fold()
    took = time.perf_counter() - started
    await filled.close()
    return folded / took


def take(options: Options) -> Iterator[Figure]:
    """Taking 100 due leads, with a short queue and a long one."""
    times: dict[int, list[float]] = {FEW_DUE: [], options.due: []}
    with scratch(options.folder) as folder:
        files = {due: folder / f"{due}.db" for due in times}
        for due, file in files.items():
            run(_queue(file))
            multiply(file, due // FEW_DUE - 1)
        for _ in range(options.rounds):
            for due, file in files.items():
                times[due].append(run(_take_ms(file)))
    for due, took in times.items():
        yield figure(f"taking {TAKEN} of {due:,} due, p50", took, "ms")
    name = f"taking {TAKEN} of {options.due:,} ÷ of {FEW_DUE:,} due, p50"
    yield ratio(name, times[options.due], times[FEW_DUE], goal=TAKE_FLAT)


async def _queue(file: Path) -> None:
    filled = await Filled.open(file, connections=("crm",))
    await filled.store(singles(), FEW_DUE)
    await filled.fold()
    await filled.close()


async def _take_ms(file: Path) -> float:
    clock = SystemClock()
    ledger = await SqliteLedger.open(file, clock)
    row = await ledger.acquire("sync:crm", ledger.holder, now=clock.now(), lease_ms=3_600_000)
    assert row is not None
    fence, took = Fence(row.name, row.epoch), []
    for _ in range(_TAKES):
        now = clock.now() + 60_000
        started = time.perf_counter()
        due = await ledger.take(fence, "crm", now=now, horizon=now, limit=TAKEN, besides=(), wait_ms=_WAIT_MS)
        took.append(time.perf_counter() - started)
        assert len(due) == TAKEN
        await ledger.settle(fence, _to_the_end(due, clock.now()), [])
    await ledger.close()
    return median(took) * 1000


def _to_the_end(due: Sequence[Due], now: int) -> list[Settle]:
    """Put leads at the end of the queue, so that the next take finds as many as this one did."""
    return [Settle(connection="crm", lead=one.lead.id, due_at=now, tries=0) for one in due]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run something on the loop that the service uses."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
