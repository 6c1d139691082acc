"""Two holders of one lane, and people who turn out to be one while they are being written."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.simulation.bench import Bench, make_caller, make_lane
from tests.simulation.fakecrm import Fault

from afterclick.ledger.lease import Lease
from afterclick.plugin import Rejected

SETTLE = 22.0
"""Seconds for which a write of the fake CRM may still land."""


class Process:
    """A process of its own on the bench's ledger; it can be frozen at its next step and thawed."""

    def __init__(self, bench: Bench, name: str) -> None:
        self._awake = asyncio.Event()
        self._awake.set()
        self.ledger = bench.ledger.seen_by(name, self._step)
        caller = make_caller(bench.crm, bench.clock, metrics=bench.metrics)
        self.lane = make_lane(self.ledger, bench.clock, caller, metrics=bench.metrics)
        self.task = bench.run(self.lane.run())

    async def _step(self) -> None:
        await self._awake.wait()
        await asyncio.sleep(0)

    def freeze(self) -> None:
        self._awake.clear()

    def thaw(self) -> None:
        self._awake.set()


async def frozen_while_creating(bench: Bench, name: str = "old") -> Process:
    """Return a process that sent a create for the one lead there is, and froze before it could settle."""
    old = Process(bench, name)
    bench.crm.plan = lambda hook, refs: Fault(effect=1.0) if hook == "create" else Fault()
    await bench.clock.until(lambda: bool(bench.crm.named("create")))
    old.freeze()
    await bench.clock.advance(2)
    assert len(bench.crm.living()) == 1
    return old


async def test_a_successor_waits_for_what_its_predecessor_may_have_sent(bench: Bench) -> None:
    await bench.converts("ann")
    old = await frozen_while_creating(bench)
    sent_at = bench.clock.elapsed()
    _ = Process(bench, "new")
    await bench.converts("bob")

    await bench.clock.until(lambda: len(bench.crm.living()) == 2)
    assert bench.clock.elapsed() - sent_at < SETTLE - 5, "nobody waits for a write of somebody else"

    before = len(bench.crm.calls)
    await bench.clock.until(lambda: ("match", ("lead-1",)) in bench.crm.calls[before:])
    assert bench.clock.elapsed() - sent_at > SETTLE - 5
    await bench.clock.advance(30)
    assert len(bench.crm.living()) == 2
    assert (await bench.sync()).synced == 1
    old.thaw()


async def test_a_settle_that_comes_too_late_keeps_its_record_and_is_done_again(bench: Bench) -> None:
    await bench.converts("ann", milestone="one")
    old = await frozen_while_creating(bench)
    _ = Process(bench, "new")
    await bench.clock.advance(14)
    assert (await bench.sync()).record is None

    old.thaw()
    await bench.clock.advance(2)
    row = await bench.sync()
    assert row.record is not None
    assert row.record.id == bench.crm.living()[0].id
    assert row.synced < row.wanted, "the successor looks again"
    assert row.sending == "create"

    await bench.converts("ann", milestone="two")
    await bench.clock.advance(60)
    assert bench.crm.living()[0].values["milestone"] == "two"
    assert (await bench.sync()).synced == 2
    assert len(bench.crm.named("create")) == 1


async def test_a_holder_that_was_left_behind_writes_nothing_more(bench: Bench) -> None:
    await bench.converts("ann")
    old = Process(bench, "old")
    await bench.clock.until(lambda: bool(bench.crm.named("match")))
    old.freeze()
    _ = Process(bench, "new")
    await bench.clock.advance(30)
    assert len(bench.crm.named("create")) == 1

    old.thaw()
    await bench.clock.advance(60)
    assert len(bench.crm.named("create")) == 1
    assert len(bench.crm.living()) == 1


async def test_a_mark_that_took_longer_than_the_lease_is_followed_by_no_write(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine slept between the mark and the call: by now somebody else may hold the lane."""
    process = Process(bench, "slow")
    note = process.ledger.note_sending
    sleeps = [30.0]

    async def slow(*args: Any, **options: Any) -> Any:
        marked = await note(*args, **options)
        if sleeps:
            bench.clock._elapsed += sleeps.pop()
        return marked

    monkeypatch.setattr(process.ledger, "note_sending", slow)
    await bench.converts("ann")
    await bench.clock.until(lambda: not sleeps)
    await bench.clock.advance(0.5)
    assert bench.crm.named("create") == []

    await bench.clock.advance(60)
    assert len(bench.crm.named("create")) == 1


async def test_the_time_for_a_write_runs_from_its_mark(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow disk: how long the write may land is counted from the mark, so it may not begin that late."""
    process = Process(bench, "slow")
    note = process.ledger.note_sending
    slow = [8.0]

    async def note_slowly(*args: Any, **options: Any) -> Any:
        marked = await note(*args, **options)
        await bench.clock.sleep(slow.pop() if slow else 0)
        return marked

    monkeypatch.setattr(process.ledger, "note_sending", note_slowly)
    late = [Fault(effect=30.0, answer=None)]
    bench.crm.keyed = False
    bench.crm.plan = lambda hook, refs: late.pop() if hook == "create" and late else Fault()
    await bench.converts("ann")
    await bench.clock.until(lambda: not late)
    process.freeze()
    _ = Process(bench, "new")
    await bench.clock.advance(120)
    process.thaw()

    assert len(bench.crm.living()) == 1
    assert len(bench.crm.named("create")) == 1


async def test_a_batch_that_ends_before_it_began_holds_nobody_back(bench: Bench) -> None:
    lane = bench.lane()
    await bench.clock.advance(1)
    await bench.converts("ann")
    await bench.clock.advance(0.5)
    lease = Lease(bench.ledger, bench.clock, "sync:fake", bench.ledger.holder)
    async with lease:
        due = await bench.ledger.take(
            lease.fence,
            "fake",
            now=bench.clock.now() + 5000,
            horizon=bench.clock.now() + 5000,
            limit=5,
            besides=[],
            wait_ms=0,
        )
        lane._start(lease, due)
        await lane._end_tasks()

    await bench.clock.advance(60)
    assert len(bench.crm.living()) == 1


# People who turn out to be one.


async def two_people(bench: Bench) -> None:
    """Let two leads come in: a friend who signed up with code x, and a user who came with code y."""
    await bench.happens("referral.created", referral_code="x", referrer_token="bob")
    await bench.converts("ann", referral_code="y")


async def they_are_one(bench: Bench) -> None:
    """Say that the user is the friend with code x: the younger lead joins the older."""
    await bench.converts("ann", referral_code="x", milestone="joined", ago=-1)


async def test_a_lead_that_joined_another_while_it_was_matched_is_not_written(bench: Bench) -> None:
    slow = Fault(effect=2.0, answer=1.0)
    bench.crm.plan = lambda hook, refs: slow if hook == "match" else Fault()
    bench.lane()
    await two_people(bench)
    await bench.clock.until(lambda: bool(bench.crm.named("match")))
    assert bench.crm.named("match") == [("lead-1", "lead-2")]

    await they_are_one(bench)
    await bench.clock.advance(60)

    assert bench.crm.named("create") == [("lead-1",)]
    (row,) = bench.crm.living()
    assert row.values["milestone"] == "joined"
    assert [lead.id for lead in await bench.leads()] == [1]


async def test_the_record_of_a_lead_that_joined_while_it_was_created_is_taken_over(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: Fault(effect=2.0, answer=2.0) if refs == ("lead-2",) else Fault()
    bench.lane(batch=1)
    await bench.happens("referral.created", referral_code="x", referrer_token="bob")
    await bench.clock.advance(5)
    first = bench.crm.living()[0]
    await bench.converts("ann", referral_code="y")
    await bench.clock.until(lambda: ("create", ("lead-2",)) in bench.crm.calls)

    await they_are_one(bench)
    await bench.clock.advance(60)

    row = await bench.sync(1)
    assert row.record is not None
    assert row.record.id == first.id
    assert [one.id for one in row.doubles] == [other.id for other in bench.crm.living() if other is not first]
    assert (await bench.sync(2)).record is None
    assert first.values["milestone"] == "joined"
    assert await bench.codes() == ["record-double"]


async def test_a_lead_without_a_record_adopts_that_of_the_one_that_joined_it(bench: Bench) -> None:
    """And knows what was written there, so that it goes on being ours."""
    bench.crm.answers("create", lambda leads: [Rejected("a rule of the account")])
    bench.lane(batch=1)
    await bench.happens("referral.created", referral_code="x", referrer_token="bob")
    await bench.clock.advance(5)
    await bench.converts("ann", referral_code="y", milestone="alone")
    await bench.clock.advance(5)
    (row,) = bench.crm.living()
    assert row.values["milestone"] == "alone"

    await they_are_one(bench)
    await bench.clock.advance(60)

    assert bench.crm.living() == [row]
    assert row.values["milestone"] == "joined"
    sync = await bench.sync(1)
    assert sync.record is not None
    assert sync.record.id == row.id


async def test_a_lead_that_joined_is_never_due_by_itself_again(bench: Bench) -> None:
    bench.lane()
    await two_people(bench)
    await bench.clock.advance(5)
    await they_are_one(bench)
    await bench.clock.advance(60)
    before = len(bench.crm.calls)

    _ = await bench.ledger.wake("fake", now=bench.clock.now())
    await bench.clock.advance(600)

    assert len(bench.crm.calls) == before
