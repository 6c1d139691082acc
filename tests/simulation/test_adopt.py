"""Records of other code go to their leads, whatever dies on the way, and nobody gets two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.simulation.bench import Bench, make_caller, make_lane
from tests.simulation.cuts import empty_ledger
from tests.simulation.fakecrm import FakePlugin, Fault
from tests.simulation.feeding import Process, killed_everywhere
from tests.simulation.straying import StrayCrm, StrayPlugin, account
from tests.simulation.world import wrong_at_rest

from afterclick.console.adopting import Adoptions
from afterclick.console.adoption import Adoption, AdoptionWish
from afterclick.errors import AfterclickError, ConflictError
from afterclick.ledger.observations import Asked, Operation
from afterclick.plugin import CallFailed, NotAuthorized, Strays, hookimpl
from afterclick.syncing.lane import LaneRules, SyncLane
from afterclick.syncing.retry import RetryRules

OTHERS = "user:" + "0" * 32
"""A key of nobody here."""


class StrayBench(Bench):
    """A bench whose CRM has records without a key."""

    crm: StrayCrm

    def __init__(self, path: Path, **rules: Any) -> None:
        super().__init__(path, connections=["fake"], **rules)
        self.crm = StrayCrm(self.clock)

    def begins(self, *, creates: bool = False, observes: bool = False) -> SyncLane:
        """Start a lane; it makes no records unless it is said otherwise."""
        caller = make_caller(self.crm, self.clock, metrics=self.metrics, plugin=StrayPlugin)
        rules = LaneRules(observes=observes)
        lane = make_lane(self.ledger, self.clock, caller, creates=creates, lane=rules)
        _ = self.run(lane.run())
        return lane

    async def adopts(self, lane: SyncLane, *, apply: bool = True, **more: Any) -> Adoption:
        """Adopt what there is."""
        adoptions = Adoptions(self.ledger, self.clock, lambda: {"fake": account(self, lane, **more)})
        return await adoptions.adopt(AdoptionWish(connection="fake", apply=apply))

    async def people(self) -> None:
        """Let three people come by links of their own, and two by one that is shared."""
        for place, token in enumerate(("t1", "t2", "t3", "may", "may")):
            await self.taps(token, ago=60 - place)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no thread stand beside the clock of a simulation."""

    async def here(work: Callable[..., Any], *given: Any) -> Any:
        return work(*given)

    monkeypatch.setattr(asyncio, "to_thread", here)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[StrayBench]:
    """Return five people of whom no record is known."""
    async with StrayBench(await empty_ledger(tmp_path)) as bench:
        await bench.people()
        await bench.clock.advance(1)
        yield bench


async def test_a_record_gets_the_key_and_what_it_lacks(bench: StrayBench) -> None:
    row = bench.crm.stray("t1", campaign="typed by hand")
    lane = bench.begins()
    await bench.clock.advance(5)
    found = await bench.adopts(lane)
    await bench.clock.advance(5)
    lead = (await bench.leads())[0]

    assert [(one.id, one.lead) for one in found.pairs] == [(row.id, lead.id)]
    assert row.key == lead.keys[0]
    assert row.values["campaign"] == "typed by hand"
    assert row.values["installed"]
    sync = await bench.sync()
    assert (sync.claimed, sync.synced) == (False, sync.wanted)
    assert sync.record is not None
    assert not sync.record.created_by_us


async def test_a_plan_changes_nothing(bench: StrayBench) -> None:
    bench.crm.stray("t1")
    lane = bench.begins()
    await bench.clock.advance(5)
    before = await bench.ledger.syncs_of([1])
    found = await bench.adopts(lane, apply=False)

    assert len(found.pairs) == 1
    assert await bench.ledger.syncs_of([1]) == before


async def test_what_an_observing_lane_was_given_is_written_once_it_is_live(bench: StrayBench) -> None:
    row = bench.crm.stray("t1")
    lane = bench.begins(observes=True)
    await bench.clock.advance(5)
    await bench.adopts(lane)
    await bench.clock.advance(5)
    [seen] = await bench.ledger.observations("fake", Asked(lead=1))
    assert (seen.operation, seen.record_id, row.key) == (Operation.CHANGE, row.id, "")
    assert "key" in {one.field for one in seen.differences}

    lane.stop()
    await bench.clock.advance(20)
    bench.begins(creates=True)
    await bench.clock.advance(60)
    assert row.key == (await bench.leads())[0].keys[0]
    assert len(bench.crm.living()) == 5


@pytest.mark.parametrize("observes", [True, False])
async def test_a_record_that_got_a_key_meanwhile_is_let_go(bench: StrayBench, observes: bool) -> None:
    row = bench.crm.stray("t1")
    lane = bench.begins(observes=True)
    await bench.clock.advance(5)
    await bench.adopts(lane)
    row.key = OTHERS
    if observes:
        await bench.clock.advance(5)
        [seen] = await bench.ledger.observations("fake", Asked(lead=1))
        assert (seen.operation, seen.further) == (Operation.AMBIGUOUS, (row.id,))
        return
    lane.stop()
    await bench.clock.advance(20)
    values = dict(row.values)
    bench.begins(creates=True)
    await bench.clock.advance(60)

    assert (row.key, row.values) == (OTHERS, values)
    assert len(bench.crm.living()) == 6
    assert (await bench.sync()).record.id != row.id  # type: ignore[union-attr]


async def test_a_lead_that_a_batch_is_at_gets_no_record(bench: StrayBench) -> None:
    bench.crm.plan = lambda hook, refs: Fault(effect=3.0, answer=3.0)
    lane = bench.begins(creates=True)
    await bench.clock.until(lambda: bool(lane._flying))
    bench.crm.stray("t1")
    (one,) = (await bench.adopts(lane)).pairs
    await bench.clock.advance(120)

    assert one.refused == "the lane is at it just now"
    assert sum(row.key != "" for row in bench.crm.living()) == 5


async def test_two_who_adopt_at_once_do_not_meet(bench: StrayBench) -> None:
    bench.crm.stray("t1")
    adoptions = Adoptions(bench.ledger, bench.clock, lambda: {"fake": account(bench, lane)})
    lane = bench.begins()
    wish = AdoptionWish(connection="fake", apply=True)
    first, second = await asyncio.gather(adoptions.adopt(wish), adoptions.adopt(wish), return_exceptions=True)

    assert isinstance(first, Adoption)
    assert isinstance(second, ConflictError)


class NoStrays(FakePlugin):
    """A plugin that cannot list records without a key."""


class Silent(FakePlugin):
    @hookimpl
    async def strays(self) -> Strays:
        raise CallFailed("no answer", sent=True)


class LockedOut(FakePlugin):
    @hookimpl
    async def strays(self) -> Strays:
        raise NotAuthorized("the key is refused")


class Wrong(FakePlugin):
    @hookimpl
    async def strays(self) -> Any:
        return ["r1"]


class Broken(FakePlugin):
    @hookimpl
    async def strays(self) -> Any:
        raise KeyError("results")


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        (NoStrays, "the plugin fake does not offer it"),
        (Silent, "fake cannot be reached: no answer"),
        (LockedOut, "fake refused: the key is refused"),
        (Wrong, "strays returned a wrong list"),
        (Broken, "the plugin's strays failed: KeyError"),
    ],
)
async def test_a_plugin_that_does_not_answer_is_told_of(
    bench: StrayBench, plugin: type[FakePlugin], words: str
) -> None:
    lane = bench.begins()
    with pytest.raises(ConflictError, match=words):
        await bench.adopts(lane, plugin=plugin)


async def test_events_that_came_before_are_waited_for(bench: StrayBench) -> None:
    row = bench.crm.stray("t4")
    lane = bench.begins()
    await bench.clock.advance(5)
    await bench.taps("t4", ago=5)
    adopting = asyncio.ensure_future(bench.adopts(lane))
    await bench.clock.until(adopting.done)

    assert [one.id for one in adopting.result().pairs] == [row.id]


async def test_nothing_is_adopted_while_nobody_folds(bench: StrayBench) -> None:
    lane = bench.begins()
    bench.tasks[0].cancel()
    await bench.taps("t4", ago=5)
    adopting = asyncio.ensure_future(bench.adopts(lane))
    await bench.clock.until(adopting.done)

    with pytest.raises(ConflictError, match="events wait for the fold"):
        adopting.result()


def operator(bench: StrayBench, *, dies: int | None = None) -> Process:
    """Start a process, and somebody who adopts until there is nothing left to adopt."""
    process = Process(bench, dies=dies)
    caller = make_caller(bench.crm, bench.clock, metrics=bench.metrics, plugin=StrayPlugin)
    process.lane = make_lane(process.ledger, bench.clock, caller, creates=False, retry=RetryRules(longest=30))
    adoptions = Adoptions(process.ledger, bench.clock, lambda: {"fake": account(bench, process.lane)})

    async def adopt() -> None:
        left = True
        while left:
            try:
                found = await adoptions.adopt(AdoptionWish(connection="fake", apply=True))
                left = bool(found.pairs)
            except AfterclickError:
                await bench.clock.sleep(1)

    _ = bench.run(process.lane.run())
    process.does(adopt())
    return process


async def test_adopting_that_is_killed_at_any_step_doubles_and_steals_nothing(tmp_path: Path) -> None:
    async def run(dies: int | None) -> Process:
        async with StrayBench(await empty_ledger(tmp_path), folds=False) as bench:
            mine = [bench.crm.stray(token) for token in ("t1", "t2", "t3")]
            shared = bench.crm.stray("may")
            await bench.people()
            process = operator(bench, dies=dies)
            last = process
            if dies is not None:
                await bench.clock.until(process.dead.is_set)
                last = operator(bench)
            await bench.clock.advance(90)
            last.lane.stop()
            await bench.clock.advance(20)

            assert [row.key for row in mine] == [lead.keys[0] for lead in (await bench.leads())[:3]], dies
            assert shared.key == "", dies
            bench.begins(creates=True)
            await bench.clock.advance(90)
            bench.crm.rows.pop(shared.id)
            assert await wrong_at_rest(bench) == [], dies
            assert len(bench.crm.living()) == 5, dies
            process.bury()
            return process

    assert await killed_everywhere(run) > 8
