"""A scrape: how long Prometheus waits for the metrics when very many leads are due."""

from __future__ import annotations

import time
import urllib.request
from asyncio import run
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from tests.benchmarks.deliveries import singles
from tests.benchmarks.figures import Figure, Goal, figure
from tests.benchmarks.ledgers import Filled, multiply
from tests.benchmarks.options import Options
from tests.benchmarks.processes import Broken, free_port, running
from tests.benchmarks.stage import SERVICE, environment, scratch

BASE = 1_000
"""People that are folded for real; the others are copies of them."""

_SCRAPES = 100
_LEAST = 20_000
"""Due leads that each connection must show: the service counts no further."""

_MORE = ("second", "third")

SCRAPE = Goal("≤", 50, 25)
SERIES = Goal("≤", 10_000, 2_000)


def scrape(options: Options) -> Iterator[Figure]:
    """A scrape, p95, while three CRMs cannot be reached and every lead is due for each of them."""
    with scratch(options.folder) as folder:
        run(_queue(folder / "ledger.db", (options.crm, *_MORE)))
        multiply(folder / "ledger.db", options.due // BASE - 1)
        port, admin = free_port(), free_port()
        environ = _environment(folder, options.crm) | {
            "AFTERCLICK_SERVER__PORT": str(port),
            "AFTERCLICK_SERVER__ADMIN_PORT": str(admin),
        }
        with running(SERVICE, folder, port=port, environ=environ):
            url = f"http://127.0.0.1:{admin}/metrics"
            took = [_p95(url) for _ in range(options.rounds)]
            series = [line for line in _scraped(url).splitlines() if not line.startswith("#")]
    _check_due(series)
    yield figure(f"a scrape, {options.due:,} leads due for three CRMs, p95", took, "ms", goal=SCRAPE)
    yield figure("series of a service with three connections", [len(series)], goal=SERIES)


async def _queue(file: Path, connections: tuple[str, ...]) -> None:
    filled = await Filled.open(file, connections=connections)
    await filled.store(singles(), BASE)
    await filled.fold()
    await filled.close()


def _environment(folder: Path, crm: str) -> dict[str, str]:
    """Return the settings of three connections to a CRM that nobody answers for."""
    first = environment(folder, {crm: f"http://127.0.0.1:{free_port()}"})
    ours = f"AFTERCLICK_CONNECTIONS__{crm.upper()}__"
    settings = {name.removeprefix(ours): value for name, value in first.items() if name.startswith(ours)}
    return first | {
        f"AFTERCLICK_CONNECTIONS__{name.upper()}__{setting}": value
        for name in _MORE
        for setting, value in {**settings, "PLUGIN": crm}.items()
    }


def _p95(url: str) -> float:
    """Return how many milliseconds a scrape takes at most, but for one in twenty."""
    times = []
    for _ in range(_SCRAPES):
        started = time.perf_counter()
        _scraped(url)
        times.append((time.perf_counter() - started) * 1000)
    return quantiles(times, n=20)[-1]


def _scraped(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        shown: str = answer.read().decode()
    return shown


def _check_due(series: list[str]) -> None:
    due = [line for line in series if line.startswith("afterclick_due_syncs{")]
    if len(due) != 1 + len(_MORE) or any(float(line.rpartition(" ")[2]) < _LEAST for line in due):
        raise Broken(f"not every lead is due for all: {due}")
