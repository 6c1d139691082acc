"""What every ledger does for operations; see `operations.py` for what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from afterclick.ledger.operations import (
    Advance,
    Belongings,
    Kind,
    Operation,
    Page,
    Picked,
    Refold,
    Selection,
    Terms,
)
from afterclick.ledger.rows import Fence, KnownRecord, StoredEvent


class Operations(Protocol):
    """Work at an operator's word, in small steps."""

    async def begin_operation(
        self, kind: Kind, connection: str, selection: Selection, *, expected: int | None, now: int
    ) -> Operation:
        """Store an operation durably; one that is the same and still runs is returned instead."""
        ...

    async def running_operations(self) -> Sequence[Operation]:
        """Return the operations that go on, the oldest first."""
        ...

    async def operations(self, *, limit: int) -> Sequence[Operation]:
        """Return operations, newest first."""
        ...

    async def operation(self, id: int) -> Operation | None:
        """Return one operation."""
        ...

    async def count_operation(
        self, kind: Kind, connection: str, selection: Selection, *, terms: Terms, after: int, look: int
    ) -> tuple[int, int | None]:
        """Return how many of the next `look` rows would be changed, and where to go on, None at the end."""
        ...

    async def advance(self, id: int, *, look: int, most: int, terms: Terms, now: int) -> Advance | None:
        """Look at the next `look` rows of a running operation and change up to `most` of them.

        None if there is no such operation.
        """
        ...

    async def picked(self, operation: Operation, *, look: int) -> Picked:
        """Return what the next step of an operation passes, `look` rows at most."""
        ...

    async def folded_events(self, leads: Sequence[int], *, after: int, look: int) -> Sequence[StoredEvent]:
        """Return the next `look` folded events of living leads by id, those of leads that joined included.

        Each has the living lead for its lead.
        """
        ...

    async def commit_refold(self, refold: Refold) -> Advance | None:
        """Store leads that were computed anew, and move the operation, in one transaction.

        An operation that does not run any more is returned as it is, and nothing is stored. None if
        there is no such operation.

        Raises:
            FenceLostError: another process folds now; nothing was stored.

        """
        ...

    async def belongings(self, lead: int) -> Belongings | None:
        """Return what there is of the person behind a lead, None if there is nobody."""
        ...

    async def hold_back(self, lead: int, *, now: int) -> None:
        """Set a lead aside at every connection: no lane takes or writes it from now on."""
        ...

    async def look_up(self, lead: int, *, now: int) -> None:
        """Let the lanes find out what became of writes of a lead whose fate is not known."""
        ...

    async def drop_records(self, connection: str, records: Sequence[KnownRecord]) -> None:
        """Note that records are gone, or nobody's business any more."""
        ...

    async def forget(self, fence: Fence, id: int, *, lead: int, look: int, now: int) -> Advance | None:
        """Erase up to `look` events of a person, and with the last of them everything else.

        `lead` is the living lead, `id` the operation's number; it stays as it is while there are records
        of the person that it has to erase first. In the fold's own lane, so that nothing of the person is
        stored meanwhile. None if there is no such operation.

        Raises:
            FenceLostError: another process folds now; nothing was erased.

        """
        ...

    async def cancel_operation(self, id: int, *, now: int) -> Operation | None:
        """End an operation that runs; what it did stays done. None if there is no such operation."""
        ...

    async def set_aside(self, connection: str, *, after: int, look: int) -> Page:
        """Return syncs that were set aside or fail, by lead, from the one after `after`."""
        ...
