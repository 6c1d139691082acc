"""What an emulator shows to people about one record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from afterclick.sandbox.store import Row


def listed(
    row: Row,
    url: str,
    *,
    kind: str,
    title: str = "",
    subtitle: str = "",
    badge: str = "",
    properties: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a record as `Emulator.records` lists it; without `properties` with the row's own values."""
    return {
        "id": row.id,
        "kind": kind,
        "title": title or row.id,
        "subtitle": subtitle,
        "badge": badge,
        "url": url,
        "origin": row.writes[0].origin,
        "created_at": row.created,
        "updated_at": row.updated,
        "properties": dict(row.values if properties is None else properties),
    }


class Field(msgspec.Struct, frozen=True):
    """One property: `label` for people, `name` as the API calls it, who wrote it and when.

    `at` is milliseconds since 1970.
    """

    label: str
    name: str
    value: str
    origin: str = ""
    at: int | None = None


class Card(msgspec.Struct, frozen=True):
    """A titled group of properties. An `accent` card is what Afterclick is about."""

    title: str
    fields: tuple[Field, ...]
    accent: bool = False


class Step(msgspec.Struct, frozen=True):
    """One write in the record's history: when (milliseconds since 1970), by whom, and what it set."""

    at: int
    origin: str
    text: str


class RecordView(msgspec.Struct, frozen=True, kw_only=True):
    """A record's page: who it is, its properties in cards, its history with the newest step first."""

    id: str
    kind: str
    title: str
    subtitle: str = ""
    badge: str = ""
    archived: bool = False
    cards: tuple[Card, ...] = ()
    history: tuple[Step, ...] = ()
