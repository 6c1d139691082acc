"""Finds the contacts of leads: by record id, else by all their keys, and by e-mail address. Never by search.

A read by id, by a unique property or by an address shows writes at once; HubSpot's search lags, and
searching before creating is how its duplicates are made. A contact that sales typed in has none of our keys,
so a person with an address is looked for under it too, unless their contact is known to have it. An
additional address leads to its contact as well. Source: HubSpot, "Contacts" guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from afterclick.plugin import CallFailed, Gone, LaneStop, Lead, Match, MatchOutcome, NoMatch, RetryLater
from afterclick_hubspot.answers import Contact
from afterclick_hubspot.client import Client
from afterclick_hubspot.lookup import Seen, Unanswered, look_up
from afterclick_hubspot.mapping import EMAIL, addresses, same, to_record


@dataclass(slots=True)
class Search:
    """What is known of one lead so far: its contacts, the one known by id first, or why nobody can tell."""

    lead: Lead
    contacts: dict[str, Contact] = field(default_factory=dict)
    unknown: RetryLater | Unanswered | None = None

    def take(self, seen: Iterable[Seen]) -> None:
        """Take in what ids, keys or addresses led to, the strongest first."""
        for found in seen:
            if isinstance(found, Contact):
                self.contacts.setdefault(str(found.id), found)
            elif found is not None:
                # A contact may be hidden behind it: neither create nor choose.
                self.unknown = self.unknown or found

    @property
    def emails(self) -> tuple[str, ...]:
        """Return the lead's addresses, unless a contact has one of them: then there is none to look for."""
        held = {email for contact in self.contacts.values() for email in addresses(contact)}
        return () if held & set(map(same, self.lead.emails)) else self.lead.emails

    def outcome(self, client: Client) -> MatchOutcome | Unanswered:
        """Say what came of it. Keys of mere journeys come last, so a stub never wins over a person."""
        if self.unknown is not None:
            return self.unknown
        if self.contacts:
            best, *rest = (to_record(contact, client.shape) for contact in self.contacts.values())
            return Match(best, tuple(rest))
        gone = self.lead.record is not None
        return Gone("HubSpot has no such contact any more") if gone else NoMatch()


async def match(leads: Sequence[Lead], client: Client) -> list[MatchOutcome]:
    """Answer for each lead, in order; what is settled before the lane has to stop goes along.

    Raises:
        CallFailed: HubSpot answered for nobody, so that the core stops asking for a while.
        LaneStop: every lead has to wait.

    """
    searches = [Search(lead) for lead in leads]
    settled: Mapping[int, Search] = {}
    try:
        await _by_id(searches, client)
        settled = {index: one for index, one in enumerate(searches) if one.contacts and not one.emails}
        lost = [one for one in searches if not one.contacts or one.emails]
        await _by_key(lost, client)
        settled |= {i: one for i, one in enumerate(searches) if one.unknown is not None or not one.emails}
        await _by_email([one for one in lost if one.unknown is None], client)
    except LaneStop as stop:
        stop.outcomes.update({index: _outcome(one, client) for index, one in settled.items()})
        raise
    found = [one.outcome(client) for one in searches]
    silent = [one for one in found if isinstance(one, Unanswered)]
    if silent and len(silent) == len(leads):
        raise CallFailed(silent[0].reason, sent=True)
    return [_answered(one) for one in found]


def _outcome(search: Search, client: Client) -> MatchOutcome:
    return _answered(search.outcome(client))


def _answered(found: MatchOutcome | Unanswered) -> MatchOutcome:
    return RetryLater(found.reason) if isinstance(found, Unanswered) else found


async def _by_id(searches: Sequence[Search], client: Client) -> None:
    """Read the contacts that are known."""
    known = {one.lead.record.id: one for one in searches if one.lead.record is not None}
    seen = await look_up(known, client)
    for id, search in known.items():
        search.take([seen[same(id)]])


async def _by_key(searches: Sequence[Search], client: Client) -> None:
    """Look under all keys: for new leads, for lost records, and before somebody is looked for by address."""
    seen = await look_up((key for one in searches for key in one.lead.keys), client, by=client.shape.key)
    for search in searches:
        search.take(seen[same(key)] for key in search.lead.keys)


async def _by_email(searches: Sequence[Search], client: Client) -> None:
    """Look for what people typed in by hand."""
    wanted = {index: one.emails for index, one in enumerate(searches)}
    seen = await look_up((email for emails in wanted.values() for email in emails), client, by=EMAIL)
    for index, emails in wanted.items():
        searches[index].take(seen[same(email)] for email in emails)
