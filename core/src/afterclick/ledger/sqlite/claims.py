"""Giving records that other code made to leads: each is looked at and given in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from afterclick.ledger.claims import Claim, Living
from afterclick.ledger.operations import BEING_FORGOTTEN
from afterclick.ledger.rows import Fence, SyncRow
from afterclick.ledger.sqlite import folds, lanes, records, syncs
from afterclick.ledger.sqlite.database import Database


def living(db: Database, connection: str, after: int, look: int) -> list[Living]:
    """Return the next living leads by id."""
    rows = [folds.lead_row(row) for row in db.run("living_leads", (after, look))]
    asked = {"connection": connection, "leads": folds.ids(row.id for row in rows)}
    recorded = {lead for (lead,) in db.run("recorded", asked)}
    return [Living(row, row.id in recorded) for row in rows]


def known_records(
    db: Database, connection: str, asked: Sequence[tuple[str, str]]
) -> frozenset[tuple[str, str]]:
    """Return which records are somebody's."""
    rows = db.run_rows("known_records", [(connection, kind, id) for kind, id in asked])
    return frozenset((kind, id) for kind, id in rows)


def claim(
    db: Database, fence: Fence, connection: str, claims: Mapping[int, Claim], now: int
) -> dict[int, str]:
    """Give leads records; return why some were refused."""
    refused: dict[int, str] = {}
    with db.transaction():
        lanes.check(db, fence)
        for lead, wish in claims.items():
            reason = next(_against(db, connection, lead, wish), None)
            if reason is None:
                _give(db, connection, lead, wish, now)
            else:
                refused[lead] = reason
    return refused


def _against(db: Database, connection: str, lead: int, wish: Claim) -> Iterator[str]:
    """Yield why a lead must not get a record."""
    row = folds.leads(db, [lead]).get(lead)
    if row is None:
        yield "the lead is gone"
        return
    if row.joined_into is not None:
        yield f"the lead is a part of lead {row.joined_into} by now"
    everyone = [lead, *(id for id, _ in db.run("persons", (folds.ids([lead]),)))]
    for sync in map(syncs.sync_row, db.run("syncs_of", (connection, folds.ids(everyone)))):
        yield from _against_row(sync)
    clash = records.clash_of(db, (connection, lead, wish.record))
    if clash is not None:
        yield clash


def _against_row(sync: SyncRow) -> Iterator[str]:
    if sync.record is not None:
        yield f"the lead has a record by now ({sync.record.kind} {sync.record.id})"
    if sync.sending is not None:
        yield "what became of a write for the lead is not known yet"
    if sync.code == BEING_FORGOTTEN:
        yield "the person is being forgotten"


def _give(db: Database, connection: str, lead: int, wish: Claim, now: int) -> None:
    given = (connection, lead, wish.record)
    db.run("want_claimed", {"connection": connection, "lead": lead, "now": now})
    records.put_holders(db, [given])
    records.put(db, [given], [()])
    db.run_rows("set_values", [(connection, lead, msgspec.json.encode(wish.values).decode())])
    db.run("set_claimed", (connection, lead))
