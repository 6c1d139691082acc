"""What a batch of events needs of the ledger, what the ledger knows, and what the batch changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from afterclick.model.event import CLICK, Event
from afterclick.model.identity import Identity, exact_identities, friend_of, last_through, names_somebody
from afterclick.model.journey import (
    IP_WINDOW,
    Ask,
    Journey,
    Policy,
    Role,
    Slot,
    is_bare,
    role_of,
    slot_of,
)
from afterclick.model.lead import LeadState
from afterclick.model.memory import CodeMemory, LinkMemory

LinkName = tuple[str, str, str]
CodeName = tuple[str, str]
ENOUGH = 8
"""Journeys looked at beyond those the batch itself may fill; also the most candidates counted."""

TOLD_AT_ONCE = 256
"""Leads that a batch tells at most what it learned of their codes: thousands may come through one."""

_TOGETHER = 60_000


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event: stored with it, replayed and never recomputed.

    `how`: `founded`, `exact`, `probable` (a claim or a pairing, of `candidates`), `link`, `code`,
    `unattributed`, `ignored`. `journey` is the one in which the event takes a place, `touch` the one whose
    touch it adds to where it takes none.
    """

    how: str
    lead: int | None = None
    journey: str | None = None
    touch: str | None = None
    candidates: int | None = None
    joined: tuple[int, ...] = ()


@dataclass(slots=True)
class Needs:
    """What a batch has to know before it can be resolved.

    `addresses` are (space, hash), with the span of time (ms) in which touches there are of interest that
    belong to no journey yet; they are decoded with the `further` attributes, like those of the batch.
    """

    identities: set[Identity] = field(default_factory=set)
    asks: list[Ask] = field(default_factory=list)
    links: set[LinkName] = field(default_factory=set)
    codes: set[CodeName] = field(default_factory=set)
    described: set[CodeName] = field(default_factory=set)
    addresses: dict[tuple[str, bytes], tuple[int, int]] = field(default_factory=dict)
    further: Collection[str] = ()


@dataclass(slots=True)
class View:
    """The answers of the ledger.

    `leads` are those found by identity, `journeys` the open ones asked for and all of those leads,
    `through` the leads that came through a code. Every lead in it is a living one. `homeless` are
    touches that were left unattributed. Where more than `TOLD_AT_ONCE` leads came through the codes,
    those with the highest ids are there, and `beyond` has the id below which a code has others.
    """

    next_lead: int = 1
    identities: dict[Identity, int] = field(default_factory=dict)
    leads: dict[int, LeadState] = field(default_factory=dict)
    journeys: list[Journey] = field(default_factory=list)
    links: dict[LinkName, LinkMemory] = field(default_factory=dict)
    codes: dict[CodeName, CodeMemory] = field(default_factory=dict)
    through: dict[CodeName, list[int]] = field(default_factory=dict)
    beyond: dict[CodeName, int] = field(default_factory=dict)
    homeless: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class Resolution:
    """What a batch changes. Lead ids in it are the living ones; `joins` maps a joined lead to its root.

    `decisions` are by event, those of homeless touches of earlier batches that found their journey included.

    `closed` are journeys that ended without an event, `through` leads that came through a code.

    `untold` are codes of which something was learned that leads with ids below a number do not know yet;
    None where all know it now. A join moves a lead to a lower id, so that going down misses nobody.
    """

    decisions: dict[int, Decision] = field(default_factory=dict)
    contributions: dict[int, list[LeadState]] = field(default_factory=lambda: defaultdict(list))
    founded: dict[int, Event] = field(default_factory=dict)
    joins: dict[int, int] = field(default_factory=dict)
    journeys: dict[str, Journey] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    identities: dict[Identity, int] = field(default_factory=dict)
    links: dict[LinkName, LinkMemory] = field(default_factory=dict)
    codes: dict[CodeName, CodeMemory] = field(default_factory=dict)
    through: dict[CodeName, set[int]] = field(default_factory=lambda: defaultdict(set))
    untold: dict[CodeName, int | None] = field(default_factory=dict)
    refused: list[tuple[Identity, int, int]] = field(default_factory=list)


_Place = tuple[str, Slot, str | None, str | None, bytes | None]
_Alike = tuple[_Place, tuple[str | None, str | None, str | None]]


def needs_of(events: Sequence[Event], policy: Policy, further: Collection[str] = ()) -> Needs:
    """Return what to load for a batch."""
    needs = Needs(further=further)
    # By what the journeys asked for have to agree with: one ask serves all events that are alike.
    grouped: dict[_Alike, list[int]] = defaultdict(list)
    for event in events:
        role = role_of(event, policy)
        facts = event.facts
        if role is Role.NONE:
            continue
        needs.links.add(link_name(event))
        if facts.code is not None:
            needs.codes.add((event.space, facts.code))
        if role is Role.LINK:
            if event.type != CLICK and facts.code is not None:
                needs.described.add((event.space, facts.code))
            continue
        names = exact_identities(event, policy.personal_prefixes)
        needs.identities.update(names)
        if role is Role.PERSON and facts.code is not None:
            partner = friend_of if names_somebody(names) else last_through
            needs.identities.add(partner(event.space, facts.code))
        slot = slot_of(event)
        known = (facts.host, facts.platform, facts.campaign)
        if facts.token is not None:
            link = (event.space, slot, facts.prefix, facts.token, None)
            grouped[link, known].append(event.occurred_at)
        if event.ip_hash is not None:
            address = (event.space, slot, None, None, event.ip_hash)
            grouped[address, known].append(event.occurred_at)
            if not is_bare(event):
                _look_around(needs, event.space, event.ip_hash, event.occurred_at)
    for alike, times in grouped.items():
        needs.asks += (_ask(alike, span, len(times), policy) for span in _spans(sorted(times)))
    return needs


def _look_around(needs: Needs, space: str, ip_hash: bytes, at: int) -> None:
    first, last = needs.addresses.get((space, ip_hash), (at, at))
    needs.addresses[space, ip_hash] = (min(first, at - IP_WINDOW), max(last, at + IP_WINDOW))


def _spans(times: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Cut times into spans, wherever a minute or more lies between two of them.

    Within a span the newest journeys stand for all: on a busy link an event at its beginning would not
    see those nearest to it.
    """
    first = last = times[0]
    for at in times[1:]:
        if at - last >= _TOGETHER:
            yield first, last
            first = at
        last = at
    yield first, last


def _ask(alike: _Alike, span: tuple[int, int], asking: int, policy: Policy) -> Ask:
    (space, slot, prefix, token, ip_hash), (host, platform, campaign) = alike
    return Ask(
        space=space,
        slot=slot,
        prefix=prefix,
        token=token,
        ip_hash=ip_hash,
        host=host,
        platform=platform,
        campaign=campaign,
        earliest=span[0],
        latest=span[1],
        reach=policy.window if token is not None else IP_WINDOW,
        limit=asking + ENOUGH,
    )


def link_name(event: Event) -> LinkName:
    """Return (space, prefix, token) of the link an event speaks of; a static route has no token."""
    return (event.space, event.facts.prefix or "", event.facts.token or "")
