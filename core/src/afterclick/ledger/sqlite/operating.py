"""Operations: each step picks, changes and moves the cursor in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec

from afterclick.ledger.operations import (
    Kind,
    Operation,
    OperationState,
    Page,
    Picked,
    Selection,
    SetAside,
    Terms,
    Trouble,
)
from afterclick.ledger.sqlite.database import Database, Row
from afterclick.ledger.sqlite.folds import ids

_encoder = msgspec.json.Encoder(order="deterministic")
_selections = msgspec.json.Decoder(Selection)


def operation_row(row: Row) -> Operation:
    """Read an operation."""
    return Operation(
        id=row[0],
        kind=Kind(row[1]),
        connection=row[2],
        selection=_selections.decode(row[3]),
        state=OperationState(row[4]),
        cursor=row[5],
        looked=row[6],
        changed=row[7],
        expected=row[8],
        created_at=row[9],
        updated_at=row[10],
    )


def begin(
    db: Database, kind: Kind, connection: str, selection: Selection, expected: int | None, now: int
) -> Operation:
    """Store an operation; one that is the same and still runs is returned instead."""
    chosen = _encoder.encode(selection).decode()
    same = db.one("same_operation", (kind.value, connection, chosen))
    if same is None:
        values = (kind.value, connection, chosen, _before(selection), expected, now, now)
        same = db.run("put_operation", values)[0]
    return operation_row(same)


def _before(selection: Selection) -> int:
    """Return the cursor that comes before everything that is selected."""
    only = selection.lead if selection.event is None else selection.event
    return 0 if only is None else only - 1


def _most(selection: Selection) -> int | None:
    """Return how many rows have to be looked at, None for all."""
    return None if selection.lead is None and selection.event is None else 1


def find(db: Database, id: int) -> Operation | None:
    """Return an operation."""
    row = db.one("operation", (id,))
    return None if row is None else operation_row(row)


def running(db: Database) -> list[Operation]:
    """Return the operations that go on, the oldest first."""
    return [operation_row(row) for row in db.run("running_operations")]


def newest(db: Database, limit: int) -> list[Operation]:
    """Return operations, newest first."""
    return [operation_row(row) for row in db.run("operations", (limit,))]


def advance(db: Database, id: int, *, look: int, most: int, terms: Terms, now: int) -> Operation | None:
    """Look at the next `look` rows and change up to `most`; return the operation after it."""
    with db.transaction():
        operation = find(db, id)
        if operation is None or not operation.running:
            return operation
        look = min(look, _most(operation.selection) or look)
        names = _names(operation.connection, operation.selection, terms)
        names |= {"after": operation.cursor, "look": look, "now": now}
        picked = db.run(f"pick_{operation.kind}", names)
        passed, chosen = up_to(most, picked)
        if chosen:
            _apply(db, operation, names | {"ids": ids(chosen)})
        whole = len(passed) == len(picked) and (len(picked) < look or _most(operation.selection) == 1)
        move(db, operation, passed=passed, changed=len(chosen), whole=whole, now=now)
        return find(db, id)


def move(
    db: Database, operation: Operation, *, passed: Sequence[int], changed: int, whole: bool, now: int
) -> None:
    """Move an operation past rows; `whole` ends it."""
    moved = {
        "id": operation.id,
        "state": (OperationState.DONE if whole else OperationState.RUNNING).value,
        "cursor": passed[-1] if passed else operation.cursor,
        "looked": len(passed),
        "changed": changed,
        "now": now,
    }
    db.run("move_operation", moved)


def picked(db: Database, operation: Operation, look: int) -> Picked:
    """Return what the next step of an operation passes, of which it is for some."""
    look = min(look, _most(operation.selection) or look)
    names = _names(operation.connection, operation.selection, Terms())
    rows = db.run(f"pick_{operation.kind}", names | {"after": operation.cursor, "look": look})
    last = len(rows) < look or _most(operation.selection) == 1
    return Picked(passed=[id for id, _ in rows], chosen=[id for id, fits in rows if fits], last=last)


def up_to(most: int, picked: Iterable[Row]) -> tuple[list[int], list[int]]:
    """Return the ids that are passed, and those among them that are changed: `most` at the most."""
    passed: list[int] = []
    chosen: list[int] = []
    for id, fits in picked:
        if fits and len(chosen) == most:
            break
        passed.append(id)
        if fits:
            chosen.append(id)
    return passed, chosen


def _apply(db: Database, operation: Operation, names: dict[str, Any]) -> None:
    if operation.kind is Kind.RETRY and operation.selection.recreate:
        db.run("drop_gone_records", names)
        db.run("forget_gone_records", names)
    db.run(f"apply_{operation.kind}", names)


def _names(connection: str, selection: Selection, terms: Terms) -> dict[str, Any]:
    wanted = frozenset(selection.states or (Trouble.PARKED, Trouble.HELD, Trouble.FAILING))
    return {
        "connection": connection,
        **{trouble.value: int(trouble in wanted) for trouble in Trouble},
        "lead": selection.lead,
        "code": selection.code,
        "reason": selection.reason,
        "recreate": int(selection.recreate),
        "since": selection.since,
        "named": int(selection.named or not terms.stubs),
        "spaces": None if terms.spaces is None else _encoder.encode(sorted(terms.spaces)).decode(),
        "event": selection.event,
        "events": selection.events.value,
    }


def count(
    db: Database, kind: Kind, connection: str, selection: Selection, *, terms: Terms, after: int, look: int
) -> tuple[int, int | None]:
    """Return how many of the next `look` rows would be changed, and where to go on, None at the end."""
    look = min(look, _most(selection) or look)
    names = _names(connection, selection, terms)
    picked = db.run(f"pick_{kind}", names | {"after": max(after, _before(selection)), "look": look})
    more = len(picked) == look and _most(selection) is None
    return sum(bool(fits) for _, fits in picked), picked[-1][0] if more else None


def set_aside(db: Database, connection: str, *, after: int, look: int) -> Page:
    """Return syncs that were set aside or fail, by lead."""
    rows = db.run("set_aside", {"connection": connection, "after": after, "look": look})
    found = [
        SetAside(
            connection=row[0],
            lead=row[1],
            trouble=Trouble.FAILING if row[2] == "active" else Trouble(row[2]),
            code=row[3],
            reason=row[4],
            since=row[5],
        )
        for row in islice(rows, look)
    ]
    return Page(rows=found, after=found[-1].lead if len(found) == look else None)
