"""Lists contacts that carry a link's token or campaign and no key: other code made them.

This is the one place that searches. The index is some moments behind, so it only tells which contacts to look
at: what they hold is read by id, which shows every write. A search ends after 10,000 results, so each part
begins behind the id that the part before ended with. Source: HubSpot, "Search the CRM".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from afterclick.plugin import STRAY_MARKS, CallFailed, Stray, Strays
from afterclick_hubspot.answers import Batch, Contact
from afterclick_hubspot.api import BATCH
from afterclick_hubspot.client import Client, decoded
from afterclick_hubspot.lookup import look_up
from afterclick_hubspot.mapping import addresses, same, to_record

ID = "hs_object_id"


async def strays(after: str | None, client: Client) -> Strays:
    """Return the strays among the next contacts by id.

    Raises:
        CallFailed: HubSpot did not answer, or not for all of them.
        LaneStop: the credential or a limit is the reason.

    """
    marks = [spec.name for spec in client.shape.fields if spec.attribute in STRAY_MARKS]
    if not marks:
        return Strays()
    answer = await client.api.search_contacts(_query(marks, client.shape.key, after or "0"))
    ids = [str(contact.id) for contact in decoded(client.ctx, answer, Batch).results or []]
    found = await _read(ids, client)
    return Strays(
        strays=tuple(_stray(contact, client) for contact in found if _is_stray(contact, marks, client)),
        after=max(ids, key=int) if len(ids) == BATCH else None,
        looked=len(ids),
    )


def _query(marks: Sequence[str], key: str, after: str) -> dict[str, Any]:
    """Return the search for contacts behind an id that have a value in one of the fields, and no key."""
    return {
        "filterGroups": [
            {
                "filters": [
                    {"propertyName": mark, "operator": "HAS_PROPERTY"},
                    {"propertyName": key, "operator": "NOT_HAS_PROPERTY"},
                    {"propertyName": ID, "operator": "GT", "value": after},
                ]
            }
            for mark in marks
        ],
        "sorts": [{"propertyName": ID, "direction": "ASCENDING"}],
        "properties": [ID],
        "limit": BATCH,
    }


async def _read(ids: Sequence[str], client: Client) -> list[Contact]:
    """Read contacts by id; those that went meanwhile, or went into another, are left out."""
    seen = await look_up(ids, client)
    found: list[Contact] = []
    for id in ids:
        contact = seen[same(id)]
        if isinstance(contact, Contact):
            if str(contact.id) == id:
                found.append(contact)
        elif contact is not None:
            raise CallFailed(contact.reason, sent=True)
    return found


def _is_stray(contact: Contact, marks: Sequence[str], client: Client) -> bool:
    return not contact.text(client.shape.key) and any(map(contact.text, marks))


def _stray(contact: Contact, client: Client) -> Stray:
    return Stray(record=to_record(contact, client.shape), emails=tuple(sorted(addresses(contact))))
