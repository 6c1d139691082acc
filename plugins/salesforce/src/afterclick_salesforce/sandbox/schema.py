"""What an sObject is: its fields, as `describe` tells of them.

Source: REST API Developer Guide, "sObject Describe"; Object Reference, "Field Types".
"""

from __future__ import annotations

from typing import Any

import msgspec


class Choice(msgspec.Struct, frozen=True):
    """One value of a picklist."""

    value: str
    label: str
    default: bool = False


class Field(msgspec.Struct, kw_only=True):
    """One field. `length` counts characters; 0 where the type has none."""

    name: str
    label: str
    type: str = "string"
    length: int = 0
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    createable: bool = True
    updateable: bool = True
    case_sensitive: bool = False
    restricted: bool = False
    choices: tuple[Choice, ...] = ()
    nillable: bool = True
    defaulted: bool = False
    custom: bool = False
    refers_to: str = ""
    relationship: str = ""
    precision: int = 0
    scale: int = 0

    @property
    def indexed(self) -> bool:
        """Tell whether a query can look its value up."""
        return self.external_id or self.id_lookup or self.unique

    @property
    def required(self) -> bool:
        """Tell whether a create must bring a value."""
        return not self.nillable and not self.defaulted and self.createable

    def describe(self, *, createable: bool, updateable: bool) -> dict[str, Any]:
        """Return the field as `describe` shows it to somebody who may write it or not."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "length": self.length,
            "precision": self.precision,
            "scale": self.scale,
            "unique": self.unique,
            "externalId": self.external_id,
            "idLookup": self.id_lookup or self.external_id or self.type == "id",
            "createable": createable and self.createable,
            "updateable": updateable and self.updateable,
            "caseSensitive": self.case_sensitive,
            "restrictedPicklist": self.restricted,
            "picklistValues": [
                {"active": True, "defaultValue": one.default, "label": one.label, "value": one.value}
                for one in self.choices
            ],
            "nillable": self.nillable,
            "defaultedOnCreate": self.defaulted,
            "custom": self.custom,
            "calculated": False,
            "filterable": self.type != "textarea",
            "sortable": self.type != "textarea",
            "referenceTo": [self.refers_to] if self.refers_to else [],
            "relationshipName": self.relationship or None,
        }


class SObject:
    """A kind of record. Names of fields are found whatever their case, as Salesforce does."""

    def __init__(self, name: str, prefix: str, fields: list[Field], *, setup: bool = False) -> None:
        self.name = name
        self.prefix = prefix
        self.setup = setup
        """Whether it belongs to Setup, which ordinary users do not see."""
        self.fields: dict[str, Field] = {}
        self._by_lower: dict[str, Field] = {}
        self._by_relationship: dict[str, Field] = {}
        self.required: list[str] = []
        """The fields that a create must bring."""
        self.references: list[Field] = []
        """The fields that hold the id of another record."""
        for field in fields:
            self.add(field)

    def add(self, field: Field) -> None:
        """Add a field, or put it in the place of the one of that name."""
        self.fields[field.name] = field
        self._by_lower[field.name.lower()] = field
        if field.relationship:
            self._by_relationship[field.relationship.lower()] = field
        self._sort_out()

    def remove(self, name: str) -> None:
        """Remove a custom field."""
        del self._by_lower[name.lower()]
        del self.fields[name]
        self._sort_out()

    def _sort_out(self) -> None:
        self.required = [name for name, field in self.fields.items() if field.required]
        self.references = [field for field in self.fields.values() if field.refers_to]

    def field(self, name: str) -> Field | None:
        """Return the field of this name."""
        return self.fields.get(name) or self._by_lower.get(name.lower())

    def by_relationship(self, name: str) -> Field | None:
        """Return the field whose relationship is called `name`: `Owner` leads to `OwnerId`."""
        return self._by_relationship.get(name.lower())
