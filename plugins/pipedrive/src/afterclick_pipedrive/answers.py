"""The shapes of Pipedrive's answers, as far as this plugin reads them; every field may be missing.

Source: Pipedrive's OpenAPI documents of 18 August 2026.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from afterclick.plugin import Answer

T = TypeVar("T")

WORK = ("activities_count", "notes_count", "files_count", "email_messages_count")
DEALS = ("open_deals_count", "closed_deals_count")
COUNTS = (*WORK, *DEALS)
"""Numbers of what belongs to a person; a read has to ask for them."""


class Further(msgspec.Struct, frozen=True):
    """Where the next page of a list begins; None or missing at its end."""

    next_cursor: str | None = None


class Body(msgspec.Struct, Generic[T], frozen=True):
    """Every answer. A 200 may still say that it failed."""

    data: T
    success: bool = False
    additional_data: Further | None = None

    @property
    def cursor(self) -> str | None:
        """Return the cursor of the next page, or None."""
        return None if self.additional_data is None else self.additional_data.next_cursor


class Contact(msgspec.Struct, frozen=True):
    """One e-mail address or telephone number."""

    value: str | None = None
    primary: bool | None = None
    label: str | None = None


class Person(msgspec.Struct, frozen=True):
    """A person. `custom_fields` has every field that was asked for, null where it is empty."""

    id: int
    name: str | None = None
    owner_id: int | None = None
    org_id: int | None = None
    add_time: str | None = None
    update_time: str | None = None
    emails: list[Contact] | None = None
    phones: list[Contact] | None = None
    label_ids: list[int] | None = None
    is_deleted: bool | None = None
    custom_fields: dict[str, Any] | None = None
    activities_count: int | None = None
    notes_count: int | None = None
    files_count: int | None = None
    email_messages_count: int | None = None
    open_deals_count: int | None = None
    closed_deals_count: int | None = None


class Deal(msgspec.Struct, frozen=True):
    """A deal."""

    id: int
    status: str | None = None
    stage_id: int | None = None
    person_id: int | None = None
    is_archived: bool | None = None
    is_deleted: bool | None = None
    custom_fields: dict[str, Any] | None = None


class Item(msgspec.Struct, frozen=True):
    """A hit of a search, in the shape that its schema has."""

    id: int


class Hit(msgspec.Struct, frozen=True):
    """A hit of `itemSearch/field`: the example shows its id at the top, the schema within `item`."""

    id: int | None = None
    item: Item | None = None

    @property
    def person(self) -> str | None:
        """Return the id of the person that was hit."""
        found = self.id if self.item is None else self.item.id
        return None if found is None else str(found)


class Hits(msgspec.Struct, frozen=True):
    """What `persons/search` found, and `itemSearch/field` where it answers in that form."""

    items: list[Hit] = []


class Made(msgspec.Struct, frozen=True):
    """What a create gave: a number, or a lead's UUID."""

    id: int | str


class Option(msgspec.Struct, frozen=True):
    """One choice of a field."""

    id: int | str
    label: str = ""


class Field(msgspec.Struct, frozen=True):
    """The definition of a field."""

    field_name: str
    field_code: str
    field_type: str = ""
    options: list[Option] | None = None
    is_custom_field: bool | None = None


class Pipeline(msgspec.Struct, frozen=True):
    """A pipeline."""

    id: int
    name: str = ""
    order_nr: int = 0
    is_deleted: bool | None = None


class Stage(msgspec.Struct, frozen=True):
    """A stage of a pipeline."""

    id: int
    name: str = ""
    order_nr: int = 0
    pipeline_id: int = 0
    is_deleted: bool | None = None


class User(msgspec.Struct, frozen=True):
    """Whose credential it is."""

    id: int | None = None
    company_domain: str | None = None
    timezone_name: str | None = None


def read(answer: Answer, type: type[T]) -> Body[T] | None:
    """Decode a successful answer; None if it says that it failed, is cut off or of another shape."""
    if not answer.ok:
        return None
    try:
        body: Body[T] = answer.json(Body[type])  # type: ignore[valid-type]
    except msgspec.DecodeError:
        return None
    return body if body.success else None
