"""Work on many leads or events at an operator's word: what, how far it is, how it ended.

An operation is a row in the ledger, carried out in small steps. Each step moves its cursor in the
transaction that does the work, so a crash at any point loses or repeats nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import msgspec

from afterclick.ledger.rows import EventState, Fence, KnownRecord, LeadRow, SyncState, Want


class Kind(enum.StrEnum):
    """What is done.

    `retry` wakes syncs that were set aside or fail, `resync` compares leads with their records anew,
    `backfill` brings leads that were there before the connection, `refold` computes leads anew from
    their events, `events` folds events again that were set aside, `forget` erases one person.
    """

    RETRY = "retry"
    RESYNC = "resync"
    BACKFILL = "backfill"
    REFOLD = "refold"
    EVENTS = "events"
    FORGET = "forget"


class OperationState(enum.StrEnum):
    """Whether it goes on."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Trouble(enum.StrEnum):
    """Which syncs a retry is for: those set aside, or active ones that failed last time."""

    PARKED = SyncState.PARKED.value
    HELD = SyncState.HELD.value
    FAILING = "failing"


class Refoldable(enum.StrEnum):
    """Which events that were set aside may be folded again."""

    FAILED = EventState.FAILED.value
    UNATTRIBUTED = EventState.UNATTRIBUTED.value


class Selection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which leads or events an operation is for. What a kind does not ask for has no meaning for it.

    `reason` is a part of the reason why a sync was set aside, whatever its case, `code` the finding's.
    `since` (ms) leaves out leads that have not changed since then, `named` those without a name.
    `recreate` lets a record be made again that somebody deleted in the CRM. `keep_records` leaves the
    records of a person who is forgotten in the CRMs.
    """

    lead: int | None = None
    states: tuple[Trouble, ...] = ()
    reason: str | None = None
    code: str | None = None
    since: int | None = None
    named: bool = False
    recreate: bool = False
    event: int | None = None
    events: Refoldable = Refoldable.FAILED
    keep_records: bool = False


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `connection` is empty for one that is not about a CRM; times in milliseconds.

    `looked` counts what the steps have passed, `changed` what they changed, `expected` (counted before
    it began) what will be changed. `cursor` is the id that was passed last.
    """

    id: int
    kind: Kind
    connection: str
    selection: Selection
    state: OperationState
    cursor: int
    looked: int
    changed: int
    expected: int | None
    created_at: int
    updated_at: int

    @property
    def running(self) -> bool:
        """Tell whether there is more to do."""
        return self.state is OperationState.RUNNING


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection takes at all: leads of which spaces (None: of all), and whether without a name."""

    spaces: frozenset[str] | None = None
    stubs: bool = True


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """What one step did: the operation after it, and for how long (s) it kept other writers out."""

    operation: Operation
    seconds: float = 0.0


BEING_FORGOTTEN = "being-forgotten"
"""The code of syncs that are set aside because their person is being erased."""


class Belongings(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of one person.

    `lead` is the living lead, `leads` are all of the person; `records` are by connection. `held` says that
    no lane takes the lead any more; a pass that took it before may be at it, and `taken_until` is the last
    moment (ms) at which one can have begun. `sent_at` is when a write was begun whose fate is not known,
    `left_alone` that no lane is going to find out.
    """

    lead: int
    leads: Sequence[int]
    events: int
    records: Mapping[str, Sequence[KnownRecord]]
    held: bool
    taken_until: int | None = None
    sent_at: int | None = None
    left_alone: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """Why an operation does not go on just now, for people."""

    reason: str


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a step, by id: those that it passes, and those among them that it is for.

    `last` says that there is none behind them.
    """

    passed: Sequence[int]
    chosen: Sequence[int]
    last: bool


class Refold(msgspec.Struct, frozen=True, kw_only=True):
    """What a step of a refold writes, in one transaction: the leads that changed, and how far it is.

    `whole` ends the operation.
    """

    fence: Fence
    operation: int
    now: int
    leads: Sequence[LeadRow]
    wants: Sequence[Want]
    passed: Sequence[int]
    whole: bool


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """A sync that waits for a change or a person, or fails; `since` when, as near as is known."""

    connection: str
    lead: int
    trouble: Trouble
    code: str | None
    reason: str | None
    since: int


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a long list; `after` is where the next part begins, None at the end."""

    rows: Sequence[SetAside]
    after: int | None
