"""The rows that cross the line between the ledger and its callers. Times are milliseconds since 1970."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import msgspec

from afterclick.model.event import Event
from afterclick.model.fields import Scalar
from afterclick.model.identity import Identity
from afterclick.model.journey import DAY
from afterclick.model.lead import LeadState
from afterclick.model.memory import CodeMemory
from afterclick.model.view import CodeName, Decision, Resolution


class EventState(enum.StrEnum):
    """What became of a stored event."""

    NEW = "new"
    FOLDED = "folded"
    IGNORED = "ignored"
    INVALID = "invalid"
    UNATTRIBUTED = "unattributed"
    FAILED = "failed"


class SyncState(enum.StrEnum):
    """Whether a sync goes on by itself: `parked` waits for a change, `held` for a person."""

    ACTIVE = "active"
    PARKED = "parked"
    HELD = "held"


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A verified delivery on its way into the ledger. The body has its IP addresses blanked already."""

    space: str
    source: str
    type: str
    bucket: int
    tie: bytes
    occurred_at: int
    received_at: int
    body: bytes
    ip_hash: bytes | None = None
    time_replaced: bool = False
    state: EventState = EventState.NEW
    reason: str | None = None


class Arrival(msgspec.Struct, frozen=True):
    """The newest delivery of a source: when it was received, repeats included, and its type."""

    received_at: int
    type: str


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the ledger holds it."""

    id: int
    space: str
    source: str
    type: str
    bucket: int
    tie: bytes
    occurred_at: int
    received_at: int
    body: bytes
    ip_hash: bytes | None
    time_replaced: bool
    state: EventState
    lead: int | None = None
    decision: Decision | None = None
    reason: str | None = None


class Fence(msgspec.Struct, frozen=True):
    """The proof of holding a lane: a write with an older epoch is refused."""

    lane: str
    epoch: int


class LaneRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lane, until when, and whether it is paused. `reason` says why."""

    name: str
    holder: str | None
    epoch: int
    expires_at: int
    paused_until: int | None = None
    reason: str | None = None


class LeadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A lead: its folded state and version. `joined_into` is the lead that it became part of."""

    id: int
    space: str
    state: LeadState
    keys: tuple[str, ...]
    version: int
    joined_into: int | None = None
    created_at: int = 0
    changed_at: int = 0


class Want(msgspec.Struct, frozen=True):
    """A connection that a changed lead has to reach, and when at the earliest.

    `sooner` lets the time be moved forward (a stub that got a name no longer waits), never back.
    """

    connection: str
    lead: int
    due_at: int
    sooner: bool = False


class FoldCommit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a fold batch writes, in one transaction. `journey_life` (ms) is how long journeys stay."""

    fence: Fence
    now: int
    resolution: Resolution
    events: Mapping[int, tuple[EventState, int | None, bytes | None, str | None]]
    leads: tuple[LeadRow, ...]
    wants: tuple[Want, ...]
    journey_life: int = 8 * DAY


class Untold(msgspec.Struct, frozen=True, kw_only=True):
    """Leads that do not know yet what was learned of a code; others remain below `below`, if any."""

    code: CodeName
    memory: CodeMemory
    leads: Sequence[int]
    below: int | None


class KnownRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The CRM record of a lead as the ledger remembers it.

    Of a double, `pending` are the steps that remain until it is absorbed, and `kept` says that it stays,
    because the CRM or its plugin refused to retire it.
    """

    kind: str
    id: str
    url: str | None = None
    related: Mapping[str, str] = {}
    created_by_us: bool = False
    pending: tuple[str, ...] = ()
    kept: bool = False

    @property
    def retirable(self) -> bool:
        """Tell whether it may be retired as a double: only what we made ourselves ever is."""
        return self.created_by_us and not self.kept


class SyncRow(msgspec.Struct, frozen=True, kw_only=True):
    """One (connection, lead): what the CRM has, what it should have, when it is due, what went wrong.

    `values` is what we last wrote, by CRM field, `sending_values` what a write whose fate is unknown
    may have written; `rejected` the values the CRM refused, by field;
    `doubles` further records of the person; `pending` steps that remain; `code` is the finding behind a
    sync that was set aside. `observed` is the version that was looked at without writing, while the
    connection only observes. `claimed` says that an operator gave the lead its record, and that it has not
    got the lead's key yet.
    """

    connection: str
    lead: int
    wanted: int
    synced: int
    due_at: int
    record: KnownRecord | None = None
    values: Mapping[str, Scalar] = {}
    rejected: Mapping[str, Scalar] = {}
    doubles: tuple[KnownRecord, ...] = ()
    pending: tuple[str, ...] = ()
    tries: int = 0
    first_failed_at: int | None = None
    sending: str | None = None
    sending_since: int | None = None
    sending_epoch: int | None = None
    sending_values: Mapping[str, Scalar] = {}
    state: SyncState = SyncState.ACTIVE
    code: str | None = None
    reason: str | None = None
    synced_at: int | None = None
    observed: int = 0
    claimed: bool = False


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A person to sync: the living lead, its sync row and those of the leads that joined it."""

    lead: LeadRow
    sync: SyncRow
    joined: tuple[SyncRow, ...] = ()
    joined_keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, lead: LeadRow, sync: SyncRow, behind: Sequence[LeadRow], rows: Mapping[int, SyncRow]) -> Due:
        """Return a person who is taken: one try more, with the `rows` and keys of the leads `behind`."""
        return cls(
            lead=lead,
            sync=msgspec.structs.replace(sync, tries=sync.tries + 1),
            joined=tuple(rows[one.id] for one in behind if one.id in rows),
            joined_keys=tuple(key for one in behind for key in one.keys),
        )


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """A write about to be sent: its values, and what is ours on the record before it."""

    values: Mapping[str, Scalar]
    base: Mapping[str, Scalar] = {}


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a person, the survivor first, and what we last wrote to the survivor.

    `joined` are the leads behind it whose records these are, None for all: one that joined since the
    person was taken keeps its record and its mark until the next time.
    """

    records: tuple[KnownRecord, ...]
    values: Mapping[str, Scalar] = {}
    joined: tuple[int, ...] | None = None


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass learned of one sync. None leaves a column as it is.

    `doubles` are those of the pass, which knew of those with the ids `seen`: others stay beside them.
    `synced` raises the version the CRM has; `clear_sending` ends the mark of a write whose fate is
    known; `due_at` moves the next try; `forget_record` drops a record that was never ours. `code` and
    `reason` are always stored: None says that all is well.
    """

    connection: str
    lead: int
    synced: int | None = None
    synced_at: int | None = None
    record: KnownRecord | None = None
    forget_record: bool = False
    values: Mapping[str, Scalar] | None = None
    rejected: Mapping[str, Scalar] | None = None
    doubles: tuple[KnownRecord, ...] | None = None
    seen: frozenset[str] = frozenset()
    pending: tuple[str, ...] | None = None
    clear_sending: bool = True
    due_at: int | None = None
    tries: int | None = None
    first_failed_at: int | None = None
    state: SyncState | None = None
    code: str | None = None
    reason: str | None = None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of settles. `standing` tells whether the fence still held.

    `shared` are the leads that are held now, since another person has their record, each with the reason.
    """

    standing: bool = True
    shared: Mapping[int, str] = {}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a hook. `lead` only where it failed for that lead."""

    at: int
    connection: str
    hook: str
    leads: int
    result: str
    status: int | None = None
    correlation: str | None = None
    duration_ms: int = 0
    lead: int | None = None
    reason: str | None = None


class ConnectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A connection the ledger remembers, running or not. `mapping` is a digest of its fields and rules."""

    name: str
    plugin: str
    first_seen_at: int
    mapping: str = ""
    running: bool = True


class Referrer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who refers: the lead that has their user id, and how many people came through their codes.

    `records` are the addresses of the lead's records, by connection.
    """

    lead: int
    state: LeadState
    referrals: int = 0
    records: Mapping[str, str] = {}


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Figures for metrics and status: cheap at any size. `findings` by (code, connection, level)."""

    unfolded: int = 0
    oldest_unfolded_at: int | None = None
    due: Mapping[str, int] = {}
    oldest_due_at: Mapping[str, int] = {}
    parked: Mapping[str, int] = {}
    held: Mapping[str, int] = {}
    findings: Mapping[tuple[str, str, str], int] = {}
    size_bytes: int = 0
    free_bytes: int = 0


def as_event(stored: StoredEvent, facts: object) -> Event:
    """Return the stored event as the fold sees it."""
    return Event(
        id=stored.id,
        space=stored.space,
        source=stored.source,
        type=stored.type,
        bucket=stored.bucket,
        tie=stored.tie,
        occurred_at=stored.occurred_at,
        received_at=stored.received_at,
        facts=facts,  # type: ignore[arg-type]
        ip_hash=stored.ip_hash,
    )


__all__ = [
    "Adoption",
    "Arrival",
    "Attempt",
    "ConnectionRow",
    "Due",
    "EventState",
    "Fence",
    "FoldCommit",
    "Identity",
    "KnownRecord",
    "LaneRow",
    "LeadRow",
    "NewEvent",
    "Referrer",
    "Sending",
    "Settle",
    "Settled",
    "StoredEvent",
    "SyncRow",
    "SyncState",
    "Totals",
    "Want",
    "as_event",
]
