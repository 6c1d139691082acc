"""The working set of one batch: what the ledger knew, overlaid with what the batch decided so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from afterclick.model.event import Event
from afterclick.model.identity import Identity, IdentityKind, names_somebody
from afterclick.model.journey import Journey, Policy, Slot, fits, nothing_disagrees, on_link, slot_of
from afterclick.model.lead import LeadState
from afterclick.model.memory import CodeMemory, LinkMemory
from afterclick.model.view import CodeName, LinkName, Resolution, View


class WorkingSet:
    """Leads, identities and journeys as they stand in the middle of a batch."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.out = Resolution()
        self._journeys: dict[str, Journey] = {}
        # Only journeys that can still take an event of that kind, so that a link that everybody taps costs
        # no more than another.
        self._open: dict[tuple[Slot, str, str | bytes], dict[str, None]] = defaultdict(dict)
        self._of_lead: dict[int, list[str]] = defaultdict(list)
        self._journeyed = {lead for lead, state in view.leads.items() if state.journeyed}
        self._users = {lead: state.users for lead, state in view.leads.items()}
        self._somebody = {lead for lead, state in view.leads.items() if names_somebody(state.identities)}
        self._times = {lead: state.times for lead, state in view.leads.items()}
        self._homeless: dict[tuple[str, bytes], list[Event]] = defaultdict(list)
        for event in view.homeless:
            self.leave(event)
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
        self._times[root] = (*self._times.get(root, ()), *self._times.get(joined, ()))
        if joined in self._somebody:
            self._somebody.add(root)
        if joined in self._journeyed:
            self._journeyed.add(root)
        self._of_lead[root].extend(self._of_lead.pop(joined, []))
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
        self._times[lead] = (*self._times.get(lead, ()), *state.times)

    def says_who(self, lead: int) -> bool:
        """Tell whether a user id or an e-mail address of the lead is known."""
        return lead in self._somebody

    def may_be(self, lead: int, event: Event, window: int) -> bool:
        """Tell whether a lead can be an event's: near it in time (`window` in ms), and nothing disagrees."""
        return any(abs(at - event.occurred_at) <= window for at in self._times.get(lead, ())) and all(
            nothing_disagrees(journey, event.facts) for journey in self._journeys_of(lead)
        )

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
            if names_somebody((name,)):
                self._somebody.add(lead)

    def pass_on(self, name: Identity, lead: int) -> None:
        """Let a name point to a lead, whoever had it before."""
        self.out.identities[name] = lead

    # Touches without a home.

    def leave(self, event: Event) -> None:
        """Keep a touch that fits no journey, for one of its address that comes later."""
        if event.ip_hash is not None:
            self._homeless[event.space, event.ip_hash].append(event)

    def homeless(self, journey: Journey, slot: Slot, policy: Policy) -> list[Event]:
        """Return the touches left at a journey's address that fit into one of its places."""
        if journey.ip_hash is None or (journey.space, journey.ip_hash) not in self._homeless:
            return []
        left = self._homeless[journey.space, journey.ip_hash]
        return [event for event in left if slot_of(event) is slot and fits(journey, event, slot, policy)]

    def take_in(self, event: Event) -> None:
        """Note that a homeless touch found its journey."""
        assert event.ip_hash is not None  # noqa: S101 - only such are left
        self._homeless[event.space, event.ip_hash].remove(event)

    # Journeys.

    def journey(self, key: str) -> Journey:
        """Return a journey as it stands."""
        return self._journeys[key]

    def keep(self, journey: Journey, *, changed: bool = True) -> None:
        """Take a journey in, new or filled further."""
        if journey.key not in self._journeys:
            self._of_lead[self.root(journey.lead)].append(journey.key)
        self._journeys[journey.key] = journey
        for slot in Slot:
            takes = journey.takes(slot)
            for keys in self._places(slot, journey.space, journey.token, journey.ip_hash):
                if takes:
                    keys[journey.key] = None
                else:
                    keys.pop(journey.key, None)
        if changed:
            self.out.journeys[journey.key] = journey

    def _places(
        self, slot: Slot, space: str, token: str | None, ip_hash: bytes | None
    ) -> list[dict[str, None]]:
        names = [name for name in (token, ip_hash) if name is not None]
        return [self._open[slot, space, name] for name in names]

    def fitting(self, event: Event, slot: Slot, policy: Policy) -> list[Journey]:
        """Return the journeys that can be the event's."""
        keys: dict[str, None] = {}
        for place in self._places(slot, event.space, event.facts.token, event.ip_hash):
            keys |= place
        found = (self._journeys[key] for key in keys)
        return [journey for journey in found if fits(journey, event, slot, policy)]

    def _journeys_of(self, lead: int) -> list[Journey]:
        return [self._journeys[key] for key in self._of_lead[lead] if key in self._journeys]

    def own_journey(self, lead: int, prefix: str | None, token: str) -> Journey | None:
        """Return the lead's own journey on a link, the earliest if there are several."""
        own = [journey for journey in self._journeys_of(lead) if on_link(journey, prefix, token)]
        return min(own, key=lambda journey: (journey.opened_at, journey.key), default=None)

    def stop_waiting(self, lead: int, *, besides: str | None = None) -> None:
        """Take a person out of every other queue: one claims at most one journey."""
        for journey in self._journeys_of(lead):
            if journey.person and not journey.touched and journey.key != besides:
                self._drop(journey)

    def _drop(self, journey: Journey) -> None:
        self.out.closed.add(journey.key)
        del self._journeys[journey.key]
        for slot in Slot:
            for keys in self._places(slot, journey.space, journey.token, journey.ip_hash):
                keys.pop(journey.key, None)

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
