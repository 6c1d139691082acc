"""The contact properties and their groups: what an account's own settings page shows.

Source: developers.hubspot.com "Properties" (guide and reference, 2026-09), and a live run against it
recorded in public on 29 September 2026.
"""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick_hubspot.sandbox import standard

MAX_UNIQUE = 10
"""How many custom unique properties an object type may have."""

FIELD_TYPES = {
    "string": {"text", "textarea", "html", "file", "phonenumber", "calculation_equation"},
    "phone_number": {"phonenumber", "text"},
    "number": {"number", "calculation_equation"},
    "bool": {"booleancheckbox", "calculation_equation"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
}
"""Which field types each type can be shown with."""


class Option(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """One choice of an enumeration. The date versions require all but `description`."""

    label: str
    value: str
    description: str = ""
    display_order: int
    hidden: bool


class Modification(msgspec.Struct, frozen=True, rename="camel"):
    """What about a property may be changed, and by whom."""

    archivable: bool = True
    read_only_definition: bool = False
    read_only_value: bool = False


class Property(msgspec.Struct, kw_only=True, rename="camel"):
    """A property as the API returns it."""

    name: str
    label: str
    type: str
    field_type: str
    description: str = ""
    group_name: str
    options: list[Option] = []
    display_order: int = -1
    calculated: bool = False
    external_options: bool = False
    has_unique_value: bool = False
    hidden: bool = False
    hubspot_defined: bool = False
    modification_metadata: Modification = Modification()
    form_field: bool = False
    data_sensitivity: str = "non_sensitive"
    archived: bool = False
    created_at: str = ""
    updated_at: str = ""


class PropertyInput(msgspec.Struct, kw_only=True, rename="camel"):
    """The body of a create; fields that HubSpot knows and this emulator does not are passed over."""

    name: str
    label: str
    type: str
    field_type: str
    group_name: str
    description: str = ""
    options: list[Option] = []
    display_order: int = -1
    has_unique_value: bool = False
    hidden: bool = False
    form_field: bool = False
    data_sensitivity: str = "non_sensitive"


class PropertyPatch(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """The body of an update. `name` and `hasUniqueValue` are no part of it, so they change nothing."""

    label: str | None = None
    type: str | None = None
    field_type: str | None = None
    group_name: str | None = None
    description: str | None = None
    options: list[Option] | None = None
    display_order: int | None = None
    hidden: bool | None = None
    form_field: bool | None = None


class Group(msgspec.Struct, kw_only=True, rename="camel"):
    """A property group as the API returns it."""

    name: str
    label: str
    display_order: int = -1
    archived: bool = False


class WrongDefinitionError(Exception):
    """A property cannot be defined this way; the text says why."""


class Schema:
    """The properties and groups of one account, active and archived."""

    def __init__(self, now: str) -> None:
        self.groups = {name: Group(name=name, label=label) for name, label in standard.GROUPS.items()}
        self.active: dict[str, Property] = {}
        self.archived: dict[str, Property] = {}
        for row in standard.properties():
            found = msgspec.convert({**row, "createdAt": now, "updatedAt": now}, Property)
            self.active[found.name] = found

    def check(self, wanted: Property | PropertyInput) -> None:
        """Look whether a property may be defined as `wanted`.

        Raises:
            WrongDefinitionError: it may not.

        """
        allowed = FIELD_TYPES.get(wanted.type)
        if allowed is None:
            raise WrongDefinitionError(f"Property type {wanted.type} is not valid")
        if wanted.field_type not in allowed:
            raise WrongDefinitionError(f"Field type {wanted.field_type} is not valid for type {wanted.type}")
        if wanted.group_name not in self.groups:
            raise WrongDefinitionError(f"Property group {wanted.group_name} does not exist")
        if wanted.type == "enumeration" and not wanted.options:
            raise WrongDefinitionError(f"Property {wanted.name} of type enumeration needs options")
        if not standard.NAME.fullmatch(wanted.name):
            raise WrongDefinitionError(f"Property name {wanted.name!r} is not valid")

    def create(self, wanted: PropertyInput, now: str) -> Property:
        """Define a property, or bring back an archived one of that name with its *old* definition.

        Raises:
            WrongDefinitionError: it may not be defined this way.

        """
        if wanted.name in self.archived:
            restored = self.active[wanted.name] = self.archived.pop(wanted.name)
            restored.archived = False
            restored.updated_at = now
            return restored
        self.check(wanted)
        if wanted.has_unique_value and len(self.unique()) >= MAX_UNIQUE:
            raise WrongDefinitionError(f"No more than {MAX_UNIQUE} unique properties are allowed")
        given: dict[str, Any] = msgspec.structs.asdict(wanted)
        made = self.active[wanted.name] = Property(**given, created_at=now, updated_at=now)
        return made

    def update(self, name: str, patch: PropertyPatch, now: str) -> Property:
        """Change what `patch` gives; `options` are replaced as a whole.

        Raises:
            WrongDefinitionError: the result would not be a valid definition.

        """
        given = {k: v for k, v in msgspec.structs.asdict(patch).items() if v is not None}
        changed = msgspec.structs.replace(self.active[name], **given, updated_at=now)
        if changed.modification_metadata.read_only_definition:
            raise WrongDefinitionError(f"The definition of {name} cannot be changed")
        self.check(changed)
        self.active[name] = changed
        return changed

    def archive(self, name: str, now: str) -> None:
        """Move an active property to the bin; its values stay, unseen, for 90 days."""
        found = self.archived[name] = self.active.pop(name)
        found.archived = True
        found.updated_at = now

    def unique(self) -> list[str]:
        """Return the custom unique properties."""
        return [p.name for p in self.active.values() if p.has_unique_value and not p.hubspot_defined]
