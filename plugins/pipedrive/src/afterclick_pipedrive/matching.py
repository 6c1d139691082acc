"""Finds the persons of leads: by record id, by what was written lately, by key, by e-mail address.

The ledger is the first authority. A lead that it knows no record of is new, unless a create of it may
have landed, which a list of recent persons shows, or another ledger may have made it, which a directory
of the account shows. Persons whom sales typed in are found by their address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from afterclick.plugin import Lead, Match, MatchOutcome, NoMatch, NotYet, Record, RetryLater
from afterclick_pipedrive import deals, errors
from afterclick_pipedrive.answers import Person
from afterclick_pipedrive.budget import errand_of
from afterclick_pipedrive.client import Client
from afterclick_pipedrive.looking import Look
from afterclick_pipedrive.mapping import addresses, same_address, to_record
from afterclick_pipedrive.parallel import each
from afterclick_pipedrive.reading import Read, read_persons, recent_by_key

Recent = Mapping[str, list[Person]]


async def match(leads: Sequence[Lead], client: Client) -> list[MatchOutcome]:
    """Answer for each lead, in order; what is settled before the lane has to stop goes along.

    Raises:
        CallFailed: Pipedrive did not answer what is asked for all of them.
        LaneStop: every lead has to wait.

    """
    turn = {lead.ref: lead for lead in leads if client.api.budget.allows(errand_of(lead))}
    seen = await read_persons((record.id for lead in turn.values() for record in _known(lead)), client)
    unsure = [lead.uncertain_since for lead in turn.values() if _may_be_made(lead)]
    recent = await recent_by_key(min(filter(None, unsure)), client) if unsure else {}
    look = Look(client)

    async def one(lead: Lead) -> MatchOutcome:
        if lead.ref not in turn:
            return NotYet(client.api.budget.wait(), "the day's tokens are kept for more urgent people")
        return await Hunt(lead, look, client).run(seen, recent)

    return await each(leads, one)


def _known(lead: Lead) -> Iterable[Record]:
    return lead.doubles if lead.record is None else (lead.record,)


def _may_be_made(lead: Lead) -> bool:
    return lead.record is None and lead.uncertain_since is not None


class Hunt:
    """The search for one lead's persons; those found first are the surest."""

    def __init__(self, lead: Lead, look: Look, client: Client) -> None:
        self._lead = lead
        self._look = look
        self._client = client
        self._people: dict[str, Person] = {}

    async def run(self, seen: Mapping[str, Read], recent: Recent) -> MatchOutcome:
        """Look wherever the lead's persons may be, and say what came of it."""
        stuck = self._by_id(seen) or self._by_listing(recent)
        if stuck is None and self._may_be_under_a_key:
            stuck = await self._by_key()
        if stuck is None and self._emails:
            stuck = await self._by_email()
        return stuck or await self._outcome()

    def _take(self, people: Iterable[Person]) -> None:
        for person in people:
            self._people.setdefault(str(person.id), person)

    def _by_id(self, seen: Mapping[str, Read]) -> RetryLater | None:
        for record in _known(self._lead):
            found = seen[record.id]
            if isinstance(found, RetryLater):
                return found
            if found is not None:
                self._take([found])
        return None

    def _by_listing(self, recent: Recent) -> NotYet | None:
        """Look for a person whose create is of unknown fate; twice, before it counts as not made."""
        since = self._lead.uncertain_since
        if since is None or self._lead.record is not None:
            return None
        found = [person for key in self._lead.keys for person in recent.get(key, ())]
        self._take(sorted(found, key=lambda person: person.id))
        if found:
            return None
        now = self._client.ctx.clock.elapsed()
        wait = self._client.looks.wait("person", self._lead.ref, since, now)
        return NotYet(wait, "a second look tells whether the person was made") if wait else None

    @property
    def _lost(self) -> bool:
        """Tell whether the known record is not there any more: deleted, or merged into another."""
        return self._lead.record is not None and not self._people

    @property
    def _may_be_under_a_key(self) -> bool:
        return self._lost or self._lead.record is None

    async def _by_key(self) -> NotYet | RetryLater | None:
        found = await self._look.by_keys(self._lead.keys, lost=self._lost, besides=self._people)
        if not isinstance(found, list):
            return found
        self._take(found)
        return None

    @property
    def _emails(self) -> tuple[str, ...]:
        """Return the addresses to look for: none, where a person was found that has one of them."""
        held = {email for person in self._people.values() for email in addresses(person)}
        wanted = self._lead.emails
        if self._lost or held & {same_address(email) for email in wanted}:
            return ()
        return tuple(email for email in wanted if not self._people or email not in self._client.alone)

    async def _by_email(self) -> NotYet | RetryLater | None:
        for email in self._emails:
            found = await self._look.by_address(email, besides=self._people)
            if not isinstance(found, list):
                return found
            if not found:
                self._client.alone.add(email)
            self._take(found)
        return None

    async def _outcome(self) -> MatchOutcome:
        if not self._people:
            return errors.gone() if self._lead.record is not None else NoMatch()
        best, *rest = map(self._record, self._people.values())
        if self._lead.record is not None and best.id != self._lead.record.id:
            # It was merged into this one, and what belonged to it went along.
            best = msgspec.structs.replace(best, related=self._lead.record.related)
        found = await deals.missing(self._lead, best, rest, self._client)
        if isinstance(found, NotYet | RetryLater):
            return found
        record, steps = found
        return Match(record, tuple(rest), steps)

    def _record(self, person: Person) -> Record:
        """Return a person as a record, with what the ledger knows to be related to it."""
        known = (*_known(self._lead), *self._lead.doubles)
        before = next((record for record in known if record.id == str(person.id)), None)
        return to_record(person, self._client.shape, before=before)
