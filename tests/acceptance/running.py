"""A whole service and a HubSpot sandbox over real sockets, in this process or as one of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from afterclick.cli.provision import provisioned
from afterclick.cli.sending import Delivery, delivery, send
from afterclick.clock import SystemClock
from afterclick.config.connections import resolve_connections
from afterclick.config.load import load
from afterclick.host.connection import open_connection
from afterclick.host.discovery import discover
from afterclick.host.gates import anything
from afterclick.observe.metrics import Metrics
from afterclick.sandbox import serve
from afterclick.service import Service
from afterclick_hubspot.sandbox import HubSpotSandbox
from afterclick_hubspot.sandbox.options import Options

SECRET = "whsec_3f9c0d51b7a84e62a0c4d8e1f2b39576"
PATIENCE = 20.0
STARTING = 300.0
"""Seconds within which a process must listen: one that is nice needs them on a busy machine."""


def environment(folder: Path, base_url: str, **more: str) -> dict[str, str]:
    """Return the whole environment of a service with HubSpot."""
    hubspot = {
        "HUBSPOT_ACCESS_TOKEN": "pat-sandbox",
        "AFTERCLICK_CONNECTIONS__HUBSPOT__BASE_URL": base_url,
        # As the sandbox without limits says of itself.
        "AFTERCLICK_CONNECTIONS__HUBSPOT__PLAN": "unlimited",
    }
    return unconnected(folder, **(hubspot | more))


def unconnected(folder: Path, **more: str) -> dict[str, str]:
    """Return a service's whole environment, its connections given by `more`."""
    return {
        "WEBHOOK_SECRET": SECRET,
        "AFTERCLICK_LEDGER__URL": f"sqlite:///{folder / 'ledger.db'}",
        "AFTERCLICK_SERVER__HOST": "127.0.0.1",
        "AFTERCLICK_SERVER__PORT": "0",
        "AFTERCLICK_SERVER__ADMIN_PORT": "0",
        "AFTERCLICK_LEADS__STUB_DELAY": "100ms",
        "AFTERCLICK_SYNC__LINGER": "100ms",
        "AFTERCLICK_LOG__FORMAT": "json",
        "AFTERCLICK_LOG__LEVEL": "debug",
        **more,
    }


class MovableClock(SystemClock):
    """The machine's time, which a test may move on."""

    def move(self, milliseconds: int) -> None:
        """Let that time have passed."""
        self._offset += milliseconds


@dataclass(slots=True)
class Running:
    """A service in this process, its sandbox and a client."""

    service: Service
    sandbox: HubSpotSandbox
    http: aiohttp.ClientSession
    clock: MovableClock

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send any request to the public port."""
        url = self.service.public_url + path
        async with self.http.post(url, data=body, headers=dict(headers), allow_redirects=False) as answer:
            return answer.status

    async def deliver(self, *deliveries: Delivery, source: str = "tolinku") -> list[int]:
        """Send deliveries all at once."""
        url = f"{self.service.public_url}/webhooks/{source}"
        return await asyncio.gather(*(send(self.http, url, one) for one in deliveries))

    async def folded(self) -> None:
        """Return when every event has its lead."""
        async with asyncio.timeout(PATIENCE):
            while (await self.service.ledger.totals([], now=self.clock.now())).unfolded:
                await asyncio.wait({asyncio.ensure_future(self.clock.sleep(0.02))})

    async def settled(self) -> None:
        """Return when everything is folded and in the CRM."""
        async with asyncio.timeout(PATIENCE):
            while True:
                names = [one.name for one in self.service.plan.ready]
                totals = await self.service.ledger.totals(names, now=self.service.clock.now())
                if totals.unfolded == 0 and not totals.oldest_due_at:
                    return
                # The service's own signal would race with its lanes; a turn of the loop is enough.
                await asyncio.wait({asyncio.ensure_future(self.service.clock.sleep(0.02))})


def event(type: str, at: int, **data: Any) -> Delivery:
    """Return a signed delivery."""
    return delivery(type, at, data, SECRET)


def unlimited() -> HubSpotSandbox:
    """Return an account without rate limits."""
    return HubSpotSandbox(Options(unlimited=True))


async def provision(folder: Path, environ: Mapping[str, str]) -> None:
    """Give the account the fields that it lacks."""
    found = discover()
    settings = load(_no_file(folder), environ)
    infos = {name: plugin.info for name, plugin in found.plugins.items()}
    for resolved in resolve_connections(settings, infos, environ).ready:
        plugin = found.plugins[resolved.plugin]
        async with open_connection(
            resolved, plugin, clock=SystemClock(), metrics=Metrics(), gate=anything
        ) as connected:
            plan = await provisioned(connected, apply=True)
            assert not plan.missing
            assert not plan.conflicts, plan.conflicts


def _no_file(folder: Path) -> Path:
    # A file of its own, so that nothing of the working directory is read.
    file = folder / "afterclick.toml"
    file.touch()
    return file


@asynccontextmanager
async def running(
    folder: Path, *, now: int | None = None, sandbox: HubSpotSandbox | None = None, **more: str
) -> AsyncIterator[Running]:
    """Run a service against a provisioned sandbox; `now` is the wall time (ms) it begins with."""
    clock = MovableClock(offset=0 if now is None else now - SystemClock().now())
    emulator = sandbox or unlimited()
    async with serve(emulator) as crm, aiohttp.ClientSession() as http:
        environ = environment(folder, crm.url, **more)
        await provision(folder, environ)
        settings = load(_no_file(folder), environ)
        async with Service(settings, environ, clock=clock, found=discover()) as service:
            yield Running(service, emulator, http, clock)


RUNNING: list[Process] = []
"""Every process that a test started, so that none is left when it fails."""


class Process:
    """The service as a process of its own: `afterclick serve`, or a program that does as much."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *,
        program: Sequence[str] = ("-m", "afterclick", "serve"),
        python: str | Path = sys.executable,
    ) -> None:
        self.log = folder / "serve.log"
        self._from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [python, *program],
                env={**inherited(), **environ},
                cwd=folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        RUNNING.append(self)

    async def started(self) -> str:
        """Return the public URL once senders may come."""
        async with asyncio.timeout(STARTING):
            while True:
                for line in self.lines():
                    if line.get("event") == "service-started":
                        return str(line["public"])
                if self._process.poll() is not None:
                    raise AssertionError(f"the service ended: {self.log.read_text()}")
                await asyncio.wait({asyncio.ensure_future(SystemClock().sleep(0.02))})

    def lines(self) -> Sequence[dict[str, Any]]:
        """Return what it logged since it was started."""
        text = self.log.read_bytes()[self._from :].decode()
        whole = text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
        return [msgspec.json.decode(line) for line in whole if line.startswith("{")]

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=PATIENCE)

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code once it has ended."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for its own end."""
        return self._process.wait(timeout=PATIENCE)


def inherited() -> dict[str, str]:
    """Return the little that a process gets of this one's environment."""
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
