"""Storing deliveries: one look for repeats and one statement, whatever the size of the group."""

from __future__ import annotations

from collections.abc import Sequence

from afterclick.ledger.rows import NewEvent
from afterclick.ledger.sqlite.database import Database
from afterclick.ledger.sqlite.values import spread


def append(db: Database, events: Sequence[NewEvent]) -> list[bool]:
    """Store what is new, in one durable commit; tell for each event whether it was."""
    pairs = [(event.bucket, event.tie) for event in events]
    known = set(db.run_text(*spread(db.text("seen"), pairs)))
    fresh: list[bool] = []
    rows: list[tuple[object, ...]] = []
    for event, pair in zip(events, pairs, strict=True):
        new = pair not in known
        fresh.append(new)
        if new:
            known.add(pair)
            rows.append(_row(event))
    if rows:
        db.run_text(*spread(db.text("append"), rows))
    return fresh


def _row(event: NewEvent) -> tuple[object, ...]:
    return (
        event.space,
        event.source,
        event.type,
        event.bucket,
        event.tie,
        event.occurred_at,
        event.received_at,
        int(event.time_replaced),
        event.ip_hash,
        event.body,
        event.state.value,
        event.reason,
    )
