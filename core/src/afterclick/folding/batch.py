"""One fold batch: from resolved events to the rows that are written. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import msgspec

from afterclick.ledger.rows import EventState, Fence, FoldCommit, LeadRow, Want
from afterclick.model.fields import Scalar
from afterclick.model.journey import DAY
from afterclick.model.lead import LeadState, attributes, keys_of, merge
from afterclick.model.view import Decision, Resolution

_STATES = {"unattributed": EventState.UNATTRIBUTED, "ignored": EventState.IGNORED}
_pack = msgspec.msgpack.Encoder()


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as the fold sees it: which attributes it shows, of which spaces.

    None for `attributes` means that its mapping is not known (it is not running): any change counts.
    """

    connection: str
    attributes: frozenset[str] | None = None
    spaces: frozenset[str] | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """When a changed lead becomes due, and what is read of events for it. Times in milliseconds.

    Where `stubs` is not `crm` a lead without a name is due nowhere. `further` are the attributes `data.…`
    that some connection shows.
    """

    linger: int = 1_000
    stubs: str = "crm"
    stub_delay: int = 600_000
    stages: Mapping[str, str] = {}
    pepper: str = ""
    window: int = 7 * DAY
    further: frozenset[str] = frozenset()

    @property
    def journey_life(self) -> int:
        """Return how long (ms) after its last event a journey may be claimed.

        A day beyond the window: a retry of the sender comes late, not that late.
        """
        return self.window + DAY


def touched(resolution: Resolution) -> set[int]:
    """Return the leads whose stored rows a batch has to read."""
    return set(resolution.contributions) | set(resolution.joins) | set(resolution.joins.values())


def build(
    resolution: Resolution,
    known: Mapping[int, LeadRow],
    *,
    destinations: Sequence[Destination],
    rules: Rules,
    fence: Fence,
    now: int,
) -> FoldCommit:
    """Fold the contributions into the leads and say which connections have to follow."""
    leads: list[LeadRow] = []
    wants: list[Want] = []
    spaces = {lead: event.space for lead, event in resolution.founded.items()}
    for lead in sorted(
        set(resolution.contributions) | set(resolution.joins) | set(resolution.joins.values())
    ):
        row, before = _folded(lead, resolution, known, spaces, rules, now)
        if row is None:
            continue
        leads.append(row)
        if lead not in resolution.joins:
            joined = lead in resolution.joins.values()
            wants += wants_of(row, before, destinations, rules, now, joined=joined)
    return FoldCommit(
        fence=fence,
        now=now,
        resolution=resolution,
        events={id: _outcome(decision) for id, decision in resolution.decisions.items()},
        leads=tuple(leads),
        wants=tuple(wants),
        journey_life=rules.journey_life,
    )


def _folded(
    lead: int,
    resolution: Resolution,
    known: Mapping[int, LeadRow],
    spaces: Mapping[int, str],
    rules: Rules,
    now: int,
) -> tuple[LeadRow | None, LeadState]:
    """Return the lead's new row, or None if nothing changed, and its state before."""
    old = known.get(lead)
    before = LeadState() if old is None else old.state
    said = list(resolution.contributions.get(lead, ()))
    said += [
        known[joined].state for joined, root in resolution.joins.items() if root == lead and joined in known
    ]
    state = reduce(merge, said, before)
    if old is not None and state == before and lead not in resolution.joins.values():
        return None, before
    row = LeadRow(
        id=lead,
        space=old.space if old is not None else spaces[lead],
        state=state,
        keys=keys_of(state, rules.pepper),
        version=1 if old is None else old.version + 1,
        created_at=now if old is None else old.created_at,
        changed_at=now,
    )
    return row, before


def wants_of(
    row: LeadRow,
    before: LeadState,
    destinations: Sequence[Destination],
    rules: Rules,
    now: int,
    *,
    joined: bool = False,
) -> list[Want]:
    """Return which connections have to follow a changed lead, whose state was `before`."""
    named = row.state.named
    if not named and rules.stubs != "crm":
        return []
    due_at = now + rules.linger if named else max(now + rules.linger, row.created_at + rules.stub_delay)
    new_name = named and not before.named
    # Working out what differs is dear, and needless for whom everybody follows.
    changed = None if joined or new_name else changed_attributes(before, row.state, rules)
    return [
        Want(place.connection, row.id, due_at, sooner=new_name)
        for place in destinations
        if (place.spaces is None or row.space in place.spaces)
        and (changed is None or place.attributes is None or changed & place.attributes)
    ]


def changed_attributes(before: LeadState, after: LeadState, rules: Rules) -> frozenset[str]:
    """Return the attributes that differ."""
    old = _shown(before, rules)
    new = _shown(after, rules)
    return frozenset(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _shown(state: LeadState, rules: Rules) -> Mapping[str, Scalar]:
    if state == LeadState():
        return {}
    return attributes(state, stages=rules.stages or None, pepper=rules.pepper)


def _outcome(decision: Decision) -> tuple[EventState, int | None, bytes, str | None]:
    state = _STATES.get(decision.how, EventState.FOLDED)
    return state, decision.lead, _pack.encode(decision), None
