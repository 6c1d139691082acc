"""A process that carries operations out, and may be killed at any step between it and its ledger.

The steps that count are those of the operations; the lanes of the process die with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from tests.simulation.bench import Bench, make_caller, make_fold, make_lane
from tests.simulation.erasing import ErasingPlugin
from tests.simulation.fakecrm import FakePlugin

from afterclick.console.feeding import Feeder, Route
from afterclick.console.forgetting import Forgetter
from afterclick.folding.batch import Destination, Rules
from afterclick.folding.refolding import Refolder
from afterclick.ledger.operations import Kind, Operation, Selection
from afterclick.syncing.erasing import Eraser
from afterclick.syncing.lane import LaneRules, SyncLane
from afterclick.syncing.retry import RetryRules

_FEEDING: ContextVar[bool] = ContextVar("feeding", default=False)

Routes = Callable[[], dict[str, Route]]


class Process:
    """The fold lane and the feeder of one process. It dies at its step `dies`, from 1, while it `counts`.

    A piece of the ledger's work has two steps: before it, and after it, when it is done and nobody knows.
    """

    def __init__(self, bench: Bench, *, dies: int | None = None) -> None:
        self.bench = bench
        self.steps = 0
        self.counts = True
        self.dead = asyncio.Event()
        self._dies = dies
        self._buried = asyncio.Event()
        # Every process has the same name, as on one machine: the next one has the lanes at once.
        self.ledger: Any = bench.ledger.seen_by("process", self._step)
        self.fold = make_fold(self.ledger, bench.clock, bench.metrics, ["fake"])
        self.feeder: Feeder
        self.lane: SyncLane

    async def _step(self) -> None:
        if _FEEDING.get() and self.counts and not self.dead.is_set():
            self.steps += 1
            if self.steps == self._dies:
                self.dead.set()
        if self.dead.is_set():
            await self._buried.wait()
            raise asyncio.CancelledError
        await asyncio.sleep(0)

    def refolds(
        self, rules: Rules, *, attributes: frozenset[str] | None = None, routes: Routes = dict
    ) -> Process:
        """Start it, with other rules than the events were folded by."""
        refolder = Refolder(
            self.ledger,
            self.bench.clock,
            self.fold,
            rules=rules,
            destinations=lambda: [Destination(connection="fake", attributes=attributes)],
        )
        self.feeder = Feeder(self.ledger, self.bench.clock, routes, {Kind.REFOLD: refolder.step})
        self.start()
        return self

    def forgets(
        self, *, plugin: type[FakePlugin] = ErasingPlugin, observes: bool = False, **plugin_info: Any
    ) -> Process:
        """Start it with a lane, whose plugin erases records."""
        clock, metrics = self.bench.clock, self.bench.metrics
        caller = make_caller(self.bench.crm, clock, metrics=metrics, plugin=plugin, **plugin_info)
        self.lane = make_lane(
            self.ledger, clock, caller, retry=RetryRules(longest=60), lane=LaneRules(observes=observes)
        )
        erasers = {"fake": Eraser(self.ledger, clock, self.lane, metrics)}
        forgetter = Forgetter(self.ledger, clock, turn=self.fold.turn, erasers=lambda: erasers)
        self.feeder = Feeder(self.ledger, clock, dict, {Kind.FORGET: forgetter.step})
        _ = self.bench.run(self.lane.run())
        self.start()
        return self

    def start(self) -> None:
        """Fold and feed."""
        self.does(self.feeder.run())

    def does(self, work: Any) -> None:
        """Fold, and do something of which every step counts."""
        _ = self.bench.run(self.fold.run())
        token = _FEEDING.set(True)
        _ = self.bench.run(work)
        _FEEDING.reset(token)

    def bury(self) -> None:
        """Let its tasks end, after the test."""
        self._buried.set()


async def begin(bench: Bench, kind: Kind, **selection: Any) -> Operation:
    """Begin an operation that is for no connection."""
    return await bench.ledger.begin_operation(
        kind, "", Selection(**selection), expected=None, now=bench.clock.now()
    )


async def ended(bench: Bench, operation: Operation) -> Operation:
    """Let time pass until an operation has ended; return it as it is then."""
    for _ in range(600):
        found = await bench.ledger.operation(operation.id)
        assert found is not None
        if not found.running:
            return found
        await bench.clock.advance(0.5)
    raise AssertionError(f"{operation.kind} did not end")


async def killed_everywhere(run: Callable[[int | None], Awaitable[Process]]) -> int:
    """Run a story once to its end, then once for each step at which its process can die.

    Returns how many those are.
    """
    steps = (await run(None)).steps
    for dies in range(1, steps + 1):
        await run(dies)
    return steps
