"""What the tests of operations share."""

from __future__ import annotations

from typing import Any

from tests.ledger.harness import CRM, Bench
from tests.support.clock import NOON

from afterclick.ledger.operations import Kind, Operation, Selection, Terms
from afterclick.ledger.rows import Fence, Settle, SyncState

LATER = NOON + 3_600_000
SYNCED = {"synced": 1, "tries": 0}


async def begin(bench: Bench, kind: Kind, connection: str = CRM, **selection: Any) -> Operation:
    return await bench.ledger.begin_operation(
        kind, connection, Selection(**selection), expected=None, now=bench.clock.now()
    )


async def work(
    bench: Bench, operation: Operation, *, look: int = 100, most: int = 100, **terms: Any
) -> Operation:
    """Carry an operation out."""
    while operation.running:
        step = await bench.ledger.advance(
            operation.id, look=look, most=most, terms=Terms(**terms), now=bench.clock.now()
        )
        assert step is not None
        operation = step.operation
    return operation


async def done(bench: Bench, kind: Kind, connection: str = CRM, **selection: Any) -> int:
    """Begin and carry out an operation; return how many rows it changed."""
    return (await work(bench, await begin(bench, kind, connection, **selection))).changed


async def settle_all(bench: Bench, lane: Fence, **settles: dict[str, Any]) -> None:
    """Settle leads, named `lead_1` and so on."""
    rows = [Settle(connection=CRM, lead=int(name[5:]), **learned) for name, learned in settles.items()]
    await bench.ledger.settle(lane, rows, [])


def aside(code: str, reason: str = "no", state: SyncState = SyncState.HELD) -> dict[str, Any]:
    return {"state": state, "code": code, "reason": reason}


async def troubled(bench: Bench, lane: Fence) -> None:
    """Fold five people: one is synced, one parked, two are held, one fails."""
    await bench.people("ann", "ben", "cleo", "dan", "eve")
    await bench.take(lane, now=LATER)
    await settle_all(
        bench,
        lane,
        lead_1=SYNCED,
        lead_2=aside("lead-rejected", "No such Picklist value", SyncState.PARKED),
        lead_3=aside("record-gone", "deleted"),
        lead_4=aside("record-ambiguous", "two contacts"),
        lead_5={"first_failed_at": NOON, "due_at": LATER * 2, "reason": "HTTP 500"},
    )
