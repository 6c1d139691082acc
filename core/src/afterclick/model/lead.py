"""The fold: what a lead is, as a join of what its events say.

Every part of a state is a minimum, a maximum or a union over a total order, so folding is
commutative, associative and idempotent: order, repeats and lateness of events cannot matter.
Stamps order by time, then by the event's hash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from afterclick.clock import to_iso
from afterclick.model.event import CLAIM, COMPLETED, CREATED, INSTALL, REGISTRATION, Event
from afterclick.model.fields import Scalar
from afterclick.model.further import shown
from afterclick.model.identity import Identity, IdentityKind, key, strongest_first

T = TypeVar("T")

LEAD_SOURCE = "Deep Link"
STAGES = ("lead", "qualified", "opportunity", "customer")
"""Stages a lead passes, in order; `stages` in the configuration maps milestones to them."""

DEFAULT_MILESTONE = "completed"
_NAMING = frozenset({IdentityKind.USER.value, IdentityKind.EMAIL.value, IdentityKind.REF.value})
TOUCH_FIELDS = ("campaign", "platform", "prefix", "token", "host", "source", "country", "device", "code")
PERSON_FIELDS = ("email", "first_name", "last_name", "phone", "company")
REFERRER_FIELDS = ("referrer_name", "referrer_record", "referrer_referrals")
"""What is known of a referrer who is a lead too: of another lead than the one that shows it."""

_PLATFORM_NAMES = {"ios": "iOS", "android": "Android", "desktop": "Desktop", "web": "Web"}


class Stamp(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A value with its place in time. Observed sorts before inferred, then by time and event hash."""

    inferred: bool
    at: int
    tie: bytes
    value: str = ""


class Touch(msgspec.Struct, frozen=True, array_like=True):
    """What one journey's events say of the link: per field the earliest, observed before inferred.

    `first` and `last` are the times of its events that carry a token or campaign.
    """

    first: Stamp
    last: Stamp
    fields: dict[str, Stamp] = {}


class LeadState(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is known of one person. `claims` tells, per journey, of how many it was chosen.

    The values of `further` are by attribute (`data.…`, `properties.…`) and JSON text.
    """

    founded: Stamp | None = None
    touches: dict[str, Touch] = {}
    install: Stamp | None = None
    claim: Stamp | None = None
    referral: Stamp | None = None
    registered: Stamp | None = None
    milestones: dict[str, Stamp] = {}
    referrer: Stamp | None = None
    person: dict[str, Stamp] = {}
    further: dict[str, Stamp] = {}
    identities: frozenset[Identity] = frozenset()
    claims: dict[str, int] = {}

    @property
    def named(self) -> bool:
        """Tell whether somebody is behind it: a person event, not only taps on a link."""
        return any(name.kind in _NAMING for name in self.identities)

    @property
    def journeyed(self) -> bool:
        """Tell whether it has a journey of its own, so that it may not claim another."""
        return self.install is not None or self.claim is not None

    @property
    def times(self) -> tuple[int, ...]:
        """Return when something of its own happened (ms), the earliest of each kind."""
        known = (self.founded, self.install, self.claim, self.registered, *self.milestones.values())
        return tuple({stamp.at for stamp in known if stamp is not None})

    @property
    def users(self) -> frozenset[Identity]:
        """Return its user ids; two leads with different ones are never united."""
        return frozenset(name for name in self.identities if name.kind == IdentityKind.USER)


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(LeadState)


def encode_state(state: LeadState) -> bytes:
    """Return the state as the ledger keeps it; equal states have equal bytes."""
    return _encoder.encode(state)


def decode_state(raw: bytes) -> LeadState:
    """Read a stored state."""
    return _decoder.decode(raw)


def contribution(
    event: Event,
    *,
    journey: str,
    identities: frozenset[Identity] = frozenset(),
    inferred_campaign: str | None = None,
    candidates: int | None = None,
) -> LeadState:
    """Return what one event says of its lead; `merge` it into the lead's state.

    `journey` is the journey it belongs to, `candidates` of how many open ones it was chosen.
    """
    facts = event.facts
    stamp = Stamp(False, event.occurred_at, event.tie)
    touch = _touch(event, stamp, inferred_campaign)
    referrer = facts.referrer if event.type in (CREATED, COMPLETED) else None
    return LeadState(
        founded=stamp,
        touches={} if touch is None else {journey: touch},
        install=stamp if event.type == INSTALL else None,
        claim=stamp if event.type == CLAIM else None,
        referral=stamp if event.type == CREATED else None,
        registered=stamp if event.type == REGISTRATION else None,
        milestones={facts.milestone or DEFAULT_MILESTONE: stamp} if event.type == COMPLETED else {},
        referrer=None if referrer is None else valued(stamp, referrer),
        person={
            name: valued(stamp, value)
            for name in PERSON_FIELDS
            if (value := getattr(facts, name)) is not None
        },
        further={name: valued(stamp, value) for name, value in facts.further.items()},
        identities=identities,
        claims={} if candidates is None else {journey: candidates},
    )


def inherited(*, described: Stamp | None, referrer: Stamp | None) -> LeadState:
    """Return what a referral code's own event adds to every lead that came through the code."""
    return LeadState(referral=described, referrer=referrer)


def valued(at: Stamp, value: str) -> Stamp:
    """Return a stamp that carries a value."""
    return Stamp(at.inferred, at.at, at.tie, value)


def _touch(event: Event, stamp: Stamp, inferred_campaign: str | None) -> Touch | None:
    facts = event.facts
    fields = {
        name: valued(stamp, value) for name in TOUCH_FIELDS if (value := getattr(facts, name)) is not None
    }
    if inferred_campaign is not None and facts.campaign is None:
        fields["campaign"] = Stamp(True, stamp.at, stamp.tie, inferred_campaign)
    if not fields:
        return None
    anchored = facts.token is not None or facts.campaign is not None
    place = Stamp(not anchored, stamp.at, stamp.tie)
    return Touch(place, place, fields)


def merge(one: LeadState, other: LeadState) -> LeadState:
    """Return the join of two states: commutative, associative, idempotent."""
    return LeadState(
        founded=earlier(one.founded, other.founded),
        touches=_unite(one.touches, other.touches, _merge_touch),
        install=earlier(one.install, other.install),
        claim=earlier(one.claim, other.claim),
        referral=earlier(one.referral, other.referral),
        registered=earlier(one.registered, other.registered),
        milestones=_unite(one.milestones, other.milestones, min),
        referrer=earlier(one.referrer, other.referrer),
        person=_unite(one.person, other.person, max),
        further=_unite(one.further, other.further, max),
        identities=one.identities | other.identities,
        claims=_unite(one.claims, other.claims, max),
    )


def earlier(one: Stamp | None, other: Stamp | None) -> Stamp | None:
    """Return the earlier of two that may be missing."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _unite(one: dict[str, T], other: dict[str, T], pick: Callable[[T, T], T]) -> dict[str, T]:
    if not one or not other:
        return one or other
    result = dict(one)
    for name, value in other.items():
        result[name] = pick(result[name], value) if name in result else value
    return result


def _merge_touch(one: Touch, other: Touch) -> Touch:
    # Among the times of events that carry a token or campaign; one that carries neither counts only
    # where there is no other.
    last = max((one.last, other.last), key=_lateness)
    return Touch(min(one.first, other.first), last, _unite(one.fields, other.fields, min))


def _lateness(stamp: Stamp) -> tuple[bool, int, bytes, str]:
    return (not stamp.inferred, stamp.at, stamp.tie, stamp.value)


def attributes(
    state: LeadState, *, stages: Mapping[str, str] | None = None, pepper: str = ""
) -> dict[str, Scalar]:
    """Return what is known of a lead, by attribute; times as ISO 8601 text, nothing empty.

    `stages` maps milestones to stages, `*` any other (default: a completion makes a customer).
    """
    known: dict[str, Scalar | None] = {"lead_source": LEAD_SOURCE}
    known |= _touch_attributes(state)
    conversion = min(state.milestones.values(), default=None)
    known |= {
        "install_date": _iso(state.install),
        "claim_date": _iso(state.claim),
        "referral_date": _iso(state.referral),
        "registration_date": _iso(state.registered),
        "conversion_date": _iso(conversion),
        "referral_source": state.referrer.value if state.referrer else None,
        "minutes_to_convert": _minutes(state.install, conversion),
        "milestone": max(state.milestones, key=lambda name: (state.milestones[name], name), default=None),
        "stage": stage(state, stages or {"*": STAGES[-1]}),
    }
    known |= {name: stamp.value for name, stamp in state.person.items()}
    known |= {name: shown(stamp.value) for name, stamp in state.further.items()}
    known["name"] = _full_name(known)
    keys = {name: key(name, pepper) for name in state.identities}
    known["key"] = next(iter(strongest_first(keys.values())), None)
    known["short"] = _short(keys)
    user = min(state.users, default=None)
    known["user_id"] = user.value if user else None
    return {name: value for name, value in known.items() if value is not None}


def referrer_attributes(state: LeadState, *, record: str | None, referrals: int) -> dict[str, Scalar]:
    """Return what a lead shows of its referrer, whose state this is: name, record's address, count."""
    known = {name: stamp.value for name, stamp in state.person.items()}
    name = _full_name(known) or known.get("email")
    shown = dict(zip(REFERRER_FIELDS, (name, record, referrals or None), strict=True))
    return {name: value for name, value in shown.items() if value is not None}


def _full_name(known: Mapping[str, Scalar | None]) -> str | None:
    parts = (known.get("first_name"), known.get("last_name"))
    return " ".join(str(part) for part in parts if part) or None


def first_touch(state: LeadState) -> Touch | None:
    """Return what the earliest journey says of its link, or None before any."""
    if not state.touches:
        return None
    # By name where all else is equal, so that equal states show the same.
    return min(state.touches.items(), key=lambda item: (item[1].first, item[0]))[1]


def _touch_attributes(state: LeadState) -> dict[str, Scalar | None]:
    first = first_touch(state)
    if first is None:
        return {}
    _, last = max(state.touches.items(), key=lambda item: (_lateness(item[1].last), item[0]))
    known: dict[str, Scalar | None] = {}
    for touch, prefix in ((last, "last_touch_"), (first, "")):
        for name, stamp in touch.fields.items():
            shown = _PLATFORM_NAMES.get(stamp.value, stamp.value) if name == "platform" else stamp.value
            known[prefix + name] = shown
    return known


def stage(state: LeadState, stages: Mapping[str, str]) -> str:
    """Return the furthest stage that the milestones reach; a lead without one is a `lead`."""
    reached = [stages.get(name, stages.get("*", STAGES[0])) for name in state.milestones]
    return max((name for name in reached if name in STAGES), key=STAGES.index, default=STAGES[0])


def keys_of(state: LeadState, pepper: str = "") -> tuple[str, ...]:
    """Return all keys of a lead, strongest first."""
    return strongest_first(key(name, pepper) for name in state.identities)


def _short(keys: Mapping[Identity, str]) -> str | None:
    """Return six hex digits that tell two stubs of one link apart in a list of names."""
    events = [name for name in keys if name.kind == IdentityKind.EVENT]
    chosen = min(events or keys, default=None)
    return keys[chosen].partition(":")[2][:6] if chosen else None


def _iso(stamp: Stamp | None) -> str | None:
    return None if stamp is None else to_iso(stamp.at)


def _minutes(start: Stamp | None, end: Stamp | None) -> int | None:
    if start is None or end is None or end.at < start.at:
        return None
    return (end.at - start.at) // 60_000
