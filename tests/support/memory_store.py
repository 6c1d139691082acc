"""A ledger of leads in plain dictionaries: slow, complete, and strict about what must always hold.

It answers a `Needs` with everything that could matter, without limits or windows, and checks after
every batch that what the fold made is sound. Real ledgers are compared with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import reduce

import msgspec

from afterclick.model.event import CLAIM, INSTALL, Event
from afterclick.model.identity import LAST, Identity, IdentityKind
from afterclick.model.journey import Ask, Journey, Policy, Role, Slot, role_of
from afterclick.model.lead import LeadState, Stamp, attributes, merge
from afterclick.model.memory import CodeMemory, LinkMemory
from afterclick.model.resolution import resolve
from afterclick.model.view import CodeName, Decision, LinkName, Needs, Resolution, View, needs_of

Batch = Sequence[Event]
PERSONS = frozenset({IdentityKind.USER.value, IdentityKind.EMAIL.value, IdentityKind.REF.value})


class MemoryStore:
    """Leads, identities, journeys and memories as they stand after the batches folded so far."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.states: dict[int, LeadState] = {}
        self.joined_into: dict[int, int] = {}
        self.identities: dict[Identity, int] = {}
        self.journeys: dict[str, Journey] = {}
        self.links: dict[LinkName, LinkMemory] = {}
        self.codes: dict[CodeName, CodeMemory] = {}
        self.through: dict[CodeName, set[int]] = {}
        self.events: dict[str, Event] = {}
        self.decisions: dict[str, Decision] = {}
        self.refused: list[tuple[Identity, int, int]] = []

    # What the program asks of a ledger.

    def view(self, needs: Needs) -> View:
        """Return all that is known and could matter."""
        identities = {name: lead for name, lead in self.identities.items() if name in needs.identities}
        leads = set(identities.values())
        asked = [one for one in self.journeys.values() if any(_answers(one, ask) for ask in needs.asks)]
        people = leads | {one.lead for one in asked if one.person and not one.touched}
        own = [one for one in self.journeys.values() if one.lead in people]
        homeless = [
            event
            for name, event in self.events.items()
            if self.decisions[name].how == "unattributed" and _is_near(event, needs)
        ]
        return View(
            next_lead=max(self.states, default=0) + 1,
            identities=identities,
            leads={lead: self.states[lead] for lead in leads},
            journeys=list({one.key: one for one in asked + own}.values()),
            links={name: self.links[name] for name in needs.links if name in self.links},
            codes={name: self.codes[name] for name in needs.codes if name in self.codes},
            through={name: sorted(self.through.get(name, ())) for name in needs.described},
            homeless=homeless,
        )

    def apply(self, out: Resolution) -> None:
        """Store what a batch changes."""
        self.states |= {lead: LeadState() for lead in out.founded}
        for lead, root in out.joins.items():
            self._join(lead, root)
        for lead, said in out.contributions.items():
            self.states[lead] = reduce(merge, said, self.states[lead])
        self.identities |= out.identities
        self.journeys |= out.journeys
        for key in out.closed:
            self.journeys.pop(key, None)
        self.links |= out.links
        self.codes |= out.codes
        for name, leads in out.through.items():
            self.through.setdefault(name, set()).update(leads)
        self.refused += out.refused

    def _join(self, lead: int, root: int) -> None:
        self.joined_into = {one: root if into == lead else into for one, into in self.joined_into.items()}
        self.joined_into[lead] = root
        self.states[root] = merge(self.states[root], self.states[lead])
        self.identities = {name: root if at == lead else at for name, at in self.identities.items()}
        self.journeys = {
            key: msgspec.structs.replace(one, lead=root) if one.lead == lead else one
            for key, one in self.journeys.items()
        }
        self.through = {
            name: {root if at == lead else at for at in leads} for name, leads in self.through.items()
        }

    # What tests do with it.

    def fold(self, *batch: Event) -> Resolution:
        """Fold one batch, leaving out what was received before, and check that all is sound."""
        fresh: dict[str, Event] = {}
        for event in batch:
            if event.name not in self.events:
                id = len(self.events) + len(fresh) + 1
                fresh.setdefault(event.name, msgspec.structs.replace(event, id=id))
        events = list(fresh.values())
        out = resolve(events, self.view(needs_of(events, self.policy)), self.policy)
        self.apply(out)
        self.events |= fresh
        names = {event.id: event.name for event in self.events.values()}
        self.decisions |= {names[id]: decision for id, decision in out.decisions.items()}
        assert {event.name for event in events} <= self.decisions.keys()
        self.check()
        return out

    def fold_all(self, batches: Iterable[Batch]) -> MemoryStore:
        """Fold several batches."""
        for batch in batches:
            self.fold(*batch)
        return self

    def root(self, lead: int) -> int:
        """Return the living lead behind an id."""
        return self.joined_into.get(lead, lead)

    @property
    def living(self) -> dict[int, LeadState]:
        """Return the leads that no other took in."""
        return {lead: state for lead, state in self.states.items() if lead not in self.joined_into}

    @property
    def only(self) -> LeadState:
        """Return the one lead that there is."""
        [state] = self.living.values()
        return state

    def lead_of(self, event: Event) -> int:
        """Return the living lead that an event belongs to."""
        lead = self.decisions[event.name].lead
        assert lead is not None
        return self.root(lead)

    def shown(self, event: Event) -> dict[str, object]:
        """Return the attributes of an event's lead."""
        return dict(attributes(self.living[self.lead_of(event)]))

    # What must always hold.

    def check(self) -> None:
        """Raise where something is unsound."""
        self._check_leads()
        self._check_journeys()
        self._check_events()

    def _check_leads(self) -> None:
        living = self.living
        for lead, root in self.joined_into.items():
            assert root in living, f"lead {lead} was joined into {root}, which is joined itself"
        for name, lead in self.identities.items():
            assert lead in living, f"{name} points to a lead that is joined"
            known = name in self.states[lead].identities
            assert known or name.kind == LAST, f"lead {lead} does not know its {name}"
        for lead, state in living.items():
            assert len(state.users) <= 1, f"lead {lead} unites {state.users}"
            for name in state.identities:
                if name.kind != IdentityKind.EVENT.value:
                    assert self.identities[name] == lead, f"{name} is lead {lead}'s and another's"

    def _check_journeys(self) -> None:
        living = self.living
        waiting: set[int] = set()
        arrived: set[int] = set()
        for journey in self.journeys.values():
            assert journey.lead in living, f"journey {journey.key} belongs to a lead that is joined"
            assert journey.touched or journey.person, f"journey {journey.key} is empty"
            named = any(name.kind in PERSONS for name in self.states[journey.lead].identities)
            if journey.touched and not journey.person:
                assert not named, f"journey {journey.key} of a named lead can be claimed by another"
            (arrived if journey.touched else waiting).add(journey.lead)
        both = waiting & arrived
        assert not both, f"leads {both} have a journey and wait for a second one"

    def _check_events(self) -> None:
        taken: Counter[tuple[str, str]] = Counter()
        for name, decision in self.decisions.items():
            event = self.events[name]
            role = role_of(event, self.policy)
            assert (decision.lead is None) == (decision.how in {"link", "code", "unattributed", "ignored"})
            if decision.lead is None:
                continue
            assert role in (Role.TOUCH, Role.PERSON)
            self._check_kept(event, self.states[self.root(decision.lead)])
            if decision.journey is None:
                continue
            if event.type in (INSTALL, CLAIM):
                taken[decision.journey, event.type] += 1
            elif decision.candidates is not None or decision.journey == name:
                taken[decision.journey, Slot.PERSON] += 1
        twice = [slot for slot, count in taken.items() if count > 1]
        assert not twice, f"claimed more than once: {twice}"

    def _check_kept(self, event: Event, state: LeadState) -> None:
        """Raise unless the lead remembers the event, or something of that kind before it."""
        stamp = Stamp(False, event.occurred_at, event.tie)
        kept = {INSTALL: state.install, CLAIM: state.claim}.get(event.type, state.founded)
        assert state.founded is not None
        assert state.founded <= stamp
        assert kept is not None
        assert kept <= stamp, f"{event.type} is lost"


def _is_near(event: Event, needs: Needs) -> bool:
    if event.ip_hash is None or (event.space, event.ip_hash) not in needs.addresses:
        return False
    first, last = needs.addresses[event.space, event.ip_hash]
    return first <= event.occurred_at <= last


def _answers(journey: Journey, ask: Ask) -> bool:
    if journey.space != ask.space or not journey.takes(ask.slot):
        return False
    if ask.ip_hash is not None:
        return journey.ip_hash == ask.ip_hash
    return journey.token == ask.token
