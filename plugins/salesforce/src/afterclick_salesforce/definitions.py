"""Compares the org's fields with what the connection needs. Pure.

`describe` shows a user the fields that they may see, and says of each whether they may write it. So a field
that is missing and one that field-level security hides look the same here; `checking` asks further.
Source: Salesforce, "sObject Describe" and "Field Types".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from afterclick.plugin import FieldSpec, Finding, Kind, Rule
from afterclick_salesforce import findings
from afterclick_salesforce.answers import Description, Field
from afterclick_salesforce.fields import CONTACT, CUSTOM, LEAD, OBJECTS

Org = Mapping[str, Description]
"""Descriptions by object."""

TYPES: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("string", "email", "phone", "textarea", "url", "encryptedstring", "picklist", "combobox"),
    Kind.NUMBER: ("double", "int", "currency", "percent", "long"),
    Kind.DATETIME: ("datetime",),
    Kind.DATE: ("date",),
    Kind.CHOICE: ("picklist", "string", "combobox", "textarea"),
}
"""What `describe` calls the fields that can hold a kind."""

_REFERENCES = ("reference", "id")
_NEVER_CUT = ("email", "key")


def applies(spec: FieldSpec, object: str) -> bool:
    """Tell whether a field is wanted on an object."""
    return not spec.kinds or object in spec.kinds


def key_field(fields: Iterable[FieldSpec]) -> str | None:
    """Return the field that holds the key, None if it was switched off."""
    return next((spec.name for spec in fields if spec.rule is Rule.KEY), None)


def visible(org: Org) -> dict[str, frozenset[str]]:
    """Return the fields by object that the user may see."""
    return {object: frozenset(org[object].by_name) for object in OBJECTS}


def absent(fields: Iterable[FieldSpec], org: Org, object: str) -> list[str]:
    """Return the custom fields that the user cannot see on an object, each once."""
    known = org[object].by_name
    names = (spec.name for spec in fields if applies(spec, object) and spec.name.endswith(CUSTOM))
    return [name for name in dict.fromkeys(names) if name not in known]


def compare(fields: Sequence[FieldSpec], org: Org) -> list[Finding]:
    """Return what is wrong besides absent fields. Errors stop the lane; what Contact lacks does not."""
    found = access(org)
    for spec in fields:
        if applies(spec, LEAD):
            found += _faults(spec, org, LEAD)
    if key_field(fields) is None:
        found.append(findings.no_key())
    found += _read_only(fields, org, LEAD)
    found += _day_only(fields, org)
    return found


def access(org: Org) -> list[Finding]:
    """Return which rights on the two objects the user lacks."""
    rights = {
        LEAD: ("queryable", "createable", "updateable"),
        CONTACT: ("queryable", "updateable"),
    }
    verbs = {"queryable": "read", "createable": "create", "updateable": "edit"}
    found = []
    for object, needed in rights.items():
        lacking = [verbs[right] for right in needed if not getattr(org[object], right)]
        found += [findings.object_access(object, lacking)] if lacking else []
    return found


def delete_faults(org: Org, *, needed: bool) -> list[Finding]:
    """Return the finding for Leads that are to be deleted and may not be."""
    return [findings.no_delete(LEAD)] if needed and not org[LEAD].deletable else []


def _faults(spec: FieldSpec, org: Org, object: str) -> list[Finding]:
    field = org[object].by_name.get(spec.name)
    if field is None:
        return [] if spec.name.endswith(CUSTOM) else [findings.missing_standard(object, spec)]
    if not fits(spec, field):
        expected = TYPES[spec.kind][0]
        return [findings.wrong_type(object, spec, field.type, expected)]
    if spec.rule is Rule.KEY:
        lacking = [
            word for word, yes in (("Unique", field.unique), ("External ID", field.external_id)) if not yes
        ]
        return [findings.not_unique(object, spec.name, lacking)] if lacking else []
    return []


def fits(spec: FieldSpec, field: Field) -> bool:
    """Tell whether a field can hold a kind; a constant of the operator's may be a reference."""
    allowed = TYPES[spec.kind]
    if spec.kind is Kind.TEXT and spec.rule is Rule.CREATE:
        allowed = (*allowed, *_REFERENCES)
    return field.type in allowed or is_day(spec, field)


def is_day(spec: FieldSpec, field: Field) -> bool:
    """Tell whether a moment would go into a field that holds a day."""
    return spec.kind is Kind.DATETIME and field.type == "date"


def writable(spec: FieldSpec, field: Field, object: str) -> bool:
    """Tell whether the user may write a field when it is due; Contacts are never created."""
    if object == CONTACT:
        return field.updateable
    return field.createable and (field.updateable or spec.rule in (Rule.CREATE, Rule.KEY))


def _read_only(fields: Iterable[FieldSpec], org: Org, object: str) -> list[Finding]:
    known = org[object].by_name
    names = [
        spec.name
        for spec in fields
        if applies(spec, object) and spec.name in known and not writable(spec, known[spec.name], object)
    ]
    return [findings.read_only(object, names)] if names else []


def _day_only(fields: Iterable[FieldSpec], org: Org) -> list[Finding]:
    return [
        findings.day_only(LEAD, spec)
        for spec in fields
        if spec.name in org[LEAD].by_name and is_day(spec, org[LEAD].by_name[spec.name])
    ]


def contact_faults(fields: Iterable[FieldSpec], org: Org) -> list[Finding]:
    """Return the finding for fields that a Contact cannot take; Leads go on without."""
    names = lost_on_contact(fields, org)
    return [findings.contact_fields(names)] if names else []


def lost_on_contact(fields: Iterable[FieldSpec], org: Org) -> list[str]:
    """Return the fields that are wanted on Contact and cannot be written there."""
    known = org[CONTACT].by_name
    # Only Leads are created.
    specs = [spec for spec in fields if applies(spec, CONTACT) and spec.rule is not Rule.CREATE]
    return [spec.name for spec in specs if not _takes(spec, known.get(spec.name), CONTACT)]


def _takes(spec: FieldSpec, field: Field | None, object: str) -> bool:
    return field is not None and fits(spec, field) and writable(spec, field, object)


def pointer_faults(name: str, org: Org, *, needed: bool) -> list[Finding]:
    """Return the finding for a missing field for the record in a stub's place."""
    return [] if has_pointer(name, org) or not needed else [findings.pointer(name)]


def has_pointer(name: str, org: Org) -> bool:
    """Tell whether Leads can point to another record."""
    field = org[LEAD].by_name.get(name)
    return field is not None and field.updateable


def choice_faults(fields: Iterable[FieldSpec], org: Org, words: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Return which values their picklists lack; `words` are what is written, by attribute."""
    found = []
    for spec in fields:
        field = org[LEAD].by_name.get(spec.name)
        if field is None or field.type != "picklist" or spec.attribute not in words:
            continue
        unknown = [word for word in dict.fromkeys(words[spec.attribute]) if word not in field.choices]
        found += [findings.unknown_choice(LEAD, spec.name, unknown)] if unknown else []
    return found


def narrowed(fields: Sequence[FieldSpec], org: Org) -> tuple[FieldSpec, ...]:
    """Return the fields as the org can hold them: its lengths, days for moments, its order of statuses.

    A field that Contact lacks is Lead's alone.
    """
    lost = set(lost_on_contact(fields, org))
    return tuple(
        _narrow(spec, org[LEAD].by_name.get(spec.name), on_contact=spec.name not in lost) for spec in fields
    )


def _narrow(spec: FieldSpec, field: Field | None, *, on_contact: bool) -> FieldSpec:
    if not on_contact and applies(spec, CONTACT) and applies(spec, LEAD):
        spec = msgspec.structs.replace(spec, kinds=(LEAD,))
    if field is None:
        return spec
    if is_day(spec, field):
        return msgspec.structs.replace(spec, kind=Kind.DATE)
    if spec.kind is Kind.TEXT and field.length and spec.attribute not in _NEVER_CUT:
        return msgspec.structs.replace(spec, max_length=min(spec.max_length or field.length, field.length))
    if spec.rule is Rule.FORWARD and field.choices:
        return msgspec.structs.replace(spec, order=field.choices)
    return spec
