"""A service that is killed again and again under load, and what it has made of it in the end.

A seed repeats the people, what is sent in which round, the kills that are tried, and what goes wrong in
the CRM. It does not repeat how the machine interleaves processes, so nor how far each was when it died.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import apsw
from tests.acceptance.running import Process, environment, provision
from tests.kill.clock import VARIABLE, SharedClock
from tests.kill.crm import HeldPipedrive, HeldSandbox, Hold, hold_next_write
from tests.kill.ends import Ending, is_at_rest, judge, reading
from tests.kill.people import crowd, parcels

from afterclick.cli.sending import Delivery, send
from afterclick.sandbox import serve
from afterclick.sandbox.presets import preset

ROOT = Path(__file__).parents[2]
SPEED = 25.0
"""How much faster than the machine's the time of a story runs."""

SENDERS = 8
SOON, LATE = 25.0, 65.0
"""Seconds for which a write is held after a kill: a successor is at work, and HubSpot may be later still."""

REST = 3600.0
"""Seconds of the story within which all has to come to rest; back-off and settle time are far shorter."""

KILLS = ("acknowledged", "asked", "written", "sent", "started")
"""When a process is killed: after some deliveries, after some calls of the CRM, between a write and its
answer, between sending a write and its effect, and as soon as it listens."""


@dataclass(frozen=True, slots=True)
class Told:
    """How a story went; `seconds` are of its own time."""

    seed: int
    kills: Counter[str]
    sent: int
    acknowledged: int
    calls: int
    seconds: float
    ending: Ending


class Story:
    """One ledger, one CRM, and processes that follow one another."""

    def __init__(self, folder: Path, seed: int, *, rounds: int, people: int) -> None:
        self.folder = folder
        self.seed = seed
        self.rng = random.Random(seed)
        self.clock = SharedClock.begun(folder / "clock", speed=SPEED)
        self.crm = self.sandbox()
        self.people = crowd(people, now=self.clock.now(), rng=self.rng)
        self.parcels = parcels(self.people, rounds, self.rng)
        self.kills: Counter[str] = Counter()
        self.acknowledged: Counter[bytes] = Counter()
        self.sent = 0
        self._waiting: list[Delivery] = []
        self._releases: list[asyncio.Task[None]] = []

    def sandbox(self) -> HeldSandbox | HeldPipedrive:
        """Return the CRM."""
        return HeldSandbox(self.clock, self.seed)

    def environment(self, url: str) -> dict[str, str]:
        """Return what processes are started with; `url` is where the CRM listens."""
        return environment(self.folder, url, **settings(self.folder))

    def judge(self, db: apsw.Connection) -> Ending:
        """Return what is wrong at rest."""
        assert isinstance(self.crm, HeldSandbox)
        expected = [person.contact for person in self.people]
        return judge(db, acknowledged=self.acknowledged, expected=expected, contacts=self.crm.contacts())

    async def run(self) -> Told:
        """Let it all happen and come to rest."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.clock.running())
            url = (await stack.enter_async_context(serve(self.crm))).url
            # Connections are not kept: the next process may get the port of the one that was killed.
            connector = aiohttp.TCPConnector(force_close=True)
            self._http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            self._environ = self.environment(url)
            await provision(self.folder, self._environ)
            self.crm.faults.start(preset("rough"), seed=self.seed)
            for parcel in self.parcels:
                await self._round(parcel)
            self.crm.faults.clear()
            ending = await self._end()
        return Told(
            seed=self.seed,
            kills=self.kills,
            sent=self.sent,
            acknowledged=len(self.acknowledged),
            calls=self.crm.calls.total,
            seconds=self.clock.elapsed(),
            ending=ending,
        )

    async def _round(self, parcel: list[Delivery]) -> None:
        """Start a process, send it a parcel, and kill it somewhere on the way."""
        self._waiting += parcel
        kill = self.rng.choice(KILLS)
        share, calls, late = self.rng.random(), self.rng.randint(1, 12), self.rng.uniform(SOON, LATE)
        process = self._start()
        with self.clock.standing():
            url = await process.started()
        acknowledged = self.acknowledged.total() + share * len(self._waiting)
        asked = self.crm.calls.total + calls
        sending = asyncio.create_task(self._send(url))
        if kill == "acknowledged":
            await self._until(lambda: self.acknowledged.total() >= acknowledged, sending)
        elif kill == "asked":
            await self._until(lambda: self.crm.calls.total >= asked, sending)
        elif kill in {"written", "sent"}:
            hold = hold_next_write(self.crm.faults, "after" if kill == "written" else "before")
            if not await self._until(hold.reached.is_set, sending):
                kill = "at rest"
            self._releases.append(asyncio.create_task(self._release(hold, late)))
        process.kill()
        self.kills[kill] += 1
        await sending

    async def _release(self, hold: Hold, late: float) -> None:
        """Let a held write go on, when a successor may be at work."""
        await self.clock.sleep(late)
        hold.release()

    async def _end(self) -> Ending:
        """Send what is left to a last process, let it come to rest, and judge."""
        process = self._start()
        with self.clock.standing():
            url = await process.started()
        await self._send(url)
        with reading(self.folder / "ledger.db") as db:
            await self._until_rest(db)
            ending = self.judge(db)
        await asyncio.gather(*self._releases)
        code = process.stop()
        assert code == 0, f"the last process ended with {code}"
        return ending

    def _start(self) -> Process:
        return Process(self.folder, self._environ, program=("-m", "tests.kill.serving"))

    async def _send(self, url: str) -> None:
        """Send what waits, some at a time, until it is all acknowledged or nobody answers."""
        await asyncio.gather(*(self._sender(f"{url}/webhooks/tolinku") for _ in range(SENDERS)))

    async def _sender(self, url: str) -> None:
        while self._waiting:
            one = self._waiting.pop()
            self.sent += 1
            try:
                status = await send(self._http, url, one)
            except (aiohttp.ClientError, TimeoutError, OSError):
                # Whether it was stored nobody knows: the sender tries again.
                self._waiting.append(one)
                return
            assert status in {200, 503}, f"a delivery was answered with {status}"
            if status == 200:
                self.acknowledged[one.body] += 1
            else:
                self._waiting.append(one)

    async def _until(self, reached: Callable[[], bool], sending: asyncio.Task[None]) -> bool:
        """Wait for a moment to kill; tell whether it came, or everything came to rest before."""
        with reading(self.folder / "ledger.db") as db:
            while not reached():
                if sending.done() and is_at_rest(db):
                    return False
                await self.clock.sleep(0.2)
        return True

    async def _until_rest(self, db: apsw.Connection) -> None:
        give_up_at = self.clock.elapsed() + REST
        while not is_at_rest(db) and self.clock.elapsed() < give_up_at:
            await self.clock.sleep(1.0)


def settings(folder: Path) -> dict[str, str]:
    """Return what every process of a story is told."""
    return {
        "PYTHONPATH": str(ROOT),
        VARIABLE: str(folder / "clock"),
        "AFTERCLICK_LOG__LEVEL": "info",
        "AFTERCLICK_SYNC__LINGER": "1s",
        "AFTERCLICK_SYNC__BACKOFF_MAX": "1m",
        "AFTERCLICK_LEADS__STUB_DELAY": "5s",
    }
