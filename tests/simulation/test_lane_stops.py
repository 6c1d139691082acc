"""When a whole lane has to wait: it says why, asks no more than it must, and loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.simulation.bench import Bench
from tests.simulation.fakecrm import FakeCrm, Fault

from afterclick.errors import LedgerError
from afterclick.ledger.rows import Fence, LaneRow
from afterclick.ledger.told import FindingRow
from afterclick.plugin import (
    CallFailed,
    Finding,
    FindingKind,
    LaneStop,
    Misconfigured,
    NotAuthorized,
    Record,
    Synced,
    Throttled,
)
from afterclick.syncing.breaker import PROBE
from afterclick.syncing.findings import NOT_AUTHORIZED
from afterclick.syncing.lane import LaneRules


def raising(failure: BaseException) -> Any:
    """Return a script that fails."""

    def script(inputs: Sequence[Any]) -> Any:
        raise failure

    return script


async def lane_row(bench: Bench, connection: str = "fake") -> LaneRow:
    """Return what the ledger says of a lane."""
    return next(row for row in await bench.ledger.lanes() if row.name == f"sync:{connection}")


async def test_a_throttled_lane_waits_as_long_as_it_is_told(bench: Bench) -> None:
    bench.crm.answers("create", raising(Throttled("too many", after=90, scope="burst")))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(5)
    assert (await lane_row(bench)).reason == "limit burst: too many"
    assert (await lane_row(bench)).paused_until is not None
    assert (await bench.sync()).tries == 0

    await bench.converts("bob")
    await bench.clock.advance(80)
    assert [hook for hook, _ in bench.crm.calls] == ["match", "create"]

    await bench.clock.advance(20)
    assert len(bench.crm.living()) == 2
    assert (await lane_row(bench)).reason is None
    assert (await lane_row(bench)).paused_until is None


async def test_the_answers_before_a_stop_are_kept(bench: Bench) -> None:
    def half(leads: Sequence[Any]) -> Any:
        row = bench.crm.add(leads[0].keys[0], dict(leads[0].values), ref=leads[0].ref)
        raise Throttled("enough", after=30, scope="burst", outcomes={0: Synced(bench.crm.record(row))})

    bench.crm.answers("create", half)
    bench.lane()
    for person in ("ann", "bob", "cid"):
        await bench.converts(person)
    await bench.clock.advance(5)
    assert [(await bench.sync(lead)).synced for lead in (1, 2, 3)] == [1, 0, 0]
    assert [(await bench.sync(lead)).sending for lead in (1, 2, 3)] == [None, None, None]

    await bench.clock.advance(60)
    assert sorted(row.ref for row in bench.crm.living()) == ["lead-1", "lead-2", "lead-3"]


async def test_a_stop_in_one_batch_holds_back_the_writes_behind_it(bench: Bench) -> None:
    bench.crm.answers("create", raising(Throttled("enough", after=300, scope="daily")))
    lane = bench.lane(batch_size=8, batch=2, lane=LaneRules(in_flight=1))
    for number in range(6):
        await bench.converts(f"p{number}")
    await bench.clock.advance(60)

    assert len(bench.crm.named("create")) == 1
    assert lane.connection == "fake"


@pytest.mark.parametrize("hook", ["connect", "match", "create"])
async def test_a_refused_credential_is_tried_again_from_the_start(bench: Bench, hook: str) -> None:
    bench.crm.answers(hook, *[raising(NotAuthorized("401: the token is not valid"))] * 2)
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(30)
    assert (await lane_row(bench)).reason == "401: the token is not valid"
    assert await bench.codes() == ["not-authorized"]

    await bench.clock.advance(110)
    assert len(bench.crm.living()) == 1
    assert (await lane_row(bench)).reason is None


async def test_a_lane_connects_again_after_its_credential_was_refused(bench: Bench) -> None:
    bench.crm.answers("match", raising(NotAuthorized("expired")))
    bench.crm.answers("connect", lambda _: None, raising(NotAuthorized("expired")), lambda _: None)
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(200)

    assert not bench.crm.scripts["connect"]
    assert len(bench.crm.living()) == 1


async def test_a_missing_field_is_told_with_its_remedy(bench: Bench) -> None:
    kind = FindingKind(code="field-missing", meaning="A field is missing.", remedy="Run provision.")
    missing = kind.found("`campaign` is missing")
    bench.crm.answers("create", raising(Misconfigured("no such property", finding=missing)))
    bench.lane(findings=(kind,))
    await bench.converts("ann")
    await bench.clock.advance(10)
    (found,) = await bench.findings()
    assert (found.code, found.remedy, found.level) == ("field-missing", "Run provision.", "error")

    await bench.clock.advance(60)
    assert len(bench.crm.living()) == 1


async def test_a_code_that_the_plugin_does_not_declare_is_not_told(bench: Bench) -> None:
    missing = Finding(code="made-up", message="`campaign` is missing", remedy="Run provision.")
    bench.crm.answers("create", raising(Misconfigured("no such property", finding=missing)))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(10)
    (found,) = await bench.findings()

    assert (found.code, found.message) == ("misconfigured", "`campaign` is missing")
    assert (found.remedy, found.level) == ("Run provision.", "error")


@pytest.mark.parametrize("hook", ["connect", "match", "create"])
async def test_a_lane_that_works_again_closes_what_was_told_of_it(bench: Bench, hook: str) -> None:
    bench.crm.answers(hook, raising(NotAuthorized("401")))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(30)
    assert [row.closed_at for row in await bench.findings()] == [None]

    await bench.clock.advance(120)
    assert [row.closed_at is None for row in await bench.findings()] == [False]


async def test_a_lane_that_fails_at_every_write_stays_told_of(bench: Bench) -> None:
    bench.crm.answers("create", *[raising(NotAuthorized("403: may not write"))] * 30)
    bench.lane()
    await bench.converts("ann")
    open_at = []
    for _ in range(20):
        await bench.clock.advance(31)
        open_at += [row.closed_at for row in await bench.findings()]

    assert open_at == [None] * 20


async def test_a_lane_without_work_closes_what_an_earlier_process_told(bench: Bench) -> None:
    old = NOT_AUTHORIZED.found("401")
    await bench.ledger.note_findings([FindingRow.of(old, connection="fake", now=bench.clock.now())])
    bench.lane()
    await bench.clock.advance(10)

    assert [row.closed_at is None for row in await bench.findings()] == [False]


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        (Misconfigured("wrong address"), "misconfigured"),
        (NotAuthorized("401"), "not-authorized"),
        (LaneStop("closed"), "misconfigured"),
    ],
)
async def test_a_stop_without_a_finding_gets_one_that_fits(bench: Bench, stop: LaneStop, code: str) -> None:
    bench.crm.answers("match", raising(stop))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(10)

    assert await bench.codes() == [code]


HOSTILE: list[BaseException] = [
    RuntimeError("a bug"),
    SystemExit(1),
    TimeoutError(),
    CallFailed("cannot connect", sent=False),
    Throttled("slow", after=float("nan"), scope="burst"),
    Throttled(None, after="soon", scope=7),  # type: ignore[arg-type]
    Misconfigured("odd", finding={"code": "x"}),  # type: ignore[arg-type]
    NotAuthorized(None),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("failure", HOSTILE, ids=repr)
@pytest.mark.parametrize("hook", ["connect", "match"])
async def test_whatever_a_hook_raises_the_lane_goes_on_later(
    bench: Bench, hook: str, failure: BaseException
) -> None:
    bench.crm.answers(hook, raising(failure))
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(200)

    assert not bench.tasks[-1].done()
    assert len(bench.crm.living()) == 1


async def test_a_fault_of_our_own_does_not_end_the_lane(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lane that ends takes the whole service with it."""
    fails = [RuntimeError("a fault of ours")]
    take = bench.ledger.take

    async def stumble(*args: Any, **options: Any) -> Any:
        if fails:
            raise fails.pop()
        return await take(*args, **options)

    monkeypatch.setattr(bench.ledger, "take", stumble)
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(60)

    assert not bench.tasks[-1].done()
    assert len(bench.crm.living()) == 1


async def test_a_ledger_that_fails_for_a_while_costs_only_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = bench.ledger.settle
    fails = [LedgerError("the disk is full")] * 3

    async def stumble(*args: Any, **options: Any) -> Any:
        if fails:
            raise fails.pop()
        return await settle(*args, **options)

    monkeypatch.setattr(bench.ledger, "settle", stumble)
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(200)

    assert len(bench.crm.living()) == 1
    assert (await bench.sync()).synced == 1


async def test_a_lane_that_is_stopped_while_paused_ends_at_once(bench: Bench) -> None:
    bench.crm.answers("match", raising(Throttled("wait", after=3600, scope="daily")))
    lane = bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(10)

    lane.stop()
    await bench.clock.advance(1)

    assert bench.tasks[-1].done()
    assert (await lane_row(bench)).holder is None


# A CRM that does not work at all.


async def test_a_crm_that_is_down_is_asked_ever_more_rarely_and_with_few_leads(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: Fault(unsent=True)
    bench.lane()
    for number in range(30):
        await bench.converts(f"p{number}")
    await bench.clock.advance(1800)
    asked = bench.crm.named("match")
    assert 5 <= len(asked) <= 30
    assert all(len(refs) <= PROBE for refs in asked[4:])
    assert (await lane_row(bench)).reason == "the CRM does not answer"

    bench.crm.plan = lambda hook, refs: Fault()
    await bench.clock.advance(7200)
    assert len(bench.crm.living()) == 30


async def test_a_crm_that_is_back_gets_whole_batches_again(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: Fault(unsent=True)
    bench.lane()
    for number in range(30):
        await bench.converts(f"p{number}")
    await bench.clock.advance(600)
    bench.crm.calls.clear()
    bench.crm.plan = lambda hook, refs: Fault()
    await bench.clock.advance(7200)

    sizes = [len(refs) for refs in bench.crm.named("match")]
    assert sizes[0] <= PROBE
    assert max(sizes) > PROBE


async def test_a_lane_that_is_paused_holds_nobody_else_up(bench: Bench) -> None:
    other = FakeCrm(bench.clock)
    bench.crm.answers("match", raising(NotAuthorized("401")))
    bench.lane()
    bench.lane(crm=other, connection="other")
    await bench.converts("ann")
    await bench.clock.advance(10)

    assert bench.crm.living() == []
    assert len(other.living()) == 1


async def test_a_crm_that_hangs_is_left_after_the_deadline(bench: Bench) -> None:
    hangs = [Fault(effect=None, answer=None)]
    bench.crm.plan = lambda hook, refs: hangs.pop() if hangs else Fault()
    bench.lane()
    await bench.converts("ann")
    await bench.clock.advance(9)
    assert bench.crm.living() == []

    await bench.clock.advance(30)
    assert len(bench.crm.living()) == 1


async def test_records_of_strange_values_do_not_break_a_pass(bench: Bench) -> None:
    odd = Record(kind="contact", id="", values={"": "", "campaign": 3.5, "milestone": True})
    bench.crm.answers("create", lambda leads: [Synced(odd)] * len(leads))
    bench.lane()
    await bench.converts("ann")
    await bench.converts("bob")
    await bench.clock.advance(60)

    states = [str((await bench.sync(lead)).state) for lead in (1, 2)]
    assert sorted(states) == ["active", "held"]


async def test_a_lost_lease_is_taken_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    renew = bench.ledger.renew
    losses = ["somebody else has it"]

    async def lose(fence: Fence, **options: Any) -> bool:
        if fence.lane == "sync:fake" and losses:
            losses.clear()
            return False
        return await renew(fence, **options)

    monkeypatch.setattr(bench.ledger, "renew", lose)
    bench.lane()
    await bench.clock.advance(10)
    await bench.converts("ann")
    await bench.clock.advance(60)

    assert len(bench.crm.living()) == 1
    assert (await lane_row(bench)).epoch >= 2
