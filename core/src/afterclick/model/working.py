"""The working set of one batch: what the ledger knew, overlaid with what the batch decided so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from afterclick.model.event import Event
from afterclick.model.identity import Identity, IdentityKind
from afterclick.model.journey import Journey, Policy, Slot, fits, on_link
from afterclick.model.lead import LeadState
from afterclick.model.memory import CodeMemory, LinkMemory
from afterclick.model.view import CodeName, LinkName, Resolution, View


class WorkingSet:
    """Leads, identities and journeys as they stand in the middle of a batch."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.out = Resolution()
        self._journeys: dict[str, Journey] = {}
        self._by_token: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self._by_address: dict[tuple[str, bytes], dict[str, None]] = defaultdict(dict)
        self._waiting: dict[int, list[str]] = defaultdict(list)
        self._journeyed = {lead for lead, state in view.leads.items() if state.journeyed}
        self._users = {lead: state.users for lead, state in view.leads.items()}
        self._next_lead = view.next_lead
        for journey in view.journeys:
            self.keep(journey, changed=False)

    # Leads.

    def found(self, event: Event) -> int:
        """Return the id of a new lead that the event founds."""
        lead = self._next_lead
        self._next_lead += 1
        self.out.founded[lead] = event
        return lead

    def root(self, lead: int) -> int:
        """Return the living lead behind an id."""
        while lead in self.out.joins:
            lead = self.out.joins[lead]
        return lead

    def join(self, one: int, other: int) -> int:
        """Unite two leads. The older id lives on, so that it does not matter which event did it."""
        root, joined = min(one, other), max(one, other)
        if root == joined:
            return root
        self.out.joins[joined] = root
        self._users[root] = self.users(root) | self.users(joined)
        if joined in self._journeyed:
            self._journeyed.add(root)
        self._waiting[root].extend(self._waiting.pop(joined, []))
        if root in self._journeyed:
            self.stop_waiting(root)
        return root

    def users(self, lead: int) -> frozenset[Identity]:
        """Return the user ids of a lead."""
        return self._users.get(lead, frozenset())

    def has_journey(self, lead: int) -> bool:
        """Tell whether the lead has its journey, so that it may claim no other."""
        return lead in self._journeyed

    def took_journey(self, lead: int) -> None:
        """Note that the lead has its journey."""
        self._journeyed.add(lead)

    def contribute(self, lead: int, state: LeadState) -> None:
        """Add what an event says of a lead."""
        self.out.contributions[lead].append(state)

    # Identities.

    def holder(self, name: Identity) -> int | None:
        """Return the living lead that an identity points to."""
        lead = self.out.identities.get(name, self.view.identities.get(name))
        return None if lead is None else self.root(lead)

    def name(self, names: Iterable[Identity], lead: int) -> None:
        """Give the lead the identities that nobody holds yet."""
        for name in names:
            if self.holder(name) is None:
                self.out.identities[name] = lead
            if name.kind == IdentityKind.USER:
                self._users[lead] = self.users(lead) | {name}

    # Journeys.

    def keep(self, journey: Journey, *, changed: bool = True) -> None:
        """Take a journey in, new or filled further."""
        known = journey.key in self._journeys
        self._journeys[journey.key] = journey
        if journey.token is not None:
            self._by_token[journey.space, journey.token][journey.key] = None
        if journey.ip_hash is not None:
            self._by_address[journey.space, journey.ip_hash][journey.key] = None
        if journey.person and not journey.touched and not known:
            self._waiting[self.root(journey.lead)].append(journey.key)
        if changed:
            self.out.journeys[journey.key] = journey

    def fitting(self, event: Event, slot: Slot, policy: Policy) -> list[Journey]:
        """Return the journeys that can be the event's."""
        keys: dict[str, None] = {}
        if event.facts.token is not None:
            keys |= self._by_token[event.space, event.facts.token]
        if event.ip_hash is not None:
            keys |= self._by_address[event.space, event.ip_hash]
        found = (self._journeys[key] for key in keys)
        return [journey for journey in found if fits(journey, event, slot, policy)]

    def own_journey(self, lead: int, space: str, prefix: str | None, token: str) -> Journey | None:
        """Return the lead's own journey on a link, the earliest if there are several."""
        found = (self._journeys[key] for key in self._by_token[space, token])
        own = [one for one in found if self.root(one.lead) == lead and on_link(one, prefix, token)]
        return min(own, key=lambda journey: (journey.opened_at, journey.key), default=None)

    def stop_waiting(self, lead: int, *, besides: str | None = None) -> None:
        """Take a person out of every other queue: one claims at most one journey."""
        for key in self._waiting.pop(lead, []):
            journey = self._journeys.get(key)
            if key != besides and journey is not None and not journey.touched:
                self._drop(journey)

    def _drop(self, journey: Journey) -> None:
        self.out.closed.add(journey.key)
        del self._journeys[journey.key]
        if journey.token is not None:
            del self._by_token[journey.space, journey.token][journey.key]
        if journey.ip_hash is not None:
            del self._by_address[journey.space, journey.ip_hash][journey.key]

    # Links and codes.

    def link(self, name: LinkName) -> LinkMemory:
        """Return what a link remembers."""
        return self.out.links.get(name) or self.view.links.get(name) or LinkMemory()

    def code(self, name: CodeName) -> CodeMemory:
        """Return what a referral code remembers."""
        return self.out.codes.get(name) or self.view.codes.get(name) or CodeMemory()

    def came_through(self, name: CodeName) -> set[int]:
        """Return the living leads known to have come through a code."""
        known = (*self.view.through.get(name, ()), *self.out.through.get(name, ()))
        return {self.root(lead) for lead in known}

    def finish(self) -> Resolution:
        """Return what the batch changes, every lead in it a living one."""
        out = self.out
        out.journeys = {
            key: msgspec.structs.replace(journey, lead=self.root(journey.lead))
            for key, journey in out.journeys.items()
            if key not in out.closed
        }
        out.identities = {name: self.root(lead) for name, lead in out.identities.items()}
        out.through = {name: {self.root(lead) for lead in leads} for name, leads in out.through.items()}
        out.joins = {lead: self.root(lead) for lead in out.joins}
        if out.joins:
            out.decisions = {
                id: said if said.lead is None else msgspec.structs.replace(said, lead=self.root(said.lead))
                for id, said in out.decisions.items()
            }
        gathered: dict[int, list[LeadState]] = defaultdict(list)
        for lead, states in out.contributions.items():
            gathered[self.root(lead)].extend(states)
        out.contributions = gathered
        return out
