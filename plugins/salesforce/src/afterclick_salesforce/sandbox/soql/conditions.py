"""Makes a condition into a test of a record, after looking at the types."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from afterclick.sandbox import MILLISECONDS_PER_DAY, Row
from afterclick_salesforce.sandbox.ids import read_id
from afterclick_salesforce.sandbox.schema import Field
from afterclick_salesforce.sandbox.soql.problems import QueryError, at_place
from afterclick_salesforce.sandbox.soql.tree import Compare, Condition, Literal, Logic, Not, Path
from afterclick_salesforce.sandbox.table import Get, folder
from afterclick_salesforce.sandbox.values import day, moment, stamp

Test = Callable[[Row], bool]
Resolve = Callable[[Path], tuple[Field, Get]]
"""Returns the field that a path leads to and what reads it, or raises `QueryError`."""

_ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_QUOTED = frozenset(
    {"string", "email", "phone", "url", "picklist", "id", "reference"},
)
_DAYS = re.compile(r"LAST_N_DAYS:(\d{1,4})")


class Conditions:
    """Compiles the conditions of one query. `now` is milliseconds since 1970."""

    def __init__(self, text: str, resolve: Resolve, now: int) -> None:
        self._text = text
        self._resolve = resolve
        self._now = now
        self._values: dict[int, list[Any]] = {}

    def test(self, condition: Condition) -> Test:
        """Return the test.

        Raises:
            QueryError: a field is unknown, or a value does not fit it.

        """
        if isinstance(condition, Logic):
            tests = [self.test(part) for part in condition.parts]
            if condition.operator == "AND":
                return lambda row: all(test(row) for test in tests)
            return lambda row: any(test(row) for test in tests)
        if isinstance(condition, Not):
            inner = self.test(condition.part)
            return lambda row: not inner(row)
        return self._comparison(condition)

    def _comparison(self, compare: Compare) -> Test:
        field, get = self._resolve(compare.path)
        if field.type == "textarea":
            message = f"field '{compare.path.text}' can not be filtered in a query call"
            raise self._wrong("INVALID_FIELD", compare, message)
        if compare.operator == "LIKE":
            return self._like(compare, field, get)
        values = self.values(field, compare)
        fold = _folding(field, get)
        if compare.operator in ("=", "IN"):
            among = frozenset(values)
            return lambda row: fold(row) in among
        if compare.operator in ("!=", "NOT IN"):
            among = frozenset(values)
            return lambda row: fold(row) not in among
        if values[0] is None or field.type == "boolean":
            raise self._wrong(
                "INVALID_QUERY_FILTER_OPERATOR", compare, f"invalid operator on {field.type} field"
            )
        return partial(_ordered, _ORDERED[compare.operator], fold, values[0])

    def _like(self, compare: Compare, field: Field, get: Get) -> Test:
        [literal] = compare.values
        if field.type not in _QUOTED or field.type in ("id", "reference") or literal.kind != "string":
            raise self._wrong("INVALID_QUERY_FILTER_OPERATOR", compare, "invalid operator on this field")
        pattern = like_pattern(literal.text)
        return lambda row: pattern.fullmatch(get(row) or "") is not None

    def values(self, field: Field, compare: Compare) -> list[Any]:
        """Return the literals of a comparison as the values of `field` are compared; worked out once.

        Raises:
            QueryError: one has another type.

        """
        at = compare.path.at
        if at not in self._values:
            read = self._quoted(field, compare) if field.type in _QUOTED else self._unquoted(field, compare)
            self._values[at] = [None if _is_null(one) else read(one) for one in compare.values]
        return self._values[at]

    def _quoted(self, field: Field, compare: Compare) -> Callable[[Literal], str]:
        """Return what reads literals for a field whose values are written in quotes."""
        fold = folder(field)
        is_id = field.type in ("id", "reference")

        def read(literal: Literal) -> str:
            if literal.kind != "string":
                raise self._type_error(compare, field, "string", "should")
            return self._id(literal, compare) if is_id else fold(literal.text)

        return read

    def _unquoted(self, field: Field, compare: Compare) -> Callable[[Literal], Any]:
        """Return what reads literals for a field whose values are written without quotes."""

        def read(literal: Literal) -> Any:
            if literal.kind == "string":
                raise self._type_error(compare, field, _SAID.get(field.type, field.type), "should not")
            return self._bare(field, literal, compare)

        return read

    def _bare(self, field: Field, literal: Literal, compare: Compare) -> Any:
        """Return the value of a literal without quotes."""
        found: Any = None
        if field.type == "boolean" and literal.text in ("TRUE", "FALSE"):
            return literal.text == "TRUE"
        if field.type in ("double", "int") and literal.kind == "number":
            return float(literal.text)
        if field.type == "datetime":
            found = moment(literal.text) if literal.kind == "datetime" else self._named_day(literal.text)
        if field.type == "date":
            found = day(literal.text) if literal.kind == "date" else self._named_day(literal.text)
            found = found and found[:10]
        if found is None:
            raise self._type_error(compare, field, _SAID.get(field.type, field.type), "should not")
        return found

    def _named_day(self, name: str) -> str | None:
        """Return the beginning of a day that has a name, in UTC."""
        today = self._now - self._now % MILLISECONDS_PER_DAY
        days = {"TODAY": 0, "YESTERDAY": 1, "TOMORROW": -1}
        counted = _DAYS.fullmatch(name)
        if name not in days and counted is None:
            return None
        back = int(counted[1]) if counted else days[name]
        return stamp(today - back * MILLISECONDS_PER_DAY)

    def _id(self, literal: Literal, compare: Compare) -> str:
        found = read_id(literal.text)
        if found is None:
            raise self._wrong("INVALID_QUERY_FILTER_OPERATOR", compare, f"invalid ID field: {literal.text}")
        return found

    def _type_error(self, compare: Compare, field: Field, kind: str, should: str) -> QueryError:
        subject = f"value of filter criterion for field '{compare.path.text}'"
        message = f"{subject} must be of type {kind} and {should} be enclosed in quotes"
        return self._wrong("INVALID_FIELD", compare, message)

    def _wrong(self, code: str, compare: Compare, message: str) -> QueryError:
        return at_place(code, self._text, compare.path.at, message)


def _is_null(literal: Literal) -> bool:
    return literal.kind == "word" and literal.text == "NULL"


_SAID = {"datetime": "dateTime", "boolean": "boolean", "double": "double"}


def _folding(field: Field, get: Get) -> Get:
    """Return what reads a field in the form in which it is compared."""
    if field.type not in _QUOTED or field.type in ("id", "reference") or field.case_sensitive:
        return get

    def folded(row: Row) -> str | None:
        value = get(row)
        return None if value is None else value.lower()

    return folded


def _ordered(compare: Callable[[Any, Any], bool], get: Get, value: Any, row: Row) -> bool:
    found = get(row)
    return found is not None and compare(found, value)


def like_pattern(text: str) -> re.Pattern[str]:
    r"""Return the pattern of a LIKE: `%` any text, `_` one character, `\%`, `\_` and `\\` themselves."""
    parts = []
    for word in re.findall(r"\\.|.", text, re.DOTALL):
        if word in ("%", "_"):
            parts.append(".*" if word == "%" else ".")
        else:
            parts.append(re.escape(word[-1]))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
