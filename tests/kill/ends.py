"""What there is at rest, in the ledger's file and in the CRM, held against what was delivered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import apsw
from tests.kill.people import COMPARED, Contact

BUSY = "(synced < wanted OR sending IS NOT NULL) AND (SELECT joined_into IS NULL FROM leads WHERE id = lead)"
"""A lead that joined another keeps the mark of a write of unknown fate until that one is looked at again."""


@dataclass(slots=True)
class Ending:
    """What is wrong at the end of a story; all of it has to be empty."""

    events_lost: list[str] = field(default_factory=list)
    events_doubled: list[str] = field(default_factory=list)
    events_unfolded: list[str] = field(default_factory=list)
    leads_missing: list[str] = field(default_factory=list)
    leads_doubled: list[str] = field(default_factory=list)
    contacts_wrong: list[str] = field(default_factory=list)
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
    db: apsw.Connection,
    *,
    acknowledged: Collection[bytes],
    expected: Iterable[Contact],
    contacts: Sequence[Contact],
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
    columns = "lead, wanted, synced, sending, state, reason"
    left = f"SELECT {columns} FROM syncs WHERE {BUSY} OR state <> 'active'"  # noqa: S608
    ending.left_due = [
        f"lead {lead}: {synced} of {wanted} synced, sending {sending}, {state}: {reason}"
        for lead, wanted, synced, sending, state, reason in db.execute(left)
    ]
    _compare(expected, contacts, ending)
    return ending


def _compare(expected: Iterable[Contact], contacts: Sequence[Contact], ending: Ending) -> None:
    """Hold contacts against people, by what a person's contact cannot share with another's."""
    people = {_name(one): _compared(one) for one in expected}
    held: dict[str, list[Contact]] = {}
    for contact in contacts:
        held.setdefault(_name(contact), []).append(contact)
    for name, wanted in people.items():
        found = held.pop(name, [])
        if not found:
            ending.leads_missing.append(f"{name}: {dict(wanted)}")
        ending.leads_doubled += [f"{name}: {dict(one)}" for one in found[1:]]
        ending.contacts_wrong += [
            f"{name}: {_compared(one)}, not {wanted}" for one in found[:1] if _compared(one) != wanted
        ]
    # What fits nobody is a second contact of somebody, such as the one that was to be absorbed.
    ending.leads_doubled += [str(dict(one)) for rest in held.values() for one in rest]


def _name(contact: Contact) -> str:
    return contact.get("deep_link_token") or contact.get("conversion_date") or "nobody"


def _compared(contact: Contact) -> Mapping[str, str]:
    return {name: value for name in COMPARED if (value := contact.get(name))}
