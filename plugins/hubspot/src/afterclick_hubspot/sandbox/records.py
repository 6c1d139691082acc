"""A contact as the API returns it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from afterclick.sandbox import Row
from afterclick_hubspot.sandbox.book import INTEGRATION
from afterclick_hubspot.sandbox.values import instant

READ_BY_DEFAULT = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
"""What a read returns that asks for no properties."""

ALWAYS = ("createdate", "hs_object_id", "lastmodifieddate")
"""What a read returns besides what it asks for."""

AFTER_WRITE = (
    "createdate",
    "hs_is_unworked",
    "hs_object_id",
    "hs_object_source",
    "hs_object_source_id",
    "hs_object_source_label",
    "hs_pipeline",
    "lastmodifieddate",
    "lifecyclestage",
)
"""What a write returns besides what it set, as recorded."""

AFTER_CREATE = ("hs_all_contact_vids", "hs_email_domain", "hs_full_name_or_email", "hs_is_contact")
"""What a create returns besides."""


def _domain(row: Row) -> str | None:
    return row.values["email"].partition("@")[2] if "email" in row.values else None


def _name(row: Row) -> str | None:
    words = (row.values.get("firstname"), row.values.get("lastname"))
    return " ".join(word for word in words if word) or row.values.get("email")


def _all_ids(row: Row) -> str:
    merged: str = row.values.get("hs_merged_object_ids", "")
    return ";".join([row.id, *merged.split(";")]) if merged else row.id


_WORKED_OUT: dict[str, Callable[[Row], str | None]] = {
    "hs_object_id": lambda row: row.id,
    "createdate": lambda row: instant(row.created),
    "lastmodifieddate": lambda row: instant(row.updated),
    "hs_is_contact": lambda row: "true",
    "hs_is_unworked": lambda row: "true",
    "hs_pipeline": lambda row: "contacts-lifecycle-pipeline",
    "hs_all_contact_vids": _all_ids,
    "hs_email_domain": _domain,
    "hs_full_name_or_email": _name,
    "num_notes": lambda row: "0",
}


def value(row: Row, name: str) -> str | None:
    """Return one property of a contact, worked out where HubSpot does so; None if it has none."""
    worked_out = _WORKED_OUT.get(name)
    found: str | None = row.values.get(name) if worked_out is None else worked_out(row)
    return found


def as_object(row: Row, names: Iterable[str], url: str) -> dict[str, Any]:
    """Return a contact with the properties `names`; None for those it lacks."""
    body: dict[str, Any] = {
        "id": row.id,
        "properties": {name: value(row, name) for name in names},
        "createdAt": instant(row.created),
        "updatedAt": instant(row.updated),
        "archived": row.archived,
        "url": url,
    }
    if row.archived:
        body["archivedAt"] = instant(row.updated)
    return body


def after_create(row: Row) -> list[str]:
    """Return the properties that the answer to a create holds: all that the contact has."""
    names = dict.fromkeys((*row.values, *AFTER_WRITE, *AFTER_CREATE))
    return [name for name in names if value(row, name) is not None]


def after_update(row: Row, sent: Iterable[str]) -> list[str]:
    """Return the properties that the answer to an update holds: what was sent, and a few more."""
    names = dict.fromkeys((*sent, *AFTER_WRITE))
    return [name for name in names if name in sent or value(row, name) is not None]


def history(row: Row, names: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """Return the values that properties had, the newest first (`propertiesWithHistory`)."""
    return {
        name: [
            {
                "value": write.values[name] or "",
                "timestamp": instant(write.at),
                "sourceType": "INTEGRATION" if write.origin == INTEGRATION else "CRM_UI",
            }
            for write in reversed(row.writes)
            if name in write.values
        ]
        for name in names
    }
