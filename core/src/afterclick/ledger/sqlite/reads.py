"""What commands, metrics and start-up read."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from afterclick.ledger.rows import (
    Arrival,
    Attempt,
    ConnectionRow,
    EventState,
    LeadRow,
    Referrer,
    StoredEvent,
    SyncState,
    Totals,
)
from afterclick.ledger.sqlite import findings
from afterclick.ledger.sqlite.database import Database
from afterclick.ledger.sqlite.folds import decode_code, event_row, lead_row
from afterclick.model.lead import decode_state

COUNTED = 20_000
"""How far backlogs are counted, so that a figure costs no more as they grow."""

_SET_ASIDE = (EventState.INVALID, EventState.FAILED, EventState.UNATTRIBUTED)


def totals(db: Database, path: Path, connections: Sequence[str], now: int) -> Totals:
    """Return figures for metrics; none of them costs more as the ledger grows older."""
    oldest = db.one("oldest_unfolded")
    return Totals(
        unfolded=db.run("count_unfolded", (COUNTED,))[0][0],
        oldest_unfolded_at=oldest[0] if oldest else None,
        due={name: db.run("count_due", (name, now, COUNTED))[0][0] for name in connections},
        oldest_due_at={name: at for name in connections if (at := _waiting_since(db, name)) is not None},
        parked=_set_aside(db, connections, SyncState.PARKED),
        held=_set_aside(db, connections, SyncState.HELD),
        findings=findings.counts(db),
        size_bytes=_size(path),
        free_bytes=shutil.disk_usage(path.parent).free,
    )


def _waiting_since(db: Database, connection: str) -> int | None:
    """Return since when the oldest lead waits, which may be to come: in back-off, since its first failure."""
    since = [at for query in ("next_due", "failing_since") if (at := db.run(query, (connection,))[0][0])]
    return min(since, default=None)


def _set_aside(db: Database, connections: Sequence[str], state: SyncState) -> dict[str, int]:
    return {name: db.run("count_set_aside", (name, state.value, COUNTED))[0][0] for name in connections}


def _size(path: Path) -> int:
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def referrers(db: Database, users: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Referrer]:
    """Return who refers, by (space, user id)."""
    found: dict[tuple[str, str], Referrer] = {}
    for space, user in dict.fromkeys(users):
        row = db.one("referrer", (space, user))
        if row is None:
            continue
        records = {connection: url for connection, url in db.run("record_urls", (row[0],)) if url}
        codes = db.run("codes_of", (space, user))
        people = sum(decode_code(memory).counts.people for (memory,) in codes)
        found[space, user] = Referrer(
            lead=row[0], state=decode_state(row[1]), referrals=people, records=records
        )
    return found


def events(db: Database, *, limit: int, state: EventState | None, lead: int | None) -> list[StoredEvent]:
    """Return events, newest first, or those of a lead in the order in which they happened."""
    if lead is not None:
        rows = db.run("events_of_lead", {"lead": lead, "limit": limit})
    elif state in _SET_ASIDE:
        rows = db.run("events_set_aside", {"state": state.value, "limit": limit})
    elif state is not None:
        rows = db.run_text(db.text("events_in_state").format(state=EventState(state)), {"limit": limit})
    else:
        rows = db.run("events", {"limit": limit})
    return [event_row(row) for row in rows]


def leads(db: Database, *, limit: int, search: str | None) -> list[LeadRow]:
    """Return living leads."""
    if search is None:
        return [lead_row(row) for row in db.run("leads", (limit,))]
    return [lead_row(row) for row in db.run("leads_named", {"search": search, "limit": limit})]


def attempts(db: Database, *, limit: int, connection: str | None) -> list[Attempt]:
    """Return attempts, newest first."""
    names = Attempt.__struct_fields__
    rows = db.run("attempts", {"connection": connection, "limit": limit})
    return [Attempt(**dict(zip(names, row, strict=True))) for row in rows]


def arrivals(db: Database) -> dict[str, Arrival]:
    """Return the newest delivery of each source."""
    found: dict[str, Arrival] = {}
    for name, received_at, type in (*db.run("sources"), *db.run("newest_events")):
        if name not in found or found[name].received_at < received_at:
            found[name] = Arrival(received_at, type)
    return found


def connections(db: Database) -> list[ConnectionRow]:
    """Return every remembered connection."""
    return [
        ConnectionRow(name=row[0], plugin=row[1], first_seen_at=row[2], mapping=row[3], running=bool(row[4]))
        for row in db.run("connections")
    ]
