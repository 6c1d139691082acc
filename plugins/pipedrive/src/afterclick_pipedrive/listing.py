"""Finds a deal or lead of ours among those of a lead's persons: by lists, archived ones as well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from afterclick.plugin import Answer, CallFailed, Lead, Record, RetryLater
from afterclick_pipedrive.answers import Deal
from afterclick_pipedrive.client import Client, decoded, listed

_PAGE = 500

Found = Mapping[str, str]
"""What there is, as `related` holds it: `{"deal": "77"}`."""


async def find(records: Iterable[Record], lead: Lead, client: Client) -> Found | RetryLater | None:
    """Return the first deal or lead of these persons that carries one of the lead's keys, or None."""
    if client.desk is None:
        return None
    people = {record.id: record.key for record in records}
    keys = {*lead.keys, *people.values()} - {None}
    try:
        for id in people:
            for look in _looks(client, id):
                found = await look(client.desk.key, keys)
                if found is not None:
                    return found
    except CallFailed as failure:
        return RetryLater(failure.reason)
    return None


def _looks(client: Client, person: str) -> list[Look]:
    looks = [_deals(client, person, archived=False), _deals(client, person, archived=True)]
    if client.ctx.settings.deals == "lead":
        # One that was converted is a deal by now, and has its fields.
        looks = [_leads(client, person, archived=False), _leads(client, person, archived=True), *looks]
    return looks


Look = Callable[[str, set[Any]], Awaitable[Found | None]]


def _deals(client: Client, person: str, *, archived: bool) -> Look:
    async def look(field: str, keys: set[Any]) -> Found | None:
        def page(cursor: str | None) -> Awaitable[Answer]:
            return client.api.deals_of(person, column=field, cursor=cursor, archived=archived)

        deals = await listed(client.ctx, page, Deal)
        ours = [deal.id for deal in deals if (deal.custom_fields or {}).get(field) in keys]
        return {"deal": str(min(ours))} if ours else None

    return look


def _leads(client: Client, person: str, *, archived: bool) -> Look:
    async def look(field: str, keys: set[Any]) -> Found | None:
        start = 0
        while True:
            answer = await client.api.leads_of(person, start=start, archived=archived)
            leads = decoded(client.ctx, answer, list[dict[str, Any]]).data
            ours = [lead for lead in leads if lead.get(field) in keys or lead.get("origin_id") in keys]
            if ours:
                return {"lead": str(ours[0]["id"])}
            if len(leads) < _PAGE:
                return None
            start += _PAGE

    return look
