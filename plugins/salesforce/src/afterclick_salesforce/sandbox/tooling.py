"""The Tooling API: which custom fields there are, whoever may see them, and how to make one where it can.

Source: Tooling API, "CustomField"; "Considerations for CRUD Operations in Active Orgs": production orgs make
no fields this way.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from afterclick.sandbox import Answer, Call
from afterclick_salesforce.sandbox import problems
from afterclick_salesforce.sandbox.desk import Desk, body, caller
from afterclick_salesforce.sandbox.metadata.fields import CustomFields
from afterclick_salesforce.sandbox.metadata.xml import ComponentError, children

_ACTIVE = "Save or update not supported in active organizations"


class Tooling:
    """`/tooling/sobjects/CustomField`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create_field(self, call: Call) -> Answer:
        """Make a custom field, in orgs that are no production orgs."""
        given = body(call)
        name, definition = given.get("FullName"), given.get("Metadata")
        if not caller(call).admin:
            raise problems.refusal("INSUFFICIENT_ACCESS", "insufficient access rights", 403)
        if self._desk.org.options.production:
            raise problems.refusal("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", _ACTIVE)
        if not isinstance(name, str) or not isinstance(definition, dict):
            raise problems.refusal("REQUIRED_FIELD_MISSING", "FullName and Metadata are required")
        fields = CustomFields(self._desk.org)
        if name in fields.names():
            raise problems.refusal("DUPLICATE_DEVELOPER_NAME", f"There is already a field named {name}")
        try:
            fields.write(name, _element(definition))
        except ComponentError as error:
            raise problems.refusal(error.code, error.message) from error
        sobject, _, field = name.partition(".")
        made = self._desk.org.definition(sobject, field)
        return Answer(201, {"id": made, "success": True, "errors": [], "warnings": [], "infos": []})


def _element(definition: dict[str, Any]) -> Element:
    """Return a definition in JSON as the Metadata API has it."""
    as_text = (value if isinstance(value, str) else str(value).lower() for value in definition.values())
    return children("metadata", sorted(zip(definition, as_text, strict=True)))
