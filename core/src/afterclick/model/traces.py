"""A record that other code made, held against a lead: what agrees, and what contradicts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import msgspec

from afterclick.model.identity import IdentityKind
from afterclick.model.lead import LeadState, Stamp

MOMENTS = ("install_date", "claim_date", "referral_date", "registration_date", "conversion_date")
"""The attributes whose times are compared."""

SAME_MOMENT = 2_000
"""Milliseconds by which one moment may differ between two who keep it: some CRMs cut off the fractions."""

SAME_DAY = 36 * 3_600_000
"""Milliseconds from noon within which a moment may be on a day, whatever the time zone."""

MADE_BEFORE, MADE_AFTER = 60_000, 120_000
"""Milliseconds before and after an event within which code that acts on it makes its record."""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What a record says of its person. Times in milliseconds; `moments` and `days` by attribute.

    Of a day it is noon (UTC). `made_at` is when the record was made.
    """

    id: str
    token: str | None = None
    campaign: str | None = None
    prefix: str | None = None
    platform: str | None = None
    emails: frozenset[str] = frozenset()
    user: str | None = None
    moments: Mapping[str, int] = {}
    days: Mapping[str, int] = {}
    made_at: int | None = None


class Suitor(msgspec.Struct, frozen=True, kw_only=True):
    """What a lead knows of the same. `has_record` says that it needs none."""

    lead: int
    tokens: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    platforms: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    moments: Mapping[str, int] = {}
    heard: tuple[int, ...] = ()
    has_record: bool = False


class Fit(msgspec.Struct, frozen=True):
    """How well a record and a lead go together: reasons for it, or one against it.

    `sure` says that something of the person agrees, and not of the link alone.
    """

    lead: int
    sure: bool = False
    because: tuple[str, ...] = ()
    against: str = ""


def suitor_of(lead: int, state: LeadState, *, has_record: bool) -> Suitor:
    """Return what a lead knows that a record may know too."""
    fields: dict[str, set[str]] = defaultdict(set)
    heard = set(state.times)
    for touch in state.touches.values():
        heard |= {stamp.at for stamp in (touch.first, touch.last) if not stamp.inferred}
        for name, stamp in touch.fields.items():
            fields[name].add(plain(name, stamp.value))
    names: dict[str, set[str]] = defaultdict(set)
    for one in state.identities:
        names[one.kind].add(one.value)
    codes = fields["code"] | names[IdentityKind.REF]
    moments = _moments(state)
    return Suitor(
        lead=lead,
        tokens=frozenset(fields["token"] | codes),
        campaigns=frozenset(fields["campaign"]),
        prefixes=frozenset(fields["prefix"]),
        platforms=frozenset(fields["platform"]),
        emails=frozenset(names[IdentityKind.EMAIL]),
        users=frozenset(names[IdentityKind.USER]),
        moments=moments,
        heard=tuple(sorted(heard | set(moments.values()))),
        has_record=has_record,
    )


def plain(name: str, value: str) -> str:
    """Return the form in which a value of a link is compared."""
    value = value.strip()
    if name == "prefix":
        return value.strip("/")
    return value.lower() if name in ("platform", "email") else value


def _moments(state: LeadState) -> dict[str, int]:
    conversion = min(state.milestones.values(), default=None)
    stamps: tuple[Stamp | None, ...] = (
        state.install,
        state.claim,
        state.referral,
        state.registered,
        conversion,
    )
    return {name: stamp.at for name, stamp in zip(MOMENTS, stamps, strict=True) if stamp is not None}


def fit(record: Trace, lead: Suitor) -> Fit:
    """Hold a record against a lead that has its token, campaign, e-mail address or user id.

    Where the person is the same the link may be another one: people follow several.
    """
    person = tuple(_same_person(record, lead))
    against = _other_person(record, lead) or (None if person else _other_journey(record, lead))
    if against is not None:
        return Fit(lead.lead, against=f"{against} of lead {lead.lead}")
    sure = (*person, *_same_time(record, lead))
    link = ("token",) if record.token in lead.tokens else ()
    return Fit(lead.lead, sure=bool(sure), because=(*link, *sure))


def _same_person(record: Trace, lead: Suitor) -> Iterator[str]:
    if record.emails & lead.emails:
        yield "email"
    if record.user in lead.users:
        yield "user id"


def _same_time(record: Trace, lead: Suitor) -> Iterator[str]:
    yield from (name for name in record.moments if name in lead.moments)
    made = record.made_at
    if made is not None and any(-MADE_BEFORE <= made - at <= MADE_AFTER for at in lead.heard):
        yield "made at that moment"


def _other_person(record: Trace, lead: Suitor) -> str | None:
    """Return what both know of the person and is not the same; None if they agree."""
    if record.emails and lead.emails and not record.emails & lead.emails:
        return "the e-mail address is not that"
    if record.user is not None and lead.users and record.user not in lead.users:
        return "the user id is not that"
    return None


def _other_journey(record: Trace, lead: Suitor) -> str | None:
    """Return what both know of the way from the link and is not the same; None if they agree."""
    for name, value, known in (
        ("token", record.token, lead.tokens),
        ("campaign", record.campaign, lead.campaigns),
        ("prefix", record.prefix, lead.prefixes),
        ("platform", record.platform, lead.platforms),
    ):
        if value is not None and known and value not in known:
            return f"the {name} is not that"
    for given, near in ((record.moments, SAME_MOMENT), (record.days, SAME_DAY)):
        for name, at in given.items():
            if name in lead.moments and abs(at - lead.moments[name]) > near:
                return f"the {name} is not that"
    made, first = record.made_at, min(lead.heard, default=None)
    if made is not None and first is not None and made < first - MADE_BEFORE:
        return "the record is older than all that is known"
    return None
