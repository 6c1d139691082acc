"""What there is at rest, in the ledger's file and in each CRM, held against what was delivered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import apsw
from tests.kill.crms import Crm, Record

BUSY = "(synced < wanted OR sending IS NOT NULL) AND (SELECT joined_into IS NULL FROM leads WHERE id = lead)"
"""A lead that joined another keeps the mark of a write of unknown fate until that one is looked at again."""

_HELD = """
SELECT record_id FROM syncs JOIN leads ON leads.id = syncs.lead WHERE connection = ? AND joined_into IS NULL
"""

Known = Mapping[str, str]
"""What is known of somebody, by attribute."""


@dataclass(slots=True)
class Ending:
    """What is wrong at the end of a story; all of it has to be empty."""

    events_lost: list[str] = field(default_factory=list)
    events_doubled: list[str] = field(default_factory=list)
    events_unfolded: list[str] = field(default_factory=list)
    people_missing: list[str] = field(default_factory=list)
    people_doubled: list[str] = field(default_factory=list)
    values_wrong: list[str] = field(default_factory=list)
    ids_wrong: list[str] = field(default_factory=list)
    deals_wrong: list[str] = field(default_factory=list)
    left_due: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how much is wrong, by kind."""
        return {one.name: len(getattr(self, one.name)) for one in fields(self)}

    def wrong(self) -> dict[str, list[str]]:
        """Return what is wrong."""
        return {one.name: found for one in fields(self) if (found := getattr(self, one.name))}


@contextmanager
def reading(ledger: Path) -> Iterator[apsw.Connection]:
    """Open a ledger's file beside the process that writes it."""
    db = apsw.Connection(str(ledger), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(5_000)
    try:
        yield db
    finally:
        db.close()


def is_at_rest(db: apsw.Connection) -> bool:
    """Tell whether everything is folded, written, and of known fate."""
    at_work = f"SELECT 1 FROM events WHERE state = 'new' UNION ALL SELECT 1 FROM syncs WHERE {BUSY}"  # noqa: S608
    return not db.execute(at_work).fetchall()


def stored_events(db: apsw.Connection) -> int:
    """Return how many events are stored."""
    (row,) = db.execute("SELECT count(*) FROM events")
    return int(row[0] or 0)


def judge(
    db: apsw.Connection, *, acknowledged: Collection[bytes], people: Sequence[Known], crms: Sequence[Crm]
) -> Ending:
    """Return what is wrong."""
    ending = Ending()
    stored = Counter(bytes(body) for (body,) in db.execute("SELECT body FROM events"))
    ending.events_lost = [body.decode() for body in acknowledged if body not in stored]
    ending.events_doubled = [body.decode() for body, count in stored.items() if count > 1]
    ending.events_unfolded = [
        f"event {id} is {state}: {reason}"
        for id, state, reason in db.execute("SELECT id, state, reason FROM events WHERE state <> 'folded'")
    ]
    columns = "connection, lead, wanted, synced, sending, state, reason"
    left = f"SELECT {columns} FROM syncs WHERE {BUSY} OR state <> 'active'"  # noqa: S608
    ending.left_due = [
        f"{connection}, lead {lead}: {synced} of {wanted} synced, sending {sending}, {state}: {reason}"
        for connection, lead, wanted, synced, sending, state, reason in db.execute(left)
    ]
    for crm in crms:
        records = crm.records()
        _judge_records(crm, records, people, ending)
        _judge_ids(crm, records, {id for (id,) in db.execute(_HELD, (crm.name,))}, ending)
        _judge_deals(crm, records, ending)
    return ending


def _judge_records(crm: Crm, records: Sequence[Record], people: Sequence[Known], ending: Ending) -> None:
    """Hold records against people, by the token, which no two of them share."""
    held: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        held[record.values.get("token", "")].append(record)
    for person in people:
        wanted = crm.expected(person)
        found = held.pop(wanted["token"], [])
        if not found:
            ending.people_missing.append(f"{crm.name}: {wanted}")
            continue
        first, *others = found
        if first.values != wanted:
            ending.values_wrong.append(f"{crm.name} {first.id}: {first.values}, not {wanted}")
        ending.people_doubled += [f"{crm.name} {one.id}: {one.values}" for one in others]
    # What fits nobody is a second record of somebody, such as the one that was to be absorbed.
    ending.people_doubled += [
        f"{crm.name} {one.id}: {one.values}" for others in held.values() for one in others
    ]


def _judge_ids(crm: Crm, records: Sequence[Record], held: Collection[str], ending: Ending) -> None:
    """Hold the records that the ledger names against those that are there."""
    there = {record.id for record in records}
    ending.ids_wrong += [f"{crm.name} {id} is in the CRM alone" for id in sorted(there.difference(held))]
    ending.ids_wrong += [f"{crm.name} {id} is in the ledger alone" for id in set(held).difference(there)]


def _judge_deals(crm: Crm, records: Sequence[Record], ending: Ending) -> None:
    """Hold deals against the people who converted: one for each, which is won."""
    deals = crm.deals()
    if deals is None:
        return
    wanted = Counter(record.id for record in records if "conversion_date" in record.values)
    found = Counter(deal.person for deal in deals)
    ending.deals_wrong += [
        f"{crm.name} {id} has {found[id]} deals, not {wanted[id]}"
        for id in sorted(wanted.keys() | found.keys())
        if found[id] != wanted[id]
    ]
    ending.deals_wrong += [
        f"{crm.name}: deal {deal.id} is {deal.status}" for deal in deals if deal.status != "won"
    ]
