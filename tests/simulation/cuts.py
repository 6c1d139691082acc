"""Cuts a pass at one of its awaits, as a kill does, and lets a new lane take over.

A pass is driven step by step. At the chosen step it stops for ever, and with it all that its process
was to do; what the CRM has received by then goes on. The places of the awaits in `batch.py` come from
its syntax tree, so that none can be forgotten.
"""

from __future__ import annotations

import ast
import asyncio
import enum
import inspect
import shutil
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from tests.simulation import ledger as inline
from tests.simulation.bench import Bench, make_caller, make_lane
from tests.simulation.clock import START, VirtualClock
from tests.simulation.fakecrm import FINE, FakeCrm
from tests.simulation.ledger import open_ledger
from tests.simulation.world import RETRY, wrong_at_rest

from afterclick.ledger.rows import Due
from afterclick.syncing import batch
from afterclick.syncing.batch import Pass
from afterclick.syncing.lane import LaneRules
from afterclick.syncing.report import Report

Place = tuple[int | None, int | None, int | None, int | None]
"""First and last line, first and last column of an await."""

QUICK: dict[str, Any] = {"call_deadline": 3.0, "late_effect": 2.0, "list_lag": 1.0}
"""A CRM whose late writes (seconds) do not take long to wait for."""

SETTLED = 7.0
"""Seconds after which no write of such a CRM can land any more."""


class End(enum.StrEnum):
    """How a pass ends before its time."""

    LOST = "killed"
    DONE = "killed, but what it was waiting for happens"
    CANCELLED = "cancelled"


@cache
def awaits() -> dict[Place, str]:
    """Return every await of `batch.py`."""
    found: dict[Place, str] = {}
    for node in ast.walk(ast.parse(inspect.getsource(batch))):
        assert not isinstance(node, ast.AsyncFor | ast.AsyncWith), "such an await is not found by its place"
        if isinstance(node, ast.Await):
            place = (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)
            found[place] = ast.unparse(node)
    return found


@cache
def _places(code: CodeType) -> Sequence[Place]:
    """Return the place of every instruction, each of which takes two bytes."""
    return list(code.co_positions())


@dataclass(frozen=True, slots=True)
class Stand:
    """Where in `batch.py` a suspended pass stands, the outermost await first.

    A pass waits for the ledger itself, or for a task: a hook or a settle, which can end without it.
    """

    places: tuple[Place, ...]
    for_task: bool

    @classmethod
    def of(cls, work: Any) -> Stand:
        """Return where a coroutine stands."""
        found: list[Place] = []
        files = []
        while inspect.iscoroutine(work) and work.cr_frame is not None:
            frame = work.cr_frame
            files.append(frame.f_code.co_filename)
            if frame.f_code.co_filename == batch.__file__:
                found.append(_places(frame.f_code)[frame.f_lasti // 2])
            work = work.cr_await
        return cls(tuple(found), inline.__file__ not in files)

    @property
    def ends(self) -> tuple[End, ...]:
        """Return the ends that differ here."""
        return tuple(End) if self.for_task else (End.LOST, End.CANCELLED)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a pass ends: at its nth suspension, counted from 1 over all passes of the process."""

    at: int
    end: End


class Process:
    """A process whose passes are watched, and end where the cuts say: a kill is the last of them."""

    def __init__(self, *cuts: Cut) -> None:
        self.stood: list[Stand] = []
        self.ended = asyncio.Event()
        self._cuts = {cut.at: cut.end for cut in cuts}
        self._last = max(self._cuts, default=0)
        self._killed: End | None = None
        self._buried = asyncio.Event()

    async def step(self) -> None:
        """Stand between the process and its ledger."""
        await self.lives()
        await asyncio.sleep(0)

    async def lives(self) -> None:
        """Go on if the process does; what a dead one still does belongs to the pass that was cut."""
        if self._killed is None or (self._killed is End.DONE and _OF_THE_PASS.get()):
            return
        await self._buried.wait()
        raise asyncio.CancelledError

    def bury(self) -> None:
        """Let its tasks end, after the test."""
        self._buried.set()

    def _end(self, place: Stand) -> End | None:
        """Return how the pass ends here, if it does."""
        if self._killed is not None:
            return None
        self.stood.append(place)
        end = self._cuts.get(len(self.stood))
        if end is not End.CANCELLED:
            self._killed = end
        if len(self.stood) == self._last:
            self.ended.set()
        return end

    def drive(self, work: Any) -> Generator[Any, Any, Any]:
        """Run a coroutine as `await` does, but look where it stands whenever it waits."""
        _OF_THE_PASS.set(True)
        failure: BaseException | None = None
        while True:
            try:
                waits_for = work.send(None) if failure is None else work.throw(failure)
            except StopIteration as stop:
                return stop.value
            failure = None
            try:
                end = self._end(Stand.of(work))
                if end is None:
                    yield waits_for
                else:
                    if end is not End.CANCELLED:
                        yield from self._buried.wait().__await__()
                    failure = asyncio.CancelledError()
            except BaseException as thrown:  # noqa: BLE001 - the coroutine is to get it
                failure = thrown


_OF_THE_PASS: ContextVar[bool] = ContextVar("of_the_pass", default=False)
_PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class Driven:
    """A coroutine in the hands of its process."""

    def __init__(self, process: Process, work: Any) -> None:
        self._process = process
        self._work = work

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._process.drive(self._work)


class WatchedPass(Pass):
    """A pass that its process watches."""

    async def run(self, due: Sequence[Due]) -> Report:
        process, work = _PROCESS.get(), super().run(due)
        report: Report = await (work if process is None else Driven(process, work))
        return report


class Line:
    """A process's line to the CRM: nothing is sent by one that is dead."""

    def __init__(self, crm: FakeCrm, process: Process) -> None:
        self._crm = crm
        self._process = process

    async def exchange(self, *request: Any) -> Any:
        await self._process.lives()
        return await self._crm.exchange(*request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)


Prepare = Callable[[Bench], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What has happened before the pass; `batch` is how many leads it takes.

    `plugin` is what is special about the plugin, `lane` about the lane's rules; `begins` is the wall
    time (ms) at the start.
    """

    prepare: Prepare
    keyed: bool = True
    batch: int = 10
    begins: int = START
    plugin: Mapping[str, Any] = field(default_factory=dict)
    lane: Mapping[str, Any] = field(default_factory=dict)

    @property
    def absorbs(self) -> bool:
        """Tell whether the plugin brings doubles into their survivors."""
        return bool(self.plugin.get("absorbs"))


def start(bench: Bench, scenario: Scenario, process: Process) -> asyncio.Task[None]:
    """Start a process with a lane; each has the same name, as on one machine."""
    ledger: Any = bench.ledger.seen_by("process", process.step)
    line: Any = Line(bench.crm, process)
    caller = make_caller(line, bench.clock, metrics=bench.metrics, **QUICK, **scenario.plugin)
    lane = make_lane(
        ledger,
        bench.clock,
        caller,
        retry=RETRY,
        batch=scenario.batch,
        lane=LaneRules(in_flight=1),
        **scenario.lane,
    )
    token = _PROCESS.set(process)
    try:
        return bench.run(lane.run())
    finally:
        _PROCESS.reset(token)


async def run(folder: Path, scenario: Scenario, *cuts: Cut) -> tuple[list[Stand], list[str]]:
    """Let a process be cut and another take over; return where its passes stood and what is wrong at rest."""
    async with Bench(await empty_ledger(folder), connections=["fake"], begins=scenario.begins) as bench:
        bench.crm.keyed = scenario.keyed
        await scenario.prepare(bench)
        process = Process(*cuts)
        task = start(bench, scenario, process)
        if cuts:
            await bench.clock.until(process.ended.is_set)
            if cuts[-1].end is End.CANCELLED:
                task.cancel()
            bench.crm.plan = lambda hook, refs: FINE
            _ = start(bench, scenario, Process())
        wrong = await rest(bench, absorbs=scenario.absorbs)
        process.bury()
        return process.stood, wrong


async def empty_ledger(folder: Path) -> Path:
    """Return the file of a new ledger, a copy: making one takes as long as a whole pass."""
    template = folder / "template.db"
    if not template.exists():
        await open_ledger(template, VirtualClock()).close()
    return Path(shutil.copy(template, folder / f"{len(list(folder.iterdir()))}.db"))


async def rest(bench: Bench, *, absorbs: bool) -> list[str]:
    """Let it come to rest, and everything land that was sent; return what is wrong then."""
    for _ in range(60):
        await bench.clock.advance(5)
        if not await wrong_at_rest(bench, absorbs=absorbs):
            break
    await bench.clock.advance(SETTLED)
    return await wrong_at_rest(bench, absorbs=absorbs)
