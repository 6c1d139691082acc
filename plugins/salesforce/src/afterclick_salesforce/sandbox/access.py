"""Who may see and change what: users, permission sets, field-level security.

A field without field-level security for a user looks to that user exactly like one that is not there. Fields
made through an API are seen by nobody, administrators included, until a permission set grants them.

Source: Object Reference, "FieldPermissions" and "ObjectPermissions"; simple-salesforce#621 and #681.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import msgspec

from afterclick_salesforce.sandbox.options import Options
from afterclick_salesforce.sandbox.schema import Field, SObject
from afterclick_salesforce.sandbox.table import Table
from afterclick_salesforce.sandbox.values import Cleaner, cleaner

ALL_POWERS = frozenset({"Read", "Create", "Edit", "Delete"})
_PEOPLE = ("Lead", "Contact")


class User(msgspec.Struct, frozen=True):
    """Somebody who calls the API. `id` is a record id of the kind User."""

    id: str
    username: str
    name: str
    admin: bool = False


class Sight:
    """What one user sees of one sObject, and may do with it."""

    def __init__(
        self, sobject: SObject, powers: frozenset[str], readable: list[Field], editable: frozenset[str]
    ) -> None:
        self.sobject = sobject
        self.powers = powers
        self.fields = {field.name: field for field in readable}
        self._editable = editable
        self._by_lower = {field.name.lower(): field for field in readable}

    def field(self, name: str) -> Field | None:
        """Return a field that the user sees, whatever the case of its name."""
        return self.fields.get(name) or self._by_lower.get(name.lower())

    @cached_property
    def on_create(self) -> dict[str, Cleaner]:
        """Return what reads the fields that the user may write in a create, by name."""
        return self._cleaners(lambda field: field.createable and "Create" in self.powers)

    @cached_property
    def on_update(self) -> dict[str, Cleaner]:
        """Return what reads the fields that the user may write in an update, by name."""
        return self._cleaners(lambda field: field.updateable and "Edit" in self.powers)

    def _cleaners(self, writable: Callable[[Field], bool]) -> dict[str, Cleaner]:
        return {
            name: cleaner(field)
            for name, field in self.fields.items()
            if name in self._editable and writable(field)
        }


class Security:
    """Works out what users see, from permission sets and options; remembers it until `forget`."""

    def __init__(self, options: Options, tables: Mapping[str, Table]) -> None:
        self._options = options
        self._tables = tables
        self._known: dict[tuple[str, str], Sight | None] = {}

    def forget(self) -> None:
        """Work everything out again: a field or a permission has changed."""
        self._known.clear()

    def sight(self, user: User, name: str) -> Sight | None:
        """Return what a user sees of an sObject; None if that is nothing."""
        key = (user.id, name)
        if key not in self._known:
            self._known[key] = self._work_out(user, self._tables[name].sobject)
        return self._known[key]

    def _work_out(self, user: User, sobject: SObject) -> Sight | None:
        powers = self._powers(user, sobject)
        if "Read" not in powers:
            return None
        grants = self._granted_fields(user, sobject.name)
        readable = [field for field in sobject.fields.values() if self._sees(user, sobject, field, grants)]
        editable = frozenset(
            field.name for field in readable if grants.get(field.name, _needs_no_grant(field))
        )
        return Sight(sobject, powers, readable, editable)

    def _sees(self, user: User, sobject: SObject, field: Field, grants: dict[str, bool]) -> bool:
        if field.name in grants or not field.nillable:
            return True
        hidden = f"{sobject.name}.{field.name}" in self._options.hidden_fields and not user.admin
        return not field.custom and not hidden

    def _powers(self, user: User, sobject: SObject) -> frozenset[str]:
        if user.admin:
            return ALL_POWERS
        if sobject.setup:
            return frozenset({"Read"} if self._options.view_setup else ())
        if sobject.name not in _PEOPLE:
            return frozenset({"Read"})
        granted = set(self._options.object_permissions)
        for row in self._granted(user, "ObjectPermissions", sobject.name):
            granted |= {power for power in ALL_POWERS if row.get(f"Permissions{power}")}
        return frozenset(granted)

    def _granted_fields(self, user: User, sobject: str) -> dict[str, bool]:
        """Return the fields that permission sets grant: whether they may be written, by name."""
        grants: dict[str, bool] = {}
        for row in self._granted(user, "FieldPermissions", sobject):
            name = row["Field"].partition(".")[2]
            if row.get("PermissionsRead"):
                grants[name] = grants.get(name, False) or bool(row.get("PermissionsEdit"))
        return grants

    def _granted(self, user: User, kind: str, sobject: str) -> list[dict[str, str]]:
        assigned = {
            row.values["PermissionSetId"]
            for row in self._tables["PermissionSetAssignment"]
            if row.values["AssigneeId"] == user.id
        }
        return [
            row.values
            for row in self._tables[kind]
            if row.values["ParentId"] in assigned and row.values["SobjectType"] == sobject
        ]


def _needs_no_grant(field: Field) -> bool:
    return not field.custom or not field.nillable
