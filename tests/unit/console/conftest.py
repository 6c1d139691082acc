"""The admin API on a real socket, with an embedded ledger behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from tests.support.clock import FakeClock

from afterclick.config.model import Source
from afterclick.config.secrets import Secret, SecretSource
from afterclick.console.adopting import Account, Adoptions
from afterclick.console.app import console_app
from afterclick.console.feeding import Feeder, Route
from afterclick.console.operating import Operator
from afterclick.console.status import Watch
from afterclick.ledger.operations import Kind, Operation, Terms, Waiting
from afterclick.ledger.sqlite import SqliteLedger
from afterclick.observe.metrics import Metrics
from afterclick.receiver.admin import admin_app

CRM = "crm"


@dataclass(slots=True)
class Console:
    """A running admin port and what stands behind it."""

    ledger: SqliteLedger
    metrics: Metrics
    feeder: Feeder
    routes: dict[str, Route]
    accounts: dict[str, Account]
    server: TestServer
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, json: Any = None, **headers: str) -> tuple[int, Any]:
        """Return status and decoded body of a request; `X_Real_IP` as a keyword is the header X-Real-IP."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = str(self.server.make_url(path))
        async with self.http.request(method, url, json=json, headers=named) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        return await self.ask("GET", path, **headers)


async def no_lanes(operation: Operation, look: int, most: int) -> Waiting:
    """Stand in for what the lanes do."""
    return Waiting("no lane runs here")


Start = Callable[..., Awaitable[Console]]


@pytest.fixture
async def ledger(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteLedger]:
    """Return an empty ledger."""
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", clock)
    yield ledger
    await ledger.close()


@pytest.fixture
async def start(ledger: SqliteLedger, clock: FakeClock) -> AsyncIterator[Start]:
    """Return a function that starts an admin port."""
    async with AsyncExitStack() as stack:

        async def started(*, token: Secret | None = None) -> Console:
            metrics = Metrics()
            routes = {CRM: Route(Terms(), 100, lambda: 1.0)}
            accounts: dict[str, Account] = {}
            watch = Watch(
                ledger=ledger,
                clock=clock,
                metrics=metrics,
                sources={"tolinku": Source(secrets=(SecretSource.of("whsec_3f9c0d51b7a84e62"),))},
                running=lambda: [CRM],
                started_at=clock.now(),
            )
            feeder = Feeder(
                ledger, clock, lambda: routes, dict.fromkeys((Kind.REFOLD, Kind.FORGET), no_lanes)
            )
            operator = Operator(ledger=ledger, clock=clock, feeder=feeder, routes=lambda: routes)
            adoptions = Adoptions(ledger, clock, lambda: accounts)
            api = console_app(watch, operator, adoptions, token=token)
            server = TestServer(admin_app(metrics=metrics, ready=ledger.ready, api=api))
            await server.start_server()
            stack.push_async_callback(server.close)
            http = await stack.enter_async_context(aiohttp.ClientSession())
            return Console(ledger, metrics, feeder, routes, accounts, server, http)

        yield started


@pytest.fixture
async def console(start: Start) -> Console:
    """Return an admin port without a token."""
    return await start()
