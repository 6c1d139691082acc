"""What the sales team does in the account by hand, and how tests look at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from afterclick.sandbox import Row, Store
from afterclick_pipedrive.sandbox import values
from afterclick_pipedrive.sandbox.company import SALES, Company
from afterclick_pipedrive.sandbox.counts import TYPED_IN
from afterclick_pipedrive.sandbox.deals import change_deal
from afterclick_pipedrive.sandbox.fields import Entity, Field
from afterclick_pipedrive.sandbox.persons import add_person, change_person
from afterclick_pipedrive.sandbox.users import SELLER

_PLAIN = ("name", "emails", "phones", "owner_id", *TYPED_IN)
"""What the sales team edits of a person besides custom fields."""


class SalesTeam:
    """The part of the emulator that no API call reaches."""

    company: Company

    def persons(self) -> list[dict[str, Any]]:
        """Return the persons that are not deleted (see `person`)."""
        return [self._told(row, "person") for row in self.company.persons]

    def person(self, person_id: int) -> dict[str, Any] | None:
        """Return a person, a deleted one as well, or None.

        It has `id`, `is_deleted`, the values by the API's names, and custom fields by their names.
        """
        row = self.company.persons.get(str(person_id))
        return None if row is None else self._told(row, "person")

    def add_person(
        self,
        name: str,
        *,
        email: str = "",
        phone: str = "",
        company: str = "",
        at: int | None = None,
        **custom: Any,
    ) -> int:
        """Let the sales team type in a person, now or `at` (milliseconds since 1970); return its id.

        `custom` are values by the names of custom fields.

        Raises:
            ValueError: there is no name.
            KeyError: there is no such custom field.

        """
        if not name:
            raise ValueError("a person needs a name")
        given: dict[str, Any] = {"name": name, **self._coded("person", custom)}
        for kind, value in (("emails", email), ("phones", phone)):
            if value:
                given[kind] = [{"value": value, "primary": True, "label": "work"}]
        if company:
            given["org_id"] = self.company.organization(company)
        return int(add_person(self.company, given, SALES, owner_id=SELLER.id, at=at).id)

    def edit_person(self, person_id: int, **values_by_name: Any) -> None:
        """Let the sales team change a person, by the API's names or those of custom fields.

        Raises:
            KeyError: there is no such person or field.

        """
        plain = {name: value for name, value in values_by_name.items() if name in _PLAIN}
        custom = {name: value for name, value in values_by_name.items() if name not in _PLAIN}
        change_person(
            self.company, _row(self.company.persons, person_id), plain | self._coded("person", custom), SALES
        )

    def delete_person(self, person_id: int) -> None:
        """Let the sales team delete a person."""
        self.company.persons.archive(_row(self.company.persons, person_id), self.company.clock.now())

    def deals(self) -> list[dict[str, Any]]:
        """Return the deals that are not deleted, archived ones as well, in the form of `person`."""
        return [self._told(row, "deal") for row in self.company.deals]

    def leads(self) -> list[dict[str, Any]]:
        """Return the leads that are not deleted, in the form of `person`."""
        return [self._told(row, "deal") for row in self.company.leads]

    def notes(self) -> list[dict[str, Any]]:
        """Return the notes that are not deleted."""
        return [self._told(row, "person") for row in self.company.notes]

    def edit_deal(self, deal_id: int, **given: Any) -> None:
        """Let the sales team change a deal, by the API's names: `status`, `is_archived`, `stage_id`.

        Raises:
            KeyError: there is no such deal.

        """
        change_deal(self.company, _row(self.company.deals, deal_id), given, SALES)

    def delete_deal(self, deal_id: int) -> None:
        """Let the sales team delete a deal.

        Raises:
            KeyError: there is no such deal.

        """
        self.company.deals.archive(_row(self.company.deals, deal_id), self.company.clock.now())

    def stage_id(self, pipeline: str, stage: str) -> int:
        """Return the id of a stage by the names of its pipeline and its own.

        Raises:
            KeyError: there is none.

        """
        for found in self.company.pipelines.stages:
            if (found.pipeline.name, found.name) == (pipeline, stage):
                return found.id
        raise KeyError((pipeline, stage))

    def add_field(
        self, name: str, kind: str = "varchar", *, entity: Entity = "person", options: Iterable[str] = ()
    ) -> Field:
        """Define a custom field, with the labels of its options if it is an `enum` or a `set`."""
        return self.company.fields[entity].define(name, kind, tuple(options))

    def field_code(self, name: str, entity: Entity = "person") -> str:
        """Return the code of the first custom field of that name.

        Raises:
            KeyError: there is none.

        """
        return self.company.fields[entity].named(name).field_code

    def _told(self, row: Row, entity: Entity) -> dict[str, Any]:
        names = {field.field_code: field.field_name for field in self.company.fields[entity].custom()}
        told = {names.get(name, name): values.shown(value) for name, value in row.values.items()}
        return {"id": int(row.id) if row.id.isdecimal() else row.id, "is_deleted": row.archived, **told}

    def _coded(self, entity: Entity, by_name: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: self.company.fields[entity].named(name) for name in by_name}
        return {field.field_code: values.kept(field, by_name[name]) for name, field in found.items()}


def _row(store: Store, record_id: int) -> Row:
    row = store.get(str(record_id))
    if row is None:
        raise KeyError(record_id)
    return row
