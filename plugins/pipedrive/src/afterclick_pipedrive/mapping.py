"""From values to Pipedrive's bodies and from persons to records. Pure.

Version 2 is strict: custom fields stand inside `custom_fields` only, a number is no text, an address is
an object in a list that is replaced as a whole. Source: Pipedrive, "API v2 migration guide".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from afterclick.plugin import Kind, Record, Scalar, canonical
from afterclick_pipedrive.answers import DEALS, WORK, Contact, Person
from afterclick_pipedrive.fields import EMAIL, LABEL
from afterclick_pipedrive.tables import Column, Table

PERSON = "person"
LISTS = frozenset({"emails", "phones", "labels"})
"""Places where a body replaces a whole list."""


class Unfit(Exception):  # noqa: N818 - a fact about a value, told as `Rejected`
    """A value does not fit its field; nothing was sent."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How persons are read: the fields, where people see a person, and which user is ours."""

    table: Table
    url: str = ""
    user: int | None = None


def body(values: Mapping[str, Scalar], table: Table, before: Person | None = None) -> dict[str, Any]:
    """Return the body that writes values; `before` is the person whose lists are kept.

    Raises:
        Unfit: a value does not fit, such as a choice that the account lacks.

    """
    made: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for name, value in values.items():
        column = table.column(name)
        if column is None:
            raise Unfit(name, f"Pipedrive has no field {name} any more")
        if column.place == "custom":
            custom[column.code] = _custom(column, value)
        elif column.place in LISTS:
            made[_key(column)] = _listed(column, value, before)
        else:
            made[column.code] = value
    return made | ({"custom_fields": custom} if custom else {})


def _key(column: Column) -> str:
    return "label_ids" if column.place == "labels" else column.place


def _custom(column: Column, value: Scalar) -> Scalar:
    if column.type == "enum":
        return _option(column, value)
    if column.type == "double":
        return _number(column, value)
    # Text of a choice, a day, and everything else that Pipedrive takes as text.
    return str(value)


def _option(column: Column, value: Scalar) -> int:
    if str(value) not in column.options:
        raise Unfit(column.spec.name, f"Pipedrive's field {column.spec.name} has no such choice")
    return column.options[str(value)]


def _number(column: Column, value: Scalar) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Unfit(column.spec.name, f"Pipedrive's field {column.spec.name} takes numbers only")
    return int(number) if number.is_integer() else number


def _listed(column: Column, value: Scalar, before: Person | None) -> list[Any]:
    """Return the whole list: ours, and what else the person has."""
    if column.place == "labels":
        return _labels(column, value, before)
    has = (before and (before.emails if column.place == "emails" else before.phones)) or []
    main = _primary(has)
    others = [
        one
        for one in has
        if one is not main and one.value and same_address(one.value) != same_address(str(value))
    ]
    kept = [{"value": one.value, "primary": False, "label": one.label or "work"} for one in others]
    return [{"value": str(value), "primary": True, "label": (main and main.label) or "work"}, *kept]


def _labels(column: Column, value: Scalar, before: Person | None) -> list[int]:
    """Return the person's labels with the one of the stage, in place of those of other stages."""
    stages = {column.options[word] for word in column.spec.order}
    has = (before and before.label_ids) or []
    return [*(label for label in has if label not in stages), _option(column, value)]


def to_record(
    person: Person,
    shape: Shape,
    *,
    before: Record | None = None,
    written: Mapping[str, Scalar] | None = None,
) -> Record:
    """Return a person as a record.

    What a write's answer leaves out is taken as it was `before` and then `written`; whatever it has
    wins.
    """
    values = {**(before.values if before is not None else {}), **(written or {})}
    for column in shape.table.columns:
        if column.place != "top" and _is_told(column, person):
            value = _value(column, person)
            if value is None:
                values.pop(column.spec.name, None)
            else:
                values[column.spec.name] = value
    key = values.get(shape.table.key.spec.name)
    created = canonical(Kind.DATETIME, person.add_time)
    id = str(person.id)
    related = {} if before is None else before.related
    return Record(
        kind=PERSON,
        id=id,
        url=f"{shape.url}/person/{id}" if shape.url else None,
        values=values,
        related=related,
        key=None if key is None else str(key),
        named=bool(addresses(person)) or EMAIL in values or is_owned(person, shape),
        touched=is_touched(person, shape, related) if written is None else None,
        created_at=str(created) if created is not None else (before.created_at if before else None),
    )


def is_owned(person: Person, shape: Shape) -> bool:
    """Tell whether a person belongs to another user than ours; every person has an owner."""
    return person.owner_id is not None and shape.user is not None and person.owner_id != shape.user


def is_touched(person: Person, shape: Shape, related: Mapping[str, str]) -> bool | None:
    """Tell whether people have worked with a person, None where it was read without what tells that.

    `related` holds the deal that we opened, which does not count.
    """
    if person.activities_count is None:
        return None
    labels = set(person.label_ids or []) - _stage_labels(shape.table)
    typed_in = bool(addresses(person) or person.phones or person.org_id or labels)
    return typed_in or is_owned(person, shape) or is_worked_with(person, related)


def is_worked_with(person: Person, related: Mapping[str, str]) -> bool:
    """Tell whether more belongs to a person than the deal that we opened."""
    ours = 1 if "deal" in related else 0
    return _deals(person) > ours or any(getattr(person, name) for name in WORK)


def has_deals(person: Person) -> bool:
    """Tell whether any deal belongs to a person."""
    return _deals(person) > 0


def _deals(person: Person) -> int:
    return sum(getattr(person, name) or 0 for name in DEALS)


def _stage_labels(table: Table) -> set[int]:
    column = table.column(LABEL)
    return set() if column is None else {column.options[word] for word in column.spec.order}


def _is_told(column: Column, person: Person) -> bool:
    if column.place == "custom":
        return column.code in (person.custom_fields or {})
    return getattr(person, _key(column)) is not None


def _value(column: Column, person: Person) -> Scalar | None:
    if column.place == "emails":
        return _first(person.emails)
    if column.place == "phones":
        return _first(person.phones)
    if column.place == "labels":
        return _stage(column, person.label_ids or [])
    if column.place == "name":
        return canonical(Kind.TEXT, person.name)
    raw = (person.custom_fields or {})[column.code]
    if isinstance(raw, dict):
        raw = raw.get("value")
    if column.type == "enum":
        raw = next((label for label, id in column.options.items() if str(id) == str(raw)), raw)
    return canonical(column.spec.kind, raw)


def _stage(column: Column, labels: Iterable[int]) -> str | None:
    """Return the furthest stage that one of the labels stands for."""
    has = set(labels)
    return next((word for word in reversed(column.spec.order) if column.options[word] in has), None)


def _first(contacts: Iterable[Contact] | None) -> Scalar | None:
    main = _primary(list(contacts or []))
    return None if main is None else canonical(Kind.TEXT, main.value)


def _primary(contacts: list[Contact]) -> Contact | None:
    filled = [one for one in contacts if one.value and one.value.strip()]
    return next((one for one in filled if one.primary), filled[0] if filled else None)


def addresses(person: Person) -> frozenset[str]:
    """Return all e-mail addresses of a person, in the form in which they are compared."""
    return frozenset(
        same_address(one.value) for one in person.emails or [] if one.value and one.value.strip()
    )


def key_of(person: Person, table: Table) -> str | None:
    """Return the key that a person carries."""
    raw = (person.custom_fields or {}).get(table.key.code)
    return None if raw in (None, "") else str(raw)


def needs_lists(values: Mapping[str, Scalar], table: Table, record: Record) -> bool:
    """Tell whether a write replaces a list that holds more than it says.

    An empty address or number has no list to lose; labels may stand for something else.
    """
    columns = [column for name in values if (column := table.column(name)) is not None]
    return any(
        column.place in LISTS and (column.spec.name == LABEL or column.spec.name in record.values)
        for column in columns
    )


def same_address(address: str) -> str:
    """Return the form in which addresses are compared."""
    return address.strip().lower()
