"""Runs a query over the records of an org, by an index where a condition allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, Protocol

from afterclick.sandbox import Row
from afterclick_salesforce.sandbox.access import Sight
from afterclick_salesforce.sandbox.schema import Field
from afterclick_salesforce.sandbox.soql.conditions import Conditions, Test
from afterclick_salesforce.sandbox.soql.problems import QueryError, at_place, malformed
from afterclick_salesforce.sandbox.soql.tree import Compare, Condition, Logic, Order, Path, Query
from afterclick_salesforce.sandbox.table import Get, Table, folder, getter

MAX_OFFSET = 2_000

Record = dict[str, Any]


class Source(Protocol):
    """What a query needs of an org, as one user sees it."""

    def now(self) -> int: ...
    def sight(self, name: str) -> Sight | None: ...
    def table(self, name: str) -> Table: ...
    def record_url(self, sobject: str, row_id: str) -> str: ...


class Prepared:
    """A query that has been checked against the schema."""

    def __init__(self, query: Query, source: Source, sight: Sight) -> None:
        self._query = query
        self._source = source
        self._sight = sight
        self._table = source.table(sight.sobject.name)
        self.sobject = sight.sobject.name
        if query.offset > MAX_OFFSET:
            raise malformed(f"OFFSET cannot be higher than {MAX_OFFSET}")
        self._conditions = Conditions(query.text, self._resolve, source.now())
        self._where: Test | None = self._conditions.test(query.where) if query.where else None
        self._columns = [(path.text, path, getter(self._target(path))) for path in query.paths]
        self._order = [(order, *self._resolve(order.path)) for order in query.order]

    @property
    def counts(self) -> bool:
        """Tell whether the query only counts."""
        return not self._query.paths

    def rows(self, *, deleted: bool = False) -> list[Row]:
        """Return the records that match, in order; `deleted` ones too for queryAll."""
        found: Iterable[Row] | None = None
        if self._query.where is not None:
            found = self._candidates(self._query.where)
        if found is None:
            found = self._table
        if deleted:
            found = chain(found, self._table.binned)
        test = self._where
        rows = [row for row in found if test is None or test(row)]
        for order, field, get in reversed(self._order):
            rows = _sorted(rows, order, get, folder(field))
        end = None if self._query.limit is None else self._query.offset + self._query.limit
        return rows[self._query.offset : end]

    def record(self, row: Row) -> Record:
        """Return a record as the answer holds it."""
        made = self._attributes(self.sobject, row.id)
        for text, path, get in self._columns:
            if "." in text:
                self._relate(made, path, row, get)
            else:
                made[text] = get(row)
        return made

    # Related records.

    def _relate(self, made: Record, path: Path, row: Row, get: Get) -> None:
        """Put the value of a related record where it belongs: `{"Owner": {"Name": …}}`, or None for none."""
        sight = self._sight
        for name in path.names[:-1]:
            related = self._step(sight, name, row)
            if related is None:
                made[name] = None
                return
            sight, row = related
            made = made.setdefault(name, self._attributes(sight.sobject.name, row.id))
        made[path.names[-1]] = get(row)

    def _step(self, sight: Sight, name: str, row: Row) -> tuple[Sight, Row] | None:
        field = sight.sobject.by_relationship(name)
        value = row.values.get(field.name) if field else None
        target = self._source.sight(field.refers_to) if field else None
        if value is None or target is None or field is None:
            return None
        found = self._source.table(field.refers_to).get(value)
        return None if found is None else (target, found)

    def _attributes(self, sobject: str, row_id: str) -> Record:
        return {"attributes": {"type": sobject, "url": self._source.record_url(sobject, row_id)}}

    # Names.

    def _target(self, path: Path) -> Field:
        """Return the field that a path leads to."""
        sight = self._sight
        for name in path.names[:-1]:
            field = sight.sobject.by_relationship(name)
            target = self._source.sight(field.refers_to) if field and sight.field(field.name) else None
            if target is None:
                raise self._unknown(path, f"Didn't understand relationship '{name}' in field path.")
            sight = target
        found = sight.field(path.names[-1])
        if found is None:
            raise self._unknown(path, _no_such_column(path.names[-1], sight.sobject.name))
        return found

    def _resolve(self, path: Path) -> tuple[Field, Get]:
        """Return the field that a path leads to, and what reads it from a record of this query."""
        found = self._target(path)
        get = getter(found)
        if len(path.names) == 1:
            return found, get

        def through(row: Row) -> Any:
            sight: Sight = self._sight
            for name in path.names[:-1]:
                related = self._step(sight, name, row)
                if related is None:
                    return None
                sight, row = related
            return get(row)

        return found, through

    def _unknown(self, path: Path, message: str) -> QueryError:
        return at_place("INVALID_FIELD", self._query.text, path.at, message)

    # Indexes.

    def _candidates(self, condition: Condition) -> list[Row] | None:
        """Return records of which those that match are some; None if no index helps."""
        if isinstance(condition, Compare):
            return self._looked_up(condition)
        if not isinstance(condition, Logic):
            return None
        if condition.operator == "AND":
            found = (self._candidates(part) for part in condition.parts)
            return min((rows for rows in found if rows is not None), key=len, default=None)
        union: dict[str, Row] = {}
        for part in condition.parts:
            rows = self._candidates(part)
            if rows is None:
                return None
            union |= {row.id: row for row in rows}
        return list(union.values())

    def _looked_up(self, compare: Compare) -> list[Row] | None:
        if compare.operator not in ("=", "IN") or len(compare.path.names) > 1:
            return None
        field = self._sight.field(compare.path.names[0])
        if field is None:
            return None
        values = self._conditions.values(field, compare)
        # Empty values are not in an index.
        return None if None in values else self._table.lookup(field, dict.fromkeys(values))


def prepare(query: Query, source: Source) -> Prepared:
    """Check a query against what its user sees.

    Raises:
        QueryError: the object or a field is unknown, or a value does not fit.

    """
    sight = source.sight(query.sobject)
    if sight is None:
        at = query.text.index(query.sobject)
        message = (
            f"sObject type '{query.sobject}' is not supported. If you are attempting to use a custom object,"
            " be sure to append the '__c' after the entity name. Please reference your WSDL or the describe"
            " call for the appropriate names."
        )
        raise at_place("INVALID_TYPE", query.text, at, message)
    return Prepared(query, source, sight)


def _no_such_column(name: str, sobject: str) -> str:
    return (
        f"No such column '{name}' on entity '{sobject}'. If you are attempting to use a custom field, be sure"
        " to append the '__c' after the custom field name. Please reference your WSDL or the describe"
        " call for the appropriate names."
    )


def _sorted(rows: list[Row], order: Order, get: Get, fold: Callable[[str], str]) -> list[Row]:
    empty = [row for row in rows if get(row) is None]

    def key(row: Row) -> Any:
        value = get(row)
        return fold(value) if isinstance(value, str) else value

    full = sorted((row for row in rows if get(row) is not None), key=key, reverse=order.descending)
    return [*full, *empty] if order.nulls_last else [*empty, *full]
