"""What lanes read and write that only observe."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from afterclick.ledger.observations import Asked, Observation, ObservationCount, Operation
from afterclick.ledger.rows import Fence, KnownRecord
from afterclick.ledger.sqlite import lanes
from afterclick.ledger.sqlite.database import Database
from afterclick.ledger.sqlite.folds import ids
from afterclick.ledger.sqlite.records import SHARED, clash_of

STEP = 500
"""Rows changed in one transaction: deliveries are never kept waiting for longer than that takes."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Observation)


def note(db: Database, fence: Fence, seen: Sequence[Observation], again: int) -> list[Observation]:
    """Store observations in place of older ones; return them as they were stored."""
    if not seen:
        return []
    with db.transaction():
        lanes.check(db, fence)
        stored = []
        for one in seen:
            kept = _unless_shared(db, one)
            db.run("put_observation", _values(kept))
            lead = {"connection": one.connection, "lead": one.lead, "version": one.version, "again": again}
            db.run("observed", lead)
            stored.append(kept)
    return stored


def _unless_shared(db: Database, seen: Observation) -> Observation:
    """Return the observation; of a record that another person has, a live lane would write nothing."""
    if seen.record_kind is None or seen.record_id is None:
        return seen
    record = KnownRecord(kind=seen.record_kind, id=seen.record_id)
    reason = clash_of(db, (seen.connection, seen.lead, record))
    if reason is None:
        asked = {"connection": seen.connection, "kind": record.kind, "id": record.id, "lead": seen.lead}
        owner = db.one("observed_owner", asked)
        if owner is None:
            return seen
        reason = SHARED.format(kind=record.kind, id=record.id, lead=owner[0])
    return msgspec.structs.replace(
        seen, operation=Operation.SHARED, differences=(), pending=(), absorbed=(), reason=reason
    )


def _values(one: Observation) -> tuple[object, ...]:
    return (
        one.connection,
        one.lead,
        one.version,
        one.at,
        one.operation.value,
        one.record_kind,
        one.record_id,
        one.changes,
        len(one.absorbed),
        _encoder.encode(one).decode(),
    )


def forget(db: Database, fence: Fence, connection: str, now: int) -> int:
    """Make some leads due again that were only observed; return how many."""
    with db.transaction():
        lanes.check(db, fence)
        found = [row[0] for row in db.run("observed_leads", (connection, STEP))]
        db.run("drop_observations", (connection, ids(found)))
        db.run("unobserve", {"connection": connection, "leads": ids(found), "now": now})
    return len(found)


def listed(db: Database, connection: str, asked: Asked) -> list[Observation]:
    """Return observations of living leads, by lead."""
    values = {
        "connection": connection,
        "limit": asked.limit,
        "lead": asked.lead,
        "operations": _encoder.encode(asked.operations).decode() if asked.operations else None,
        "field": asked.field,
        "kept": asked.kept,
    }
    return [_decoder.decode(row[0]) for row in db.run("observations", values)]


def counts(db: Database) -> list[ObservationCount]:
    """Return what would be done, counted by connection and operation."""
    return [
        ObservationCount(
            connection=row[0],
            operation=Operation(row[1]),
            leads=row[2],
            changes=row[3],
            absorbed=row[4],
            first_at=row[5],
            last_at=row[6],
        )
        for row in db.run("observation_counts")
    ]
