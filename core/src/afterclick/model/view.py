"""What a batch of events needs of the ledger, what the ledger knows, and what the batch changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from afterclick.model.event import CLICK, Event
from afterclick.model.identity import Identity, exact_identities
from afterclick.model.journey import IP_WINDOW, Ask, Journey, Policy, Role, Slot, role_of, slot_of
from afterclick.model.lead import LeadState
from afterclick.model.memory import CodeMemory, LinkMemory

LinkName = tuple[str, str, str]
CodeName = tuple[str, str]
ENOUGH = 8
"""Journeys looked at beyond those the batch itself may fill; also the most candidates counted."""


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event: stored with it, replayed and never recomputed.

    `how`: `founded`, `exact`, `probable` (a claim or a pairing, of `candidates`), `link`, `code`,
    `unattributed`, `ignored`.
    """

    how: str
    lead: int | None = None
    journey: str | None = None
    candidates: int | None = None
    joined: tuple[int, ...] = ()


@dataclass(slots=True)
class Needs:
    """What a batch has to know before it can be resolved."""

    identities: set[Identity] = field(default_factory=set)
    asks: list[Ask] = field(default_factory=list)
    links: set[LinkName] = field(default_factory=set)
    codes: set[CodeName] = field(default_factory=set)
    described: set[CodeName] = field(default_factory=set)


@dataclass(slots=True)
class View:
    """The answers of the ledger.

    `leads` are those found by identity, `journeys` the open ones asked for and all of those leads,
    `through` the leads that came through a code. Every lead in it is a living one.
    """

    next_lead: int = 1
    identities: dict[Identity, int] = field(default_factory=dict)
    leads: dict[int, LeadState] = field(default_factory=dict)
    journeys: list[Journey] = field(default_factory=list)
    links: dict[LinkName, LinkMemory] = field(default_factory=dict)
    codes: dict[CodeName, CodeMemory] = field(default_factory=dict)
    through: dict[CodeName, list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Resolution:
    """What a batch changes. Lead ids in it are the living ones; `joins` maps a joined lead to its root.

    `closed` are journeys that ended without an event, `through` leads that came through a code.
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
    refused: list[tuple[Identity, int, int]] = field(default_factory=list)


_Place = tuple[str, Slot, str | None, str | None, bytes | None]
_Alike = tuple[_Place, tuple[str | None, str | None, str | None]]


def needs_of(events: Sequence[Event], policy: Policy) -> Needs:
    """Return what to load for a batch."""
    needs = Needs()
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
        needs.identities.update(exact_identities(event, policy.personal_prefixes))
        slot = slot_of(event)
        if facts.token is not None:
            link = (event.space, slot, facts.prefix, facts.token, None)
            grouped[link, (facts.host, facts.platform, facts.campaign)].append(event.occurred_at)
        if event.ip_hash is not None:
            address = (event.space, slot, None, None, event.ip_hash)
            grouped[address, (facts.host, facts.platform, facts.campaign)].append(event.occurred_at)
    for ((space, slot, prefix, token, ip_hash), (host, platform, campaign)), times in grouped.items():
        needs.asks.append(
            Ask(
                space=space,
                slot=slot,
                prefix=prefix,
                token=token,
                ip_hash=ip_hash,
                host=host,
                platform=platform,
                campaign=campaign,
                earliest=min(times),
                latest=max(times),
                reach=policy.window if token is not None else IP_WINDOW,
                limit=len(times) + ENOUGH,
            )
        )
    return needs


def link_name(event: Event) -> LinkName:
    """Return (space, prefix, token) of the link an event speaks of; a static route has no token."""
    return (event.space, event.facts.prefix or "", event.facts.token or "")
