"""Finds the records of leads: by id, else by all their keys, and by e-mail address. Never by search.

A converted Lead is read-only and its Contact takes over; a Lead that was retired names the record in its
place; a merged one names its master. Each is followed to what it became. A person with an address is looked
for under it too, unless their record has it: one Contact goes before one open Lead, and several of either are
nobody's guess. Source: Salesforce, "Object Reference" (Lead) and the "Merge" call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from afterclick.plugin import (
    Ambiguous,
    Gone,
    Lead,
    Match,
    MatchOutcome,
    NoMatch,
    Record,
    RetryLater,
    carrying,
)
from afterclick_salesforce.answers import Row
from afterclick_salesforce.client import Client
from afterclick_salesforce.fields import CONTACT, LEAD, OBJECTS
from afterclick_salesforce.lookup import MASTER, Finder, Pending, Want
from afterclick_salesforce.mapping import (
    CONVERTED,
    CONVERTED_TO,
    EMAIL,
    Shape,
    object_of,
    same,
    same_id,
    to_record,
)

_ROUNDS = 8
"""Reads in a row: a record leads to another, that one to a third, and so on; more is a circle."""
_NOT_SHOWN = "Salesforce does not show the record any more: it was deleted, or sharing hides it"
_NO_CONTACT = "the Lead was converted to an account without a contact"
_SEVERAL = "several {object}s have the e-mail address"


async def match(leads: Sequence[Lead], client: Client) -> list[MatchOutcome]:
    """Answer for each lead, in order.

    Raises:
        CallFailed: Salesforce answered for nobody.
        BatchRefused: it does not take what was asked; the core asks in halves.
        LaneStop: every lead has to wait; what is settled goes along.

    """
    finder = Finder(client)
    searches = [Search(lead, finder, client.shape) for lead in leads]
    settled: dict[int, MatchOutcome] = {}
    for _ in range(_ROUNDS):
        for index, search in enumerate(searches):
            if index not in settled and (found := search.outcome()) is not None:
                settled[index] = found
        if finder.idle:
            break
        with carrying(settled):
            await finder.read()
    circle = RetryLater("its records lead from one to another and back")
    return [settled.get(index, circle) for index in range(len(leads))]


@dataclass(slots=True)
class Search:
    """Looks for one lead in what has been read, again after each round of reading."""

    lead: Lead
    finder: Finder
    shape: Shape
    wants: list[Want] = field(default_factory=list)

    def outcome(self) -> MatchOutcome | None:
        """Return what came of it; None while something is left to read."""
        try:
            return self._outcome()
        except Pending:
            return None
        except _DeadEndError as end:
            return Ambiguous((to_record(end.row, self.shape),), _NO_CONTACT)

    def _outcome(self) -> MatchOutcome:
        own = self._known()
        if own is not None and (not self.lead.emails or self._has_address([own])):
            return Match(self._record(own))
        # Both at once, so that one call answers them for the whole batch.
        found = self._both()
        if not found and own is None:
            return NoMatch() if self.lead.record is None else Gone(_NOT_SHOWN)
        keyed = [own] if own is not None else []
        keyed += self._followed(row for row in found if self._is_keyed(row))
        typed = [] if self._has_address(keyed) else [row for row in found if not self._is_keyed(row)]
        contacts = [row for row in typed if row.object == CONTACT]
        leads = [row for row in typed if row.object == LEAD]
        several = contacts if len(contacts) > 1 else leads if len(leads) > 1 and not contacts else []
        if several and not self._only(several, keyed):
            reason = _SEVERAL.format(object=several[0].object)
            return Ambiguous(tuple(to_record(row, self.shape) for row in several), reason)
        best, *rest = _unique([*keyed, *contacts, *leads])
        return Match(self._record(best), tuple(self._record(row) for row in rest))

    def _known(self) -> Row | None:
        """Return the record that the ledger knows, or what it became."""
        record = self.lead.record
        if record is None:
            return None
        row = self.finder.one(record.kind, record.id)
        if row is None:
            removed = self.finder.one(record.kind, record.id, deleted=True)
            master = removed.text(MASTER) if removed is not None else ""
            row = self.finder.one(record.kind, master) if master else None
        return None if row is None else self._follow(row)

    def _both(self) -> list[Row]:
        if not self.wants:
            self.wants = [*self._keys(), *self._addresses()]
        return self.finder.all(self.wants)

    def _keys(self) -> Iterator[Want]:
        objects = [object for object in OBJECTS if self.shape.has_key(object)]
        for key in self.lead.keys:
            yield from (Want.having(object, self.shape.key, key) for object in objects)

    def _addresses(self) -> Iterator[Want]:
        objects = [object for object in (CONTACT, LEAD) if EMAIL in self.shape.visible[object]]
        for email in self.lead.emails:
            yield from (Want.having(object, EMAIL, email) for object in objects)

    def _is_keyed(self, row: Row) -> bool:
        return same(row.text(self.shape.key)) in map(same, self.lead.keys)

    def _followed(self, rows: Iterable[Row]) -> list[Row]:
        """Follow several, asking for all that they need at once; one that leads nowhere yields to others."""
        followed: list[Row] = []
        ends: list[_DeadEndError] = []
        pending = False
        for row in rows:
            try:
                followed.append(self._follow(row))
            except Pending:
                pending = True
            except _DeadEndError as end:
                ends.append(end)
        if pending:
            raise Pending
        if ends and not followed:
            raise ends[0]
        return followed

    def _follow(self, row: Row) -> Row:
        """Return what a record became: the Contact of a converted Lead, the record in a stub's place."""
        seen = {same_id(row.id)}
        while (id := self._next(row)) and same_id(id) not in seen:
            seen.add(same_id(id))
            object = object_of(id)
            following = self.finder.one(object, id) if object else None
            if following is None:
                break
            row = following
        if row.flag(CONVERTED):
            raise _DeadEndError(row)
        return row

    def _next(self, row: Row) -> str:
        if row.object != LEAD:
            return ""
        return row.text(CONVERTED_TO) if row.flag(CONVERTED) else row.text(self.shape.pointer)

    def _has_address(self, rows: Sequence[Row]) -> bool:
        held = {same(row.text(EMAIL)) for row in rows}
        return bool(held & set(map(same, self.lead.emails)))

    def _only(self, several: Sequence[Row], keyed: Sequence[Row]) -> bool:
        """Tell whether all of them are records that were found by key already."""
        return {same_id(row.id) for row in several} <= {same_id(row.id) for row in keyed}

    def _record(self, row: Row) -> Record:
        return to_record(row, self.shape)


class _DeadEndError(Exception):
    """A converted Lead leads to no Contact."""

    def __init__(self, row: Row) -> None:
        super().__init__("no contact")
        self.row = row


def _unique(rows: Sequence[Row]) -> list[Row]:
    return list({same_id(row.id): row for row in rows}.values())
