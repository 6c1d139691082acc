"""Leads computed anew: what of them is read, and how what changed is stored."""

from __future__ import annotations

from collections.abc import Sequence

from afterclick.ledger.operations import Operation, Refold
from afterclick.ledger.rows import StoredEvent
from afterclick.ledger.sqlite import folds, lanes, operating
from afterclick.ledger.sqlite.database import Database


def events(db: Database, leads: Sequence[int], after: int, look: int) -> list[StoredEvent]:
    """Return the next `look` events of living leads and of those that joined them, by id."""
    asked = {"leads": folds.ids(leads), "after": after, "look": look}
    return [folds.event_row(row) for row in db.run("folded_events", asked)]


def commit(db: Database, refold: Refold) -> Operation | None:
    """Store leads and move the operation on, in one transaction; nothing if it does not run any more."""
    with db.transaction():
        lanes.check(db, refold.fence)
        operation = operating.find(db, refold.operation)
        if operation is None or not operation.running:
            return operation
        folds.put_leads(db, refold.leads)
        folds.put_wants(db, refold.leads, refold.wants)
        operating.move(
            db,
            operation,
            passed=refold.passed,
            changed=len(refold.leads),
            whole=refold.whole,
            now=refold.now,
        )
        return operating.find(db, refold.operation)
