"""Finds the contacts of leads: by record id, else by all their keys. Never through the search index.

A read by id or by a unique property shows writes at once; HubSpot's search lags, and searching
before creating is how its duplicates are made. Source: HubSpot, "Contacts" guide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from afterclick.plugin import CallFailed, Gone, LaneStop, Lead, Match, MatchOutcome, NoMatch, RetryLater
from afterclick_hubspot.answers import Contact
from afterclick_hubspot.client import Client
from afterclick_hubspot.lookup import Seen, Unanswered, look_up
from afterclick_hubspot.mapping import same, to_record

Found = MatchOutcome | Unanswered


async def match(leads: Sequence[Lead], client: Client) -> list[MatchOutcome]:
    """Answer for each lead, in order; what is settled before the lane has to stop goes along.

    Raises:
        CallFailed: HubSpot answered for nobody, so that the core stops asking for a while.
        LaneStop: every lead has to wait.

    """
    found: dict[int, Found] = {}
    try:
        lost = await _by_id(leads, client, found)
        await _by_key({index: leads[index] for index in lost}, client, found)
    except LaneStop as stop:
        stop.outcomes.update({index: _outcome(one) for index, one in found.items()})
        raise
    silent = [one for one in found.values() if isinstance(one, Unanswered)]
    if silent and len(silent) == len(leads):
        raise CallFailed(silent[0].reason, sent=True)
    return [_outcome(found[index]) for index in range(len(leads))]


def _outcome(found: Found) -> MatchOutcome:
    return RetryLater(found.reason) if isinstance(found, Unanswered) else found


async def _by_id(leads: Sequence[Lead], client: Client, outcomes: dict[int, Found]) -> list[int]:
    """Settle the leads whose record is known and there; return the others."""
    ids = {index: lead.record.id for index, lead in enumerate(leads) if lead.record is not None}
    seen = await look_up(ids.values(), client)
    for index, id in ids.items():
        found = seen[same(id)]
        if found is not None:
            outcomes[index] = _match([found], client) if isinstance(found, Contact) else found
    return [index for index in range(len(leads)) if index not in outcomes]


async def _by_key(leads: Mapping[int, Lead], client: Client, outcomes: dict[int, Found]) -> None:
    """Settle leads by all their keys: new ones, and ones whose record went away or was merged."""
    keys = (key for lead in leads.values() for key in lead.keys)
    seen = await look_up(keys, client, by=client.shape.key)
    for index, lead in leads.items():
        outcomes[index] = _settle(lead, [seen[same(key)] for key in lead.keys], client)


def _settle(lead: Lead, seen: Sequence[Seen], client: Client) -> Found:
    """Decide for one lead by what its keys led to, strongest key first."""
    unknown = next((found for found in seen if isinstance(found, RetryLater | Unanswered)), None)
    if unknown is not None:
        return unknown  # a record may be hidden behind it: neither create nor choose
    contacts = {str(found.id): found for found in seen if isinstance(found, Contact)}
    if contacts:
        return _match(list(contacts.values()), client)
    return Gone("HubSpot has no such contact any more") if lead.record is not None else NoMatch()


def _match(contacts: Sequence[Contact], client: Client) -> Match:
    """Return the first as the record. Keys of mere journeys come last, so a stub never wins."""
    best, *rest = (to_record(contact, client.shape) for contact in contacts)
    return Match(best, tuple(rest))
