"""A world in which everything goes wrong at random: processes that die or freeze, lost answers, late writes.

A seed repeats a run exactly. A process dies by never coming back from a step of its ledger, and
freezes by coming back late; what it had sent may still land.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.simulation.bench import Bench, make_caller, make_fold, make_lane
from tests.simulation.fakecrm import FINE, Fault, Row

from afterclick.clock import Clock
from afterclick.errors import LedgerError
from afterclick.ledger.rows import EventState, LeadRow, SyncRow
from afterclick.model.fields import Scalar
from afterclick.model.lead import STAGES, attributes
from afterclick.syncing.lane import LaneRules
from afterclick.syncing.retry import RetryRules

PEOPLE = 5
CODES = 7
PROCESSES = 4
REST = 400.0
"""Seconds of peace after which everything must be right: back-off and settle time are far shorter."""

REJECTED: set[tuple[str, Scalar]] = {("campaign", "k0"), ("milestone", "m0")}
"""Values that the CRM never takes: the rest of such a lead is written all the same."""

RETRY = RetryRules(first=2, longest=30, give_up_after=1e9)


class Fate:
    """What happens to a process: after so many steps of its ledger it dies, and now and then it freezes."""

    def __init__(
        self, clock: Clock, rng: random.Random, *, dies: float = float("inf"), freezes: bool = False
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._dies = dies
        self._freezes = freezes
        self._steps = 0
        self._freezes_at = rng.randint(5, 60)
        self._frozen_until = 0.0
        self._buried = asyncio.Event()
        self._toils = True

    def spare(self) -> None:
        """Let it freeze no more, nor wait for its disk."""
        self._freezes = self._toils = False

    def kill(self) -> None:
        """Let it do nothing more."""
        self._dies = 0

    def bury(self) -> None:
        """Let its tasks end, after the test."""
        self._buried.set()

    async def step(self) -> None:
        """Stand between the process and its ledger."""
        self._steps += 1
        if self._freezes and self._steps >= self._freezes_at:
            self._freezes_at = self._steps + self._rng.randint(5, 60)
            self._frozen_until = self._clock.elapsed() + self._rng.uniform(5, 40)
        if self._toils and self._rng.random() < 0.05:
            # A slow disk.
            await self._clock.sleep(self._rng.choice([0.01, 0.3, 3.0]))
        while (left := self._frozen_until - self._clock.elapsed()) > 0:
            await self._clock.sleep(left)
        if self._steps >= self._dies:
            await self._buried.wait()
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
                Fault(effect=rng.uniform(9, 17.9), answer=None, lag=lag),
                Fault(effect=0.1, broken="cut", lag=lag),
                Fault(effect=0.1, broken="error", lag=lag),
                Fault(effect=0.1, broken="forgets", lag=lag),
                Fault(effect=0.1, broken="short", lag=lag),
                Fault(effect=0.1, broken="raises", lag=lag),
            ]
        )

    return plan


class Simulation:
    """One seeded run: in a cluster processes overlap and freeze, else one follows the other at once."""

    def __init__(
        self, bench: Bench, seed: int, *, keyed: bool, absorbs: bool = False, settle: float | None = None
    ) -> None:
        self.bench = bench
        self.absorbs = absorbs
        self.own_code = 0.1 if absorbs else 0.6
        """How often somebody converts with their own code: with other people's, leads join."""
        self.rng = random.Random(seed)
        self.cluster = self.rng.random() < 0.5
        self.fates: list[Fate] = []
        self.settle = settle
        self.typed: dict[tuple[str, str], str] = {}
        self.batch = self.rng.choice([1, 3, 10])
        bench.crm.keyed = keyed
        bench.crm.merges = seed % 3 == 0
        bench.crm.rejected = REJECTED
        bench.crm.plan = faults(self.rng, 0.3)

    async def run(self) -> None:
        """Let it all happen, then let it come to rest."""
        for number in range(PROCESSES):
            if number == 0 or not self.cluster:
                self.start(number, last=number == PROCESSES - 1)
            elif number == 1:
                for other in range(1, PROCESSES):
                    self.start(other, last=other == PROCESSES - 1)
            for _ in range(6):
                await self.something_happens()
                await self.bench.clock.advance(self.rng.uniform(0.2, 12))
        self.bench.crm.plan = lambda hook, refs: FINE
        for fate in self.fates:
            fate.spare()
        await self.bench.clock.advance(REST)

    def start(self, number: int, *, last: bool) -> None:
        """Start a process that folds and syncs."""
        rng, clock = self.rng, self.bench.clock
        if not self.cluster and self.fates:
            self.fates[-1].kill()
        dies = float("inf") if last else rng.randint(30, 250)
        fate = Fate(clock, rng, dies=dies, freezes=self.cluster)
        self.fates.append(fate)
        ledger = self.bench.ledger.seen_by(f"process-{number if self.cluster else 0}", fate.step)
        caller = make_caller(self.bench.crm, clock, metrics=self.bench.metrics, absorbs=self.absorbs)
        lane = make_lane(
            ledger,
            clock,
            caller,
            retry=RETRY,
            settle=self.settle,
            batch=self.batch,
            lane=LaneRules(in_flight=3),
        )
        _ = self.bench.run(make_fold(ledger, clock, self.bench.metrics, ["fake"]).run())
        _ = self.bench.run(lane.run())

    async def something_happens(self) -> None:
        """Let people sign up, on one device or two, tap links, or type into the CRM."""
        rng = self.rng
        code, ago = f"c{rng.randrange(CODES)}", rng.uniform(0, 60)
        kind = rng.choice(["converts", "converts", "signs up", "taps", "types"])
        if kind == "converts":
            # With a code of their own or with somebody's: then two leads turn out to be one person.
            person = rng.randrange(PEOPLE)
            code = f"c{person}" if rng.random() < self.own_code else code
            await self.bench.converts(
                f"p{person}", ago=ago, referral_code=code, milestone=f"m{rng.randrange(4)}"
            )
        elif kind == "signs up":
            await self.bench.happens("referral.completed", ago=ago, referral_code=code)
        elif kind == "taps":
            campaign = f"k{rng.randrange(3)}"
            await self.bench.taps(code, ago=ago, prefix="ref", campaign=campaign, platform="ios")
        else:
            await self.somebody_types()

    async def somebody_types(self) -> None:
        """Change a record that nobody is about to write: of two who write at once, the later one wins."""
        quiet = [
            sync.record.id
            for sync in await self.bench.ledger.syncs_of(range(1, 100))
            if sync.connection == "fake" and sync.record and sync.synced >= sync.wanted and not sync.sending
        ]
        if quiet:
            id, name = self.rng.choice(sorted(quiet)), self.rng.choice(["campaign", "platform", "name"])
            self.bench.crm.edit(id, name, "typed by sales")
            self.typed[id, name] = "typed by sales"

    async def wrong(self) -> list[str]:
        """Return what is not as it should be."""
        found = await wrong_at_rest(self.bench, absorbs=self.absorbs)
        for (id, name), value in self.typed.items():
            held = self.bench.crm.rows[id].values.get(name)
            if held != value:
                found.append(f"{id} lost what sales typed: {name} is {held!r}")
        return found


async def wrong_at_rest(bench: Bench, *, absorbs: bool = False) -> list[str]:
    """Return what is not as it should be once everything has calmed down."""
    rows = bench.crm.living()
    leads = await bench.leads()
    made = Counter(row.ref for row in rows)
    found = [f"{ref} has {count} records" for ref, count in made.items() if count > 1]
    found += [
        f"{count} events of {type} are {state}"
        for (type, state), count in (await bench.ledger.event_counts()).items()
        if state in (EventState.NEW, EventState.FAILED)
    ]
    syncs = {
        sync.lead: sync
        for sync in await bench.ledger.syncs_of([lead.id for lead in leads])
        if sync.connection == "fake"
    }
    known: Counter[str] = Counter()
    for lead in leads:
        sync = syncs[lead.id]
        is_over = bench.expire is not None and not lead.state.named
        if is_over and sync.record is not None and not bench.crm.rows[sync.record.id].typed:
            found.append(f"lead {lead.id} has a record that is over: {sync}")
        if is_over and sync.record is None and sync.sending is None and sync.synced >= sync.wanted:
            continue
        if sync.record is None:
            found.append(f"lead {lead.id} has no record: {sync}")
            continue
        known.update(one.id for one in (sync.record, *sync.doubles))
        if absorbs and any(double.retirable for double in sync.doubles):
            found.append(f"lead {lead.id} has doubles of ours left: {sync.doubles}")
        found += _differences(lead, bench.crm.rows[sync.record.id], sync)
    for row in rows:
        if known[row.id] != 1:
            found.append(f"{row.id}, made for {row.ref}, is known to {known[row.id]} leads")
    return found


def _in_seconds(moment: object) -> str | None:
    """Return a moment as CRMs get it: some keep no parts of a second."""
    return None if moment is None else f"{str(moment)[:19]}.000Z"


def _differences(lead: LeadRow, row: Row, sync: SyncRow) -> list[str]:
    """Return in which fields a lead's record is not up to date, but for what a person typed."""
    facts = attributes(lead.state)
    wanted = {
        "milestone": facts.get("milestone"),
        "converted": _in_seconds(facts.get("conversion_date")),
        "installed": _in_seconds(facts.get("install_date")),
        "campaign": facts.get("campaign"),
        "platform": facts.get("platform"),
    }
    if lead.state.named and facts.get("conversion_date"):
        wanted["stage"] = STAGES[-1]
    found = [
        f"lead {lead.id}: {name} of {row.id} is {row.values.get(name)!r}, not {value!r}"
        for name, value in wanted.items()
        if value is not None
        and row.values.get(name) != value
        and name not in row.typed
        and (name, value) not in REJECTED
    ]
    if row.key not in lead.keys:
        found.append(f"lead {lead.id} has the record of {row.key}")
    if sync.sending is not None or sync.synced < sync.wanted:
        found.append(f"lead {lead.id} is not at rest: {sync}")
    return found


async def wrong_end(
    path: Path, seed: int, *, keyed: bool, absorbs: bool = False, settle: float | None = None
) -> list[str]:
    """Run one seed and return what is wrong at rest."""
    file = path / f"{seed}-{keyed}.db"
    async with Bench(file, folds=False) as bench:
        simulation = Simulation(bench, seed, keyed=keyed, absorbs=absorbs, settle=settle)
        try:
            await simulation.run()
            found = await simulation.wrong()
        finally:
            for fate in simulation.fates:
                fate.bury()
            await bench.clock.advance(15)
    for left in path.glob(f"{file.name}*"):
        left.unlink()
    return found
