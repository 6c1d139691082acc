"""Findings: noted, counted, and closed when they are over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from afterclick.ledger.sqlite.database import Database, Row
from afterclick.ledger.told import FindingChanges, FindingRow, Outdated

PAGE = 500
"""Findings that are looked at in one turn of the reading thread."""

_encoder = msgspec.json.Encoder()
_COLUMNS = FindingRow.__struct_fields__


def note(db: Database, found: Sequence[FindingRow]) -> None:
    """Add findings, or count them again."""
    db.run_rows("put_finding", [tuple(getattr(row, name) for name in _COLUMNS) for row in found])


def replace(
    db: Database, connection: str, codes: Collection[str], found: Sequence[FindingRow], now: int
) -> FindingChanges:
    """Make `found` the only open findings of these codes at a connection."""
    asked = {"connection": connection, "codes": _list({*codes, *(row.code for row in found)})}
    before = {(row.code, row.subject): row for row in map(finding_row, db.run("findings_open", asked))}
    kept = {(row.code, row.subject) for row in found}
    over = [row for key, row in before.items() if key not in kept and row.code in codes]
    if found or over:
        with db.transaction():
            note(db, found)
            close(db, over, now)
    opened = [row for row in found if (row.code, row.subject) not in before]
    return FindingChanges(opened=tuple(opened), closed=tuple(over))


def close(db: Database, over: Sequence[FindingRow], now: int) -> None:
    """Close findings that nobody noted since they were read."""
    rows = [(row.code, row.connection, row.subject, row.last_at, now) for row in over]
    db.run_rows("close_finding", rows)


def page(db: Database, outdated: Outdated, after: FindingRow | None) -> list[tuple[FindingRow, bool]]:
    """Return open findings behind `after` by key, each with whether it is over."""
    key = {name: "" if after is None else getattr(after, name) for name in ("code", "connection", "subject")}
    names = ("parked", "held", "doubled", "rejected", "passing", "connections")
    lists = {name: _list(getattr(outdated, name)) for name in names}
    rows = db.run("findings_page", key | lists | {"since": outdated.since, "limit": PAGE})
    return [(finding_row(row[:-1]), bool(row[-1])) for row in rows]


def every(db: Database, limit: int) -> list[FindingRow]:
    """Return findings, closed ones too, newest first."""
    return [finding_row(row) for row in db.run("findings", (limit,))]


def counts(db: Database) -> Mapping[tuple[str, str, str], int]:
    """Return how many are open, by code, connection and level."""
    return {
        (code, connection, level): count for code, connection, level, count in db.run("count_open_findings")
    }


def finding_row(row: Row) -> FindingRow:
    """Read a finding."""
    return FindingRow(**dict(zip(_COLUMNS, row, strict=True)))


def _list(values: Collection[str]) -> str:
    return _encoder.encode(sorted(values)).decode()
