"""A service that is killed again and again under load, and what it has made of it in the end.

A seed repeats the people, what is sent in which round, the kills that are tried, and what goes wrong in
the CRMs. It does not repeat how the machine interleaves processes, so nor how far each was when it died.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import apsw
from tests.acceptance.running import Process, provision, unconnected
from tests.kill.clock import VARIABLE, SharedClock
from tests.kill.crms import CRMS, Crm
from tests.kill.ends import Ending, is_at_rest, judge, reading
from tests.kill.holding import Hold
from tests.kill.people import crowd, parcels
from tests.kill.sender import Sender

from afterclick.cli.sending import Delivery
from afterclick.sandbox import serve

ROOT = Path(__file__).parents[2]
SPEED = 25.0
"""How much faster than the machine's the time of a story runs."""

SOON = 25.0
"""Seconds for which a write is held at least, so that a successor is at work."""

REST = 3600.0
"""Seconds of the story within which all has to come to rest; back-off and settle time are far shorter."""

KILLS = ("acknowledged", "asked", "written", "sent", "started")
"""When a process is killed: after some deliveries, after some calls of a CRM, between a write and its
answer, between sending a write and its effect, and as soon as it listens."""


@dataclass(frozen=True, slots=True)
class Told:
    """How a story went; `seconds` are of its own time, `calls` by CRM."""

    seed: int
    kills: Counter[str]
    sent: int
    acknowledged: int
    calls: Counter[str]
    seconds: float
    ending: Ending


class Story:
    """One ledger, several CRMs, and processes that follow one another."""

    def __init__(
        self, folder: Path, seed: int, *, rounds: int, people: int, crms: Sequence[str] = tuple(CRMS)
    ) -> None:
        self.folder = folder
        self.seed = seed
        self.rng = random.Random(seed)
        self.clock = SharedClock.begun(folder / "clock", speed=SPEED)
        self.crms = [CRMS[name](self.clock, seed) for name in crms]
        self.people = crowd(people, now=self.clock.now(), rng=self.rng)
        self.parcels = parcels(self.people, rounds, self.rng)
        self.kills: Counter[str] = Counter()
        self._releases: list[asyncio.Task[None]] = []

    async def run(self) -> Told:
        """Let it all happen and come to rest."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.clock.running())
            for crm in self.crms:
                await stack.enter_async_context(serve(crm.emulator))
            self.sender = await stack.enter_async_context(Sender())
            self._environ = unconnected(self.folder, **settings(self.folder, self.crms))
            await provision(self.folder, self._environ)
            for crm in self.crms:
                crm.go_wrong(self.rng.getrandbits(32))
            for parcel in self.parcels:
                await self._round(parcel)
            for crm in self.crms:
                crm.go_well()
            ending = await self._end()
        return Told(
            seed=self.seed,
            kills=self.kills,
            sent=self.sender.sent,
            acknowledged=len(self.sender.acknowledged),
            calls=Counter({crm.name: crm.emulator.calls.total for crm in self.crms}),
            seconds=self.clock.elapsed(),
            ending=ending,
        )

    async def _round(self, parcel: list[Delivery]) -> None:
        """Start a process, send it a parcel, and kill it somewhere on the way."""
        self.sender.add(parcel)
        kill, crm = self.rng.choice(KILLS), self.rng.choice(self.crms)
        share, calls = self.rng.random(), self.rng.randint(1, 12)
        process, url = await self._started()
        acknowledged = self.sender.acknowledged.total() + share * len(self.sender.waiting)
        asked = crm.emulator.calls.total + calls
        sending = asyncio.create_task(self.sender.send_all(url))
        if kill == "acknowledged":
            await self._until(lambda: self.sender.acknowledged.total() >= acknowledged, sending)
        elif kill == "asked":
            await self._until(lambda: crm.emulator.calls.total >= asked, sending)
        elif kill in {"written", "sent"}:
            hold = crm.faults.hold_next_write("after" if kill == "written" else "before")
            if not await self._until(hold.reached.is_set, sending):
                kill = "at rest"
            late = self.rng.uniform(SOON, crm.latest)
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
        process, url = await self._started()
        await self.sender.send_all(url)
        await asyncio.gather(*self._releases)
        with reading(self.folder / "ledger.db") as db:
            await self._until_rest(db)
            people = [person.known for person in self.people]
            ending = judge(db, acknowledged=self.sender.acknowledged, people=people, crms=self.crms)
        code = process.stop()
        assert code == 0, f"the last process ended with {code}"
        return ending

    async def _started(self) -> tuple[Process, str]:
        """Return a new process and where it listens; no time passes until it does."""
        with self.clock.standing():
            process = Process(self.folder, self._environ, program=("-m", "tests.kill.serving"))
            return process, await process.started()

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


def settings(folder: Path, crms: Sequence[Crm]) -> dict[str, str]:
    """Return what every process of a story is told."""
    connections = {name: value for crm in crms for name, value in crm.environment().items()}
    return connections | {
        "PYTHONPATH": str(ROOT),
        VARIABLE: str(folder / "clock"),
        "AFTERCLICK_LOG__LEVEL": "info",
        "AFTERCLICK_SYNC__LINGER": "1s",
        "AFTERCLICK_SYNC__BACKOFF_MAX": "1m",
        "AFTERCLICK_LEADS__STUB_DELAY": "5s",
    }
