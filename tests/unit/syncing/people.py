"""People as a pass takes them, without a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from tests.simulation.fakecrm import FIELDS
from tests.support.events import make_event

from afterclick.ledger.rows import Due, KnownRecord, LeadRow, SyncRow
from afterclick.model.identity import Identity, exact_identities, founding_identity
from afterclick.model.lead import STAGES, LeadState, contribution, keys_of, merge
from afterclick.plugin import FieldSpec, Match, Record
from afterclick.syncing.person import Mapped, Person

MAPPED = Mapped(fields=FIELDS, stages={name: name for name in STAGES})


def state_of(*events: Any) -> LeadState:
    """Return the fold of events that are all of one lead."""
    states = []
    for event in events:
        stated = exact_identities(event, frozenset())
        names: frozenset[Identity] = frozenset(stated or (founding_identity(event),))
        states.append(contribution(event, journey="j", identities=names))
    return reduce(merge, states)


def converted(person: str = "ann", **data: Any) -> Any:
    """Return the event that makes a customer of a person."""
    given = {"referral_code": f"code-{person}", "referred_user_id": person, "milestone": "won"}
    return make_event("referral.completed", **(given | data))


def tapped(token: str = "summer", **data: Any) -> Any:
    """Return an install through a link."""
    return make_event("install.tracked", token=token, prefix="promo", **data)


def sync_row(lead: int = 1, **changes: Any) -> SyncRow:
    """Return a sync that is due for the first time."""
    values: dict[str, Any] = {
        "connection": "fake",
        "lead": lead,
        "wanted": 1,
        "synced": 0,
        "due_at": 0,
        "tries": 1,
    }
    return SyncRow(**(values | changes))


def due(*events: Any, joined: Sequence[SyncRow] = (), joined_keys: Sequence[str] = (), **sync: Any) -> Due:
    """Return a due person; `sync` are columns of the lead's own row."""
    state = state_of(*(events or (converted(),)))
    lead = LeadRow(id=1, space="main", state=state, keys=keys_of(state), version=3)
    return Due(lead=lead, sync=sync_row(**sync), joined=tuple(joined), joined_keys=tuple(joined_keys))


def person(*events: Any, mapped: Mapped = MAPPED, **rows: Any) -> Person:
    """Return a person in a pass."""
    return Person(due(*events, **rows), mapped)


def known(id: str = "r1", **changes: Any) -> KnownRecord:
    """Return a record as the ledger remembers it."""
    return KnownRecord(kind="contact", id=id, **changes)


def record(id: str = "r1", **values: Any) -> Record:
    """Return a record as the plugin shows it."""
    return Record(kind="contact", id=id, values=values)


def found(one: Person, **values: Any) -> dict[str, Any]:
    """Let `match` find the record with these values; return the fields that are to be written."""
    one.found(Match(record(**values)))
    change = one.change()
    return {} if change is None else dict(change.fields)


def only(*names: str) -> Mapped:
    """Return a mapping of some of the fields."""
    fields: tuple[FieldSpec, ...] = tuple(spec for spec in FIELDS if spec.name in names)
    return Mapped(fields=fields, stages=MAPPED.stages)
