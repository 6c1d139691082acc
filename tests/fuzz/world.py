"""A whole service that examples are thrown at: real sockets, a real ledger, the fold lane, perhaps a CRM.

One world serves all examples of a file, on the event loop that `afterclick serve` uses: what one example
leaves behind is what the next one meets.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import logging
import re
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
import uvloop
from tests.acceptance.running import environment, provision, unlimited
from tests.support.clock import NOON, settle
from tests.support.signing import SECRET as APP_SECRET
from tests.support.signing import headers_of
from tests.support.wire import SECRET, Wire, request_bytes

from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.host.discovery import Discovery, discover
from afterclick.ledger.rows import EventState, StoredEvent, SyncState
from afterclick.model.event import dedupe_key
from afterclick.observe.log import configure
from afterclick.receiver.heading import read_heading
from afterclick.sandbox import serve
from afterclick.service import Service
from afterclick_hubspot.sandbox import HubSpotSandbox

PATIENCE = 30.0
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
MOST = 500
"""Events that one example may store."""

FORBIDDEN = frozenset({"fold-interrupted", "event-failed", "ledger-unavailable", "request-failed", "library"})
"""Log lines that no input may cause, besides all errors."""


class LeapingClock(SystemClock):
    """The machine's time, moved to noon of the day of all samples, whose wall leaps when somebody sets it."""

    def __init__(self) -> None:
        super().__init__(NOON - SystemClock().now())
        self._rightly = self._offset

    def leap(self, milliseconds: int) -> None:
        """Set the wall clock forwards or back."""
        self._offset += milliseconds

    def right(self) -> None:
        """Set it right."""
        self._offset = self._rightly


class World:
    """A running service, what it logged, and a sender's connection to it."""

    def __init__(
        self,
        service: Service,
        clock: LeapingClock,
        run: Callable[[Coroutine[Any, Any, Any]], Any],
        log: io.StringIO,
        sandbox: HubSpotSandbox | None = None,
    ) -> None:
        self.service = service
        self.clock = clock
        self.run = run
        self.sandbox = sandbox
        self._log = log
        self._last = 0
        self._sender: Wire | None = None
        self._ids = itertools.count()

    async def wire(self) -> Wire:
        """Open a connection to the public port."""
        port = int(self.service.public_url.rpartition(":")[2])
        return Wire(*await asyncio.open_connection("127.0.0.1", port))

    async def deliver(self, body: bytes) -> int:
        """Deliver a signed body as the sender would and return the status."""
        return await self._ask(request_bytes(body))

    async def _ask(self, data: bytes) -> int:
        # A connection that failed is not used again.
        wire, self._sender = self._sender or await self.wire(), None
        await wire.send(data)
        status = (await wire.answer()).status
        self._sender = wire
        return status

    async def throw(self, pieces: Iterable[bytes]) -> list[int]:
        """Send the pieces on a connection of their own, hang up, and return all statuses that came."""
        wire = await self.wire()
        read = asyncio.create_task(wire.reader.read())
        # It may be told to go before it has said everything.
        with suppress(ConnectionError, RuntimeError):
            for piece in pieces:
                await wire.send(piece)
                await settle(4)
            wire.writer.write_eof()
        said = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                said = await read
        await wire.close()
        return [int(status) for status in STATUS.findall(said)]

    async def register(self, profile: Mapping[str, Any]) -> int:
        """Report a registration under an id of its own and return the status."""
        body = json.dumps(profile).encode()
        headers = headers_of(body, id=f"msg_{next(self._ids)}", at=self.clock.now())
        return await self._ask(request_bytes(body, path="/v1/registrations", headers=headers))

    async def hang_up(self) -> None:
        """Close the sender's connection."""
        if self._sender is not None:
            await self._sender.close()
            self._sender = None

    async def folded(self) -> None:
        """Return when the fold lane has dealt with everything that is stored."""
        async with asyncio.timeout(PATIENCE):
            while (await self.service.ledger.totals([], now=0)).unfolded:
                await settle()

    async def in_crm(self) -> None:
        """Return when the CRM has the newest version of every lead, each at the first attempt."""
        async with asyncio.timeout(PATIENCE):
            while True:
                leads = await self.service.ledger.leads(limit=MOST)
                syncs = await self.service.ledger.syncs_of([lead.id for lead in leads])
                assert [sync for sync in syncs if sync.reason or sync.state != SyncState.ACTIVE] == []
                if all(sync.synced >= sync.wanted for sync in syncs):
                    break
                await settle()
        assert self.sandbox is not None
        records = [sync.record.id for sync in syncs if sync.record is not None]
        assert [id for id in records if self.sandbox.view(id) is None] == []

    async def stored(self, *signed: bytes) -> list[StoredEvent]:
        """Return what was stored since the last call, folded, after making sure that all is well.

        `signed` are the bodies that were well signed: nothing else may have been stored.
        """
        await self.folded()
        found = await self.service.ledger.events(limit=MOST)
        fresh = [event for event in found if event.id > self._last]
        self._last = max((event.id for event in fresh), default=self._last)
        known = {dedupe_key("main", "tolinku", body, read_heading(body).timestamp) for body in signed}
        assert [event for event in fresh if (event.bucket, event.tie) not in known] == []
        assert [event for event in fresh if event.state in (EventState.NEW, EventState.FAILED)] == []
        self.check_log()
        return fresh

    def check_log(self) -> None:
        """Make sure that nothing was logged that no input may cause."""
        lines = [json.loads(line) for line in self._log.getvalue().splitlines()]
        self._log.seek(0)
        self._log.truncate()
        assert [line for line in lines if line["level"] == "error" or line["event"] in FORBIDDEN] == []


@contextmanager
def world(folder: Path, *, crm: bool = False, more: Mapping[str, str] | None = None) -> Iterator[World]:
    """Run a service until the end of the context; `more` are variables of its environment."""
    with _logging() as log, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        try:
            clock = LeapingClock()
            service, sandbox = runner.run(_start(stack, folder, clock, crm, more or {}))
            made = World(service, clock, runner.run, log, sandbox)
            stack.push_async_callback(made.hang_up)
            yield made
        finally:
            runner.run(stack.aclose())


async def _start(
    stack: AsyncExitStack, folder: Path, clock: LeapingClock, crm: bool, more: Mapping[str, str]
) -> tuple[Service, HubSpotSandbox | None]:
    file = folder / "afterclick.toml"
    file.touch()
    more = {
        "WEBHOOK_SECRET": SECRET,
        "AFTERCLICK_SOURCES__APP__KIND": "app",
        "AFTERCLICK_SOURCES__APP__SECRETS": APP_SECRET,
        "AFTERCLICK_LEADS__STUB_DELAY": "0s",
        "AFTERCLICK_SYNC__LINGER": "0s",
        **more,
    }
    if not crm:
        environ = {
            name: value for name, value in environment(folder, "", **more).items() if "HUBSPOT" not in name
        }
        service = Service(load(file, environ), environ, clock=clock, found=Discovery({}))
        return await stack.enter_async_context(service), None
    sandbox = unlimited()
    environ = environment(folder, (await stack.enter_async_context(serve(sandbox))).url, **more)
    await provision(folder, environ)
    service = Service(load(file, environ), environ, clock=clock, found=discover())
    return await stack.enter_async_context(service), sandbox


@contextmanager
def _logging() -> Iterator[io.StringIO]:
    """Catch the log, debug lines included, and put back what was set up before."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    stream = io.StringIO()
    configure("debug", "json", stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
