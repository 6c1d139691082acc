"""Erasing a person: what there is of them, and how it goes, a little at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from afterclick.ledger.operations import BEING_FORGOTTEN, Belongings, Operation
from afterclick.ledger.rows import Fence, KnownRecord, SyncRow, SyncState
from afterclick.ledger.sqlite import lanes, operating, syncs, tidying
from afterclick.ledger.sqlite.database import Database
from afterclick.ledger.sqlite.folds import ids, leads

_WHY = "the person is being forgotten, see `afterclick operations`"
_FORGOTTEN = "its person was forgotten"
_BEFORE_THE_LEADS = ("forget_links", "forget_findings", "forget_attempts", "forget_journeys")


def belongings(db: Database, lead: int) -> Belongings | None:
    """Return what there is of the person behind a lead, None if there is nobody."""
    found = leads(db, [lead]).get(lead)
    if found is None:
        return None
    root = found.joined_into or found.id
    everyone = _everyone(db, root)
    rows = [syncs.sync_row(row) for row in db.run("syncs_of_leads", (ids(everyone),))]
    own = {row.connection: row for row in rows if row.lead == root}
    sent = [row for row in rows if row.sending_since is not None]
    return Belongings(
        lead=root,
        leads=everyone,
        events=db.run("count_events_of", {"leads": ids(everyone)})[0][0],
        records=_records(db, everyone, rows),
        held=all(name in own and own[name].code == BEING_FORGOTTEN for name, *_ in db.run("connections")),
        # One that was taken has tries until its pass settles it.
        taken_until=max((row.due_at for row in own.values() if row.tries), default=None),
        sent_at=max((row.sending_since or 0 for row in sent), default=None),
        left_alone=any(row.state is not SyncState.ACTIVE for row in sent),
    )


def _records(db: Database, everyone: Sequence[int], rows: Sequence[SyncRow]) -> dict[str, list[KnownRecord]]:
    """Return all records of a person, each with what is known of it."""
    details = {
        (row.connection, record.kind, record.id): record
        for row in rows
        for record in (*row.doubles, *([] if row.record is None else [row.record]))
    }
    records: dict[str, list[KnownRecord]] = defaultdict(list)
    for connection, kind, id in db.run("records_of", {"leads": ids(everyone)}):
        records[connection].append(details.get((connection, kind, id), KnownRecord(kind=kind, id=id)))
    return records


def _everyone(db: Database, root: int) -> list[int]:
    return [id for (id,) in db.run("leads_of_person", {"lead": root})]


def hold_back(db: Database, lead: int, now: int) -> None:
    """Set a lead aside at every connection."""
    db.run("hold_back", {"lead": lead, "now": now, "code": BEING_FORGOTTEN, "reason": _WHY})


def look_up(db: Database, lead: int, now: int) -> None:
    """Let the lanes find out what became of writes to a lead's records."""
    db.run("look_up", {"lead": lead, "now": now})


def drop_records(db: Database, connection: str, records: Sequence[KnownRecord]) -> None:
    """Note that records are gone, or nobody's business any more."""
    with db.transaction():
        for record in records:
            db.run("drop_record", (connection, record.kind, record.id))


def forget(db: Database, fence: Fence, id: int, *, lead: int, look: int, now: int) -> Operation | None:
    """Erase up to `look` events of a person, and with the last of them everything else."""
    with db.transaction():
        lanes.check(db, fence)
        operation = operating.find(db, id)
        if operation is None or not operation.running:
            return operation
        asked = {"leads": ids(_everyone(db, lead))}
        if db.run("records_of", asked) and not operation.selection.keep_records:
            return operation
        gone = [event for (event,) in db.run("pick_events_of", asked | {"look": look})]
        db.run("blank_newest_event", {"ids": ids(gone), "reason": _FORGOTTEN})
        db.run("drop_events_of", {"ids": ids(gone)})
        last = len(gone) < look
        if last:
            _forget_leads(db, asked)
        operating.move(db, operation, passed=gone, changed=len(gone), whole=last, now=now)
        return operating.find(db, id)


def _forget_leads(db: Database, asked: dict[str, str]) -> None:
    for statement in _BEFORE_THE_LEADS:
        db.run(statement, asked)
    for connection, kind, id in db.run("records_of", asked):
        db.run("drop_record", (connection, kind, id))
    db.run("keep_last_lead")
    tidying.drop_leads(db, msgspec.json.decode(asked["leads"], type=list[int]))
