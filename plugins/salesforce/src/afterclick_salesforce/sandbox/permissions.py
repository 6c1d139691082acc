"""What the records of permission sets must fulfil.

Source: Object Reference, "FieldPermissions" (Edit needs Read; fields that every record needs have none) and
"ObjectPermissions" (every right needs Read).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afterclick_salesforce.sandbox.problems import Problem, RowError, taken
from afterclick_salesforce.sandbox.table import Table

_TOGETHER = {
    "PermissionSetAssignment": ("AssigneeId", "PermissionSetId"),
    "FieldPermissions": ("ParentId", "Field"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
}
"""Fields whose values are unique together."""


def check(tables: Mapping[str, Table], name: str, values: Mapping[str, Any]) -> None:
    """Look whether a new record of Setup may be.

    Raises:
        RowError: it may not.

    """
    together = _TOGETHER.get(name)
    if together is None:
        return
    if any(all(row.values[one] == values[one] for one in together) for row in tables[name]):
        # The wording of Salesforce, which names neither here.
        raise RowError(taken("<unknown>", "<unknown>"))
    if name == "FieldPermissions":
        _check_field(tables, values)
    rights = [one for one, value in values.items() if one.startswith("Permissions") and value is True]
    if rights and "PermissionsRead" not in rights:
        text = f"Permission {rights[0]} depends on permission(s): PermissionsRead"
        raise RowError(Problem("FIELD_INTEGRITY_EXCEPTION", text, (rights[0],)))


def _check_field(tables: Mapping[str, Table], values: Mapping[str, Any]) -> None:
    sobject, _, name = str(values["Field"]).partition(".")
    table = tables.get(sobject)
    field = None if table is None else table.sobject.field(name)
    if field is None or not field.nillable or sobject != values["SobjectType"]:
        text = f"Field Name: bad value for restricted picklist field: {values['Field']}"
        raise RowError(Problem("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, ("Field",)))
