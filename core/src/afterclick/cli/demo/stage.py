"""The demo's stage: sandboxes and a service on free loopback ports, in a folder that goes away again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import aiohttp
import msgspec

from afterclick.cli.demo.cast import Tables
from afterclick.cli.demo.crms import Crm
from afterclick.cli.demo.setting import Secrets, environment, toml
from afterclick.cli.demo.story import NOW, SOURCE, Told
from afterclick.cli.registration import ADDRESS, signed
from afterclick.cli.sandbox import emulator_of
from afterclick.cli.sending import Delivery, Report, delivery, send
from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.errors import AfterclickError
from afterclick.host.connection import open_connection
from afterclick.host.discovery import Discovery
from afterclick.host.gates import anything
from afterclick.model.event import REGISTRATION
from afterclick.observe.metrics import Metrics
from afterclick.sandbox import serve
from afterclick.service import Service
from afterclick.service.connections import planned

Requests = list[Delivery | Report]


@dataclass(slots=True)
class Stage:
    """A running service and the CRMs it writes to.

    `tables` is what `afterclick.toml` says of connections. `statuses` are the answers to all requests.
    """

    secrets: Secrets
    session: aiohttp.ClientSession
    environ: dict[str, str]
    file: Path
    tables: Tables
    make: Callable[[], Service]
    crms: dict[str, Crm] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    service: Service = field(init=False)
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Write `afterclick.toml` and start the service with it."""
        self.file.write_text(toml(self.tables), encoding="utf-8")
        self.service = await self._running.enter_async_context(self.make())
        # Senders and scrapers know its ports by now: a restart keeps them.
        for name, url in (("PORT", self.service.public_url), ("ADMIN_PORT", self.service.admin_url)):
            self.environ[f"AFTERCLICK_SERVER__{name}"] = str(urlsplit(url).port)

    async def stop(self) -> None:
        """Stop the service, as SIGTERM does."""
        await self._running.aclose()

    async def restart(self, tables: Tables) -> None:
        """Stop the service and start it with other settings, on the same ledger."""
        await self.stop()
        self.tables = tables
        await self.start()

    def signed(self, told: Sequence[Told]) -> Requests:
        """Return events as Tolinku would send them, and registrations as the app's backend would."""
        return [self._signed(one) for one in told]

    def _signed(self, one: Told) -> Delivery | Report:
        if one.event != REGISTRATION:
            return delivery(one.event, one.at, one.data, self.secrets.tolinku)
        body = msgspec.json.encode(one.data)
        id = f"signup-{one.data['user_id']}"
        return Report(body=body, headers=signed(body, id, self.service.clock.now(), self.secrets.app))

    async def deliver(self, requests: Sequence[Delivery | Report]) -> list[int]:
        """Send requests one after another and return the answers."""
        answers = []
        for one in requests:
            path = ADDRESS if isinstance(one, Report) else f"/webhooks/{SOURCE}"
            answers.append(await send(self.session, self.service.public_url + path, one))
        self.statuses += answers
        return answers


def performers(found: Discovery) -> list[str]:
    """Return the plugins that have a sandbox.

    Raises:
        AfterclickError: there is none.

    """
    names = sorted(name for name, plugin in found.plugins.items() if plugin.has("sandbox"))
    if not names:
        raise AfterclickError(
            "no CRM plugin with a sandbox is installed",
            hint="Install one: pip install ./core ./plugins/hubspot",
        )
    return names


@asynccontextmanager
async def stage(found: Discovery, tables: Tables, *, base_url: str | None = None) -> AsyncIterator[Stage]:
    """Set everything up, with `tables` in `afterclick.toml`.

    `base_url` names a sandbox that runs already, for the first connection.
    """
    clock = SystemClock(offset=NOW - SystemClock().now())
    signing = Secrets.new()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="afterclick-demo-")))
        connections = await _sandboxes(stack, found)
        if base_url is not None:
            connections[next(iter(connections))]["base_url"] = base_url
        environ = environment(folder, signing, connections)
        # A file of its own, so that an afterclick.toml in the working directory is not read.
        file = folder / "afterclick.toml"
        # The counts go on over a restart, as they do in what scrapes them.
        metrics = Metrics()
        set_up = Stage(
            secrets=signing,
            session=await stack.enter_async_context(aiohttp.ClientSession()),
            environ=environ,
            file=file,
            tables=tables,
            make=lambda: Service(load(file, environ), environ, clock=clock, found=found, metrics=metrics),
        )
        set_up.crms = await _crms(stack, set_up, found, clock)
        stack.push_async_callback(set_up.stop)
        await set_up.start()
        yield set_up


async def _sandboxes(stack: AsyncExitStack, found: Discovery) -> dict[str, dict[str, str]]:
    """Start every sandbox; return the settings that point to each."""
    connections = {}
    for name in performers(found):
        emulator = emulator_of(name, {}, found.plugins)
        connections[name] = (await stack.enter_async_context(serve(emulator))).settings()
    return connections


async def _crms(stack: AsyncExitStack, set_up: Stage, found: Discovery, clock: SystemClock) -> dict[str, Crm]:
    """Connect to each CRM beside the service, make its fields, and note what it holds already."""
    set_up.file.touch()
    plan = planned(load(set_up.file, set_up.environ), found, set_up.environ)
    crms = {}
    for one in plan.ready:
        opened = open_connection(
            one, found.plugins[one.plugin], clock=clock, metrics=Metrics(), gate=anything
        )
        crms[one.name] = Crm(await stack.enter_async_context(opened), set_up.session)
    async with asyncio.TaskGroup() as together:
        for crm in crms.values():
            together.create_task(crm.prepare())
    return crms
