"""One CRM in trouble beside two healthy ones: what it costs those."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from statistics import quantiles
from typing import Any, NamedTuple

from tests.benchmarks.breaking import BREAKS
from tests.benchmarks.figures import Figure, Goal, ratio
from tests.benchmarks.load import send
from tests.benchmarks.options import Options
from tests.benchmarks.processes import Broken
from tests.benchmarks.stage import BREAKING, SERVICE, Stage, Watch, staged
from tests.benchmarks.syncing_benchmarks import PATIENCE

HEALTHY, THIRD = ("hubspot", "salesforce"), "pipedrive"
_SENDERS = 64
_PACED_SECONDS = 8.0

RATE, LATE = Goal("≥", 0.95, 1.0), Goal("≤", 1.05, 1.0)

_THEIRS = f"connection IN {HEALTHY}"
_IN_THE_CRMS = f"SELECT count(*) FROM syncs WHERE {_THEIRS} AND synced >= wanted"  # noqa: S608 - our own names
_WAITS = f"""
SELECT synced_at - (SELECT max(received_at) FROM events WHERE events.lead = syncs.lead)
FROM syncs WHERE {_THEIRS}
"""  # noqa: S608 - our own names


class Trouble(NamedTuple):
    """What is wrong with the third: its sandbox goes wrong, its plugin is broken, or it is not there."""

    order: Mapping[str, Any] | None = None
    breaks: str = ""
    absent: bool = False


_SPENT = {"kind": "status", "status": 429, "reason": "daily"}
HEALTH, NOBODY = "healthy", "not there"
TROUBLES = {
    HEALTH: Trouble(),
    NOBODY: Trouble(absent=True),
    "slow": Trouble({"preset": "slow"}),
    "down": Trouble({"preset": "down"}),
    "out of budget": Trouble({"rules": [_SPENT]}),
    "broken: its plugin raises": Trouble(breaks="raises"),
    "broken: its plugin hangs": Trouble(breaks="hangs"),
    "broken: its plugin answers garbage": Trouble(breaks="garbage"),
}


def isolation(options: Options) -> Iterator[Figure]:
    """Two healthy CRMs beside one in trouble ÷ beside a third healthy one, and ÷ with nobody beside them.

    A healthy third takes its share of the cores, so that one in trouble often leaves the others more.
    The second comparison tells what the trouble itself takes.
    """
    rates: defaultdict[str, list[float]] = defaultdict(list)
    tails: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(options.rounds):
        for name, trouble in TROUBLES.items():
            rates[name].append(_rate(options, trouble))
        half = rates[HEALTH][-1] / 2
        for name, trouble in TROUBLES.items():
            tails[name].append(_tail(options, trouble, half))
    for name in TROUBLES:
        if name == HEALTH:
            continue
        yield ratio(f"rate beside a CRM that is {name}", rates[name], rates[HEALTH], goal=RATE)
        yield ratio(f"p99 beside a CRM that is {name}", tails[name], tails[HEALTH], goal=LATE)
        if name != NOBODY:
            yield ratio(f"rate beside a CRM that is {name} ÷ alone", rates[name], rates[NOBODY])
            yield ratio(f"p99 beside a CRM that is {name} ÷ alone", tails[name], tails[NOBODY])


@contextmanager
def _beside(options: Options, trouble: Trouble) -> Iterator[tuple[Stage, Watch]]:
    """Run the service with all three, the third in trouble from the moment at which every lane works."""
    command = BREAKING if trouble.breaks else SERVICE
    more = {BREAKS: f"{THIRD}={trouble.breaks}"} if trouble.breaks else {}
    crms = HEALTHY if trouble.absent else (*HEALTHY, THIRD)
    with staged(options.folder, *crms, command=command, **more) as stage:
        stage.wait_until_at_work()
        if trouble.order is not None:
            next(crm for crm in stage.crms if crm.name == THIRD).trouble(trouble.order)
        watch = Watch(stage.ledger)
        try:
            yield stage, watch
        finally:
            watch.close()


def _rate(options: Options, trouble: Trouble) -> float:
    """Return events/s from the first delivery sent until the healthy CRMs have every lead."""
    with _beside(options, trouble) as (stage, watch):
        started = time.monotonic()
        file = options.burst_file(options.people)
        send(file, stage.program.port, folder=options.folder, connections=_SENDERS)
        return 5 * options.people / (_wait_for_healthy(watch, options.people) - started)


def _tail(options: Options, trouble: Trouble, rate: float) -> float:
    """Return how long (ms) a lead took into a healthy CRM, p99, at so many events a second."""
    people = int(rate * _PACED_SECONDS / 5)
    with _beside(options, trouble) as (stage, watch):
        send(options.burst_file(people), stage.program.port, folder=options.folder, rate=rate)
        _wait_for_healthy(watch, people)
        waits: list[float] = watch.column(_WAITS)
        return quantiles(waits, n=100)[98]


def _wait_for_healthy(watch: Watch, people: int) -> float:
    """Return when (`time.monotonic()`) the healthy CRMs had everything."""
    give_up_at = time.monotonic() + PATIENCE
    while (at := time.monotonic()) < give_up_at:
        if watch.unfolded() == 0 and watch.one(_IN_THE_CRMS) == people * len(HEALTHY):
            return at
        time.sleep(0.05)
    raise Broken(f"after {PATIENCE:g} s the healthy CRMs lack {watch.due()} leads")
