"""Crashes and faults at random: at rest, everybody is in the CRM exactly once and up to date.

A seed repeats a run: `AFTERCLICK_SIMULATION_RUNS` says how many there are. A process dies by never
coming back from a step of its ledger; what it had sent may still land. Rules that are left out on
purpose must give a wrong end, or the simulation would prove nothing.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.simulation.bench import Bench, make_caller, make_lane
from tests.simulation.fakecrm import FINE, Fault
from tests.simulation.ledger import InlineLedger

from afterclick.errors import LedgerError
from afterclick.ledger.rows import Fence, Sending
from afterclick.ledger.sqlite import lanes
from afterclick.model.lead import STAGES, attributes
from afterclick.syncing.retry import RetryRules

RUNS = int(os.environ.get("AFTERCLICK_SIMULATION_RUNS", "20"))
PEOPLE = 6
PROCESSES = 4
RETRY = RetryRules(first=2, longest=30, give_up_after=1e9)


class Death:
    """What kills a process: after so many steps of its ledger it does nothing more."""

    def __init__(self, steps: float) -> None:
        self._left = steps
        self.died = asyncio.Event()
        self.buried = asyncio.Event()

    async def step(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.died.set()
            await self.buried.wait()
            raise LedgerError("this process is dead")
        await asyncio.sleep(0)


def faults(rng: random.Random, rate: float) -> Callable[[str, Sequence[str]], Fault]:
    """Return how requests go: most well, some lost before or after the write, some far too late."""

    def plan(hook: str, refs: Sequence[str]) -> Fault:
        lag = rng.uniform(0, 3.9)
        if rng.random() >= rate:
            return Fault(effect=rng.uniform(0, 0.5), answer=rng.uniform(0, 0.5), lag=lag)
        return rng.choice(
            [
                Fault(unsent=True),
                Fault(effect=None, answer=None),
                Fault(effect=rng.uniform(0, 17.9), answer=None, lag=lag),
                Fault(effect=0.1, broken="cut", lag=lag),
                Fault(effect=0.1, broken="error", lag=lag),
                Fault(effect=0.1, broken="forgets", lag=lag),
                Fault(effect=0.1, broken="short", lag=lag),
            ]
        )

    return plan


class Simulation:
    """One seeded run."""

    def __init__(self, bench: Bench, seed: int, *, keyed: bool, settle: float | None = None) -> None:
        self.bench = bench
        self.rng = random.Random(seed)
        self.deaths: list[Death] = []
        self.settle = settle
        self.typed: dict[str, str] = {}
        bench.crm.keyed = keyed
        bench.crm.plan = faults(self.rng, 0.3)

    def start(self, number: int, steps: float) -> Death:
        """Start a process with a lane of its own."""
        death = Death(steps)
        self.deaths.append(death)
        ledger: InlineLedger = self.bench.ledger.seen_by(f"process-{number}", death.step)
        caller = make_caller(self.bench.crm, self.bench.clock, metrics=self.bench.metrics)
        lane = make_lane(ledger, self.bench.clock, caller, retry=RETRY, settle=self.settle)
        _ = self.bench.run(lane.run())
        return death

    async def run(self) -> None:
        """Let it all happen, then let it come to rest."""
        for number in range(PROCESSES):
            last = number == PROCESSES - 1
            self.start(number, float("inf") if last else self.rng.randint(10, 90))
            for _ in range(6):
                await self.something_happens()
                await self.bench.clock.advance(self.rng.uniform(0.2, 12))
        self.bench.crm.plan = lambda hook, refs: FINE
        await self.bench.clock.advance(400)

    async def something_happens(self) -> None:
        person = f"p{self.rng.randrange(PEOPLE)}"
        kind = self.rng.choice(["convert", "tap", "type"])
        if kind == "convert":
            milestone = f"m{self.rng.randrange(4)}"
            await self.bench.converts(person, ago=self.rng.uniform(0, 60), milestone=milestone)
        elif kind == "tap":
            await self.bench.taps(f"code-{person}", ago=self.rng.uniform(0, 60), prefix="ref")
        elif self.bench.crm.living():
            row = self.rng.choice(self.bench.crm.living())
            self.bench.crm.edit(row.id, "platform", "typed by sales")
            self.typed[row.id] = "typed by sales"

    async def wrong(self) -> list[str]:
        """Return what is not as it should be."""
        found: list[str] = []
        rows = self.bench.crm.living()
        for lead in await self.bench.leads():
            own = [row for row in rows if row.key in lead.keys]
            if len(own) != 1:
                found.append(f"lead {lead.id} has {len(own)} records")
                continue
            known = attributes(lead.state)
            wanted = {"milestone": known.get("milestone"), "converted": known.get("conversion_date")}
            wanted |= {"installed": known.get("install_date"), "token": known.get("token")}
            for name, value in wanted.items():
                if own[0].values.get(name) != value:
                    found.append(f"lead {lead.id}: {name} is {own[0].values.get(name)!r}, not {value!r}")
            if lead.state.milestones and own[0].values.get("stage") != STAGES[-1]:
                found.append(f"lead {lead.id} is no customer")
        found += [
            f"{id} lost what sales typed"
            for id, value in self.typed.items()
            if id in {row.id for row in rows} and self.bench.crm.rows[id].values.get("platform") != value
        ]
        return found

    def bury(self) -> None:
        for death in self.deaths:
            death.buried.set()


async def ends(path: Path, seed: int, *, keyed: bool, settle: float | None = None) -> list[str]:
    """Run one seed and return what is wrong at rest."""
    async with Bench(path / f"{seed}-{keyed}.db") as bench:
        simulation = Simulation(bench, seed, keyed=keyed, settle=settle)
        try:
            await simulation.run()
            return await simulation.wrong()
        finally:
            simulation.bury()
            await bench.clock.advance(15)


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.timeout(600)
async def test_at_rest_everybody_is_in_the_crm_once_with_the_newest_values(
    tmp_path: Path, keyed: bool
) -> None:
    for seed in range(RUNS):
        assert await ends(tmp_path, seed, keyed=keyed) == [], f"seed {seed}"


async def _some_wrong_end(path: Path, **changes: Any) -> bool:
    for seed in range(60):
        if await ends(path, seed, keyed=False, **changes):
            return True
    return False


@pytest.mark.timeout(300)
async def test_without_the_wait_for_late_writes_something_goes_wrong(tmp_path: Path) -> None:
    assert await _some_wrong_end(tmp_path, settle=0.0)


@pytest.mark.timeout(300)
async def test_without_the_mark_before_a_write_something_goes_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unmarked(
        self: InlineLedger, fence: Fence, connection: str, leads: Mapping[int, Sending], **_: Any
    ) -> Sequence[int]:
        return list(leads)

    monkeypatch.setattr(InlineLedger, "note_sending", unmarked)

    assert await _some_wrong_end(tmp_path)


@pytest.mark.timeout(300)
async def test_the_fence_keeps_two_holders_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it, a former holder's mark is refused; without it, it would be taken."""
    async with Bench(tmp_path / "fence.db") as bench:
        first = await bench.ledger.acquire("sync:fake", "one", now=bench.clock.now(), lease_ms=1)
        await bench.clock.advance(1)
        second = await bench.ledger.acquire("sync:fake", "two", now=bench.clock.now(), lease_ms=1000)
        assert first is not None
        assert second is not None
        stale = Fence("sync:fake", first.epoch)
        with pytest.raises(LedgerError):
            await bench.ledger.note_sending(stale, "fake", {}, operation="create", now=0)
        monkeypatch.setattr(lanes, "check", lambda db, fence: None)
        assert await bench.ledger.note_sending(stale, "fake", {}, operation="create", now=0) == []
