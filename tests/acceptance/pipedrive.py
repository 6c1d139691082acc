"""A whole service and a Pipedrive sandbox over real sockets, in this process."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from tests.acceptance.running import PATIENCE, MovableClock, provision, unconnected
from tests.support.signing import headers_of

from afterclick.cli.sending import Delivery, send
from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.host.discovery import discover
from afterclick.sandbox import serve
from afterclick.service import Service
from afterclick_pipedrive.sandbox import Options, PipedriveSandbox

APP_SECRET = "whsec_" + base64.b64encode(b"a secret of the app, for 32 bytes").decode()
DEALS = {
    "AFTERCLICK_CONNECTIONS__PIPEDRIVE__DEALS": "deal",
    "AFTERCLICK_CONNECTIONS__PIPEDRIVE__DEAL_EVENTS": "referral,registration,conversion",
}
"""Deals are on for whatever makes a person of a lead."""


@dataclass(slots=True)
class Selling:
    """A service in this process, its sandbox and a client."""

    service: Service
    crm: PipedriveSandbox
    http: aiohttp.ClientSession
    clock: MovableClock

    async def deliver(self, *deliveries: Delivery) -> list[int]:
        """Send deliveries all at once."""
        url = f"{self.service.public_url}/webhooks/tolinku"
        return await asyncio.gather(*(send(self.http, url, one) for one in deliveries))

    def tokens(self) -> float:
        """Return the tokens that the connection has spent."""
        labels = {"connection": "pipedrive", "bucket": "tokens"}
        return self.service.metrics.registry.get_sample_value("afterclick_crm_cost_total", labels) or 0.0

    async def register(self, user_id: str, **told: str) -> None:
        """Report a registration, as the user's own backend does."""
        body = json.dumps({"user_id": user_id, **told}).encode()
        headers = headers_of(body, id=f"signup-{user_id}", at=self.clock.now(), secrets=(APP_SECRET,))
        url = f"{self.service.public_url}/v1/registrations"
        async with self.http.post(url, data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def settled(self) -> None:
        """Return when everything is folded and in the CRM, and nothing is waited for."""
        async with asyncio.timeout(PATIENCE):
            while True:
                totals = await self.service.ledger.totals(["pipedrive"], now=self.clock.now())
                if totals.unfolded == 0 and not totals.oldest_due_at:
                    return
                await asyncio.wait({asyncio.ensure_future(self.clock.sleep(0.02))})


@asynccontextmanager
async def selling(
    folder: Path, *, now: int | None = None, crm: PipedriveSandbox | None = None, **more: str
) -> AsyncIterator[Selling]:
    """Run a service against a provisioned company; `now` is the wall time (ms) it begins with."""
    clock = MovableClock(offset=0 if now is None else now - SystemClock().now())
    emulator = crm or PipedriveSandbox(Options(unlimited=True), clock=clock)
    async with serve(emulator) as running, aiohttp.ClientSession() as http:
        environ = unconnected(folder)
        given = running.settings()
        environ |= {"PIPEDRIVE_API_TOKEN": given.pop("api_token")}
        environ |= {
            f"AFTERCLICK_CONNECTIONS__PIPEDRIVE__{name.upper()}": value for name, value in given.items()
        }
        environ |= {"AFTERCLICK_SOURCES__APP__KIND": "app", "AFTERCLICK_SOURCES__APP__SECRETS": APP_SECRET}
        environ |= DEALS | more
        await provision(folder, environ)
        file = folder / "afterclick.toml"
        async with Service(load(file, environ), environ, clock=clock, found=discover()) as service:
            yield Selling(service, emulator, http, clock)
