"""The fields of persons and deals: what an account's page "Data fields" shows.

Sources: the v2 specification of `/personFields` and `/dealFields`; pipedrive.readme.io "Custom fields"
(15 June 2026). Leads have no fields of their own, they use those of deals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Literal

import msgspec
from msgspec import field

Entity = Literal["person", "deal"]

CUSTOM_TYPES = frozenset(
    (
        "varchar",
        "varchar_auto",
        "text",
        "double",
        "monetary",
        "enum",
        "set",
        "user",
        "org",
        "people",
        "phone",
        "date",
        "daterange",
        "time",
        "timerange",
        "address",
    )
)
"""The types that a custom field may have: no link, no yes-or-no, no moment."""

SEARCHABLE = frozenset(("address", "varchar", "text", "varchar_auto", "double", "monetary", "phone"))
"""The types whose values the search index holds."""

_STANDARD: dict[Entity, tuple[tuple[str, str, str], ...]] = {
    "person": (
        ("id", "ID", "int"),
        ("name", "Name", "varchar"),
        ("first_name", "First name", "varchar"),
        ("last_name", "Last name", "varchar"),
        ("email", "Email", "varchar"),
        ("phone", "Phone", "phone"),
        ("label_ids", "Labels", "set"),
        ("org_id", "Organization", "org"),
        ("owner_id", "Owner", "user"),
        ("visible_to", "Visible to", "visible_to"),
        ("add_time", "Person created", "date"),
        ("update_time", "Update time", "date"),
    ),
    "deal": (
        ("id", "ID", "int"),
        ("title", "Title", "varchar"),
        ("value", "Value", "monetary"),
        ("person_id", "Contact person", "people"),
        ("org_id", "Organization", "org"),
        ("pipeline_id", "Pipeline", "int"),
        ("stage_id", "Stage", "stage"),
        ("status", "Status", "status"),
        ("owner_id", "Owner", "user"),
        ("label_ids", "Label", "set"),
        ("expected_close_date", "Expected close date", "date"),
        ("lost_reason", "Lost reason", "varchar_options"),
        ("channel", "Source channel", "enum"),
        ("channel_id", "Source channel ID", "varchar"),
        ("add_time", "Deal created", "date"),
        ("update_time", "Update time", "date"),
    ),
}


class Choice(msgspec.Struct, frozen=True):
    """One option of an `enum` or a `set`."""

    id: int
    label: str


class Field(msgspec.Struct, kw_only=True):
    """A field as the API returns it."""

    field_name: str
    field_code: str
    field_type: str
    description: str | None = None
    options: list[Choice] | None = None
    subfields: None = None
    is_custom_field: bool
    is_optional_response_field: bool = False
    ui_visibility: dict[str, Any] = {}
    important_fields: dict[str, Any] = field(default_factory=lambda: {"enabled": False, "stage_ids": []})
    required_fields: dict[str, Any] = field(default_factory=lambda: {"enabled": False})


class Fields:
    """The fields of one entity. Two of them may have one name: only the code tells them apart."""

    def __init__(self, entity: Entity, rng: Random) -> None:
        self.entity: Entity = entity
        self._rng = rng
        self._last_option = 0
        self._by_code = {
            code: Field(field_name=name, field_code=code, field_type=kind, is_custom_field=False)
            for code, name, kind in _STANDARD[entity]
        }

    def __iter__(self) -> Iterator[Field]:
        return iter(self._by_code.values())

    def get(self, code: str) -> Field | None:
        """Return a field by its code."""
        return self._by_code.get(code)

    def custom(self) -> list[Field]:
        """Return the custom fields, in the order in which they were made."""
        return [found for found in self if found.is_custom_field]

    def named(self, name: str) -> Field:
        """Return the first custom field of that name.

        Raises:
            KeyError: there is none.

        """
        for found in self.custom():
            if found.field_name == name:
                return found
        raise KeyError(name)

    def define(self, name: str, kind: str, labels: Sequence[str] = (), **more: Any) -> Field:
        """Make a custom field; its code is random, and nobody can choose it."""
        code = f"{self._rng.getrandbits(160):040x}"
        options = [self._choice(label) for label in labels] if kind in ("enum", "set") else None
        made = Field(
            field_name=name, field_code=code, field_type=kind, options=options, is_custom_field=True, **more
        )
        self._by_code[code] = made
        return made

    def remove(self, code: str) -> Field | None:
        """Delete a custom field, and return what it was; what records hold in it is no longer shown."""
        found = self._by_code.get(code)
        return self._by_code.pop(code) if found is not None and found.is_custom_field else None

    def _choice(self, label: str) -> Choice:
        self._last_option += 1
        return Choice(self._last_option, label)
