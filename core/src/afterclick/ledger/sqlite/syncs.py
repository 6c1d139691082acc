"""What the sync lanes read and write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from afterclick.ledger.rows import (
    Adoption,
    Attempt,
    Due,
    Fence,
    KnownRecord,
    Sending,
    Settle,
    Settled,
    SyncRow,
    SyncState,
)
from afterclick.ledger.sqlite import lanes
from afterclick.ledger.sqlite.database import Database, Row
from afterclick.ledger.sqlite.folds import ids, leads

_encoder = msgspec.json.Encoder()
SHARED = "the record {kind} {id} belongs to another person (lead {lead})"


def _pack(value: object) -> str:
    return _encoder.encode(value).decode()


def _unpack(text: str | None, type: Any, otherwise: Any) -> Any:
    return otherwise if text is None else msgspec.json.decode(text, type=type)


def sync_row(row: Row) -> SyncRow:
    """Read a sync."""
    record = None
    if row[6] is not None:
        record = KnownRecord(
            kind=row[5],
            id=row[6],
            url=row[7],
            related=_unpack(row[8], dict[str, str], {}),
            created_by_us=bool(row[9]),
        )
    return SyncRow(
        connection=row[0],
        lead=row[1],
        wanted=row[2],
        synced=row[3],
        due_at=row[4],
        record=record,
        values=_unpack(row[10], dict[str, Any], {}),
        rejected=_unpack(row[11], dict[str, Any], {}),
        doubles=_unpack(row[12], tuple[KnownRecord, ...], ()),
        pending=_unpack(row[13], tuple[str, ...], ()),
        tries=row[14],
        first_failed_at=row[15],
        sending=row[16],
        sending_since=row[17],
        sending_epoch=row[18],
        state=SyncState(row[19]),
        reason=row[20],
        synced_at=row[21],
        sending_values=_unpack(row[22], dict[str, Any], {}),
        code=row[23],
        observed=row[24],
    )


def take(
    db: Database,
    fence: Fence,
    connection: str,
    *,
    now: int,
    horizon: int,
    limit: int,
    besides: Sequence[int],
    wait_ms: int,
) -> list[Due]:
    """Return due persons, each with the leads behind it, and raise their tries."""
    busy = set(besides)
    with db.transaction():
        lanes.check(db, fence)
        asked = {"connection": connection, "now": now, "horizon": horizon, "limit": limit + len(busy)}
        due = [row[0] for row in db.run("due", asked)]
        behind: dict[int, list[int]] = defaultdict(list)
        for id, root in db.run("persons", (ids(due),)):
            behind[root].append(id)
        everyone = [*due, *(id for group in behind.values() for id in group)]
        rows = {row.lead: row for row in map(sync_row, db.run("syncs_of", (connection, ids(everyone))))}
        taken: list[int] = []
        for lead in due:
            group = [lead, *behind[lead]]
            if busy.intersection(group) or len(taken) >= limit:
                continue
            free_at = _free_at((rows[id] for id in group if id in rows), wait_ms)
            if free_at > now:
                db.run("delay", (free_at, connection, lead))
            else:
                taken.append(lead)
        db.run("taken", (connection, ids(taken)))
        people = leads(db, [*taken, *(id for lead in taken for id in behind[lead])])
    return [Due.of(people[lead], rows[lead], [people[id] for id in behind[lead]], rows) for lead in taken]


def _free_at(rows: Iterable[SyncRow], wait_ms: int) -> int:
    """Return when no write of these rows can land any more."""
    return max((row.sending_since + wait_ms for row in rows if row.sending_since is not None), default=0)


def grant_stubs(db: Database, fence: Fence, connection: str, day: int, wanted: int, limit: int) -> int:
    """Count stubs of a day; return how many of those wanted it still has room for."""
    name = f"stubs:{connection}"
    with db.transaction():
        lanes.check(db, fence)
        row = db.one("meta", (name,))
        before, made = _unpack(row[0].decode(), tuple[int, int], (day, 0)) if row else (day, 0)
        made = made if before == day else 0
        granted = max(0, min(wanted, limit - made))
        db.run("touch_meta", (name, _pack((day, made + granted)).encode()))
    return granted


def adopt(db: Database, fence: Fence, connection: str, found: Mapping[int, Adoption]) -> dict[int, str]:
    """Give leads their records; return why some were refused."""
    refused: dict[int, str] = {}
    with db.transaction():
        lanes.check(db, fence)
        for lead, adoption in found.items():
            records = adoption.records
            clash = next((c for record in records if (c := clash_of(db, connection, lead, record))), None)
            if clash is not None:
                refused[lead] = clash
                db.run("hold", (clash, connection, lead))
                continue
            for record in records:
                db.run("put_record", (connection, record.kind, record.id, lead))
            joined = None if adoption.joined is None else ids(adoption.joined)
            db.run("give_up_record", {"connection": connection, "lead": lead, "joined": joined})
            _set_record(
                db, connection, lead, records[0], (*records[1:], *_late(db, connection, lead, records))
            )
            db.run("set_values", (_pack(adoption.values), connection, lead))
    return refused


def _late(db: Database, connection: str, lead: int, records: Sequence[KnownRecord]) -> list[KnownRecord]:
    """Return doubles that a settle which came too late has added meanwhile."""
    rows = db.run("syncs_of", (connection, ids([lead])))
    known = sync_row(rows[0]).doubles if rows else ()
    return [double for double in known if not any(_same(double, record) for record in records)]


def clash_of(db: Database, connection: str, lead: int, record: KnownRecord) -> str | None:
    """Return why a record is not the lead's, if another person has it."""
    asked = {"connection": connection, "kind": record.kind, "id": record.id, "lead": lead}
    owner = db.one("record_owner", asked)
    if owner is None or owner[0] == owner[1]:
        return None
    return SHARED.format(kind=record.kind, id=record.id, lead=owner[0])


def _set_record(
    db: Database, connection: str, lead: int, record: KnownRecord, doubles: Sequence[KnownRecord]
) -> None:
    values = (record.kind, record.id, record.url, _pack(record.related), int(record.created_by_us))
    db.run("set_record", (*values, _pack(doubles) if doubles else None, connection, lead))


def note_sending(
    db: Database,
    fence: Fence,
    connection: str,
    sent: Mapping[int, Sending],
    operation: str,
    now: int,
) -> list[int]:
    """Mark leads before a write; return those that may be written."""
    with db.transaction():
        lanes.check(db, fence)
        marked: list[int] = []
        for lead, write in sent.items():
            mark = (operation, now, fence.epoch, _pack(write.values), _pack(write.base))
            rows = db.run("note_sending", (*mark, connection, lead))
            marked += [row[0] for row in rows]
    return marked


def settle(
    db: Database, fence: Fence, settles: Sequence[Settle], attempts: Sequence[Attempt], now: int
) -> Settled:
    """Store what a pass learned."""
    shared: dict[int, str] = {}
    with db.transaction():
        standing = lanes.holds(db, fence)
        for one in settles:
            clash = None
            if one.record is not None:
                clash = _store_record(db, one, one.record, standing=standing)
            if clash is not None:
                shared[one.lead] = clash
                # The fate of the write is known, so its mark goes too; the record is another person's.
                held = Settle(
                    connection=one.connection,
                    lead=one.lead,
                    state=SyncState.HELD,
                    code="record-shared",
                    reason=clash,
                )
                _update(db, held)
            elif standing:
                _update(db, one)
            else:
                db.run("redo", (now, one.connection, one.lead))
        db.run_rows("put_attempt", [attempt_values(attempt) for attempt in attempts])
    return Settled(standing=standing, shared=shared)


def _store_record(db: Database, one: Settle, record: KnownRecord, *, standing: bool) -> str | None:
    """Note whose a record is, even of a lead that was joined to another meanwhile."""
    clash = clash_of(db, one.connection, one.lead, record)
    if clash is None:
        db.run("put_record", (one.connection, record.kind, record.id, one.lead))
        rows = db.run("syncs_of", (one.connection, ids([one.lead])))
        before = sync_row(rows[0]) if rows else None
        doubles = () if before is None else before.doubles
        if standing:
            doubles = doubles if one.doubles is None else _united(one, doubles)
        elif before is not None and before.record is not None and not _same(before.record, record):
            # A successor found the person another record: the one that comes too late is a double of it.
            doubles = (*(double for double in doubles if not _same(double, record)), record)
            record = before.record
        _set_record(db, one.connection, one.lead, record, doubles)
    return clash


def _united(one: Settle, stored: Sequence[KnownRecord]) -> tuple[KnownRecord, ...]:
    """Return the doubles of a settle and those that were added behind the back of its pass."""
    return (*(one.doubles or ()), *(double for double in stored if double.id not in one.seen))


def _same(one: KnownRecord, other: KnownRecord) -> bool:
    return (one.kind, one.id) == (other.kind, other.id)


def _update(db: Database, one: Settle) -> None:
    given = (
        ("synced", one.synced),
        ("synced_at", one.synced_at),
        ("due_at", one.due_at),
        ("tries", one.tries),
        ("first_failed_at", one.first_failed_at),
        ("state", None if one.state is None else one.state.value),
        ("values_written", None if one.values is None else _pack(one.values)),
        ("rejected", None if one.rejected is None else _pack(one.rejected)),
        ("pending", None if one.pending is None else _pack(one.pending)),
    )
    columns: dict[str, object] = {name: value for name, value in given if value is not None}
    columns |= {"reason": one.reason, "code": one.code}
    if one.tries == 0:
        columns["first_failed_at"] = None
    if one.clear_sending:
        columns |= dict.fromkeys(("sending", "sending_since", "sending_epoch", "sending_values"))
    if one.forget_record:
        db.run("forget_record", {"connection": one.connection, "lead": one.lead})
        columns |= dict.fromkeys(("record_kind", "record_id", "record_url", "related", "values_written"))
        columns["created_by_us"] = 0
    # Column names come from the literals above; values are bound. What the CRM has is never less than before.
    assignments = ", ".join(
        f"{name} = max({name}, ?)" if name == "synced" else f"{name} = ?" for name in columns
    )
    sql = f"UPDATE syncs SET {assignments} WHERE connection = ? AND lead = ?"  # noqa: S608
    db.run_text(sql, (*columns.values(), one.connection, one.lead))


def attempt_values(attempt: Attempt) -> tuple[object, ...]:
    """Return an attempt's columns."""
    return (
        attempt.at,
        attempt.connection,
        attempt.hook,
        attempt.leads,
        attempt.result,
        attempt.status,
        attempt.correlation,
        attempt.duration_ms,
        attempt.lead,
        attempt.reason,
    )
