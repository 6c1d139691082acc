"""The endpoints of fields: `/api/v2/personFields` and `/api/v2/dealFields`.

Source: the v2 specification. Only admins, and apps with a scope for it, may define fields; the caps on
them are the plan's (knowledge base, "Usage limits in Pipedrive").
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from afterclick.sandbox import Answer, Call, Refused
from afterclick_pipedrive.sandbox import bodies, paging
from afterclick_pipedrive.sandbox.company import Company
from afterclick_pipedrive.sandbox.fields import CUSTOM_TYPES, Entity, Field, Fields
from afterclick_pipedrive.sandbox.limits import Caller
from afterclick_pipedrive.sandbox.users import BY_ID

MAX_NAME = 255


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    label: str


class FieldInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    field_name: str
    field_type: str
    options: list[Label] = []
    ui_visibility: dict[str, Any] = {}
    important_fields: dict[str, Any] = {}
    required_fields: dict[str, Any] = {}


class DealFieldInput(FieldInput, frozen=True, forbid_unknown_fields=True):
    """Fields of deals alone have a description."""

    description: str | None = None


class FieldPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Code and type can never be changed."""

    field_name: str | UnsetType = UNSET
    ui_visibility: dict[str, Any] | UnsetType = UNSET
    important_fields: dict[str, Any] | UnsetType = UNSET
    required_fields: dict[str, Any] | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


class FieldEndpoints:
    """The endpoints of one entity's fields."""

    def __init__(self, company: Company, entity: Entity) -> None:
        self._company = company
        self._entity: Entity = entity

    def list(self, call: Call) -> Answer:
        """Return a page of fields, in their order."""
        shown, more = paging.window(call, list(self._fields))
        data = [as_object(field) for field in shown]
        return Answer(200, {"success": True, "data": data, "additional_data": {"next_cursor": more}})

    def read(self, call: Call) -> Answer:
        """Return one field by its code."""
        return _found(self._field(call))

    def create(self, call: Call) -> Answer:
        """Define a custom field, whether or not another one has its name."""
        call.inputs = 1
        self._must_be_admin(call, "add custom fields")
        wanted: FieldInput = self._company.body(
            call, DealFieldInput if self._entity == "deal" else FieldInput
        )
        _check(wanted)
        self._check_cap()
        made = self._fields.define(
            wanted.field_name,
            wanted.field_type,
            [option.label for option in wanted.options],
            **_described(wanted),
        )
        return Answer(self._company.options.created_status, _found(made).body)

    def update(self, call: Call) -> Answer:
        """Change a custom field's name and where it is shown."""
        call.inputs = 1
        self._must_be_admin(call, "edit custom fields")
        patch = self._company.body(call, FieldPatch)
        field = self._field(call)
        changes = {n: v for n, v in msgspec.structs.asdict(patch).items() if v is not UNSET}
        if not changes:
            raise Refused(bodies.invalid(("", "At least one field must be provided")))
        if "field_name" in changes:
            _check_name(changes["field_name"])
        for name, value in changes.items():
            setattr(field, name, value)
        return _found(field)

    def delete(self, call: Call) -> Answer:
        """Delete a custom field: from now on, a write that names it fails as a whole."""
        call.inputs = 1
        self._must_be_admin(call, "delete custom fields")
        removed = self._fields.remove(call.params["field_code"])
        return bodies.not_found("Field") if removed is None else _found(removed)

    @property
    def _fields(self) -> Fields:
        return self._company.fields[self._entity]

    def _field(self, call: Call) -> Field:
        field = self._fields.get(call.params["field_code"])
        if field is None:
            raise Refused(bodies.not_found("Field"))
        return field

    def _must_be_admin(self, call: Call, what: str) -> None:
        caller: Caller = call.notes["caller"]
        # What an app may do is what it was granted; the route has looked at its scopes.
        if not caller.oauth and not BY_ID[caller.user_id].admin:
            raise Refused(bodies.forbidden(what))

    def _check_cap(self) -> None:
        cap = self._company.caps.fields
        if cap is not None and sum(len(f.custom()) for f in self._company.fields.values()) >= cap:
            raise Refused(bodies.fields_capped())


def as_object(field: Field) -> dict[str, Any]:
    """Return a field as v2 returns it."""
    made: dict[str, Any] = msgspec.to_builtins(field)
    return made


def _described(wanted: FieldInput) -> dict[str, Any]:
    """Return what a definition says besides name, type and options."""
    names = ("ui_visibility", "important_fields", "required_fields", "description")
    return {name: value for name in names if (value := getattr(wanted, name, None))}


def _check(wanted: FieldInput) -> None:
    _check_name(wanted.field_name)
    if wanted.field_type not in CUSTOM_TYPES:
        raise Refused(bodies.invalid(("field_type", f"Invalid enum value, received '{wanted.field_type}'")))
    if wanted.field_type in ("enum", "set") and not wanted.options:
        raise Refused(bodies.invalid(("options", "Required for enum and set fields")))


def _check_name(name: str) -> None:
    if not 0 < len(name) <= MAX_NAME:
        raise Refused(bodies.invalid(("field_name", f"String must contain 1 to {MAX_NAME} characters")))


def _found(field: Field) -> Answer:
    return Answer(200, {"success": True, "data": as_object(field)})
