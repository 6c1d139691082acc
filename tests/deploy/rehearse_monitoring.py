"""`make rehearse-monitoring`: a real Prometheus watches a real service through a bad day of some minutes.

The CRM goes away and comes back, refuses the credential, and rejects leads; the webhook's secret is rotated;
the service dies. Each alert for it must fire and be over again, and every query of the dashboard must have
had data. For any machine with `prometheus`, on Debian in the package of that name.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from tests.acceptance.running import SECRET, Process, environment, provision
from tests.deploy.buildah import RehearsalError
from tests.deploy.panels import ROWS
from tests.deploy.rehearsing import expect, free_port, seen
from tests.deploy.scraping import Prometheus, prometheus

from afterclick.cli.sending import delivery, send
from afterclick.clock import SystemClock
from afterclick.sandbox import serve
from afterclick.sandbox.faults import Rule
from afterclick_hubspot.sandbox import HubSpotSandbox
from afterclick_hubspot.sandbox.options import Options

CLOCK = SystemClock()
PACE = 0.05
"""Seconds between two deliveries of the load."""
LONGEST = 240.0
"""Seconds until an alert must fire or be over; a lane whose credential is refused tries again every 60."""

OUTAGE = {"AfterclickLanePaused", "AfterclickNothingDelivered", "AfterclickSyncLate"}
QUIET = 20.0


@dataclass
class Day:
    """All that takes part."""

    sandbox: HubSpotSandbox
    prometheus: Prometheus
    http: aiohttp.ClientSession
    url: str
    secret: str = SECRET
    numbers: Callable[[], int] = count().__next__


async def main() -> None:
    """Live through the day and tell what was seen."""
    with TemporaryDirectory(prefix="afterclick-rehearsal-") as name:
        folder = Path(name)
        sandbox = HubSpotSandbox(Options(unlimited=True))
        port, admin = free_port(), free_port()
        async with serve(sandbox) as crm, aiohttp.ClientSession() as http:
            environ = settings(folder, crm.url, port, admin)
            await provision(folder, environ)
            process = Process(folder, environ)
            await process.started()
            async with prometheus(folder, f"127.0.0.1:{admin}") as watching:
                day = Day(sandbox, watching, http, f"http://127.0.0.1:{port}/webhooks/tolinku")
                began = CLOCK.now()
                try:
                    async with load(day):
                        await live(day)
                    process.kill()
                    await fires(day, {"AfterclickDown"}, "the service is killed")
                    process = Process(folder, environ)
                    await process.started()
                    await over(day, {"AfterclickDown"}, "it runs again")
                    await dashboard(day, began)
                finally:
                    process.kill()
    seen("all as it should be")


def settings(folder: Path, crm: str, port: int, admin: int) -> dict[str, str]:
    """Return the service's environment: a connection, and another to the same account that only observes."""
    return environment(
        folder,
        crm,
        AFTERCLICK_SERVER__PORT=str(port),
        AFTERCLICK_SERVER__ADMIN_PORT=str(admin),
        AFTERCLICK_CONNECTIONS__HUBSPOT__DAILY_BUDGET="200000",
        AFTERCLICK_CONNECTIONS__TRIAL__PLUGIN="hubspot",
        AFTERCLICK_CONNECTIONS__TRIAL__ACCESS_TOKEN="pat-sandbox",
        AFTERCLICK_CONNECTIONS__TRIAL__BASE_URL=crm,
        AFTERCLICK_CONNECTIONS__TRIAL__PLAN="unlimited",
        AFTERCLICK_CONNECTIONS__TRIAL__MODE="observe",
        AFTERCLICK_LEADS__MAX_STUBS_PER_DAY="1000000",
    )


async def live(day: Day) -> None:
    """Let everything happen that can be put right while the service runs."""
    await CLOCK.sleep(QUIET)
    expect(not await day.prometheus.firing(), f"on a quiet day {await day.prometheus.firing()} fire")
    seen(f"{QUIET:g} quiet seconds, and no alert")
    day.sandbox.faults.add(Rule(kind="cut_before"))
    await fires(day, OUTAGE, "the CRM does not answer")
    day.sandbox.faults.clear()
    await over(day, OUTAGE, "it answers again")
    day.sandbox.faults.add(Rule(kind="status", status=401))
    await fires(day, {"AfterclickCredentialRefused"}, "the CRM refuses the credential")
    day.sandbox.faults.clear()
    await over(day, {"AfterclickCredentialRefused", *OUTAGE}, "it takes it again")
    day.sandbox.faults.add(Rule(kind="status", status=400, path="/batch/upsert"))
    await fires(day, {"AfterclickLeadsParked"}, "the CRM rejects leads")
    day.sandbox.faults.clear()
    await over(day, {"AfterclickLeadsParked"}, "it rejects no more")
    day.secret = "whsec_" + "another" * 5
    await fires(day, {"AfterclickSignaturesRefused"}, "the secret is rotated at the sender")
    day.secret = SECRET
    await over(day, {"AfterclickSignaturesRefused"}, "the sender's secret is ours again")


@asynccontextmanager
async def load(day: Day) -> AsyncIterator[None]:
    """Send deliveries of ever new people, every tenth twice, while the block runs."""
    task = asyncio.create_task(_load(day))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _load(day: Day) -> None:
    while True:
        number = day.numbers()
        data = {"prefix": "p", "token": f"t{number}", "campaign": "may", "platform": "ios"}
        one = delivery("install.tracked", CLOCK.now(), data, day.secret)
        for _ in range(2 if number % 10 == 0 else 1):
            await send(day.http, day.url, one)
        await CLOCK.sleep(PACE)


async def fires(day: Day, alerts: set[str], when: str) -> None:
    """Wait until all of these fire."""

    async def all_fire() -> bool:
        return alerts <= await day.prometheus.firing()

    seconds = await _until(all_fire, f"{sorted(alerts)} do not all fire when {when}")
    seen(f"{when}: after {seconds:.0f} s {', '.join(sorted(alerts))}")


async def over(day: Day, alerts: set[str], when: str) -> None:
    """Wait until none of these fires."""

    async def none_fires() -> bool:
        return not alerts & await day.prometheus.firing()

    seconds = await _until(none_fires, f"of {sorted(alerts)} some still fire when {when}")
    seen(f"{when}: after {seconds:.0f} s none of them")


async def _until(done: Callable[[], Awaitable[bool]], otherwise: str) -> float:
    began = CLOCK.elapsed()
    while not await done():
        expect(CLOCK.elapsed() - began < LONGEST, otherwise)
        await CLOCK.sleep(0.25)
    return CLOCK.elapsed() - began


async def dashboard(day: Day, began: int) -> None:
    """Ask every query of the dashboard over the whole day."""
    empty, asked = [], 0
    for panel in (panel for row in ROWS for panel in row.panels):
        for query in panel.queries:
            asked += 1
            expr = _filled(query.expr)
            times = {"start": f"{began / 1000}", "end": f"{CLOCK.now() / 1000}", "step": "1"}
            found = (await day.prometheus.ask("query_range", query=expr, **times))["result"]
            if not any(value not in ("NaN", "+Inf") for one in found for _, value in one["values"]):
                empty.append(f"{panel.title}: {expr}")
    expect(not empty, "these queries of the dashboard never had data:\n" + "\n".join(empty))
    seen(f"all {asked} queries of the dashboard had data")


def _filled(expr: str) -> str:
    return re.sub(r"\$__(rate_interval|range)", "10s", re.sub(r"\$(instance|connection)\b", ".*", expr))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except RehearsalError as failure:
        sys.exit(f"✗ {failure}")
