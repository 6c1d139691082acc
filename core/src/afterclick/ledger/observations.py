"""What a lane would have done that only observes, as the ledger keeps it."""

from __future__ import annotations

import enum

import msgspec

from afterclick.model.fields import Kept, Scalar


class Operation(enum.StrEnum):
    """What a live lane would do with a lead.

    `retire`: the record expired and would go. `none`: it is right, or keeps what it has. `ambiguous`,
    `gone` and `shared` are what a live lane holds for a person to decide: several records, a deleted one,
    one of somebody else.
    """

    CREATE = "create"
    CHANGE = "change"
    RETIRE = "retire"
    NONE = "none"
    AMBIGUOUS = "ambiguous"
    GONE = "gone"
    SHARED = "shared"


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One CRM field in which a record differs from its lead; None where the CRM has nothing.

    `kept` tells why the present value stays; without it ours would be written.
    """

    field: str
    present: Scalar | None = None
    wanted: Scalar
    kept: Kept | None = None


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one lead in one CRM, and what would have been written. `at` in milliseconds.

    `pending` are further steps, `absorbed` the ids of records that would go into this one, and `further`
    those of other records that are or could be the person's.
    """

    connection: str
    lead: int
    version: int
    at: int
    operation: Operation
    record_kind: str | None = None
    record_id: str | None = None
    record_url: str | None = None
    differences: tuple[Difference, ...] = ()
    pending: tuple[str, ...] = ()
    absorbed: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def changes(self) -> int:
        """Return how many fields would be written."""
        return sum(one.kept is None for one in self.differences)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which observations of a connection are asked for: of a lead, by operation, with a field that differs.

    `kept` asks for leads with a field whose present value stays.
    """

    lead: int | None = None
    operations: tuple[Operation, ...] = ()
    field: str | None = None
    kept: bool = False
    limit: int = 50


class ObservationCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many leads of a connection an operation would meet, how many fields and doubles of theirs."""

    connection: str
    operation: Operation
    leads: int
    changes: int
    absorbed: int
    first_at: int
    last_at: int
