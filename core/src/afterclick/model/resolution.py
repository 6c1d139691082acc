"""Whose event is this? The decisions of identity, for a batch of events.

Pure: the caller loads a `View` and stores the `Resolution`. Events are taken in event-time order,
ties by hash, so that a batch decides the same whatever order it arrived in.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from afterclick.model.event import CLICK, COMPLETED, INSTALL, Event
from afterclick.model.identity import (
    Identity,
    IdentityKind,
    exact_identities,
    founding_identity,
    friend_of,
    last_through,
    names_somebody,
)
from afterclick.model.journey import (
    Journey,
    Policy,
    Role,
    Slot,
    can_be_one,
    filled_by,
    is_bare,
    opened_by,
    preference,
    role_of,
    slot_of,
)
from afterclick.model.lead import contribution, inherited
from afterclick.model.memory import CodeMemory
from afterclick.model.view import CodeName, Decision, Resolution, View, link_name
from afterclick.model.working import WorkingSet


def resolve(events: Iterable[Event], view: View, policy: Policy) -> Resolution:
    """Decide for every event of a batch whose it is."""
    resolver = _Resolver(view, policy)
    for event in sorted(events, key=lambda event: (event.occurred_at, event.tie)):
        resolver.take(event)
    return resolver.known.finish()


def tell(name: CodeName, memory: CodeMemory, leads: Iterable[int], *, below: int | None) -> Resolution:
    """Tell leads what was learned of a code they came through; those with ids below `below` are left."""
    out = Resolution(untold={name: below})
    for lead in leads:
        out.contributions[lead].append(inherited(described=memory.described, referrer=memory.named))
    return out


class _Resolver:
    def __init__(self, view: View, policy: Policy) -> None:
        self.known = WorkingSet(view)
        self.policy = policy

    def take(self, event: Event) -> None:
        role = role_of(event, self.policy)
        if role is Role.TOUCH:
            decision = self._touch(event)
        elif role is Role.PERSON:
            decision = self._person(event)
        elif role is Role.LINK:
            decision = self._click(event) if event.type == CLICK else self._describe(event)
        else:
            decision = Decision(how="ignored")
        self.known.out.decisions[event.id] = decision

    # Touches: anonymous events of a journey.

    def _touch(self, event: Event) -> Decision:
        personal = exact_identities(event, self.policy.personal_prefixes)
        if personal:
            return self._personal_touch(event, personal)
        slot = slot_of(event)
        fitting = self.known.fitting(event, slot, self.policy)
        if not fitting and is_bare(event):
            self.known.leave(event)
            return Decision(how="unattributed")
        if fitting:
            decision = self._pair(event, slot, fitting)
        else:
            lead = self.known.found(event)
            self.known.keep(opened_by(event, slot, lead))
            self._fold(event, lead, event.name, frozenset({founding_identity(event)}))
            decision = self._counted(event, Decision(how="founded", lead=lead, journey=event.name))
        if decision.journey is not None and not is_bare(event):
            self._take_in(decision.journey, event)
        return decision

    def _take_in(self, key: str, event: Event) -> None:
        """Give a journey the touches of its address that came before it and said nothing of a link.

        Had they come after it, they would have found it by the same rule.
        """
        for slot in (Slot.INSTALL, Slot.CLAIM):
            journey = self.known.journey(key)
            left = self.known.homeless(journey, slot, self.policy)
            if left:
                nearest = min(left, key=lambda one: (abs(one.occurred_at - event.occurred_at), one.tie))
                self.known.take_in(nearest)
                self.known.out.decisions[nearest.id] = self._pair(nearest, slot, [journey])

    def _pair(self, event: Event, slot: Slot, fitting: list[Journey]) -> Decision:
        """Fill the best journey; it and its first touch are the lead's from now on."""
        journey = min(fitting, key=lambda journey: preference(journey, event))
        lead = self.known.root(journey.lead)
        filled = filled_by(journey, event, slot, lead)
        waiting = [
            other for other in fitting if other.person and not other.touched and can_be_one(journey, other)
        ]
        if waiting and not journey.person:
            # The address led to an unclaimed journey, the link to somebody who waits for one.
            person = min(waiting, key=lambda other: preference(other, event))
            lead = self.known.join(lead, self.known.root(person.lead))
            filled = msgspec.structs.replace(filled, lead=lead, person=True)
        self.known.keep(filled)
        if filled.person:
            self.known.stop_waiting(lead, besides=filled.key)
        own = frozenset() if journey.touched else frozenset({founding_identity(event)})
        self._fold(event, lead, journey.key, own, candidates=len(fitting))
        return self._counted(
            event, Decision(how="probable", lead=lead, journey=journey.key, candidates=len(fitting))
        )

    def _personal_touch(self, event: Event, names: tuple[Identity, ...]) -> Decision:
        """Fold a tap on a link that was made for one person: all of them are one journey."""
        lead = self.known.holder(names[0])
        how = "exact"
        own = set(names)
        if lead is None:
            lead, how = self.known.found(event), "founded"
            own.add(founding_identity(event))
        self.known.name(names, lead)
        key = f"link:{names[0].value}"
        self._fold(event, lead, key, frozenset(own))
        return self._counted(event, Decision(how=how, lead=lead, touch=key))

    # People: events that say who.

    def _person(self, event: Event) -> Decision:
        stated = exact_identities(event, self.policy.personal_prefixes)
        if not stated:
            return Decision(how="unattributed")
        lead, joined, names = self._by_identity(stated)
        exact = lead is not None
        partner = self._partner(event, stated, lead)
        if partner is not None:
            joined += [] if lead is None else [max(lead, partner)]
            lead = partner if lead is None else self.known.join(lead, partner)
        journey, candidates = self._claimable(event, lead)
        if lead is None:
            lead = self.known.root(journey.lead) if journey is not None else self.known.found(event)
        if journey is not None:
            stub = self.known.root(journey.lead)
            if stub != lead:
                joined.append(max(stub, lead))
                lead = self.known.join(lead, stub)
            self.known.keep(filled_by(journey, event, Slot.PERSON, lead))
            self.known.stop_waiting(lead, besides=journey.key)
            self.known.took_journey(lead)
        key = journey.key if journey is not None else self._journey_of(event, lead)
        self.known.name(names, lead)
        self._remember_who_came(event, stated, lead)
        self._fold(event, lead, key, frozenset(names), candidates=candidates)
        # Whoever is taken for a code's friend takes no place of a journey.
        takes_place = journey is not None or partner is None
        decision = Decision(
            how="exact" if exact else "founded" if journey is None and partner is None else "probable",
            lead=lead,
            journey=key if takes_place else None,
            touch=None if takes_place else key,
            candidates=candidates or (None if partner is None else 1),
            joined=tuple(joined),
        )
        return self._counted(event, decision, new_person=not exact and partner is None)

    def _partner(self, event: Event, stated: tuple[Identity, ...], lead: int | None) -> int | None:
        """Return who else is this person, where a code is all that two events share.

        The article's events name nobody but "the friend of this code", a registration names somebody who
        came through it. Where the friend has no name yet, they are taken for one person.
        """
        code = event.facts.code
        if code is None:
            return None
        if names_somebody(stated):
            other = self.known.holder(friend_of(event.space, code))
            if other is not None and self.known.says_who(other):
                return None
        else:
            other = None if lead is not None else self.known.holder(last_through(event.space, code))
        if other is None or other == lead or not self.known.may_be(other, event, self.policy.window):
            return None
        both = lead is not None and self.known.has_journey(lead) and self.known.has_journey(other)
        return None if both else other

    def _remember_who_came(self, event: Event, stated: tuple[Identity, ...], lead: int) -> None:
        code = event.facts.code
        if code is None or not names_somebody(stated):
            return
        if self.known.holder(friend_of(event.space, code)) is None:
            self.known.pass_on(last_through(event.space, code), lead)

    def _by_identity(self, names: tuple[Identity, ...]) -> tuple[int | None, list[int], tuple[Identity, ...]]:
        """Return the lead the names point to, the leads that joined it, and the names it may hold.

        Two different user ids are never united: the first holder keeps the weaker identity.
        """
        lead: int | None = None
        users = frozenset(name for name in names if name.kind == IdentityKind.USER)
        joined: list[int] = []
        allowed: list[Identity] = []
        for name in names:
            holder = self.known.holder(name)
            theirs = frozenset() if holder is None else self.known.users(holder)
            if holder is not None and users and theirs and users != theirs:
                self.known.out.refused.append((name, holder, lead or 0))
                continue
            allowed.append(name)
            users |= theirs
            if holder is None or holder == lead:
                continue
            if lead is None:
                lead = holder
            else:
                joined.append(max(lead, holder))
                lead = self.known.join(lead, holder)
        return lead, joined, tuple(allowed)

    def _claimable(self, event: Event, lead: int | None) -> tuple[Journey | None, int | None]:
        """Return the journey a person may claim and of how many, unless the person has one already."""
        if lead is not None and self.known.has_journey(lead):
            return None, None
        fitting = self.known.fitting(event, Slot.PERSON, self.policy)
        if not fitting:
            return None, None
        return min(fitting, key=lambda journey: preference(journey, event)), len(fitting)

    def _journey_of(self, event: Event, lead: int) -> str:
        """Return the journey a person's event belongs to; without one, wait for it on the link."""
        facts = event.facts
        if facts.token is None:
            return event.name
        own = self.known.own_journey(lead, facts.prefix, facts.token)
        if own is not None:
            return own.key
        if not self.known.has_journey(lead):
            self.known.keep(opened_by(event, Slot.PERSON, lead))
        return event.name

    # Links and codes: never a lead.

    def _click(self, event: Event) -> Decision:
        self._count(event, clicks=1)
        return Decision(how="link")

    def _describe(self, event: Event) -> Decision:
        """Remember whose a code is, for the leads that came through it and those that will."""
        if event.facts.code is None:
            return Decision(how="unattributed")
        name = (event.space, event.facts.code)
        before = self.known.code(name)
        memory = before.after(event)
        self.known.out.codes[name] = memory
        if (memory.described, memory.named) != (before.described, before.named):
            for lead in sorted(self.known.came_through(name)):
                self._inherit(lead, memory)
            if name in self.known.view.beyond:
                self.known.out.untold[name] = self.known.view.beyond[name]
        return Decision(how="code")

    # What every lead event does.

    def _fold(
        self,
        event: Event,
        lead: int,
        journey: str,
        names: frozenset[Identity],
        candidates: int | None = None,
    ) -> None:
        facts = event.facts
        campaign = None
        if facts.campaign is None and facts.token is not None:
            campaign = self.known.link(link_name(event)).campaign_at(event.occurred_at)
        said = contribution(
            event, journey=journey, identities=names, inferred_campaign=campaign, candidates=candidates
        )
        self.known.contribute(lead, said)
        if slot_of(event) is not Slot.PERSON:
            self.known.took_journey(lead)
        if facts.code is not None:
            name = (event.space, facts.code)
            self.known.out.through[name].add(lead)
            self._inherit(lead, self.known.code(name))

    def _inherit(self, lead: int, memory: CodeMemory) -> None:
        if memory.described is not None:
            self.known.contribute(lead, inherited(described=memory.described, referrer=memory.named))

    def _counted(self, event: Event, decision: Decision, *, new_person: bool = False) -> Decision:
        self._count(
            event,
            installs=int(event.type == INSTALL),
            people=int(new_person),
            conversions=int(event.type == COMPLETED),
        )
        return decision

    def _count(self, event: Event, **more: int) -> None:
        """Add the event to the counts of its link and code, and remember its campaign."""
        name = link_name(event)
        memory = self.known.link(name)
        memory = msgspec.structs.replace(memory, counts=memory.counts.plus(**more))
        if event.facts.campaign is not None:
            memory = memory.seen(event.facts.campaign, event.occurred_at)
        self.known.out.links[name] = memory
        if event.facts.code is not None:
            code_name = (event.space, event.facts.code)
            code = self.known.code(code_name)
            self.known.out.codes[code_name] = msgspec.structs.replace(code, counts=code.counts.plus(**more))
