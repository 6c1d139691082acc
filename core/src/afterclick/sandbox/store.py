"""The records of one kind, by id and by unique value; each remembers who wrote what and when."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

KEPT_WRITES = 50
"""How many writes a row remembers: the first and the newest ones."""

Normalise = Callable[[Any], Hashable]
"""Brings a unique value into the form in which the CRM compares it."""


class Write(NamedTuple):
    """One write: when (milliseconds since 1970), by whom, and the values it set (None: cleared)."""

    at: int
    origin: str
    values: Mapping[str, Any]


class Row:
    """One record. `values` holds what is set; an empty value is left out.

    `created` and `updated` are milliseconds since 1970; `claims` are unique values held besides
    `values`. Change a row through its `Store` only.
    """

    __slots__ = ("archived", "claims", "created", "id", "updated", "values", "writes")

    def __init__(self, row_id: str, values: dict[str, Any], at: int, origin: str) -> None:
        self.id = row_id
        self.values = values
        self.created = at
        self.updated = at
        self.archived = False
        self.claims: tuple[tuple[str, Any], ...] = ()
        self.writes = [Write(at, origin, dict(values))]

    def origin(self, field: str) -> Write | None:
        """Return the newest write of `field`, or None."""
        return next((write for write in reversed(self.writes) if field in write.values), None)

    def values_at(self, moment: int) -> dict[str, Any]:
        """Return the values as they were at `moment`, for an index that lags."""
        if moment >= self.updated:
            return self.values
        values: dict[str, Any] = {}
        for write in self.writes:
            if write.at <= moment:
                values.update(write.values)
        return {field: value for field, value in values.items() if value is not None}


class UniqueClash(Exception):  # noqa: N818 - named for what happened; the caller turns it into an answer
    """Another row holds the value: `field`, `value` and its `holder`."""

    def __init__(self, field: str, value: Any, holder: Row) -> None:
        super().__init__(f"{field} {value!r} is held by {holder.id}")
        self.field = field
        self.value = value
        self.holder = holder


class Store:
    """Rows by id, by alias (the old id of a merged row) and by unique value.

    Every operation is a few dictionary look-ups, whatever the number of rows. `unique` names the
    unique fields and how their values are compared.
    """

    def __init__(self, unique: Mapping[str, Normalise] | None = None) -> None:
        self._rows: dict[str, Row] = {}
        self._aliases: dict[str, str] = {}
        self._normalise: dict[str, Normalise] = {}
        self._holders: dict[str, dict[Hashable, Row]] = {}
        self._live = 0
        for field, normalise in (unique or {}).items():
            self.make_unique(field, normalise)

    def __len__(self) -> int:
        """Return the number of rows that are not archived."""
        return self._live

    def __iter__(self) -> Iterator[Row]:
        """Go through the rows that are not archived, oldest first."""
        return (row for row in self._rows.values() if not row.archived)

    def archived(self) -> Iterator[Row]:
        """Go through the archived rows, oldest first."""
        return (row for row in self._rows.values() if row.archived)

    def get(self, row_id: str) -> Row | None:
        """Return the row with this id, archived or not; the id of a merged row leads to the survivor."""
        row = self._rows.get(row_id)
        if row is None and row_id in self._aliases:
            return self.get(self._aliases[row_id])
        return row

    def find(self, field: str, value: Any) -> Row | None:
        """Return the live row that holds `value` in the unique `field`."""
        row = self._holders[field].get(self._normalise[field](value))
        return None if row is None or row.archived else row

    def is_unique(self, field: str) -> bool:
        """Tell whether `field` is unique."""
        return field in self._holders

    def normalised(self, field: str, value: Any) -> Hashable:
        """Return `value` in the form in which the unique `field` is compared."""
        return self._normalise[field](value)

    def clashes(self, values: Mapping[str, Any], row: Row | None = None) -> Iterator[UniqueClash]:
        """Go through the unique values that rows other than `row` hold already."""
        for field, holders in self._holders.items():
            value = values.get(field)
            if value is None or value == "":
                continue
            holder = holders.get(self._normalise[field](value))
            if holder is not None and holder is not row:
                yield UniqueClash(field, value, holder)

    def add(self, row_id: str, values: Mapping[str, Any], at: int, origin: str) -> Row:
        """Store a new row; empty values are left out.

        Raises:
            UniqueClash: another row holds one of the values; nothing is stored.

        """
        for clash in self.clashes(values):
            raise clash
        kept = {field: value for field, value in values.items() if value is not None and value != ""}
        row = self._rows[row_id] = Row(row_id, kept, at, origin)
        self._live += 1
        for field in self._holders:
            if field in kept:
                self._hold(field, kept[field], row)
        return row

    def change(self, row: Row, values: Mapping[str, Any], at: int, origin: str) -> None:
        """Set `values` on `row`, leave the others; an empty value clears.

        Raises:
            UniqueClash: another row holds one of the values; nothing is changed.

        """
        for clash in self.clashes(values, row):
            raise clash
        written: dict[str, Any] = {}
        for field, value in values.items():
            written[field] = cleared = None if value is None or value == "" else value
            old = row.values.pop(field, None) if cleared is None else row.values.get(field)
            if cleared is not None:
                row.values[field] = value
            if field in self._holders and old != cleared:
                if old is not None:
                    self._let_go(field, old, row)
                if cleared is not None:
                    self._hold(field, value, row)
        row.updated = at
        row.writes.append(Write(at, origin, written))
        if len(row.writes) > KEPT_WRITES:
            del row.writes[1]

    def claim(self, field: str, value: Any, row: Row) -> None:
        """Let `row` hold `value` in the unique `field` besides its own: a second e-mail address."""
        row.claims = (*row.claims, (field, value))
        self._hold(field, value, row)

    def release(self, field: str, value: Any, row: Row) -> None:
        """Undo `claim`."""
        row.claims = tuple(claim for claim in row.claims if claim != (field, value))
        self._let_go(field, value, row)

    def archive(self, row: Row, at: int, *, keep_values: bool = False) -> None:
        """Put `row` into the bin; its unique values become free for others unless `keep_values`."""
        if row.archived:
            return
        row.archived = True
        row.updated = at
        self._live -= 1
        if not keep_values:
            self._let_go_of_all(row)

    def restore(self, row: Row) -> None:
        """Take `row` out of the bin; it holds its unique values again, which must be free."""
        if not row.archived:
            return
        row.archived = False
        self._live += 1
        for field in self._holders:
            if field in row.values:
                self._hold(field, row.values[field], row)
        for field, value in row.claims:
            self._hold(field, value, row)

    def remove(self, row: Row) -> None:
        """Delete `row` for good."""
        if self._rows.pop(row.id, None) is None:
            return
        self._live -= not row.archived
        self._let_go_of_all(row)

    def alias(self, old_id: str, new_id: str) -> None:
        """Let the id of a removed row lead to another one: a merge."""
        if old_id != new_id:
            self._aliases[old_id] = new_id

    def make_unique(self, field: str, normalise: Normalise | None = None) -> None:
        """Make `field` unique; rows hold the values they have, the oldest where two have one."""
        if field in self._holders:
            return
        self._normalise[field] = normalise or _as_it_is
        self._holders[field] = {}
        for row in self:
            value = row.values.get(field)
            if value is not None:
                self._holders[field].setdefault(self._normalise[field](value), row)

    def newest(self, limit: int | None = None) -> list[Row]:
        """Return the rows that are not archived, the one changed last first."""
        if limit is None:
            return sorted(self, key=attrgetter("updated"), reverse=True)
        return heapq.nlargest(limit, self, key=attrgetter("updated"))

    def _hold(self, field: str, value: Any, row: Row) -> None:
        self._holders[field][self._normalise[field](value)] = row

    def _let_go(self, field: str, value: Any, row: Row) -> None:
        normalised = self._normalise[field](value)
        if self._holders[field].get(normalised) is row:
            del self._holders[field][normalised]

    def _let_go_of_all(self, row: Row) -> None:
        for field in self._holders:
            if field in row.values:
                self._let_go(field, row.values[field], row)
        for field, value in row.claims:
            self._let_go(field, value, row)


def _as_it_is(value: Hashable) -> Hashable:
    return value
