"""The endpoints of contact properties and property groups.

Sources: developers.hubspot.com "Properties" (reference, 2026-09), recordings of batch create by the
Ampersand connectors, and a public live run of 29 September 2026 for names that exist already.
"""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick.sandbox import Answer, Call
from afterclick_hubspot.sandbox.portal import Portal
from afterclick_hubspot.sandbox.schema import Group, PropertyInput, PropertyPatch, WrongDefinitionError


class CreateBatch(msgspec.Struct, frozen=True):
    inputs: list[PropertyInput]


class Named(msgspec.Struct, frozen=True):
    name: str


class ReadBatch(msgspec.Struct, frozen=True):
    inputs: list[Named]
    archived: bool = False


class GroupInput(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    label: str
    display_order: int = -1


class Properties:
    """`/crm/properties/{version}/contacts` and below."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def list(self, call: Call) -> Answer:
        """Return all properties, or all archived ones, without pages."""
        archived = call.query.get("archived") == "true"
        found = list((self._portal.schema.archived if archived else self._portal.schema.active).values())
        return Answer(200, {"results": found}, lists=(found,))

    def read(self, call: Call) -> Answer:
        """Return one property."""
        archived = call.query.get("archived") == "true"
        kept = self._portal.schema.archived if archived else self._portal.schema.active
        found = kept.get(call.params["name"])
        return Answer(200, found) if found else self._unknown(call.params["name"])

    def create(self, call: Call) -> Answer:
        """Define a property: 201; 409 if its name is taken. An archived one comes back as it was."""
        wanted = self._portal.body(call, PropertyInput)
        if wanted.name in self._portal.schema.active:
            return self._portal.bodies.error(
                409,
                f"A property named '{wanted.name}' already exists.",
                "OBJECT_ALREADY_EXISTS",
                subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
                context={"name": [wanted.name]},
            )
        try:
            return Answer(201, self._portal.define(wanted))
        except WrongDefinitionError as error:
            return self._portal.bodies.invalid(str(error))

    def update(self, call: Call) -> Answer:
        """Change a property's definition; its name and its uniqueness stay whatever is sent."""
        name = call.params["name"]
        patch = self._portal.body(call, PropertyPatch)
        if name not in self._portal.schema.active:
            return self._unknown(name)
        try:
            changed = self._portal.schema.update(name, patch, self._portal.now())
        except WrongDefinitionError as error:
            return self._portal.bodies.invalid(str(error))
        self._portal.checker.refresh()
        return Answer(200, changed)

    def archive(self, call: Call) -> Answer:
        """Move a property to the bin: 204, also if it is there already."""
        name = call.params["name"]
        found = self._portal.schema.active.get(name)
        if found is None:
            return Answer(204) if name in self._portal.schema.archived else self._unknown(name)
        if not found.modification_metadata.archivable:
            return self._portal.bodies.invalid(
                f"Property {name} is currently used and cannot be deleted",
                subCategory="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
            )
        self._portal.schema.archive(name, self._portal.now())
        self._portal.checker.refresh()
        return Answer(204)

    def batch_create(self, call: Call) -> Answer:
        """Define properties: 201, or 207 with the names that exist already among the errors."""
        started = self._portal.now()
        batch = self._portal.body(call, CreateBatch)
        self._portal.admit_batch(call, len(batch.inputs))
        results: list[Any] = []
        errors: list[dict[str, Any]] = []
        for wanted in batch.inputs:
            if wanted.name in self._portal.schema.active:
                message = f"A property named '{wanted.name}' already exists."
                errors.append(
                    _item("OBJECT_ALREADY_EXISTS", message, wanted.name, "PROPERTY_WITH_NAME_EXISTS")
                )
                continue
            try:
                results.append(self._portal.define(wanted))
            except WrongDefinitionError as error:
                errors.append(_item("VALIDATION_ERROR", str(error), wanted.name))
        return self._portal.envelope(201, started, results, errors)

    def batch_read(self, call: Call) -> Answer:
        """Return properties by name: 200, or 207 with the unknown ones among the errors."""
        started = self._portal.now()
        batch = self._portal.body(call, ReadBatch)
        self._portal.admit_batch(call, len(batch.inputs))
        kept = self._portal.schema.archived if batch.archived else self._portal.schema.active
        results = [kept[given.name] for given in batch.inputs if given.name in kept]
        errors = [
            _item("OBJECT_NOT_FOUND", f"Property {given.name} does not exist", given.name)
            for given in batch.inputs
            if given.name not in kept
        ]
        return self._portal.envelope(200, started, results, errors)

    def list_groups(self, call: Call) -> Answer:
        """Return all groups."""
        groups = list(self._portal.schema.groups.values())
        return Answer(200, {"results": groups}, lists=(groups,))

    def read_group(self, call: Call) -> Answer:
        """Return one group."""
        found = self._portal.schema.groups.get(call.params["name"])
        return Answer(200, found) if found else self._unknown(call.params["name"])

    def create_group(self, call: Call) -> Answer:
        """Make a group: 201; 409 if its name is taken (nobody documents the body)."""
        wanted = self._portal.body(call, GroupInput)
        if wanted.name in self._portal.schema.groups:
            message = f"A property group named '{wanted.name}' already exists."
            return self._portal.bodies.error(409, message, "OBJECT_ALREADY_EXISTS")
        order = wanted.display_order if wanted.display_order >= 0 else len(self._portal.schema.groups)
        made = Group(name=wanted.name, label=wanted.label, display_order=order)
        self._portal.schema.groups[wanted.name] = made
        return Answer(201, made)

    def _unknown(self, name: str) -> Answer:
        return self._portal.bodies.error(404, f"{name} does not exist", "OBJECT_NOT_FOUND")


def _item(category: str, message: str, name: str, sub_category: str = "") -> dict[str, Any]:
    item: dict[str, Any] = {"status": "error", "category": category}
    if sub_category:
        item["subCategory"] = f"Properties.{sub_category}"
    return {**item, "message": message, "context": {"name": [name]}}
