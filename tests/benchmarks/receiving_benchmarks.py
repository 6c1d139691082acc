"""Receiving: how many deliveries a second are durably taken, and what others do that do less."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median

from tests.benchmarks.figures import Figure, Goal, figure, ratio
from tests.benchmarks.load import Load, send
from tests.benchmarks.options import Options
from tests.benchmarks.processes import Broken, memory_watched
from tests.benchmarks.stage import BARE, CRMS, RECEIVING, SERVICE, Stage, peer, scratch, staged

US, CEILING = "afterclick", "bare aiohttp"
MAIN, MANY = 64, 256
_SETTLED = 1.0
"""Seconds for which a service whose lanes all run is left alone before its idle memory is read."""

OF_BARE = Goal("≥", 0.55, 0.68)
OF_EXPRESS = Goal("≥", 1.6, 2.0)
BUSY_OF_EXPRESS = Goal("≥", 0.8, 1.0)
BUSY_TAIL = Goal("≤", 3.0, 2.0)
OVER_FSYNC = Goal("≤", 0.5, 0.3)
IDLE_MEMORY, LOADED_MEMORY = Goal("≤", 80, 60), Goal("≤", 120, 80)


class Contest:
    """Several receivers, each started anew and driven once a round, in turn."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.loads: defaultdict[str, list[Load]] = defaultdict(list)

    def us(self, connections: int) -> None:
        """Measure the service with nothing to fold."""
        with staged(self.options.folder, self.options.crm, command=RECEIVING) as stage:
            self.loads[US].append(self.send(stage.program.port, connections))

    def others(self, connections: int) -> None:
        """Measure the ceiling and the peers."""
        for name, command in {CEILING: BARE, **self.options.peers}.items():
            self.measure(name, command, connections)

    def measure(self, name: str, command: Sequence[str], connections: int) -> None:
        """Measure another receiver."""
        with peer(self.options.folder, command) as program:
            self.loads[name].append(self.send(program.port, connections))

    def send(self, port: int, connections: int) -> Load:
        """Send for the agreed time."""
        options = self.options
        return send(
            options.flood,
            port,
            folder=options.folder,
            connections=connections,
            seconds=options.seconds,
            warm_up=options.warm_up,
        )

    def rates(self, name: str) -> list[float]:
        """Return what a receiver answered a second, by round."""
        return [load.per_second for load in self.loads[name]]

    def figures(self, name: str, place: str) -> Iterator[Figure]:
        """Return what a receiver did, with its latencies."""
        loads = self.loads[name]
        tail = ", ".join(
            f"{label} {median(getattr(load, field) for load in loads):.3g} ms"
            for label, field in (("p50", "p50_ms"), ("p99", "p99_ms"), ("p99.9", "p999_ms"))
        )
        yield figure(f"{name}, {place}", self.rates(name), "events/s", note=tail)


def ingest(options: Options) -> Iterator[Figure]:
    """Durable ingest beside a handler that only answers, and beside peers."""
    contest = Contest(options)
    for _ in range(options.rounds):
        contest.us(MAIN)
        contest.others(MAIN)
    place = f"c={MAIN}"
    for name in (US, CEILING, *options.peers):
        yield from contest.figures(name, place)
    ours = contest.rates(US)
    yield ratio(f"ingest ÷ {CEILING}", ours, contest.rates(CEILING), goal=OF_BARE)
    for name in options.peers:
        goal = OF_EXPRESS if name == "express" else None
        yield ratio(f"ingest ÷ {name}", ours, contest.rates(name), goal=goal)


def busy(options: Options) -> Iterator[Figure]:
    """The same while folding and syncing at full speed, and its p99 over that without."""
    contest = Contest(options)
    busy_loads: list[Load] = []
    folded: list[float] = []
    for _ in range(options.rounds):
        contest.us(MAIN)
        with staged(options.folder, options.crm, command=SERVICE) as stage:
            started = time.monotonic()
            busy_loads.append(contest.send(stage.program.port, MAIN))
            took = time.monotonic() - started
            folded.append(stage.metric("afterclick_events_folded_total") / took)
        contest.others(MAIN)
    rates = [load.per_second for load in busy_loads]
    tails = [load.p99_ms for load in busy_loads]
    alone = [load.p99_ms for load in contest.loads[US]]
    yield figure("ingest while folding and syncing", rates, "events/s")
    yield figure("folded meanwhile", folded, "events/s")
    yield ratio(f"ingest while folding ÷ {CEILING}", rates, contest.rates(CEILING))
    for name in options.peers:
        goal = BUSY_OF_EXPRESS if name == "express" else None
        yield ratio(f"ingest while folding ÷ {name}", rates, contest.rates(name), goal=goal)
    shown = f"{median(tails):.3g} ms over {median(alone):.3g} ms"
    yield ratio("p99 while folding ÷ p99 without", tails, alone, goal=BUSY_TAIL, note=shown)


def single(options: Options) -> Iterator[Figure]:
    """One connection: what a delivery takes beyond one fsync of the disk."""
    contest = Contest(options)
    syncs: list[float] = []
    for _ in range(options.rounds):
        syncs.append(_fsync_ms(options))
        contest.us(1)
        contest.others(1)
    ours = [load.p50_ms for load in contest.loads[US]]
    yield figure("one fsync of this disk", syncs, "ms")
    for name in (US, CEILING, *options.peers):
        yield from contest.figures(name, "c=1")
    beyond = [whole - sync for whole, sync in zip(ours, syncs, strict=True)]
    yield figure("c=1: p50 − one fsync", beyond, "ms", goal=OVER_FSYNC)


def memory(options: Options) -> Iterator[Figure]:
    """Memory with three CRMs: idle, and at most under load over many connections and while it catches up."""
    contest = Contest(options)
    idle, most, resident = [], [], []
    for _ in range(options.rounds):
        with staged(options.folder, *CRMS) as stage:
            stage.wait_until_at_work()
            time.sleep(_SETTLED)
            idle.append(stage.program.memory())
            with memory_watched(stage.program) as seen:
                contest.loads[US].append(contest.send(stage.program.port, MANY))
                time.sleep(options.seconds)
            most.append(max(seen))
            resident.append(stage.program.resident())
            _check_at_work(stage)
        contest.others(MANY)
    for name in (US, CEILING, *options.peers):
        yield from contest.figures(name, f"c={MANY}")
    yield figure("memory with three CRMs, idle", idle, "MB", goal=IDLE_MEMORY)
    note = f"{median(resident):.3g} MB with all that it shares with the emulators"
    name = f"memory with three CRMs, at most under load at c={MANY}"
    yield figure(name, most, "MB", goal=LOADED_MEMORY, note=note)


def _check_at_work(stage: Stage) -> None:
    for crm in stage.crms:
        if not crm.records():
            raise Broken(f"nothing has reached {crm.name} meanwhile, so its plugin was not at work")


def yardstick(options: Options) -> float:
    """Return what the bare handler answers a second, as the measure of this machine at this moment."""
    contest = Contest(options)
    contest.measure(CEILING, BARE, MAIN)
    return contest.rates(CEILING)[0]


@contextmanager
def _scratch_file(options: Options) -> Iterator[int]:
    with scratch(options.folder) as place:
        file = os.open(place / "fsync", os.O_WRONLY | os.O_CREAT)
        try:
            yield file
        finally:
            os.close(file)


def _fsync_ms(options: Options, *, times: int = 300) -> float:
    """Return the median of appending a page and waiting until the disk has it."""
    page, took = bytes(4096), []
    with _scratch_file(options) as file:
        for _ in range(times):
            os.write(file, page)
            started = time.perf_counter()
            os.fsync(file)
            took.append(time.perf_counter() - started)
    return median(took) * 1000
