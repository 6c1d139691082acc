"""Storing deliveries: one look for repeats and one statement, whatever the size of the group."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from afterclick.ledger.rows import NewEvent
from afterclick.ledger.sqlite.database import Database

_COLUMNS = 12
_NOTHING = (None,) * _COLUMNS


def append(db: Database, events: Sequence[NewEvent]) -> list[bool]:
    """Store what is new, in one durable commit; tell for each event whether it was."""
    size = _padded(len(events))
    pairs = [(event.bucket, event.tie) for event in events]
    asked = [part for pair in pairs + pairs[-1:] * (size - len(pairs)) for part in pair]
    known = set(db.run_text(_seen(db.text("seen"), size), asked))
    fresh: list[bool] = []
    values: list[object] = []
    for event, pair in zip(events, pairs, strict=True):
        new = pair not in known
        fresh.append(new)
        if new:
            known.add(pair)
            values += _row(event)
    stored = len(values) // _COLUMNS
    if stored:
        size = _padded(stored)
        values += _NOTHING * (size - stored)
        db.run_text(_append(db.text("append"), size), values)
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


def _padded(count: int) -> int:
    """Return the next power of two, so that a handful of prepared statements serve every group."""
    return 1 << (count - 1).bit_length()


@cache
def _seen(template: str, size: int) -> str:
    return template.format(pairs=",".join(["(?,?)"] * size))


@cache
def _append(template: str, size: int) -> str:
    row = "(" + ",".join("?" * _COLUMNS) + ")"
    return template.format(rows=",".join([row] * size))
