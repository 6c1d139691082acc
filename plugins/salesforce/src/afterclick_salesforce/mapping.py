"""From leads to Salesforce's rows and from its rows to records. Pure.

Source: Salesforce, "Object Reference" (Lead, Contact) and "Valid Date and DateTime Formats".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import msgspec

from afterclick.plugin import Change, FieldSpec, Kind, Lead, Record, Scalar, canonical
from afterclick_salesforce.answers import Row
from afterclick_salesforce.fields import CONTACT, LEAD, OBJECTS

EMAIL = "Email"
CREATED = "CreatedDate"
OWNER = "OwnerId"
CREATOR = "CreatedById"
EDITOR = "LastModifiedById"
CONVERTED = "IsConverted"
CONVERTED_TO = "ConvertedContactId"
ACTIVITY = "LastActivityDate"

_ALWAYS = ("Id", OWNER, CREATOR, EDITOR, CREATED, EMAIL)


class Shape(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """How records are read: the fields, the one for the key, that for the record in a stub's place.

    `visible` are the fields by object that the integration user may see. `pointer` is empty where the org
    has none.
    """

    fields: tuple[FieldSpec, ...]
    key: str
    instance: str
    visible: Mapping[str, frozenset[str]]
    pointer: str = ""

    def of(self, object: str) -> tuple[FieldSpec, ...]:
        """Return the fields that an object has."""
        return self._by_object[object]

    def names(self, object: str) -> frozenset[str]:
        """Return the names of the fields that an object has and the integration user may see."""
        return self._names[object]

    @cached_property
    def _by_object(self) -> dict[str, tuple[FieldSpec, ...]]:
        return {
            object: tuple(spec for spec in self.fields if not spec.kinds or object in spec.kinds)
            for object in OBJECTS
        }

    @cached_property
    def _names(self) -> dict[str, frozenset[str]]:
        return {
            object: frozenset(spec.name for spec in self.of(object)) & self.visible[object]
            for object in OBJECTS
        }

    def columns(self, object: str) -> tuple[str, ...]:
        """Return all fields that a read asks for, each once."""
        names = [*_ALWAYS, self.key, *(spec.name for spec in self.of(object))]
        if object == LEAD:
            names += [CONVERTED, CONVERTED_TO, ACTIVITY, *([self.pointer] if self.pointer else [])]
        return tuple(name for name in dict.fromkeys(names) if name in self.visible[object])

    def has_key(self, object: str) -> bool:
        """Tell whether an object can hold a key."""
        return self.key in self.visible[object]

    def url(self, id: str) -> str:
        """Return where people see a record: the org leads from its id to the page."""
        return f"{self.instance}/{id}"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a write; without `id` it is a new record.

    `values` are what is sent, `before` is the record as it was read.
    """

    object: str
    values: Mapping[str, Scalar]
    id: str = ""
    nameless: bool = False
    before: Record | None = None

    def as_row(self) -> dict[str, Any]:
        """Return the row of a Collections call."""
        row: dict[str, Any] = {"attributes": {"type": self.object}}
        if self.id:
            row["id"] = self.id
        row.update(self.values)
        return row


def new_lead(lead: Lead, shape: Shape) -> Input:
    """Return the row that creates somebody's Lead under their first key."""
    values = _sent(lead.values, shape.names(LEAD))
    values[shape.key] = lead.keys[0]
    return Input(object=LEAD, values=values, nameless=not is_named(lead))


def changed(change: Change, shape: Shape) -> Input:
    """Return the row that writes a change, without what the object does not have.

    A key that the record has is never written again.
    """
    record = change.record
    values = _sent(change.fields, shape.names(record.kind))
    if record.key is not None:
        values.pop(shape.key, None)
    return Input(object=record.kind, id=record.id, values=values, before=record)


def is_named(lead: Lead) -> bool:
    """Tell whether there is somebody whom a person could address; a bare user id is nobody yet."""
    return any(lead.attributes.get(name) for name in ("email", "phone", "last_name"))


def _sent(values: Mapping[str, Scalar], known: Collection[str]) -> dict[str, Scalar]:
    """Return what of `values` can be sent: an empty text would clear the field."""
    sent: dict[str, Scalar] = {}
    for name, value in values.items():
        stripped = value.strip() if isinstance(value, str) else value
        if stripped != "" and name in known:
            sent[name] = stripped
    return sent


def to_record(row: Row, shape: Shape) -> Record:
    """Return a record as it was read."""
    values: dict[str, Scalar] = {}
    for spec in shape.of(row.object):
        raw = row.values.get(spec.name)
        if raw is not None and (value := canonical(spec.kind, raw)) is not None:
            values[spec.name] = value
    created = canonical(Kind.DATETIME, row.text(CREATED))
    return Record(
        kind=row.object,
        id=row.id,
        url=shape.url(row.id),
        values=values,
        key=row.text(shape.key) or None,
        named=bool(row.text(EMAIL)) or taken_up(row),
        created_at=None if created is None else str(created),
        touched=touched(row),
    )


def written(input: Input, id: str, shape: Shape) -> Record:
    """Return a record after a write: Salesforce tells its id only, so what it held and what was sent."""
    before = input.before
    values = {**(before.values if before else {}), **input.values}
    key = before.key if before else None
    return Record(
        kind=input.object,
        id=id,
        url=shape.url(id),
        values=values,
        related=before.related if before else {},
        key=key or (str(values[shape.key]) if shape.key in values else None),
        named=bool(values.get(EMAIL)) or (before is not None and before.named),
        created_at=before.created_at if before else None,
    )


def bare_record(object: str, id: str, shape: Shape) -> Record:
    """Return a record of which only the id is known; the core reads the rest."""
    return Record(kind=object, id=id, url=shape.url(id))


def taken_up(row: Row) -> bool:
    """Tell whether somebody owns a record: every record has an owner, at first whoever made it."""
    return bool(row.text(OWNER)) and same_id(row.text(OWNER)) != same_id(row.text(CREATOR))


def touched(row: Row) -> bool | None:
    """Tell whether anybody else has worked with a record; None where its maker or editor is hidden.

    What an automation of the org changes counts as done by whoever set it off, so it does not count here.
    """
    if row.object != LEAD or row.flag(CONVERTED) or row.text(EMAIL) or row.text(ACTIVITY) or taken_up(row):
        return True
    if not row.text(CREATOR) or not row.text(EDITOR):
        return None
    return same_id(row.text(CREATOR)) != same_id(row.text(EDITOR))


def object_of(id: str) -> str | None:
    """Return which object an id belongs to, by its first three characters; None for any other."""
    return {"00Q": LEAD, "003": CONTACT}.get(id[:3])


def same_id(id: str) -> str:
    """Return the form in which ids are compared: 15 characters, the further three only check them."""
    return id.strip()[:15]


def same(text: str) -> str:
    """Return the form in which keys and addresses are compared."""
    return text.strip().lower()
