"""Operations that the ledger carries out alone, cut at any step: none is lost, no lead is passed twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.simulation.bench import Bench
from tests.simulation.cuts import empty_ledger
from tests.simulation.feeding import Process, killed_everywhere

from afterclick.console.feeding import Feeder, Route
from afterclick.ledger.operations import Kind, OperationState, Selection, Terms

PEOPLE = 5
ROUTES = {"fake": Route(Terms(), 2, lambda: 1.0), "new": Route(Terms(), 2, lambda: 1.0)}


def feeds(process: Process) -> Process:
    """Start a process that feeds a lane two leads at a time."""
    process.feeder = Feeder(process.ledger, process.bench.clock, lambda: ROUTES)
    process.start()
    return process


async def settled(bench: Bench, connection: str) -> list[int]:
    """Let a lane settle what is due; return the leads."""
    due = await bench.ledger.count_due(connection, now=bench.clock.now(), most=99)
    rows = bench.ledger._write.run_text(
        "UPDATE syncs SET synced = wanted WHERE connection = ? AND wanted > synced RETURNING lead",
        (connection,),
    )
    assert due <= ROUTES[connection].most
    return [lead for (lead,) in rows]


@pytest.mark.parametrize(("kind", "connection"), [(Kind.RESYNC, "fake"), (Kind.BACKFILL, "new")])
async def test_operation_that_is_cut_at_any_step_reaches_everybody_once(
    tmp_path: Path, kind: Kind, connection: str
) -> None:
    async def run(dies: int | None) -> Process:
        async with Bench(await empty_ledger(tmp_path), connections=["fake"], folds=False) as bench:
            for number in range(PEOPLE):
                await bench.converts(f"p{number}", ago=9 - number)
            process = Process(bench, dies=dies)
            process.counts = False
            feeds(process)
            await bench.clock.advance(3)
            bench.ledger._write.run_text("UPDATE syncs SET synced = wanted")
            process.counts = True
            operation = await bench.ledger.begin_operation(
                kind, connection, Selection(), expected=PEOPLE, now=bench.clock.now()
            )
            reached: list[int] = []
            while operation.running:
                await bench.clock.advance(1)
                reached += await settled(bench, connection)
                if process.dead.is_set() and dies is not None:
                    _, dies = feeds(Process(bench)), None
                found = await bench.ledger.operation(operation.id)
                assert found is not None
                operation = found
            reached += await settled(bench, connection)

            assert operation.state is OperationState.DONE
            assert sorted(reached) == list(range(1, PEOPLE + 1))
            assert operation.changed == PEOPLE
            process.bury()
            return process

    assert await killed_everywhere(run) > 10
