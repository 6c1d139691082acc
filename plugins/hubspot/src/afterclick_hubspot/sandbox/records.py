"""A contact as the API returns it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from afterclick.sandbox import Row
from afterclick_hubspot.sandbox.book import INTEGRATION, USER_ID
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

AFTER_CREATE = (
    *AFTER_WRITE,
    "hs_all_contact_vids",
    "hs_email_domain",
    "hs_full_name_or_email",
    "hs_is_contact",
)
"""What a create returns besides, as recorded."""


def _domain(row: Row) -> str | None:
    return row.values["email"].partition("@")[2] if "email" in row.values else None


def _name(row: Row) -> str | None:
    words = (row.values.get("firstname"), row.values.get("lastname"))
    return " ".join(word for word in words if word) or row.values.get("email")


def _all_ids(row: Row) -> str:
    merged: str = row.values.get("hs_merged_object_ids", "")
    return ";".join([row.id, *merged.split(";")]) if merged else row.id


def _last_user(row: Row) -> str | None:
    """Return the user who changed the contact last; an app with a token of its own is none."""
    return USER_ID if row.writes and row.writes[-1].origin != INTEGRATION else None


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
    "hs_updated_by_user_id": _last_user,
}


def value(row: Row, name: str) -> str | None:
    """Return one property of a contact, worked out where HubSpot does so; None if it has none."""
    worked_out = _WORKED_OUT.get(name)
    found: str | None = row.values.get(name) if worked_out is None else worked_out(row)
    return found


def asked(row: Row, names: Iterable[str]) -> dict[str, str | None]:
    """Return the properties that a read asked for; None for those the contact lacks."""
    return {name: value(row, name) for name in names}


def after_create(row: Row) -> dict[str, str | None]:
    """Return the properties that the answer to a create holds: all that the contact has."""
    found: dict[str, str | None] = dict(row.values)
    for name in AFTER_CREATE:
        text = value(row, name)
        if text is not None:
            found[name] = text
    return found


def after_update(row: Row, sent: Iterable[str]) -> dict[str, str | None]:
    """Return the properties that the answer to an update holds: what was sent, and a few more."""
    found = {name: value(row, name) for name in sent}
    for name in AFTER_WRITE:
        text = value(row, name)
        if text is not None:
            found[name] = text
    return found


def as_object(row: Row, properties: Mapping[str, str | None], url: str) -> dict[str, Any]:
    """Return a contact as the API returns it."""
    created, updated = instant(row.created), instant(row.updated)
    body: dict[str, Any] = {
        "id": row.id,
        "properties": properties,
        "createdAt": created,
        "updatedAt": updated,
        "archived": row.archived,
        "url": url,
    }
    if row.archived:
        body["archivedAt"] = updated
    return body


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
