"""CustomField: `Lead.Deep_Link_Key__c`."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from afterclick_salesforce.sandbox.metadata.xml import ComponentError, add, check_order, text
from afterclick_salesforce.sandbox.org import Org
from afterclick_salesforce.sandbox.schema import Field

TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "Number": "double",
    "DateTime": "datetime",
    "Date": "date",
    "Checkbox": "boolean",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
}
"""What the API calls the types that can be made here, and what `describe` calls them."""

_FULL_NAME = re.compile(r"(?P<object>[A-Za-z]\w*)\.(?P<field>[A-Za-z](?:_?[A-Za-z0-9])*__c)")
_INDEXED = ("Text", "Number", "Email")
_LENGTHS = {"TextArea": 255, "Email": 80, "Phone": 40, "Url": 255}
MAX_TEXT = 255
MAX_NAME = 43
"""The longest name of a custom field, the suffix included."""


class CustomFields:
    """The custom fields of an org, as components."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def names(self) -> list[str]:
        """Return the full names of those that are there."""
        return [
            f"{table.sobject.name}.{field.name}"
            for table in self._org.tables.values()
            for field in table.sobject.fields.values()
            if field.custom
        ]

    def read(self, full_name: str, made: Element) -> bool:
        """Write a field's definition into `made`; False if there is none."""
        field = self._find(full_name)
        if field is None or not field.custom:
            return False
        add(made, "fullName", full_name)
        if field.unique:
            add(made, "caseSensitive", str(field.case_sensitive).lower())
        add(made, "externalId", str(field.external_id).lower())
        add(made, "label", field.label)
        if field.type == "string":
            add(made, "length", str(field.length))
        if field.type == "double":
            add(made, "precision", str(field.precision))
            add(made, "scale", str(field.scale))
        add(made, "required", str(not field.nillable).lower())
        add(made, "type", next(name for name, kind in TYPES.items() if kind == field.type))
        if field.unique:
            add(made, "unique", "true")
        return True

    def write(self, full_name: str, given: Element) -> None:
        """Make a field or change it.

        Raises:
            ComponentError: it may not be defined this way.

        """
        check_order(given)
        match = _FULL_NAME.fullmatch(full_name)
        if match is None or len(match["field"]) > MAX_NAME:
            raise ComponentError("INVALID_FULL_NAME", f"{full_name} is no name of a custom field")
        table = self._org.table(match["object"])
        if table is None or table.sobject.setup:
            raise ComponentError("INVALID_CROSS_REFERENCE_KEY", f"no object {match['object']}")
        made = _field(match["field"], given)
        before = table.sobject.field(made.name)
        if before is not None and before.type != made.type:
            raise ComponentError("FIELD_INTEGRITY_EXCEPTION", f"the type of {full_name} cannot be changed")
        self._org.define(table.sobject.name, made)

    def delete(self, full_name: str) -> None:
        """Delete a field.

        Raises:
            ComponentError: there is none.

        """
        if self._find(full_name) is None:
            raise missing(full_name)
        sobject, _, name = full_name.partition(".")
        self._org.undefine(sobject, name)

    def _find(self, full_name: str) -> Field | None:
        sobject, _, name = full_name.partition(".")
        table = self._org.table(sobject)
        return None if table is None else table.sobject.field(name)


def _field(name: str, given: Element) -> Field:
    """Return the field that a definition asks for."""
    kind = text(given, "type")
    if kind not in TYPES:
        raise ComponentError("REQUIRED_FIELD_MISSING", f"type {kind!r} of {name} cannot be made")
    label = text(given, "label")
    if not label:
        raise ComponentError("REQUIRED_FIELD_MISSING", f"{name} needs a label")
    unique, external = text(given, "unique") == "true", text(given, "externalId") == "true"
    if (unique or external) and kind not in _INDEXED:
        raise ComponentError(
            "FIELD_INTEGRITY_EXCEPTION", f"a {kind} can be neither unique nor an external id"
        )
    return Field(
        name=name,
        label=label,
        type=TYPES[kind],
        length=_whole(given, "length", 1, MAX_TEXT) if kind == "Text" else _LENGTHS.get(kind, 0),
        unique=unique,
        external_id=external,
        case_sensitive=text(given, "caseSensitive") == "true",
        precision=_whole(given, "precision", 1, 18) if kind == "Number" else 0,
        scale=_whole(given, "scale", 0, 17) if kind == "Number" else 0,
        nillable=text(given, "required") != "true",
        custom=True,
    )


def _whole(given: Element, name: str, least: int, most: int) -> int:
    value = text(given, name)
    if not value.isdecimal() or not least <= int(value) <= most:
        raise ComponentError("FIELD_INTEGRITY_EXCEPTION", f"{name} must be {least} to {most}, not {value!r}")
    return int(value)


def missing(full_name: str) -> ComponentError:
    """Return the refusal to change or delete what is not there."""
    said = f"In field: fullName - no component named {full_name} found"
    return ComponentError("INVALID_CROSS_REFERENCE_KEY", said)
