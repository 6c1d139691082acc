"""The shapes of HubSpot's answers, as far as this plugin reads them; every field may be missing.

Source: HubSpot, "Contacts", "Properties" and "Account information" references; `2026-03` and later
add fields, which are ignored.
"""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick.plugin import Answer


class Contact(msgspec.Struct, frozen=True, rename="camel"):
    """A contact as a read, an upsert or an update returns it. `new` comes from upserts only."""

    id: str | int
    properties: dict[str, Any] | None = None
    created_at: str | None = None
    archived: bool | None = None
    url: str | None = None
    new: bool | None = None
    object_write_trace_id: str | None = None

    def text(self, name: str) -> str:
        """Return a property as text, empty where it is missing or null."""
        value = (self.properties or {}).get(name)
        return "" if value is None else str(value).strip()


class Batch(msgspec.Struct, frozen=True):
    """A batch answer (200, 201, 207). The order of `results` means nothing."""

    status: str | None = None
    results: list[Contact] | None = None
    errors: list[dict[str, Any]] | None = None


class Option(msgspec.Struct, frozen=True, rename="camel"):
    """One choice of an enumeration; `display_order` is -1 for "at the end"."""

    value: str
    display_order: int | None = None


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """What may be changed about a property."""

    read_only_value: bool | None = None


class Property(msgspec.Struct, frozen=True, rename="camel"):
    """The definition of a contact property."""

    name: str
    type: str = ""
    field_type: str | None = None
    group_name: str | None = None
    has_unique_value: bool | None = None
    hubspot_defined: bool | None = None
    calculated: bool | None = None
    options: list[Option] | None = None
    modification_metadata: Metadata | None = None


class Properties(msgspec.Struct, frozen=True):
    """A list of definitions; it has no pages."""

    results: list[Property]


class PropertyBatch(msgspec.Struct, frozen=True):
    """The answer to a batch of new properties; the results are read back anyway."""

    errors: list[dict[str, Any]] | None = None


class AccountDetails(msgspec.Struct, frozen=True, rename="camel"):
    """What `account-info` says of the account."""

    portal_id: int | None = None
    time_zone: str | None = None
    utc_offset_milliseconds: int | None = None
    ui_domain: str | None = None


def batch(answer: Answer) -> Batch | None:
    """Decode a batch answer; None if it is cut off, no JSON or of another shape."""
    try:
        return _batch.decode(answer.body)
    except msgspec.DecodeError:
        return None


def contact(answer: Answer) -> Contact | None:
    """Decode a single contact; None if it is cut off, no JSON or of another shape."""
    try:
        return _contact.decode(answer.body)
    except msgspec.DecodeError:
        return None


# `strict=False`, so that a number that comes as text (or the reverse) does not cost a whole answer.
_batch = msgspec.json.Decoder(Batch, strict=False)
_contact = msgspec.json.Decoder(Contact, strict=False)
