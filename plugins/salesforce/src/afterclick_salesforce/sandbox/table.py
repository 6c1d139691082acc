"""The records of one sObject, found by id, by unique value and by any value that is indexed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Any

from afterclick.sandbox import Row, Store
from afterclick_salesforce.sandbox.ids import record_id
from afterclick_salesforce.sandbox.schema import Field, SObject
from afterclick_salesforce.sandbox.transactions import Undo
from afterclick_salesforce.sandbox.values import stamp

INTEGRATION = "Integration"
SALES = "Sales team"

Get = Callable[[Row], Any]


def _name(row: Row) -> str | None:
    words = (row.values.get("FirstName"), row.values.get("LastName"))
    return row.values.get("Name") or " ".join(word for word in words if word) or None


_WORKED_OUT: dict[str, Get] = {
    "Id": lambda row: row.id,
    "IsDeleted": lambda row: row.archived,
    "Name": _name,
    "CreatedDate": lambda row: stamp(row.created),
    "LastModifiedDate": lambda row: stamp(row.updated),
    "SystemModstamp": lambda row: stamp(row.updated),
}


def getter(field: Field) -> Get:
    """Return what reads a field of a record: None where it is empty, False for a box not ticked."""
    worked_out = _WORKED_OUT.get(field.name)
    if worked_out is not None:
        return worked_out
    name, empty = field.name, False if field.type == "boolean" else None
    return lambda row: row.values.get(name, empty)


def folder(field: Field) -> Callable[[str], str]:
    """Return how values of a field are made alike for comparison: case counts only where it says so."""
    return str if field.case_sensitive or field.type in ("id", "reference") else str.lower


class Table:
    """The records of one sObject, live and in the recycle bin."""

    def __init__(self, sobject: SObject, rng: Random) -> None:
        self.sobject = sobject
        self.store = Store()
        self._rng = rng
        self._last = 0
        self._indexes: dict[str, dict[str, dict[str, Row]]] = {}
        self._binned: dict[str, Row] = {}
        for field in sobject.fields.values():
            self.follow(field)

    def follow(self, field: Field) -> None:
        """Look after a field that is new: whether its values are unique, and indexed."""
        if field.unique:
            self.store.make_unique(field.name, folder(field))
        elif field.indexed or field.name == "LastName":
            self.index(field)

    def index(self, field: Field) -> None:
        """Let the records be found by the values of `field`."""
        if field.name in self._indexes or field.name == "Id":
            return
        self._indexes[field.name] = {}
        for row in self.store:
            self._enter(field.name, row)

    def __iter__(self) -> Iterator[Row]:
        """Go through the live records, oldest first."""
        return iter(self.store)

    @property
    def binned(self) -> list[Row]:
        """Return the records in the recycle bin, the one deleted first at the front."""
        return list(self._binned.values())

    def get(self, row_id: str) -> Row | None:
        """Return a record by its id, deleted or not."""
        return self.store.get(row_id)

    def lookup(self, field: Field, values: Iterable[str]) -> list[Row] | None:
        """Return the live records that have one of `values`; None if the field is not indexed."""
        if field.name == "Id":
            found = (self.store.get(value) for value in values)
            return [row for row in found if row is not None and not row.archived]
        if self.store.is_unique(field.name):
            holders = (self.store.find(field.name, value) for value in values)
            return [row for row in holders if row is not None]
        if field.name not in self._indexes:
            return None
        index, fold = self._indexes[field.name], folder(field)
        rows = {row.id: row for value in values for row in index.get(fold(value), {}).values()}
        return list(rows.values())

    def add(self, values: Mapping[str, Any], at: int, origin: str) -> tuple[Row, Undo]:
        """Make a record.

        Raises:
            afterclick.sandbox.UniqueClash: another record has one of the unique values.

        """
        self._last += self._rng.randrange(1, 12)
        row = self.store.add(record_id(self.sobject.prefix, self._last), values, at, origin)
        for name in self._indexes:
            self._enter(name, row)
        return row, lambda: self._remove(row)

    def change(self, row: Row, values: Mapping[str, Any], at: int, origin: str) -> Undo:
        """Write `values` to a record; empty ones clear.

        Raises:
            afterclick.sandbox.UniqueClash: another record has one of the unique values.

        """
        before = {name: row.values.get(name) for name in values}
        writes, updated = list(row.writes), row.updated
        self._write(row, values, at, origin)

        def undo() -> None:
            self._write(row, before, at, origin)
            row.writes, row.updated = writes, updated

        return undo

    def bin(self, row: Row, at: int, *, keep_values: bool) -> Undo:
        """Put a record into the recycle bin."""
        updated = row.updated
        for name in self._indexes:
            self._leave(name, row)
        self.store.archive(row, at, keep_values=keep_values)
        self._binned[row.id] = row

        def undo() -> None:
            self.store.restore(row)
            del self._binned[row.id]
            row.updated = updated
            for name in self._indexes:
                self._enter(name, row)

        return undo

    def _write(self, row: Row, values: Mapping[str, Any], at: int, origin: str) -> None:
        indexed = [name for name in values if name in self._indexes]
        old = {name: row.values.get(name) for name in indexed}
        self.store.change(row, values, at, origin)
        for name in indexed:
            if old[name] != row.values.get(name):
                self._leave(name, row, old[name])
                self._enter(name, row)

    def _remove(self, row: Row) -> None:
        for name in self._indexes:
            self._leave(name, row)
        self.store.remove(row)

    def _enter(self, name: str, row: Row) -> None:
        value = row.values.get(name)
        if value is not None:
            self._indexes[name].setdefault(folder(self.sobject.fields[name])(value), {})[row.id] = row

    def _leave(self, name: str, row: Row, value: Any = None) -> None:
        value = row.values.get(name) if value is None else value
        if value is not None:
            folded = folder(self.sobject.fields[name])(value)
            rows = self._indexes[name].get(folded, {})
            rows.pop(row.id, None)
            if not rows:
                self._indexes[name].pop(folded, None)
