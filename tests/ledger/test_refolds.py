"""Storing leads that were computed anew: in one transaction with how far it is, and only by whoever folds."""

from __future__ import annotations

import msgspec
import pytest
from tests.ledger.harness import CRM, FOLD, Bench, two_halves
from tests.ledger.operating import begin

from afterclick.errors import FenceLostError
from afterclick.ledger.operations import Kind, Operation, OperationState, Refold
from afterclick.ledger.rows import Fence, LeadRow, Want


async def change(bench: Bench, fence: Fence, operation: Operation) -> LeadRow:
    """Return a lead as computed anew, after trying to store it."""
    row = (await bench.ledger.lead_states([1]))[1]
    new = msgspec.structs.replace(row, version=row.version + 1, changed_at=bench.clock.now())
    await bench.ledger.commit_refold(
        Refold(
            fence=fence,
            operation=operation.id,
            now=bench.clock.now(),
            leads=[new],
            wants=[Want(CRM, 1, bench.clock.now())],
            passed=[1],
            whole=True,
        )
    )
    return new


async def test_leads_are_stored_and_the_operation_moves_on(bench: Bench) -> None:
    await bench.people("ann")
    operation = await begin(bench, Kind.REFOLD, "")
    new = await change(bench, await bench.hold(FOLD), operation)
    ended = await bench.ledger.operation(operation.id)

    assert (await bench.ledger.lead_states([1]))[1] == new
    assert (await bench.sync()).wanted == new.version
    assert ended is not None
    assert (ended.state, ended.cursor, ended.looked, ended.changed) == (OperationState.DONE, 1, 1, 1)


async def test_whoever_lost_the_fold_lane_stores_nothing(bench: Bench) -> None:
    await bench.people("ann")
    operation = await begin(bench, Kind.REFOLD, "")
    old = await bench.hold(FOLD)
    await bench.hold(FOLD, "two")
    with pytest.raises(FenceLostError):
        await change(bench, old, operation)

    assert (await bench.ledger.lead_states([1]))[1].version == 1
    assert await bench.ledger.operation(operation.id) == operation


async def test_cancelled_operation_stores_nothing(bench: Bench) -> None:
    await bench.people("ann")
    operation = await begin(bench, Kind.REFOLD, "")
    await bench.ledger.cancel_operation(operation.id, now=bench.clock.now())
    await change(bench, await bench.hold(FOLD), operation)

    assert (await bench.ledger.lead_states([1]))[1].version == 1


async def test_events_of_those_who_joined_a_lead_are_read_with_its_own(bench: Bench) -> None:
    for event in two_halves("ann", "ann@example.com"):
        await bench.fold(event)
    await bench.people("ben")
    first = await bench.ledger.folded_events([1], after=0, look=2)
    rest = await bench.ledger.folded_events([1], after=first[-1].id, look=9)

    assert [(event.id, event.lead) for event in (*first, *rest)] == [(1, 1), (2, 1), (3, 1)]
