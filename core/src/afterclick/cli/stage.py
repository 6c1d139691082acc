"""The demo's stage: sandboxes and a service on free loopback ports, in a folder that goes away again.

Nothing of the shell reaches it: the service is configured from an environment of the demo's own, so
a real account's credentials cannot be used by accident.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from afterclick.cli.provision import provisioned
from afterclick.cli.registration import ADDRESS, signed
from afterclick.cli.sandbox import emulator_of
from afterclick.cli.sending import Delivery, Report, delivery, send
from afterclick.cli.story import NOW, SOURCE, Told
from afterclick.clock import SystemClock
from afterclick.config.addresses import is_loopback
from afterclick.config.load import load
from afterclick.errors import AfterclickError
from afterclick.host.connection import Connected, open_connection
from afterclick.host.discovery import Discovery, discover
from afterclick.ledger.rows import LeadRow
from afterclick.model.event import REGISTRATION
from afterclick.observe.metrics import Metrics
from afterclick.plugin.types import Lead, Match, Record
from afterclick.sandbox import Person, serve
from afterclick.service import Service

PATIENCE = 60.0
"""Seconds until the demo says that something is wrong."""


class Secrets(msgspec.Struct, frozen=True):
    """What Tolinku signs with, and what the app's backend does."""

    tolinku: str
    app: str

    @classmethod
    def new(cls) -> Secrets:
        """Return secrets that nobody can guess."""
        random = b64encode(secrets.token_bytes(32)).decode()
        return cls(f"whsec_{secrets.token_hex(24)}", f"whsec_{random}")


@dataclass(slots=True)
class Stage:
    """A running service and the CRMs it writes to; `sandboxes` are their addresses.

    `others` are the records that each CRM held before.
    """

    service: Service
    secrets: Secrets
    crms: dict[str, Connected]
    sandboxes: dict[str, str]
    session: aiohttp.ClientSession
    others: dict[str, set[str]] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)

    def signed(self, told: Sequence[Told]) -> list[Delivery | Report]:
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

    async def type_in(self, person: Person) -> None:
        """Let the sales team type a person into every CRM; one who is there already stays."""
        for url in self.sandboxes.values():
            async with self.session.post(
                f"{url}/_sandbox/records", data=msgspec.json.encode(person)
            ) as answer:
                if answer.status not in (201, 409):
                    raise AfterclickError(f"the sandbox does not take a record: {await answer.text()}")

    async def records(self, name: str) -> set[str]:
        """Return the ids of all records that a CRM holds.

        Raises:
            AfterclickError: it is no sandbox.

        """
        async with self.session.get(f"{self.sandboxes[name]}/_sandbox/records") as answer:
            if answer.status != 200:
                raise AfterclickError(
                    f"{self.sandboxes[name]} is no sandbox of Afterclick's",
                    hint="Start one with `afterclick sandbox`, or leave --sandbox out.",
                )
            return {str(record["id"]) for record in await answer.json()}

    async def settled(self) -> None:
        """Return when every event is folded and every CRM has the newest state.

        Raises:
            AfterclickError: it takes too long.

        """
        ledger = self.service.ledger
        for _ in range(int(PATIENCE / 0.1)):
            totals = await ledger.totals(list(self.crms), now=self.service.clock.now())
            if totals.unfolded == 0 and not totals.oldest_due_at:
                return
            await asyncio.sleep(0.1)
        raise AfterclickError(
            f"after {PATIENCE:g} s not every lead is in the CRM",
            hint="Run it again with --log debug and look at what the lanes say.",
        )

    async def read_back(self, name: str) -> list[tuple[LeadRow, Record]]:
        """Read every lead's record from a CRM, through its API."""
        leads = await self.service.ledger.leads(limit=1000)
        syncs = {row.lead: row for row in await self.service.ledger.syncs_of([row.id for row in leads])}
        asked = [
            Lead(
                ref=f"lead-{row.id}",
                keys=row.keys,
                record=Record(kind=known.kind, id=known.id),
            )
            for row in leads
            if (sync := syncs.get(row.id)) is not None and (known := sync.record) is not None
        ]
        called = await self.crms[name].caller.batch("match", leads=asked)
        by_ref = {f"lead-{row.id}": row for row in leads}
        return [
            (by_ref[lead.ref], outcome.record)
            for lead, outcome in zip(asked, called.outcomes, strict=True)
            if isinstance(outcome, Match)
        ]

    def calls(self) -> int:
        """Return how many calls the service has made to CRMs."""
        total = 0.0
        for metric in self.service.metrics.crm_calls.collect():
            total += sum(sample.value for sample in metric.samples if sample.name.endswith("_total"))
        return int(total)


def environment(
    folder: Path, secret: Secrets, connections: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Return the demo service's whole environment; the shell's is not looked at.

    Raises:
        AfterclickError: a connection leads away from this machine.

    """
    environ = {
        "WEBHOOK_SECRET": secret.tolinku,
        "AFTERCLICK_SOURCES__APP__KIND": "app",
        "AFTERCLICK_SOURCES__APP__SECRETS": secret.app,
        "AFTERCLICK_LEDGER__URL": f"sqlite:///{folder / 'ledger.db'}",
        "AFTERCLICK_SERVER__HOST": "127.0.0.1",
        "AFTERCLICK_SERVER__PORT": "0",
        "AFTERCLICK_SERVER__ADMIN_PORT": "0",
        # Strangers are shown at once; a real service gives them ten minutes to get a name.
        "AFTERCLICK_LEADS__STUB_DELAY": "1s",
    }
    for name, settings in connections.items():
        host = urlsplit(settings.get("base_url", "")).hostname or ""
        if not is_loopback(host):
            raise AfterclickError(
                f"the demo writes to sandboxes on this machine only, not to {host or 'a default address'}",
                hint="Use the address of `afterclick sandbox`, or `afterclick serve` for a real account.",
            )
        for key, value in settings.items():
            environ[f"AFTERCLICK_CONNECTIONS__{name.upper()}__{key.upper()}"] = value
    return environ


@asynccontextmanager
async def stage(*, base_url: str | None = None, found: Discovery | None = None) -> AsyncIterator[Stage]:
    """Set everything up; `base_url` names a HubSpot sandbox that runs already."""
    found = found or discover()
    clock = SystemClock(offset=NOW - SystemClock().now())
    signing = Secrets.new()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="afterclick-demo-")))
        connections: dict[str, dict[str, str]] = {}
        for name, plugin in sorted(found.plugins.items()):
            if plugin.has("sandbox"):
                emulator = emulator_of(name, {}, found.plugins)
                running = await stack.enter_async_context(serve(emulator))
                connections[name] = running.settings()
        if not connections:
            raise AfterclickError(
                "no CRM plugin with a sandbox is installed",
                hint="Install one: pip install ./core ./plugins/hubspot",
            )
        if base_url is not None:
            connections[next(iter(connections))]["base_url"] = base_url
        environ = environment(folder, signing, connections)
        # A file of its own, so that an afterclick.toml in the working directory is not read.
        file = folder / "afterclick.toml"
        file.touch()
        service = Service(load(file, environ), environ, clock=clock, found=found)
        crms = {
            one.name: await stack.enter_async_context(
                open_connection(one, found.plugins[one.plugin], clock=clock, metrics=Metrics())
            )
            for one in service.plan.ready
        }
        for connected in crms.values():
            await provisioned(connected, apply=True)
            connected.caller.ctx.client = await connected.caller.single("connect")
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await stack.enter_async_context(service)
        sandboxes = {name: settings["base_url"].rstrip("/") for name, settings in connections.items()}
        set_up = Stage(service, signing, crms, sandboxes, session)
        set_up.others = {name: await set_up.records(name) for name in crms}
        yield set_up


def attributes_of(connected: Connected, record: Record) -> dict[str, Any]:
    """Return a record's values by lead attribute."""
    return {
        spec.attribute: record.values[spec.name]
        for spec in connected.caller.ctx.fields
        if spec.name in record.values
    }
