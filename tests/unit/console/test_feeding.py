"""Operations are fed to their lanes a little at a time, so that fresh changes go first."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.ledger.harness import CRM, FOLD, Bench, person
from tests.support.clock import NOON, FakeClock, settle, until

from afterclick.console.feeding import LARGEST, MOST_EVENTS, SMALLEST, Feeder, Route
from afterclick.errors import LedgerError
from afterclick.ledger.operations import (
    Advance,
    Kind,
    Operation,
    OperationState,
    Selection,
    Terms,
    Trouble,
    Waiting,
)
from afterclick.ledger.rows import EventState, Fence, Settle, SyncState
from afterclick.ledger.sqlite import SqliteLedger

PEOPLE = 30


class Fed:
    """A feeder over a ledger with people whose records are all right."""

    def __init__(self, ledger: SqliteLedger, clock: FakeClock) -> None:
        self.bench = Bench(ledger, clock)
        self.ledger, self.clock = ledger, clock
        self.spare = 1.0
        self.most = 10
        self.running = True
        self.feeder = Feeder(ledger, clock, self._routes)

    def _routes(self) -> dict[str, Route]:
        return {CRM: Route(Terms(), self.most, lambda: self.spare)} if self.running else {}

    async def people(self, count: int = PEOPLE) -> Fence:
        await self.bench.people(*(f"p{number}" for number in range(count)))
        fence = await self.bench.hold(CRM)
        settles = [Settle(connection=CRM, lead=lead, synced=1, tries=0) for lead in range(1, count + 1)]
        await self.ledger.settle(fence, settles, [])
        return fence

    async def begin(self, kind: Kind = Kind.RESYNC, connection: str = CRM, **selection: Any) -> Operation:
        return await self.ledger.begin_operation(
            kind, connection, Selection(**selection), expected=None, now=self.clock.now()
        )

    async def due(self) -> int:
        return await self.ledger.count_due(CRM, now=self.clock.now(), most=1000)

    async def sync(self, fence: Fence, limit: int = 100) -> list[int]:
        """Take what is due and settle it, as a lane does."""
        leads = await self.bench.taken(fence, now=self.clock.now(), limit=limit)
        settles = [Settle(connection=CRM, lead=lead, synced=9, tries=0) for lead in leads]
        await self.ledger.settle(fence, settles, [])
        return leads

    async def now(self, operation: Operation) -> Operation:
        found = await self.ledger.operation(operation.id)
        assert found is not None
        return found


@pytest.fixture
def fed(ledger: SqliteLedger, clock: FakeClock) -> Fed:
    return Fed(ledger, clock)


async def test_lane_is_fed_no_more_than_keeps_it_busy(fed: Fed) -> None:
    await fed.people()
    await fed.begin()
    for _ in range(5):
        assert await fed.feeder.feed_once()

    assert await fed.due() == fed.most


async def test_operation_reaches_everybody_once(fed: Fed) -> None:
    fence = await fed.people()
    operation = await fed.begin()
    synced: list[int] = []
    while await fed.feeder.feed_once():
        synced += await fed.sync(fence, limit=4)
    synced += await fed.sync(fence)

    assert sorted(synced) == list(range(1, PEOPLE + 1))
    ended = await fed.now(operation)
    assert (ended.state, ended.changed) == (OperationState.DONE, PEOPLE)


async def test_fresh_change_waits_behind_what_was_fed_and_not_behind_the_rest(fed: Fed) -> None:
    fence = await fed.people()
    await fed.begin()
    await fed.feeder.feed_once()
    await fed.bench.fold(person("fresh", 59))
    await fed.clock.advance(2)
    before = []
    while PEOPLE + 1 not in before:
        before += await fed.sync(fence, limit=5)
        await fed.feeder.feed_once()

    assert len(before) <= fed.most + 5


async def test_feeding_waits_while_the_backlog_stays(fed: Fed) -> None:
    await fed.people()
    operation = await fed.begin()
    assert fed.feeder.waits_for(operation) is None
    await fed.feeder.feed_once()
    await fed.feeder.feed_once()

    assert fed.feeder.waits_for(operation) == "the CRM has enough to do"
    assert (await fed.now(operation)).changed == fed.most


async def test_feeding_leaves_the_rest_of_a_quota_to_fresh_changes(fed: Fed) -> None:
    await fed.people()
    operation = await fed.begin()
    fed.spare = 0.2
    await fed.feeder.feed_once()
    assert await fed.due() == 0
    assert "25% of the day's quota" in (fed.feeder.waits_for(operation) or "")
    fed.spare = 0.3
    await fed.feeder.feed_once()

    assert await fed.due() == fed.most
    assert fed.feeder.waits_for(operation) is None


async def test_feeding_waits_for_a_connection_that_does_not_run(fed: Fed) -> None:
    await fed.people()
    operation = await fed.begin()
    fed.running = False
    await fed.feeder.feed_once()

    assert await fed.due() == 0
    assert fed.feeder.waits_for(operation) == "the connection crm is not running"


async def test_single_lead_waits_for_nobody(fed: Fed) -> None:
    await fed.people()
    fed.spare = 0.0
    operation = await fed.begin(lead=17)
    await fed.feeder.feed_once()

    assert await fed.due() == 1
    assert (await fed.now(operation)).state is OperationState.DONE


async def test_cancelled_operation_feeds_no_more(fed: Fed) -> None:
    fence = await fed.people()
    operation = await fed.begin()
    await fed.feeder.feed_once()
    await fed.ledger.cancel_operation(operation.id, now=fed.clock.now())
    await fed.sync(fence)

    assert not await fed.feeder.feed_once()
    assert await fed.due() == 0


async def test_terms_of_the_connection_hold(fed: Fed) -> None:
    await fed.people(3)
    elsewhere = Route(Terms(spaces=frozenset({"elsewhere"})), 9, lambda: 1.0)
    feeder = Feeder(fed.ledger, fed.clock, lambda: {"new": elsewhere})
    operation = await fed.begin(Kind.BACKFILL, "new")
    await feeder.feed_once()

    assert ((await fed.now(operation)).state, (await fed.now(operation)).changed) == (OperationState.DONE, 0)


async def test_events_are_given_to_the_fold_a_few_at_a_time(fed: Fed) -> None:
    count = MOST_EVENTS + 20
    events = await fed.bench.store(*(person(f"p{number}", number % 60) for number in range(count)))
    fence = await fed.bench.hold(FOLD)
    await fed.ledger.mark_events(fence, [event.id for event in events], EventState.FAILED, "no")
    operation = await fed.begin(Kind.EVENTS, "")
    for _ in range(3):
        await fed.feeder.feed_once()
    assert await fed.ledger.count_unfolded(most=1000) == MOST_EVENTS
    assert fed.feeder.waits_for(operation) == "the fold is busy"
    again = await fed.ledger.unfolded(1000)
    await fed.ledger.mark_events(fence, [event.id for event in again], EventState.FAILED, "still no")
    await fed.feeder.feed_once()

    assert (await fed.now(operation)).changed == count


async def test_step_that_another_does_may_have_to_wait(fed: Fed) -> None:
    async def not_now(operation: Operation, look: int, most: int) -> Waiting:
        return Waiting("the fold does not run in this process")

    feeder = Feeder(fed.ledger, fed.clock, fed._routes, {Kind.REFOLD: not_now})
    operation = await fed.begin(Kind.REFOLD, "")
    await feeder.feed_once()

    assert feeder.waits_for(operation) == "the fold does not run in this process"


async def test_what_is_for_all_connections_waits_for_the_busiest(fed: Fed) -> None:
    rooms: list[int] = []

    async def step(operation: Operation, look: int, most: int) -> None:
        rooms.append(most)

    routes = {"idle": Route(Terms(), 50, lambda: 1.0), CRM: Route(Terms(), 4, lambda: 1.0)}
    feeder = Feeder(fed.ledger, fed.clock, lambda: routes, {Kind.REFOLD: step})
    operation = await fed.begin(Kind.REFOLD, "")
    await fed.people()
    await fed.begin()
    await feeder.feed_once()
    await feeder.feed_once()

    assert rooms == [4]
    assert feeder.waits_for(operation) == "the CRM has enough to do"


async def test_steps_follow_the_time_they_take(fed: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    await fed.people()
    operation = await fed.begin(Kind.RETRY, states=(Trouble.HELD,))
    sizes: list[int] = []

    async def advance(id: int, *, look: int, **_: Any) -> Any:
        sizes.append(look)
        after = msgspec.structs.replace(operation, looked=look)
        return Advance(operation=after, seconds=0.001 if len(sizes) < 8 else 0.5)

    monkeypatch.setattr(fed.ledger, "advance", advance)
    for _ in range(16):
        await fed.feeder.feed_once()

    assert sizes[:4] == [256, 512, 1024, LARGEST]
    assert sizes[-1] == SMALLEST


async def test_feeder_begins_when_it_is_told_and_ends_when_it_is_cancelled(fed: Fed) -> None:
    fence = await fed.people()
    task = asyncio.create_task(fed.feeder.run())
    await settle()
    operation = await fed.begin()
    synced: list[int] = []

    while len(synced) < PEOPLE:
        await fed.clock.advance(0.2)
        synced += await fed.sync(fence)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert sorted(synced) == list(range(1, PEOPLE + 1))
    assert (await fed.now(operation)).changed == PEOPLE


async def test_feeder_outlives_a_ledger_that_fails(fed: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    async def fails() -> Any:
        calls.append(1)
        raise LedgerError("the disk is full")

    monkeypatch.setattr(fed.ledger, "running_operations", fails)
    task = asyncio.create_task(fed.feeder.run())
    await until(lambda: bool(calls))
    await fed.clock.advance(20)

    assert len(calls) >= 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_parked_lead_is_retried_through_the_feeder(fed: Fed) -> None:
    fence = await fed.people(3)
    await fed.ledger.settle(
        fence, [Settle(connection=CRM, lead=2, state=SyncState.PARKED, code="lead-rejected", reason="no")], []
    )
    await fed.begin(Kind.RETRY)
    await fed.feeder.feed_once()

    assert await fed.sync(fence) == [2]
    assert (await fed.bench.sync(2)).due_at == NOON
