"""Whatever becomes of one CRM or its plugin, the lanes of the others do the same at the same moments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.simulation.bench import Bench, make_caller, make_lane
from tests.simulation.fakecrm import FINE, FakeCrm, FakePlugin, Fault

from afterclick.plugin import NoMatch, Throttled, hookimpl
from afterclick.syncing.breaker import LONGEST_PAUSE, PROBE, TOLERATED
from afterclick.syncing.lane import LaneRules

HEALTHY, THIRD = ("fake", "other"), "third"
PEOPLE = 40
SPAN = 900.0
BATCH = 10
LONG = LaneRules(lease=600, renew=200)
"""So that the span is not made of renewals."""

Moments = list[tuple[float, str, tuple[str, ...]]]
"""When which hook was called, with whom."""


class Troubled(FakePlugin):
    """A plugin whose `match` may do anything."""

    answer: Callable[[Sequence[Any]], Any] | None = None

    @hookimpl
    async def match(self, leads: Sequence[Any]) -> Any:
        """Answer as the trouble wants it."""
        if self.answer is None:
            return await super().match(leads)
        self.crm.calls.append(("match", tuple(lead.ref for lead in leads)))
        return self.answer(leads)


def raises(failure: type[Exception], *values: Any, **more: Any) -> Callable[[Sequence[Any]], Any]:
    """Return a `match` that fails, each time anew."""

    def match(leads: Sequence[Any]) -> Any:
        raise failure(*values, **more)

    return match


def watched(crm: FakeCrm, moments: Moments) -> FakeCrm:
    """Note when a healthy CRM is asked for what."""

    def plan(hook: str, refs: Sequence[str]) -> Fault:
        moments.append((crm.clock.elapsed(), hook, tuple(refs)))
        return Fault(effect=0.2, answer=0.1)

    crm.plan = plan
    return crm


def third(
    bench: Bench, *, fault: Fault = FINE, answer: Callable[[Sequence[Any]], Any] | None = None
) -> FakeCrm:
    """Start the lane of a third CRM, with its trouble."""
    crm = FakeCrm(bench.clock)
    crm.plan = lambda hook, refs: fault
    plugin = type("Plugin", (Troubled,), {"answer": staticmethod(answer) if answer else None})
    caller = make_caller(crm, bench.clock, connection=THIRD, metrics=bench.metrics, plugin=plugin)
    lane = make_lane(bench.ledger, bench.clock, caller, batch=BATCH, lane=LONG, metrics=bench.metrics)
    _ = bench.run(lane.run())
    return crm


async def moments_beside(
    path: Path, *, healthy: Sequence[str] = HEALTHY, **trouble: Any
) -> tuple[Moments, list[int | None], FakeCrm]:
    """Return what the healthy lanes did, when they had which lead in their CRMs, and the third CRM."""
    moments: Moments = []
    async with Bench(path, connections=(*healthy, THIRD)) as bench:
        crm = third(bench, **trouble)
        for name in healthy:
            bench.lane(crm=watched(FakeCrm(bench.clock), moments), connection=name, lane=LONG)
        for number in range(PEOPLE):
            await bench.converts(f"p{number}")
            if number % 10 == 9:
                await bench.clock.advance(7.3)
        await bench.clock.advance(SPAN)
        rows = await bench.ledger.syncs_of([lead.id for lead in await bench.leads()])
        return moments, [row.synced_at for row in rows if row.connection in healthy], crm


TROUBLES: dict[str, dict[str, Any]] = {
    "slow": {"fault": Fault(effect=4.0, answer=5.0)},
    "hanging": {"fault": Fault(effect=None, answer=None)},
    "down": {"fault": Fault(unsent=True)},
    "out of budget": {"answer": raises(Throttled, "spent", after=600.0, scope="daily")},
    "raising": {"answer": raises(ZeroDivisionError)},
    "answering garbage": {"answer": lambda leads: [42]},
    "answering nothing": {"answer": lambda leads: None},
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Moments, list[int | None]]:
    """Return what the lanes do beside a healthy third one."""
    path = tmp_path_factory.mktemp("healthy") / "ledger.db"
    moments, synced, crm = asyncio.run(moments_beside(path))
    assert len(crm.living()) == PEOPLE
    assert len(synced) == PEOPLE * len(HEALTHY)
    assert None not in synced
    return moments, synced


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_other_lanes_keep_their_times(
    trouble: str, undisturbed: tuple[Moments, list[int | None]], tmp_path: Path
) -> None:
    moments, synced, crm = await moments_beside(tmp_path / "ledger.db", **TROUBLES[trouble])

    assert crm.calls, "the third lane met its trouble"
    assert (moments, synced) == undisturbed


@pytest.mark.parametrize("trouble", ["raising", "answering garbage", "answering nothing"])
async def test_plugin_that_is_broken_throughout_is_asked_little(trouble: str, tmp_path: Path) -> None:
    _, _, crm = await moments_beside(tmp_path / "ledger.db", healthy=(), **TROUBLES[trouble])

    whole, probe = 2 * BATCH - 1, 2 * PROBE - 1
    assert len(crm.calls) <= (TOLERATED + 1) * whole + (SPAN / LONGEST_PAUSE + 10) * probe


async def test_broken_plugin_that_was_mended_gets_everybody(tmp_path: Path) -> None:
    async with Bench(tmp_path / "ledger.db", connections=(THIRD,)) as bench:
        broken = True

        def match(leads: Sequence[Any]) -> Any:
            if broken:
                raise ZeroDivisionError
            return [NoMatch()] * len(leads)

        crm = third(bench, answer=match)
        for number in range(PEOPLE):
            await bench.converts(f"p{number}")
        await bench.clock.advance(SPAN)
        assert crm.living() == []

        broken = False
        await bench.clock.advance(SPAN)
        assert len(crm.living()) == PEOPLE


async def test_leads_that_break_a_plugin_do_not_pause_the_lane(tmp_path: Path) -> None:
    async with Bench(tmp_path / "ledger.db", connections=(THIRD,)) as bench:
        poison = {"lead-1", "lead-2"}

        def match(leads: Sequence[Any]) -> Any:
            if poison & {lead.ref for lead in leads}:
                raise ZeroDivisionError
            return [NoMatch()] * len(leads)

        crm = third(bench, answer=match)
        for number in range(len(poison)):
            await bench.converts(f"p{number}")
        await bench.clock.advance(60)
        await bench.converts("good")
        await bench.clock.advance(2)

        assert len(crm.living()) == 1
