"""Steady load for a long time: everything arrives in every CRM, and memory does not grow."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
from tests.acceptance.running import PATIENCE, Process, provision, unconnected
from tests.benchmarks.deliveries import PATH, SECRET, bursts
from tests.benchmarks.processes import memory_of
from tests.kill.crms import CRMS
from tests.kill.ends import is_at_rest, reading, stored_events

from afterclick.cli.sending import Delivery, send
from afterclick.clock import SystemClock
from afterclick.sandbox import serve

SAMPLES = 100
"""Looks at the memory in a run."""

WARM, EDGE = 0.3, 0.1
"""The parts of a run before the first figure is taken, and over which each figure is a median."""

EVENTS_PER_PERSON = 5


@dataclass(frozen=True, slots=True)
class Steady:
    """What came of it: `records` by CRM, memory in MB."""

    seconds: float
    acknowledged: int
    stored: int
    records: Mapping[str, int]
    before: float
    after: float

    @property
    def growth(self) -> float:
        """Return by what part the memory has grown."""
        return self.after / self.before - 1

    @property
    def lost(self) -> int:
        """Return how many acknowledged events are not stored."""
        return self.acknowledged - self.stored

    @property
    def people(self) -> int:
        """Return how many there are, some of whom may have sent only their first events."""
        return -(-self.acknowledged // EVENTS_PER_PERSON)

    @property
    def everybody_once(self) -> bool:
        """Tell whether every CRM holds as many records as there are people."""
        return set(self.records.values()) == {self.people}


async def steady(folder: Path, *, seconds: float, rate: int) -> Steady:
    """Send `rate` events a second to `afterclick serve` for so long, then let it come to rest."""
    crms = [opened(SystemClock(), 0) for opened in CRMS.values()]
    async with AsyncExitStack() as stack:
        connections: dict[str, str] = {}
        for crm in crms:
            await stack.enter_async_context(serve(crm.emulator))
            connections |= crm.environment()
        http = await stack.enter_async_context(aiohttp.ClientSession())
        environ = unconnected(folder, **connections)
        environ |= {"WEBHOOK_SECRET": SECRET, "AFTERCLICK_LOG__LEVEL": "info"}
        await provision(folder, environ)
        process = Process(folder, environ)
        stack.callback(process.kill)
        address = await process.started() + PATH
        watching = asyncio.create_task(_watch(process.pid, seconds))
        acknowledged = await _load(http, address, seconds=seconds, rate=rate)
        memory = await watching
        with reading(folder / "ledger.db") as db:
            async with asyncio.timeout(PATIENCE + seconds):
                while not is_at_rest(db):  # noqa: ASYNC110 - another process brings it there
                    await asyncio.sleep(0.5)
            stored = stored_events(db)
    return Steady(
        seconds=seconds,
        acknowledged=acknowledged,
        stored=stored,
        records={crm.name: len(crm.records()) for crm in crms},
        before=median(memory[int(WARM * SAMPLES) :][: int(EDGE * SAMPLES)]),
        after=median(memory[-int(EDGE * SAMPLES) :]),
    )


async def _load(http: aiohttp.ClientSession, url: str, *, seconds: float, rate: int) -> int:
    """Send at a steady rate, a tenth of a second's worth at once; return how many were acknowledged."""
    deliveries: Iterator[Delivery] = bursts()
    begun = time.monotonic()
    acknowledged = 0
    for step in itertools.count(1):
        part = list(itertools.islice(deliveries, max(1, rate // 10)))
        answers = await asyncio.gather(*(send(http, url, one) for one in part))
        acknowledged += answers.count(200)
        if step / 10 >= seconds:
            return acknowledged
        await asyncio.sleep(max(0.0, begun + step / 10 - time.monotonic()))
    raise AssertionError("the steps have no end")


async def _watch(pid: int, seconds: float) -> list[float]:
    found = []
    for _ in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        found.append(memory_of(pid))
    return found
