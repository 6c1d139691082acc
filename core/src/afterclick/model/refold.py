"""A lead computed anew: what its stored events say by today's rules. Pure.

Decisions are replayed and never taken again: whose an event is, which journey it belongs to, of how many
that was chosen, and which identities the lead has. What is read again is what the events say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import reduce

import msgspec

from afterclick.model.event import Event
from afterclick.model.further import DATA
from afterclick.model.lead import LeadState, Stamp, Touch, contribution, merge
from afterclick.model.view import Decision


def refolded(
    old: LeadState, read: Iterable[tuple[Event, Decision]], further: Collection[str] = ()
) -> LeadState:
    """Return the state of a lead from its events as they are read now.

    `read` are the lead's events with the decisions taken once, decoded with the attributes `further`.
    A value whose event is not among them stays as it is, since there is nothing to read it from.
    """
    said: list[LeadState] = []
    ties: set[bytes] = set()
    for event, decision in read:
        said.append(contribution(event, journey=decision.journey or decision.touch or event.name))
        ties.add(event.tie)
    return reduce(merge, said, _Kept(ties, frozenset(further)).of(old))


class _Kept:
    """What stays of a state: what other events said, and what was concluded."""

    def __init__(self, read: Collection[bytes], further: Collection[str]) -> None:
        self._read = read
        self._further = further

    def of(self, old: LeadState) -> LeadState:
        return LeadState(
            founded=self._one(old.founded),
            touches={name: kept for name, touch in old.touches.items() if (kept := self._touch(touch))},
            install=self._one(old.install),
            claim=self._one(old.claim),
            referral=self._one(old.referral),
            registered=self._one(old.registered),
            milestones=self._each(old.milestones),
            referrer=self._one(old.referrer),
            person=self._each(old.person),
            further={
                name: stamp
                for name, stamp in old.further.items()
                # A path that no connection shows now was not looked for, so nothing speaks against its value.
                if self._stays(stamp) or (name.startswith(DATA) and name not in self._further)
            },
            identities=old.identities,
            claims=old.claims,
        )

    def _stays(self, stamp: Stamp) -> bool:
        """Tell whether a value was not said by an event that was read.

        One that is inferred was said of a link or a code, and what those remember is not read again.
        """
        return stamp.inferred or stamp.tie not in self._read

    def _one(self, stamp: Stamp | None) -> Stamp | None:
        return stamp if stamp is not None and self._stays(stamp) else None

    def _each(self, stamps: Mapping[str, Stamp]) -> dict[str, Stamp]:
        return {name: stamp for name, stamp in stamps.items() if self._stays(stamp)}

    def _touch(self, touch: Touch) -> Touch | None:
        fields = self._each(touch.fields)
        if not fields:
            return None
        ends = [stamp for stamp in (touch.first, touch.last) if stamp.tie not in self._read]
        # Ends that were read come back with their events; until then any place will do that is no anchor.
        anyhow = min(fields.values())
        return Touch(
            min(ends, default=msgspec.structs.replace(anyhow, inferred=True, value="")),
            max(ends, default=msgspec.structs.replace(anyhow, inferred=True, value="")),
            fields,
        )
