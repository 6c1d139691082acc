"""The objects of Setup: who may see and change what. Ordinary users do not see them.

Source: Object Reference (PermissionSet, ObjectPermissions, FieldPermissions, PermissionSetAssignment);
Tooling API (CustomField, FieldDefinition).
"""

from __future__ import annotations

from afterclick_salesforce.sandbox.schema import Field, SObject
from afterclick_salesforce.sandbox.standard import fixed, reference, system, text

POWERS = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
"""What ObjectPermissions grant."""


def objects() -> list[SObject]:
    """Return new objects; each org changes its own."""
    parent = reference("ParentId", "Parent ID", "PermissionSet", nillable=False)
    kind = text("SobjectType", "SObject Type", 40, nillable=False)
    return [
        SObject(
            "PermissionSet",
            "0PS",
            [
                *system(),
                text("Name", "Permission Set Name", 80, nillable=False, unique=True),
                text("Label", "Permission Set Label", 80, nillable=False),
                text("Description", "Description"),
                fixed("IsOwnedByProfile", "Is Owned By Profile", "boolean"),
            ],
            setup=True,
        ),
        SObject("ObjectPermissions", "110", [*system(), parent, kind, *map(_power, POWERS)], setup=True),
        SObject(
            "FieldPermissions",
            "01k",
            [
                *system(),
                parent,
                kind,
                text("Field", "Field Name", nillable=False),
                _power("Read"),
                _power("Edit"),
            ],
            setup=True,
        ),
        SObject(
            "PermissionSetAssignment",
            "0Pa",
            [
                *system(),
                reference("AssigneeId", "Assignee ID", "User", nillable=False),
                reference("PermissionSetId", "PermissionSet ID", "PermissionSet", nillable=False),
            ],
            setup=True,
        ),
    ]


def definitions() -> list[SObject]:
    """Return the objects of the Tooling API."""
    return [
        SObject(
            "CustomField",
            "00N",
            [
                *system(),
                fixed("DeveloperName", "Developer Name", "string", length=40),
                fixed("TableEnumOrId", "Entity", "string", length=40),
                fixed("NamespacePrefix", "Namespace Prefix", "string", length=15),
            ],
            setup=True,
        )
    ]


def _power(name: str) -> Field:
    return Field(
        name=f"Permissions{name}",
        label=name,
        type="boolean",
        nillable=False,
        defaulted=True,
    )
