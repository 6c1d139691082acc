"""The search of contacts, with its lag and its limits: why it is no place to look before a write.

Source: developers.hubspot.com "Search the CRM".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from afterclick.sandbox import Answer, Call, Refused, Row, from_iso
from afterclick_hubspot.sandbox.portal import Portal
from afterclick_hubspot.sandbox.values import instant

MAX_GROUPS = 5
MAX_FILTERS_IN_GROUP = 6
MAX_FILTERS = 18
MAX_PAGE = 200
MAX_DEPTH = 10_000
MAX_BODY = 3_000
"""The longest body, in characters."""

Found = tuple[Row, Mapping[str, str]]
"""A contact and its values as the index knows them."""

_TEXT_OF_QUERY = ("email", "firstname", "lastname", "phone", "company")


class Filter(msgspec.Struct, frozen=True, rename="camel"):
    property_name: str
    operator: str
    value: str = ""
    high_value: str = ""
    values: list[str] = []


class Group(msgspec.Struct, frozen=True):
    filters: list[Filter]


class Sort(msgspec.Struct, frozen=True, rename="camel"):
    property_name: str
    direction: str = "ASCENDING"


class Query(msgspec.Struct, frozen=True, rename="camel"):
    filter_groups: list[Group] = []
    properties: list[str] = []
    sorts: list[Sort | str] = []
    limit: int = 10
    after: str = "0"
    query: str = ""


class Search:
    """`/crm/objects/{version}/contacts/search`."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def search(self, call: Call) -> Answer:
        """Return a page of the contacts that match any group of filters, as the index knows them."""
        query = self._portal.body(call, Query)
        self._check(call, query)
        lag = call.lag + self._portal.options.search_lag
        found = self._matches(query, self._portal.milliseconds() - round(lag * 1000))
        start = int(query.after)
        page = found[start : start + query.limit]
        wanted = self._portal.wanted(query.properties)
        results = [
            self._portal.as_object(row, {name: values.get(name) for name in wanted}) for row, values in page
        ]
        body: dict[str, Any] = {"total": len(found), "results": results}
        if start + query.limit < len(found):
            body["paging"] = {"next": {"after": str(start + query.limit)}}
        call.inputs = 1
        return Answer(200, body, lists=(results,))

    def _check(self, call: Call, query: Query) -> None:
        wrong = next(self._faults(call, query), None)
        if wrong is not None:
            raise Refused(self._portal.bodies.invalid(wrong))

    def _faults(self, call: Call, query: Query) -> Iterator[str]:
        groups = query.filter_groups
        filters = [found for group in groups for found in group.filters]
        if len(call.body.decode(errors="replace")) > MAX_BODY:
            yield f"The body must not be longer than {MAX_BODY} characters"
        if len(groups) > MAX_GROUPS or len(filters) > MAX_FILTERS:
            yield f"No more than {MAX_GROUPS} filterGroups and {MAX_FILTERS} filters are allowed"
        if any(len(group.filters) > MAX_FILTERS_IN_GROUP for group in groups):
            yield f"No more than {MAX_FILTERS_IN_GROUP} filters are allowed in a group"
        for found in filters:
            if found.property_name not in self._portal.schema.active:
                yield f"Property {found.property_name} does not exist"
            if found.operator not in _OPERATORS:
                yield f"Operator {found.operator} is not supported"
        if not 0 < query.limit <= MAX_PAGE:
            yield f"The limit must be between 1 and {MAX_PAGE}"
        if not query.after.isdecimal() or int(query.after) + query.limit > MAX_DEPTH:
            yield f"The after must be a number, and no results are shown beyond {MAX_DEPTH}"

    def _matches(self, query: Query, moment: int) -> list[Found]:
        """Return the contacts that match, with their values as they were at `moment`."""
        found = [
            (row, values)
            for row in self._portal.book.store
            if row.created <= moment and _fits(values := _indexed(row, moment), query)
        ]
        for sort in reversed(query.sorts):
            name = sort if isinstance(sort, str) else sort.property_name
            down = not isinstance(sort, str) and sort.direction == "DESCENDING"
            found.sort(key=partial(_sort_key, name), reverse=down)
        return found


def _sort_key(name: str, found: Found) -> tuple[int, float, str]:
    return _order(found[1].get(name) or "")


def _indexed(row: Row, moment: int) -> Mapping[str, str]:
    """Return a contact's values as the index knows them.

    Under `email` it has the primary address only; the others are found in `hs_additional_emails`.
    """
    changed = max((write.at for write in row.writes if write.at <= moment), default=row.created)
    return {
        **row.values_at(moment),
        "hs_object_id": row.id,
        "createdate": instant(row.created),
        "lastmodifieddate": instant(changed),
    }


def _fits(values: Mapping[str, str], query: Query) -> bool:
    if query.query:
        text = " ".join(values.get(name, "") for name in _TEXT_OF_QUERY).lower()
        if not all(word in text for word in query.query.lower().split()):
            return False
    if not query.filter_groups:
        return True
    return any(
        all(_OPERATORS[f.operator](values.get(f.property_name, ""), f) for f in group.filters)
        for group in query.filter_groups
    )


def _order(value: str) -> tuple[int, float, str]:
    """Return what values are compared by: numbers and times as numbers, all else as text without case."""
    if not value:
        return (2, 0.0, "")
    try:
        return (0, float(value), "")
    except ValueError:
        pass
    try:
        return (0, float(from_iso(value if len(value) > 10 else f"{value}T00:00:00Z")), "")
    except ValueError:
        return (1, 0.0, value.lower())


def _token(value: str, wanted: str) -> bool:
    parts = value.lower().replace("@", " ").replace(".", " ").split()
    wanted = wanted.lower().strip("*")
    return wanted in parts or wanted == value.lower()


_OPERATORS: dict[str, Callable[[str, Filter], bool]] = {
    "EQ": lambda v, f: v != "" and v.lower() == f.value.lower(),
    "NEQ": lambda v, f: v.lower() != f.value.lower(),
    "LT": lambda v, f: v != "" and _order(v) < _order(f.value),
    "LTE": lambda v, f: v != "" and _order(v) <= _order(f.value),
    "GT": lambda v, f: v != "" and _order(v) > _order(f.value),
    "GTE": lambda v, f: v != "" and _order(v) >= _order(f.value),
    "BETWEEN": lambda v, f: v != "" and _order(f.value) <= _order(v) <= _order(f.high_value),
    # The index holds text in lower case and does not lower what IN brings.
    "IN": lambda v, f: v != "" and v.lower() in f.values,
    "NOT_IN": lambda v, f: v.lower() not in f.values,
    "HAS_PROPERTY": lambda v, f: v != "",
    "NOT_HAS_PROPERTY": lambda v, f: v == "",
    "CONTAINS_TOKEN": lambda v, f: _token(v, f.value),
    "NOT_CONTAINS_TOKEN": lambda v, f: not _token(v, f.value),
}
