"""What the sync lanes read and write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

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
from afterclick.ledger.sqlite import lanes, records
from afterclick.ledger.sqlite.database import Database, Row
from afterclick.ledger.sqlite.folds import ids, leads
from afterclick.ledger.sqlite.records import Claim, Holders
from afterclick.model.fields import Scalar

_STATES = {state.value: state for state in SyncState}
_encoder = msgspec.json.Encoder()
_values = msgspec.json.Decoder(dict[str, Scalar])
_names = msgspec.json.Decoder(tuple[str, ...])
_granted = msgspec.json.Decoder(tuple[int, int])


def _pack(value: object) -> str:
    return _encoder.encode(value).decode()


def _packed(value: object | None) -> str | None:
    return None if value is None else _pack(value)


def _read_values(text: str | None) -> Mapping[str, Scalar]:
    return {} if text is None else _values.decode(text)


def sync_row(row: Row) -> SyncRow:
    """Read a sync."""
    return SyncRow(
        connection=row[0],
        lead=row[1],
        wanted=row[2],
        synced=row[3],
        due_at=row[4],
        record=records.read_record(row[5:10]),
        values=_read_values(row[10]),
        rejected=_read_values(row[11]),
        doubles=records.read_doubles(row[12]),
        pending=() if row[13] is None else _names.decode(row[13]),
        tries=row[14],
        first_failed_at=row[15],
        sending=row[16],
        sending_since=row[17],
        sending_epoch=row[18],
        state=_STATES[row[19]],
        reason=row[20],
        synced_at=row[21],
        sending_values=_read_values(row[22]),
        code=row[23],
        observed=row[24],
        claimed=bool(row[25]),
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
        due = [row[0] for row in db.run("due", asked) if row[0] not in busy]
        behind: dict[int, list[int]] = defaultdict(list)
        for id, root in db.run("persons", (ids(due),)):
            behind[root].append(id)
        everyone = [*due, *(id for group in behind.values() for id in group)]
        raw = {row[1]: row for row in db.run("syncs_of", (connection, ids(everyone)))}
        rows: dict[int, SyncRow] = {}
        taken: list[int] = []
        for lead in due:
            group = [lead, *behind[lead]]
            if busy.intersection(group) or len(taken) >= limit:
                continue
            rows |= {id: sync_row(raw[id]) for id in group if id in raw}
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
        before, made = _granted.decode(row[0]) if row else (day, 0)
        made = made if before == day else 0
        granted = max(0, min(wanted, limit - made))
        db.run("touch_meta", (name, _pack((day, made + granted)).encode()))
    return granted


def adopt(db: Database, fence: Fence, connection: str, found: Mapping[int, Adoption]) -> dict[int, str]:
    """Give leads their records; return why some were refused."""
    refused: dict[int, str] = {}
    given: dict[int, Adoption] = {}
    claims = {lead: [(connection, lead, one) for one in found[lead].records] for lead in found}
    with db.transaction():
        lanes.check(db, fence)
        holders = Holders(db, _all(claims.values()))
        for lead, adoption in found.items():
            clash = next((c for claim in claims[lead] if (c := holders.clash(claim))), None)
            if clash is not None:
                refused[lead] = clash
                db.run("hold", (clash, connection, lead))
                continue
            given[lead] = adoption
            for claim in claims[lead]:
                holders.give(claim)
        records.put_holders(db, _all(claims[lead] for lead in given))
        _take_over(db, connection, given)
    return refused


def _all(claims: Iterable[Sequence[Claim]]) -> list[Claim]:
    return [claim for group in claims for claim in group]


def _take_over(db: Database, connection: str, given: Mapping[int, Adoption]) -> None:
    """Move the records of joined leads to the living one's row, which knows what was written to them."""
    for lead, adoption in given.items():
        if adoption.joined != ():
            joined = None if adoption.joined is None else ids(adoption.joined)
            db.run("give_up_record", {"connection": connection, "lead": lead, "joined": joined})
    before = records.standing_of(db, [(connection, lead) for lead in given])
    survivors: list[Claim] = []
    doubles: list[Sequence[KnownRecord]] = []
    for lead, adoption in given.items():
        _, known = before.get((connection, lead), (None, ()))
        # Those that a settle which came too late has added meanwhile stay.
        late = [one for one in known if not any(records.same(one, other) for other in adoption.records)]
        survivors.append((connection, lead, adoption.records[0]))
        doubles.append((*adoption.records[1:], *late))
    records.put(db, survivors, doubles)
    db.run_rows("set_values", [(connection, lead, _pack(one.values)) for lead, one in given.items()])


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
        marks = [
            (connection, lead, operation, now, fence.epoch, _pack(write.values), _pack(write.base))
            for lead, write in sent.items()
        ]
        return [row[0] for row in db.run_rows("note_sending", marks)]


def settle(
    db: Database, fence: Fence, settles: Sequence[Settle], attempts: Sequence[Attempt], now: int
) -> Settled:
    """Store what a pass learned, of each lead once."""
    with db.transaction():
        standing = lanes.holds(db, fence)
        shared = _store_records(db, settles, standing=standing)
        for one in settles:
            if not standing and one.lead not in shared:
                db.run("redo", (now, one.connection, one.lead))
        # Of a record that is another person's the fate of the write is known, so its mark goes too.
        held = [_held(one, shared[one.lead]) for one in settles if one.lead in shared]
        _update(db, [*held, *(one for one in settles if standing and one.lead not in shared)])
        db.run_rows("put_attempt", [attempt_values(attempt) for attempt in attempts])
    return Settled(standing=standing, shared=shared)


def _held(one: Settle, reason: str) -> Settle:
    return Settle(
        connection=one.connection, lead=one.lead, state=SyncState.HELD, code="record-shared", reason=reason
    )


def _store_records(db: Database, settles: Sequence[Settle], *, standing: bool) -> dict[int, str]:
    """Note whose records are, even of leads that were joined to others meanwhile; return why some are not."""
    claims = [(one, (one.connection, one.lead, one.record)) for one in settles if one.record is not None]
    holders = Holders(db, [claim for _, claim in claims])
    before = records.standing_of(db, [(one.connection, one.lead) for one, _ in claims])
    shared: dict[int, str] = {}
    given: list[Claim] = []
    kept: list[Claim] = []
    doubles: list[Sequence[KnownRecord]] = []
    for one, claim in claims:
        clash = holders.clash(claim)
        if clash is not None:
            shared[one.lead] = clash
            continue
        holders.give(claim)
        given.append(claim)
        record, others = _after(one, claim[2], before.get(claim[:2], (None, ())), standing=standing)
        kept.append((one.connection, one.lead, record))
        doubles.append(others)
    records.put_holders(db, given)
    records.put(db, kept, doubles)
    return shared


def _after(
    one: Settle, record: KnownRecord, before: records.Standing, *, standing: bool
) -> tuple[KnownRecord, Sequence[KnownRecord]]:
    """Return the record of a lead and its doubles after a settle."""
    known, doubles = before
    if standing:
        return record, doubles if one.doubles is None else _united(one, doubles)
    if known is None or records.same(known, record):
        return record, doubles
    # A successor found the person another record: the one that comes too late is a double of it.
    return known, (*(double for double in doubles if not records.same(double, record)), record)


def _united(one: Settle, stored: Sequence[KnownRecord]) -> tuple[KnownRecord, ...]:
    """Return the doubles of a settle and those that were added behind the back of its pass."""
    return (*(one.doubles or ()), *(double for double in stored if double.id not in one.seen))


def _update(db: Database, settles: Sequence[Settle]) -> None:
    db.run_rows("settle", [_settled_values(one) for one in settles])
    for one in settles:
        if one.forget_record:
            lead = {"connection": one.connection, "lead": one.lead}
            db.run("forget_record", lead)
            db.run("unset_record", lead)


def _settled_values(one: Settle) -> tuple[object, ...]:
    return (
        one.connection,
        one.lead,
        one.synced,
        one.synced_at,
        one.due_at,
        one.tries,
        one.first_failed_at,
        None if one.state is None else one.state.value,
        _packed(one.values),
        _packed(one.rejected),
        _packed(one.pending),
        one.code,
        one.reason,
        int(one.clear_sending),
    )


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
