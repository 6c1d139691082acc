"""A whole service and a Salesforce sandbox over real sockets, in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from tests.acceptance.pipedrive import APP_SECRET
from tests.acceptance.running import PATIENCE, MovableClock, provision, unconnected
from tests.support.signing import headers_of

from afterclick.cli.sending import Delivery, send
from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.host.discovery import discover
from afterclick.sandbox import serve
from afterclick.service import Service
from afterclick_salesforce.sandbox import Options, SalesforceSandbox

ADMIN = "00D-admin-sandbox"


@dataclass(slots=True)
class Org:
    """A service in this process, its sandbox and a client."""

    service: Service
    crm: SalesforceSandbox
    http: aiohttp.ClientSession
    clock: MovableClock

    async def deliver(self, *deliveries: Delivery) -> list[int]:
        """Send deliveries all at once."""
        url = f"{self.service.public_url}/webhooks/tolinku"
        return await asyncio.gather(*(send(self.http, url, one) for one in deliveries))

    async def register(self, user_id: str, **told: str) -> None:
        """Report a registration, as the user's own backend does."""
        body = json.dumps({"user_id": user_id, **told}).encode()
        headers = headers_of(body, id=f"signup-{user_id}", at=self.clock.now(), secrets=(APP_SECRET,))
        url = f"{self.service.public_url}/v1/registrations"
        async with self.http.post(url, data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def folded(self) -> None:
        """Return when every event has its lead."""
        async with asyncio.timeout(PATIENCE):
            while (await self.service.ledger.totals([], now=self.clock.now())).unfolded:
                await asyncio.wait({asyncio.ensure_future(self.clock.sleep(0.02))})

    async def settled(self) -> None:
        """Return when everything is folded and in the CRM."""
        async with asyncio.timeout(PATIENCE):
            while True:
                totals = await self.service.ledger.totals(["salesforce"], now=self.clock.now())
                if totals.unfolded == 0 and not totals.oldest_due_at:
                    return
                await asyncio.wait({asyncio.ensure_future(self.clock.sleep(0.02))})

    def leads(self) -> list[dict[str, Any]]:
        """Return the fields of all Leads, the id included."""
        return people(self.crm, "Lead")

    def contacts(self) -> list[dict[str, Any]]:
        """Return the fields of all Contacts, the id included."""
        return people(self.crm, "Contact")


def people(crm: SalesforceSandbox, sobject: str) -> list[dict[str, Any]]:
    """Return the fields of the live records of an object, the id included."""
    return [{"Id": row.id, **row.values} for row in crm.org.tables[sobject]]


def org() -> SalesforceSandbox:
    """Return an org without limits, as it comes."""
    return SalesforceSandbox(Options(unlimited=True, admin_token=ADMIN, object_permissions=("Read",)))


def variables(folder: Path, base_url: str, **more: str) -> dict[str, str]:
    """Return a service's whole environment, the article's variables among it."""
    options = Options()
    return {
        **unconnected(folder),
        "SF_INSTANCE_URL": base_url,
        "SF_CLIENT_ID": options.client_id,
        "SF_CLIENT_SECRET": options.client_secret,
        "SF_PROVISIONING_TOKEN": ADMIN,
        "AFTERCLICK_CONNECTIONS__SALESFORCE__PACING": "false",
        "AFTERCLICK_SOURCES__APP__KIND": "app",
        "AFTERCLICK_SOURCES__APP__SECRETS": APP_SECRET,
        **more,
    }


@asynccontextmanager
async def serving(folder: Path, *, now: int | None = None, **more: str) -> AsyncIterator[Org]:
    """Run a service against an org that it provisions first; `now` is the wall time (ms) it begins with."""
    clock = MovableClock(offset=0 if now is None else now - SystemClock().now())
    emulator = org()
    async with serve(emulator) as crm, aiohttp.ClientSession() as http:
        environ = variables(folder, crm.url, **more)
        await provision(folder, environ)
        settings = load(folder / "afterclick.toml", environ)
        async with Service(settings, environ, clock=clock, found=discover()) as service:
            yield Org(service, emulator, http, clock)
