"""What the sales team sees of a contact: who it is, and what the account's own properties say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from afterclick.sandbox import Card, Field, RecordView, Row, Step, Write, listed
from afterclick_hubspot.sandbox import records, samples, standard
from afterclick_hubspot.sandbox.schema import Property, Schema

COLUMNS = (
    "first_touch_campaign",
    "first_touch_platform",
    "deep_link_token",
    "referral_source",
    "install_date",
    "conversion_date",
)
"""What the table shows first, where the account has it; then its other properties, as far as they fit."""

ABOUT = ("firstname", "lastname", "email", "phone", "company", "lifecyclestage", "hubspot_owner_id")
SYSTEM = (
    "hs_object_id",
    "hs_object_source",
    "hs_additional_emails",
    "hs_merged_object_ids",
    "createdate",
    "lastmodifieddate",
)


def columns(schema: Schema) -> tuple[tuple[str, str], ...]:
    """Return what the table of contacts shows besides name, e-mail address and stage."""
    own = {
        name: found.label
        for name, found in schema.active.items()
        if not found.hubspot_defined and not found.has_unique_value
    }
    names = [*(name for name in COLUMNS if name in own), *(name for name in own if name not in COLUMNS)]
    return tuple((name, own[name]) for name in names[: len(COLUMNS)])


def summary(row: Row, url: str) -> dict[str, Any]:
    """Return a contact as `Emulator.records` lists it."""
    stage = _words("lifecyclestage", row.values.get("lifecyclestage", ""))
    return listed(
        row, url, kind="contact", title=_title(row), subtitle=row.values.get("email", ""), badge=stage
    )


def contact(row: Row, schema: Schema) -> RecordView:
    """Return a contact's page: a card about the person, one per custom group, and the record itself."""
    own = [found for found in schema.active.values() if not found.hubspot_defined]
    groups = dict.fromkeys(found.group_name for found in own)
    cards = [
        Card(
            schema.groups[group].label,
            tuple(_field(row, found) for found in own if found.group_name == group),
            accent=True,
        )
        for group in groups
    ]
    steps = [_step(write, schema) for write in reversed(row.writes)]
    shown = {*SYSTEM, *(found.name for found in own)}
    about = [*ABOUT, *(name for name in row.values if name not in shown and not name.startswith("hs_"))]
    return RecordView(
        id=row.id,
        kind="contact",
        title=_title(row),
        subtitle=row.values.get("email", ""),
        badge=_words("lifecyclestage", row.values.get("lifecyclestage", "")),
        archived=row.archived,
        cards=(
            Card("About this contact", tuple(_fields(row, schema, dict.fromkeys(about)))),
            *cards,
            Card("Record", tuple(_fields(row, schema, SYSTEM))),
        ),
        history=tuple(step for step in steps if step.text),
    )


def _title(row: Row) -> str:
    return records.value(row, "hs_full_name_or_email") or f"Contact {row.id}"


def _fields(row: Row, schema: Schema, names: Iterable[str]) -> list[Field]:
    fields = [_field(row, schema.active[name]) for name in names if name in schema.active]
    return [field for field in fields if field.value or field.name in ABOUT]


def _field(row: Row, found: Property) -> Field:
    text = _words(found.name, records.value(row, found.name) or "")
    write = row.origin(found.name)
    if write is None or not text:
        return Field(found.label, found.name, text)
    return Field(found.label, found.name, text, write.origin, write.at)


def _step(write: Write, schema: Schema) -> Step:
    """Tell one write in words, without what HubSpot adds by itself."""
    parts = [
        f"{schema.active[name].label}: {_words(name, value) if value else 'cleared'}"
        for name, value in write.values.items()
        if name in schema.active and not schema.active[name].calculated
    ]
    return Step(write.at, write.origin, " · ".join(parts))


def _words(name: str, value: str) -> str:
    """Return a value as people read it."""
    if name == "lifecyclestage":
        return dict(standard.STAGES).get(value, value)
    if name == "hubspot_owner_id":
        return samples.OWNERS.get(value, value)
    return value
