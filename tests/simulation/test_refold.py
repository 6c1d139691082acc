"""Leads computed anew from their stored events, after a rule of reading has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.simulation.bench import DESTINATION_ATTRIBUTES, Bench
from tests.simulation.cuts import empty_ledger
from tests.simulation.feeding import Process, begin, ended, killed_everywhere

from afterclick.console.feeding import Route
from afterclick.folding.batch import Rules
from afterclick.ledger.operations import Kind, OperationState, Terms
from afterclick.model.lead import attributes

PLAN = Rules(further=frozenset({"data.plan"}))
"""Rules that read one field more."""

SHOWN = DESTINATION_ATTRIBUTES | {"data.plan"}
PEOPLE = ("ann", "ben", "cleo")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Return a CRM that is in step with three people, of whom two have a plan that nobody has read."""
    async with Bench(await empty_ledger(tmp_path), connections=["fake"], folds=False) as bench:
        yield bench


async def people(bench: Bench) -> None:
    process = Process(bench)
    folding = bench.run(process.fold.run())
    _ = bench.lane()
    for number, person in enumerate(PEOPLE):
        await bench.converts(person, ago=9 - number, **({} if person == "ben" else {"plan": "gold"}))
    await bench.clock.until(lambda: len(bench.crm.living()) == len(PEOPLE))
    await bench.clock.advance(10)
    folding.cancel()
    await bench.clock.advance(1)


async def plans(bench: Bench) -> list[object]:
    return [attributes(row.state).get("data.plan") for row in await bench.leads()]


async def wanted(bench: Bench) -> list[int]:
    return [(await bench.sync(lead)).wanted for lead in (1, 2, 3)]


async def test_only_what_changed_gets_a_new_version_and_goes_to_the_crm(bench: Bench) -> None:
    await people(bench)
    Process(bench).refolds(PLAN, attributes=SHOWN)
    operation = await ended(bench, await begin(bench, Kind.REFOLD))

    assert (operation.looked, operation.changed) == (3, 2)
    assert await plans(bench) == ["gold", None, "gold"]
    assert [row.version for row in await bench.leads()] == [2, 1, 2]
    assert await wanted(bench) == [2, 1, 2]


async def test_crm_that_does_not_show_what_changed_is_left_alone(bench: Bench) -> None:
    await people(bench)
    Process(bench).refolds(PLAN, attributes=DESTINATION_ATTRIBUTES)
    await ended(bench, await begin(bench, Kind.REFOLD))

    assert await plans(bench) == ["gold", None, "gold"]
    assert await wanted(bench) == [1, 1, 1]


async def test_by_the_same_rules_nothing_changes(bench: Bench) -> None:
    await people(bench)
    Process(bench).refolds(Rules(), attributes=SHOWN)
    operation = await ended(bench, await begin(bench, Kind.REFOLD))

    assert (operation.looked, operation.changed) == (3, 0)


async def test_one_lead_is_computed_and_no_other(bench: Bench) -> None:
    await people(bench)
    Process(bench).refolds(PLAN, attributes=SHOWN)
    operation = await ended(bench, await begin(bench, Kind.REFOLD, lead=3))

    assert (operation.looked, operation.changed) == (1, 1)
    assert await plans(bench) == [None, None, "gold"]


async def test_lead_whose_events_were_dropped_stays_as_it_is(bench: Bench) -> None:
    await people(bench)
    before = await bench.leads()
    await bench.ledger.prune(before=bench.clock.now() + 1, after=0, look=2)
    Process(bench).refolds(PLAN, attributes=SHOWN)
    await ended(bench, await begin(bench, Kind.REFOLD))

    assert await plans(bench) == [None, None, "gold"]
    assert (await bench.leads())[:2] == before[:2]


async def test_lane_is_fed_no_more_than_keeps_it_busy(bench: Bench) -> None:
    await people(bench)
    for task in bench.tasks:
        task.cancel()
    process = Process(bench).refolds(
        PLAN, attributes=SHOWN, routes=lambda: {"fake": Route(Terms(), 1, lambda: 1.0)}
    )
    operation = await begin(bench, Kind.REFOLD)
    await bench.clock.advance(60)

    assert await wanted(bench) == [2, 1, 1]
    assert process.feeder.waits_for(operation) == "the CRM has enough to do"


async def test_refold_waits_while_nobody_folds(bench: Bench) -> None:
    process = Process(bench).refolds(PLAN)
    bench.tasks[0].cancel()
    operation = await begin(bench, Kind.REFOLD)
    await bench.clock.advance(10)

    assert process.feeder.waits_for(operation) == "the fold does not run in this process"


async def test_cancelled_refold_stores_nothing_more(bench: Bench) -> None:
    await people(bench)
    operation = await begin(bench, Kind.REFOLD)
    await bench.ledger.cancel_operation(operation.id, now=bench.clock.now())
    Process(bench).refolds(PLAN, attributes=SHOWN)
    await bench.clock.advance(10)

    assert await plans(bench) == [None, None, None]


async def test_refold_that_is_killed_at_any_step_loses_and_repeats_nothing(tmp_path: Path) -> None:
    async def run(dies: int | None) -> Process:
        path = await empty_ledger(tmp_path)
        async with Bench(path, connections=["fake"], folds=False) as bench:
            await people(bench)
            process = Process(bench, dies=dies).refolds(PLAN, attributes=SHOWN)
            operation = await begin(bench, Kind.REFOLD)
            if dies is not None:
                await bench.clock.until(process.dead.is_set)
                _ = Process(bench).refolds(PLAN, attributes=SHOWN)
            operation = await ended(bench, operation)

            assert (operation.state, operation.changed) == (OperationState.DONE, 2), dies
            assert await plans(bench) == ["gold", None, "gold"], dies
            assert [row.version for row in await bench.leads()] == [2, 1, 2], dies
            process.bury()
            return process

    assert await killed_everywhere(run) > 8
