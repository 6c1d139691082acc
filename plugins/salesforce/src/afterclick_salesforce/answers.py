"""The shapes of Salesforce's answers, as far as this plugin reads them; every field may be missing.

Source: Salesforce, "REST API Developer Guide" (query, sObject Collections, describe, error bodies) and
"OAuth 2.0" in its help.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import msgspec

from afterclick.plugin import Answer

T = TypeVar("T")


class Row(NamedTuple):
    """One record as a query shows it: its object, and its fields by name."""

    object: str
    values: dict[str, Any]

    @property
    def id(self) -> str:
        """Return the record's id as Salesforce spells it."""
        return self.text("Id")

    def text(self, name: str) -> str:
        """Return a field as text, empty where it is missing or null."""
        value = self.values.get(name)
        return "" if value is None else str(value).strip()

    def flag(self, name: str) -> bool:
        """Tell whether a checkbox is set."""
        return self.values.get(name) is True


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """A page of a query: with `done` false there is another under `next_records_url`.

    `total_size` counts the rows of all pages. An answer without these two is none: nobody could tell whether
    rows are missing.
    """

    records: list[dict[str, Any]]
    total_size: int
    done: bool
    next_records_url: str | None = None


class Result(msgspec.Struct, frozen=True):
    """What became of one row of a Collections call, or of a single write.

    An error is kept as it came: rows name their code `statusCode`, whole calls `errorCode`.
    """

    success: bool | None = None
    id: str | None = None
    errors: list[dict[str, Any]] | None = None


class Sub(msgspec.Struct, frozen=True, rename="camel"):
    """The answer of one part of a Composite call."""

    http_status_code: int
    body: msgspec.Raw = msgspec.Raw(b"null")


class Composite(msgspec.Struct, frozen=True, rename="camel"):
    """The answers of a Composite call, in the order of its parts."""

    composite_response: list[Sub]


class Choice(msgspec.Struct, frozen=True):
    """One value of a picklist."""

    value: str | None = None
    active: bool = True


class Field(msgspec.Struct, frozen=True, rename="camel"):
    """The definition of a field, as `describe` shows it to a user who may see it."""

    name: str
    type: str = ""
    length: int = 0
    unique: bool = False
    external_id: bool = False
    createable: bool = True
    updateable: bool = True
    picklist_values: list[Choice] = []

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the values that can be chosen, in the org's order."""
        return tuple(one.value for one in self.picklist_values if one.active and one.value)


class Description(msgspec.Struct, frozen=True):
    """What a user may do with an object, and its fields."""

    fields: list[Field]
    createable: bool = True
    updateable: bool = True
    queryable: bool = True
    deletable: bool = True

    @property
    def by_name(self) -> dict[str, Field]:
        """Return the fields by name."""
        return {field.name: field for field in self.fields}


class TokenAnswer(msgspec.Struct, frozen=True):
    """A successful login. Never to be logged."""

    access_token: str
    instance_url: str = ""
    id: str = ""


class TokenFault(msgspec.Struct, frozen=True):
    """A refused login; unlike all other errors an object, not a list."""

    error: str = ""
    error_description: str = ""


def read(answer: Answer, type: type[T]) -> T | None:
    """Decode an answer; None if it is cut off, no JSON or of another shape."""
    return decode(answer.body, type)


def decode(body: bytes | msgspec.Raw, type: type[T]) -> T | None:
    """Decode a body; None if it cannot be read."""
    try:
        # Not strict, so that a number that comes as text does not cost a whole answer.
        return msgspec.json.decode(body, type=type, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
