"""What happened to a lead, in order, and where each value of it came from. Pure.

A value is *observed* where an event of the lead's own said it, and *inferred* where a link or a code did.
The event was given to the lead *exactly*, by an identity, or *probably*, out of so many open journeys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from afterclick.model.lead import LeadState, Stamp, first_touch
from afterclick.model.memory import LinkMemory
from afterclick.model.view import Decision

OBSERVED, INFERRED = "observed", "inferred"

Decisions = Mapping[bytes, Decision]
"""What was decided of a lead's events, by their hash; those of forgotten events are missing."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where something is known from: `how` it was said, `match` how its event was matched, `of` how many."""

    how: str
    match: str | None = None
    of: int | None = None

    def __str__(self) -> str:
        """Return it as people read it: `observed, probable of 3`."""
        if self.match is None:
            return self.how
        return f"{self.how}, {self.match}" + (f" of {self.of}" if self.of is not None else "")


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened: `at` in milliseconds since 1970, `after` those since the one before."""

    at: int
    what: str
    after: int | None = None
    origin: Origin


def timeline(state: LeadState, decisions: Decisions, link: LinkMemory | None = None) -> tuple[Moment, ...]:
    """Return what happened, the earliest first; `link` is what the link of the first touch remembers."""
    moments: list[Moment] = []
    for at, what, origin in sorted(_happened(state, decisions, link), key=lambda one: one[:2]):
        before = moments[-1].at if moments else None
        moments.append(Moment(at=at, what=what, after=None if before is None else at - before, origin=origin))
    return tuple(moments)


def _happened(
    state: LeadState, decisions: Decisions, link: LinkMemory | None
) -> Iterator[tuple[int, str, Origin]]:
    clicked = _clicked(state, link)
    if clicked is not None:
        yield clicked, "clicked", Origin(how=INFERRED)
    for what, stamp in (
        ("installed", state.install),
        ("link opened", state.claim),
        ("referred", state.referral),
        ("registered", state.registered),
        *((f"converted: {name}", stamp) for name, stamp in state.milestones.items()),
    ):
        if stamp is not None:
            yield stamp.at, what, _origin(stamp, decisions)


def _clicked(state: LeadState, link: LinkMemory | None) -> int | None:
    """Return when the link was last clicked before the first touch, as far as it remembers."""
    touch = first_touch(state)
    if touch is None or link is None:
        return None
    return max((last for _, last in link.campaigns.values() if last <= touch.first.at), default=None)


def origins(state: LeadState, decisions: Decisions) -> dict[str, Origin]:
    """Return where the values of a lead came from, by attribute; what is computed from others is left out."""
    touch = first_touch(state)
    stamps: dict[str, Stamp] = {} if touch is None else dict(touch.fields)
    stamps |= state.person
    for name, stamp in (
        ("install_date", state.install),
        ("claim_date", state.claim),
        ("referral_date", state.referral),
        ("registration_date", state.registered),
        ("conversion_date", min(state.milestones.values(), default=None)),
        ("referral_source", state.referrer),
    ):
        if stamp is not None:
            stamps[name] = stamp
    return {name: _origin(stamp, decisions) for name, stamp in stamps.items()}


def _origin(stamp: Stamp, decisions: Decisions) -> Origin:
    how = INFERRED if stamp.inferred else OBSERVED
    decision = decisions.get(stamp.tie)
    if decision is None or decision.lead is None:
        return Origin(how=how)
    match = "probable" if decision.how == "probable" else "exact"
    return Origin(how=how, match=match, of=decision.candidates if match == "probable" else None)
