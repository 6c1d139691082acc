"""A receiver on a real socket, with a ledger in memory behind it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import aiohttp
import msgspec
import pytest
import structlog
import uvloop
from tests.support.clock import FakeClock
from tests.support.wire import SECRET, Answer, Wire, request_bytes

from afterclick.config.model import Server, Source
from afterclick.config.secrets import SecretSource
from afterclick.ledger.rows import NewEvent, StoredEvent
from afterclick.observe.log import configure
from afterclick.observe.metrics import Metrics
from afterclick.receiver.admin import admin_app
from afterclick.receiver.app import PublicApp
from afterclick.receiver.intake import Intake
from afterclick.receiver.limits import Limits
from afterclick.receiver.serving import Serving

# What hangs on how sockets are opened, read and closed is tried on the service's own loop as well.
_ON_BOTH_LOOPS = frozenset({"test_connections.py", "test_floods.py"})


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Say on which event loops a test runs; pytest-asyncio calls it."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    return {**loops, "uvloop": uvloop.new_event_loop} if item.path.name in _ON_BOTH_LOOPS else loops


class FakeLedger:
    """Keeps events in a list. `failure` makes it refuse, `gate` makes it wait before it commits."""

    def __init__(self) -> None:
        self.events: list[NewEvent] = []
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.waiting = 0
        self._seen: set[tuple[int, bytes]] = set()

    async def append(self, event: NewEvent) -> bool:
        if self.failure is not None:
            raise self.failure
        if self.gate is not None:
            self.waiting += 1
            await self.gate.wait()
        name = (event.bucket, event.tie)
        if name in self._seen:
            return False
        self._seen.add(name)
        self.events.append(event)
        return True

    async def stored(self, tie: bytes) -> StoredEvent | None:
        if self.failure is not None:
            raise self.failure
        for id, event in enumerate(self.events, start=1):
            if (event.bucket, event.tie) == (0, tie):
                return StoredEvent(id=id, **msgspec.structs.asdict(event))
        return None

    async def ready(self) -> bool:
        return self.failure is None

    async def secret(self, name: str) -> bytes:
        return hashlib.sha256(name.encode()).digest()


class Receiver:
    """A running receiver and what stands behind it."""

    def __init__(self, serving: Serving, intake: Intake, ledger: FakeLedger, stack: AsyncExitStack) -> None:
        self.serving = serving
        self.intake = intake
        self.ledger = ledger
        self.metrics = intake.metrics
        self._stack = stack

    @property
    def port(self) -> int:
        return self.serving.ports().public

    async def wire(self) -> Wire:
        """Open a connection to the public port."""
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.port))
        self._stack.push_async_callback(wire.close)
        return wire

    async def ask(self, data: bytes) -> Answer:
        """Send bytes on a connection of their own and read the answer."""
        wire = await self.wire()
        await wire.send(data)
        return await wire.answer()

    async def deliver(self, body: bytes, **options: Any) -> int:
        """Send a signed body and return the status."""
        return (await self.ask(request_bytes(body, **options))).status

    def counted(self, result: str, source: str = "tolinku") -> float:
        """Return how many requests ended so."""
        labels = {"source": source, "result": result}
        return self.metrics.registry.get_sample_value("afterclick_deliveries_total", labels) or 0.0

    @property
    def only(self) -> NewEvent:
        """Return the one event that is stored."""
        (event,) = self.ledger.events
        return event


Start = Callable[..., Awaitable[Receiver]]


def source(*secrets: str | SecretSource, **settings: Any) -> Source:
    """Return a source with these secrets, or the usual one."""
    made = [one if isinstance(one, SecretSource) else SecretSource.of(one) for one in secrets or (SECRET,)]
    return Source(secrets=tuple(made), **settings)


async def start_receiver(
    stack: AsyncExitStack,
    clock: FakeClock,
    sources: Mapping[str, Source] | None = None,
    *,
    keep_ip: bool = False,
    limits: Mapping[str, Any] | None = None,
    further: Any = None,
    **admin: Any,
) -> Receiver:
    """Start a receiver on free ports; it stops with the stack."""
    ledger = FakeLedger()
    settings = Server(host="127.0.0.1", port=0, admin_port=0, stop_grace=1.0)
    intake = Intake(
        ledger,
        clock,
        Metrics(),
        Limits(**(limits or {})),
        ip_secret=await ledger.secret("ip"),
        keep_ip=keep_ip,
    )
    public = PublicApp({"tolinku": source()} if sources is None else sources, intake, further)
    options = {"ready": _always, **admin}
    serving = Serving(settings, public, admin_app(metrics=intake.metrics, **options))
    stack.push_async_callback(serving.stop)
    await serving.start_admin()
    await serving.start_public()
    return Receiver(serving, intake, ledger, stack)


@pytest.fixture
async def start(clock: FakeClock) -> AsyncIterator[Start]:
    """Return a function that starts a receiver on free ports; all of them stop after the test."""
    async with AsyncExitStack() as stack:
        yield partial(start_receiver, stack, clock)


async def _always() -> bool:
    return True


@pytest.fixture
async def receiver(start: Start) -> Receiver:
    """Return a receiver with one source `tolinku`."""
    return await start()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what is logged, debug lines included, as JSON."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    stream = io.StringIO()
    configure("debug", "json", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(log: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines of the log."""
    return [json.loads(line) for line in log.getvalue().splitlines()]
