"""Operations as an operator asks for them: understood, counted, begun, listed, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from afterclick.clock import Clock
from afterclick.console.feeding import Feeder, Route, named
from afterclick.errors import ConflictError, NotFoundError, RequestError
from afterclick.ledger.api import Ledger
from afterclick.ledger.operations import Kind, Operation, Selection, Terms
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger

COUNTED_AT_ONCE = 5_000
"""Rows that are looked at in one go of a count: a few milliseconds of the reading thread."""

EVERYWHERE = frozenset({Kind.EVENTS, Kind.REFOLD, Kind.FORGET})
"""Kinds that are for no connection."""


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator asks for. A retry without a connection is for all that run."""

    kind: Kind
    connection: str = ""
    selection: Selection = Selection()


class Count(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many leads or events an operation would change.

    To forget a person is about several things: `what` names this one, `note` tells what will not be done.
    """

    connection: str
    count: int
    what: str = ""
    note: str = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An operation as the API shows it; `waits_for` says why one that runs does not go on just now."""

    id: int
    kind: Kind
    connection: str
    selection: Selection
    state: str
    looked: int
    changed: int
    expected: int | None
    created_at: int
    updated_at: int
    waits_for: str | None


@dataclass(frozen=True, slots=True)
class Operator:
    """Takes the wishes. `routes` are the connections that run, `feeder` carries operations out."""

    ledger: Ledger
    clock: Clock
    feeder: Feeder
    routes: Callable[[], Mapping[str, Route]]

    async def count(self, wish: Wish) -> list[Count]:
        """Return what a wish would change, by connection, without changing anything."""
        if wish.kind is Kind.FORGET:
            return await self._person(wish.selection)
        return [
            Count(connection, await self._count(wish.kind, connection, selection))
            for connection, selection in await self._understood(wish)
        ]

    async def begin(self, wish: Wish) -> list[Shown]:
        """Begin a wish: an operation for each connection that has something to do for it."""
        begun = []
        for connection, selection in await self._understood(wish):
            expected = await self._expected(wish.kind, connection, selection)
            if not expected and not wish.connection and wish.kind is not Kind.FORGET:
                continue
            operation = await self.ledger.begin_operation(
                wish.kind, connection, selection, expected=expected, now=self.clock.now()
            )
            get_logger("console").info(Said.OPERATION_STARTED, **named(operation))
            begun.append(self.shown(operation))
        return begun

    async def listed(self, *, limit: int) -> list[Shown]:
        """Return operations, newest first."""
        return [self.shown(one) for one in await self.ledger.operations(limit=limit)]

    async def find(self, id: int) -> Shown:
        """Return one operation.

        Raises:
            NotFoundError: there is none.

        """
        return self.shown(_there(await self.ledger.operation(id), id))

    async def cancel(self, id: int) -> Shown:
        """End an operation; one that has ended stays as it is.

        Raises:
            NotFoundError: there is none.

        """
        return self.shown(_there(await self.ledger.cancel_operation(id, now=self.clock.now()), id))

    def shown(self, operation: Operation) -> Shown:
        """Return an operation as people see it."""
        return Shown(
            id=operation.id,
            kind=operation.kind,
            connection=operation.connection,
            selection=operation.selection,
            state=operation.state.value,
            looked=operation.looked,
            changed=operation.changed,
            expected=operation.expected,
            created_at=operation.created_at,
            updated_at=operation.updated_at,
            waits_for=self.feeder.waits_for(operation) if operation.running else None,
        )

    async def _understood(self, wish: Wish) -> list[tuple[str, Selection]]:
        """Return for which connections a wish is, and which leads or events.

        Raises:
            RequestError: it does not fit together.
            NotFoundError: it names something that is not there.
            ConflictError: it is for a connection that does not run.

        """
        if wish.kind is Kind.FORGET and wish.selection.lead is None:
            raise RequestError("one person is forgotten at a time", hint="Name the lead.")
        selection = await self._living(wish.selection)
        if wish.kind in EVERYWHERE:
            return [("", selection)]
        if wish.connection:
            await self.must_run(wish.connection)
            return [(wish.connection, selection)]
        if wish.kind is not Kind.RETRY:
            raise RequestError(f"a {wish.kind} is for one connection", hint="Name it.")
        return [(name, selection) for name in sorted(self.routes())]

    async def must_run(self, connection: str) -> None:
        """Refuse a connection that does not run.

        Raises:
            NotFoundError: there is none of that name.
            ConflictError: it is known and does not run.

        """
        running = sorted(self.routes())
        if connection in running:
            return
        known = [row.name for row in await self.ledger.connections()]
        if connection in known:
            raise ConflictError(
                f"the connection {connection!r} is known, but not running",
                hint="Start the service with its plugin and its settings; see `afterclick plugins`.",
            )
        raise NotFoundError(
            f"there is no connection {connection!r}", hint=f"Running: {', '.join(running) or 'none'}."
        )

    async def _living(self, selection: Selection) -> Selection:
        """Return the selection with the living lead behind the one that is named."""
        if selection.lead is None:
            return selection
        row = (await self.ledger.lead_states([selection.lead])).get(selection.lead)
        if row is None:
            raise _no_lead(selection.lead)
        return msgspec.structs.replace(selection, lead=row.joined_into or row.id)

    async def _expected(self, kind: Kind, connection: str, selection: Selection) -> int:
        if kind is not Kind.FORGET:
            return await self._count(kind, connection, selection)
        found = await self.ledger.belongings(selection.lead or 0)
        return 0 if found is None else found.events

    async def _person(self, selection: Selection) -> list[Count]:
        """Return what there is of a person, and what of it will stay."""
        found = await self.ledger.belongings(selection.lead or 0)
        if found is None:
            raise _no_lead(selection.lead)
        here = [Count("", len(found.leads), what="leads"), Count("", found.events, what="events")]
        return here + [
            Count(connection, len(records), what="records", note=self._stays(connection, selection))
            for connection, records in sorted(found.records.items())
        ]

    def _stays(self, connection: str, selection: Selection) -> str:
        """Return why records stay in a CRM, empty if they go."""
        route = self.routes().get(connection)
        if selection.keep_records:
            return "kept"
        if route is None:
            return "not running: it waits until it is"
        return "" if route.erases else "cannot be erased from here: do it by hand"

    async def _count(self, kind: Kind, connection: str, selection: Selection) -> int:
        route = self.routes().get(connection)
        terms = Terms() if route is None else route.terms
        total, after = 0, 0
        while True:
            count, following = await self.ledger.count_operation(
                kind, connection, selection, terms=terms, after=after, look=COUNTED_AT_ONCE
            )
            total += count
            if following is None:
                return total
            after = following


def _no_lead(lead: int | None) -> NotFoundError:
    return NotFoundError(f"there is no lead {lead}", hint="List them with `afterclick leads`.")


def _there(operation: Operation | None, id: int) -> Operation:
    if operation is None:
        raise NotFoundError(f"there is no operation {id}", hint="List them with `afterclick operations`.")
    return operation
