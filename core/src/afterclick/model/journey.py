"""Journeys: anonymous paths from a link, and which of them an event fits into.

A journey takes at most one install, one deferred claim and one person. What pairs them is a guess
from the link or the address, so it is decided once and kept.
"""

from __future__ import annotations

import enum

import msgspec

from afterclick.model.event import CLAIM, CLICK, COMPLETED, CREATED, INSTALL, REGISTRATION, Event, Facts

IP_WINDOW = 2 * 3_600_000
"""How long (ms) an equal address pairs events: the sender's own signal matching expires after 2 h."""

DAY = 86_400_000


class Role(enum.StrEnum):
    """What an event does to leads."""

    TOUCH = "touch"
    PERSON = "person"
    LINK = "link"
    NONE = "none"


class Slot(enum.StrEnum):
    """The places of a journey; each is filled at most once."""

    INSTALL = "install"
    CLAIM = "claim"
    PERSON = "person"


_SLOTS = {INSTALL: Slot.INSTALL, CLAIM: Slot.CLAIM}


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's rules of identity. `window` in milliseconds."""

    window: int = 7 * DAY
    personal_prefixes: frozenset[str] = frozenset()
    referrals_created: str = "auto"
    pepper: str = ""


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """An open or filled journey. `key` is the name of its founding event; times in milliseconds.

    `opened_at` is the time of its earliest event, `ip_at` the time of the address.
    """

    key: str
    lead: int
    space: str
    opened_at: int
    prefix: str | None = None
    token: str | None = None
    ip_hash: bytes | None = None
    ip_at: int = 0
    host: str | None = None
    platform: str | None = None
    campaign: str | None = None
    install: bool = False
    claim: bool = False
    person: bool = False

    @property
    def touched(self) -> bool:
        """Tell whether it has an install or a claim; without one, a person waits in it."""
        return self.install or self.claim

    def takes(self, slot: Slot) -> bool:
        """Tell whether an event may still come into the place.

        A person event knows the link only; whoever waits is met by a touch, never by a second person.
        """
        if slot is Slot.INSTALL:
            return not self.install
        if slot is Slot.CLAIM:
            return not self.claim
        return not self.person and self.touched


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Which journeys a batch may need: those of a link or an address with a free slot.

    Times are the span of the events that ask, `reach` (ms) how far beyond it a journey may lie, `limit`
    how many on either side and within the span are enough. What is known of prefix, host, platform and
    campaign must not disagree: on a busy link those that could never fit would use up the limit.
    """

    space: str
    slot: Slot
    prefix: str | None = None
    token: str | None = None
    ip_hash: bytes | None = None
    host: str | None = None
    platform: str | None = None
    campaign: str | None = None
    earliest: int
    latest: int
    reach: int
    limit: int


def role_of(event: Event, policy: Policy) -> Role:
    """Tell what an event does. `referral.created` means two things; the policy or its fields decide."""
    if event.type in _SLOTS:
        return Role.TOUCH
    if event.type in (COMPLETED, REGISTRATION):
        return Role.PERSON
    if event.type == CREATED:
        meaning = policy.referrals_created
        if meaning == "auto":
            meaning = event.facts.names_referrer_as or "code"
        return Role.PERSON if meaning == "signup" else Role.LINK
    return Role.LINK if event.type == CLICK else Role.NONE


def is_bare(event: Event) -> bool:
    """Tell whether a touch says neither which link nor which campaign it is of."""
    return event.facts.token is None and event.facts.campaign is None


def slot_of(event: Event) -> Slot:
    """Return the place an event takes in a journey."""
    return _SLOTS.get(event.type, Slot.PERSON)


def fits(journey: Journey, event: Event, slot: Slot, policy: Policy) -> bool:
    """Tell whether a journey can be the event's: link or address agrees, nothing known disagrees."""
    if journey.space != event.space or not journey.takes(slot):
        return False
    facts = event.facts
    if not nothing_disagrees(journey, facts):
        return False
    if journey.token is not None and facts.token is not None:
        return (
            on_link(journey, facts.prefix, facts.token)
            and abs(journey.opened_at - event.occurred_at) <= policy.window
        )
    return same_address(journey, event)


def can_be_one(one: Journey, other: Journey) -> bool:
    """Tell whether nothing known tells two journeys apart; one event may fit both by chance."""
    linked = one.token is None or other.token is None or on_link(one, other.prefix, other.token)
    return linked and nothing_disagrees(one, other)


def on_link(journey: Journey, prefix: str | None, token: str) -> bool:
    """Tell whether a journey began at a link. One token under two prefixes is two links."""
    return journey.token == token and _agree(journey.prefix, prefix)


def nothing_disagrees(journey: Journey, other: Journey | Facts) -> bool:
    """Tell whether host, platform and campaign are the same as far as both know them."""
    return (
        _agree(journey.host, other.host)
        and _agree(journey.platform, other.platform)
        and _agree(journey.campaign, other.campaign)
    )


def same_address(journey: Journey, event: Event) -> bool:
    """Tell whether both came from one address within two hours."""
    return (
        journey.ip_hash is not None
        and journey.ip_hash == event.ip_hash
        and abs(journey.ip_at - event.occurred_at) <= IP_WINDOW
    )


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def preference(journey: Journey, event: Event) -> tuple[bool, bool, int, str]:
    """Order the journeys that fit, best first: same address, then before the event, then nearest.

    Nearest before the event is the newest; one that began later is taken only where there is no
    other, since clocks and retries disagree by minutes.
    """
    distance = event.occurred_at - journey.opened_at
    return (not same_address(journey, event), distance < 0, abs(distance), journey.key)


def filled_by(journey: Journey, event: Event, slot: Slot, lead: int) -> Journey:
    """Return the journey with the event in its slot, knowing what the event knows."""
    facts = event.facts
    new_address = journey.ip_hash is None and event.ip_hash is not None
    return msgspec.structs.replace(
        journey,
        lead=lead,
        opened_at=min(journey.opened_at, event.occurred_at),
        prefix=journey.prefix or facts.prefix,
        token=journey.token or facts.token,
        ip_hash=event.ip_hash if new_address else journey.ip_hash,
        ip_at=event.occurred_at if new_address else journey.ip_at,
        host=journey.host or facts.host,
        platform=journey.platform or facts.platform,
        campaign=journey.campaign or facts.campaign,
        install=journey.install or slot is Slot.INSTALL,
        claim=journey.claim or slot is Slot.CLAIM,
        person=journey.person or slot is Slot.PERSON,
    )


def opened_by(event: Event, slot: Slot, lead: int) -> Journey:
    """Return a new journey founded by the event."""
    blank = Journey(key=event.name, lead=lead, space=event.space, opened_at=event.occurred_at)
    return filled_by(blank, event, slot, lead)
