"""The whole way: into the CRM's emulator, alone and from the first delivery on."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from tests.benchmarks.deliveries import singles
from tests.benchmarks.figures import Figure, Goal, figure, scaled
from tests.benchmarks.ledgers import Filled
from tests.benchmarks.load import send
from tests.benchmarks.options import Options
from tests.benchmarks.processes import Broken
from tests.benchmarks.receiving_benchmarks import yardstick
from tests.benchmarks.stage import CRMS, Watch, crm_sandbox, scratch, service, staged

PATIENCE = 120.0
"""Seconds after which a run that has not ended is given up."""

LINGER_MS = 1_000
"""The default of `sync.linger`."""

BURST_PEOPLE = 200
_SENDERS = 64
_HALF_LOAD_SECONDS = 15.0

_WAITS = """
SELECT synced_at - (SELECT max(received_at) FROM events WHERE events.lead = syncs.lead) FROM syncs
"""

LANE = Goal("≥", 2_000, 4_000)
FIVE, ONE = Goal("≥", 2_000, 4_000), Goal("≥", 500, 1_000)
LATE = Goal("≤", LINGER_MS + 2_000, LINGER_MS + 1_000)
CALLS = Goal("≤", 10, 6)


def lane(options: Options) -> Iterator[Figure]:
    """One lane into its sandbox: leads that wait when the service starts."""
    bare, rates = [], []
    for _ in range(options.rounds):
        bare.append(yardstick(options))
        rates.append(_lane_rate(options))
    yield scaled(f"one lane into the {options.crm} sandbox", rates, bare, "leads/s", goal=LANE)


def _lane_rate(options: Options) -> float:
    people = options.people
    with scratch(options.folder) as folder:
        asyncio.run(_waiting(folder / "ledger.db", options))
        with crm_sandbox(folder, options.crm) as crm, service(folder, crm) as stage:
            watch = Watch(stage.ledger)
            try:
                left, began_at = _first_settled(watch, people)
                took = watch.wait_until_synced(people, patience=PATIENCE) - began_at
            finally:
                watch.close()
            _check_records(people, crm.records())
    return left / took


def _first_settled(watch: Watch, people: int) -> tuple[int, float]:
    """Return how many leads were left, and when, after the first result: connecting is not measured."""
    give_up_at = time.monotonic() + PATIENCE
    while (at := time.monotonic()) < give_up_at:
        if (left := watch.due()) < people:
            return left, at
        time.sleep(0.005)
    raise Broken("the lane did not begin")


async def _waiting(file: Path, options: Options) -> None:
    filled = await Filled.open(file, connections=(options.crm,))
    await filled.store(singles(), options.people)
    await filled.fold()
    await filled.close()


def end_to_end(options: Options) -> Iterator[Figure]:
    """From the first delivery sent to the last lead in the CRM."""
    people = options.people
    places = {options.crm: (options.crm,), "three CRMs": CRMS}
    bare: list[float] = []
    rates: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    for _ in range(options.rounds):
        bare.append(yardstick(options))
        for place, crms in places.items():
            rates[place, 5].append(_way_rate(options, options.burst_file(people), 5 * people, *crms))
            rates[place, 1].append(_way_rate(options, options.single_file(people), people, *crms))
    for (place, events), found in rates.items():
        name = f"end to end into {place}, {events} {'event' if events == 1 else 'events'} a person"
        yield scaled(name, found, bare, "events/s", goal=FIVE if events == 5 else ONE)


def _way_rate(options: Options, file: Path, events: int, *crms: str) -> float:
    with staged(options.folder, *crms) as stage:
        watch = Watch(stage.ledger)
        try:
            started = time.monotonic()
            send(file, stage.program.port, folder=options.folder, connections=_SENDERS)
            synced = watch.wait_until_synced(options.people, crms=len(crms), patience=PATIENCE)
        finally:
            watch.close()
        for crm in stage.crms:
            _check_records(options.people, crm.records())
    return events / (synced - started)


def latency(options: Options) -> Iterator[Figure]:
    """From accepted to in the CRM, at half of the rate that the whole way can do."""
    full = _way_rate(options, options.burst_file(options.people), 5 * options.people, options.crm)
    people = int(full / 2 * _HALF_LOAD_SECONDS / 5)
    tails: list[float] = []
    with staged(options.folder, options.crm) as stage:
        watch = Watch(stage.ledger)
        file = options.burst_file(people)
        send(file, stage.program.port, folder=options.folder, rate=full / 2)
        watch.wait_until_synced(people, patience=PATIENCE)
        waits = watch.column(_WAITS)
        watch.close()
        tails.append(quantiles(waits, n=100)[98])
    note = f"{people} people at {full / 2:,.0f} events/s; linger {LINGER_MS} ms"
    yield figure("accepted → in the CRM, p99 at half load", tails, "ms", goal=LATE, note=note)


def calls(options: Options) -> Iterator[Figure]:
    """CRM calls for a burst of 1,000 events of 200 people."""
    counted: list[float] = []
    for _ in range(options.rounds):
        with staged(options.folder, options.crm) as stage:
            watch = Watch(stage.ledger)
            stage.wait_until_at_work()
            before = stage.crm.calls()
            send(options.burst_file(BURST_PEOPLE), stage.program.port, folder=options.folder)
            watch.wait_until_synced(BURST_PEOPLE, patience=PATIENCE)
            watch.close()
            counted.append(stage.crm.calls() - before)
            _check_records(BURST_PEOPLE, stage.crm.records())
    name = f"{options.crm} calls for {5 * BURST_PEOPLE:,} events of {BURST_PEOPLE} people"
    yield figure(name, counted, "calls", goal=CALLS)


def _check_records(people: int, records: int) -> None:
    if records != people:
        raise Broken(f"{people} people, but {records} records in the CRM")
