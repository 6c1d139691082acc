"""Small worlds for hypothesis: few links, addresses and people, so that they meet all the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from tests.support.clock import moment
from tests.support.events import make_event, make_registration

from afterclick.model.event import CLAIM, CLICK, COMPLETED, CREATED, INSTALL, Event

LINKS = (("ref", "CODE-1"), ("ref", "CODE-2"), ("menu", "autumn"), ("table", "autumn"), ("card", "C-77"))
PERSONAL = frozenset({"card"})
CAMPAIGNS = (None, None, "spring", "summer")
PLATFORMS = (None, None, "ios", "android")
ADDRESSES = (None, None, "198.51.100.1", "198.51.100.2")
USERS = (None, "ann", "ben", "cem")
EMAILS = (None, "ann@example.com", "ben@example.com")
START = moment("09:00")

minutes = st.one_of(st.integers(0, 200), st.integers(0, 200).map(lambda n: n * 60))
links = st.sampled_from(LINKS)


def more(factor: int) -> settings:
    """Try so many times the examples that the profile asks for."""
    return settings(max_examples=factor * settings().max_examples)


def fewer(divisor: int) -> settings:
    """Try only a part of the examples that the profile asks for: each of these is dear."""
    return settings(max_examples=settings().max_examples // divisor)


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


@st.composite
def installs(draw: st.DrawFn) -> Event:
    """Draw an install in the article's shape (with the link) or the documented one (without)."""
    prefix, token = draw(st.one_of(links, st.just((None, None))))
    return make_event(
        INSTALL,
        at=START + draw(minutes) * 60_000,
        ip=draw(st.sampled_from(ADDRESSES)),
        **_known(
            prefix=prefix,
            token=token,
            campaign=draw(st.sampled_from(CAMPAIGNS)),
            platform=draw(st.sampled_from(PLATFORMS)),
        ),
    )


@st.composite
def claims(draw: st.DrawFn) -> Event:
    """Draw a claim in one of its three shapes."""
    prefix, token = draw(links)
    shape = draw(st.sampled_from(("path", "url", "article")))
    at = START + draw(minutes) * 60_000
    ip = draw(st.sampled_from(ADDRESSES))
    if shape == "path":
        return make_event(CLAIM, at=at, ip=ip, deep_link_path=f"/{prefix}/{token}", method="signals")
    more = _known(platform=draw(st.sampled_from(PLATFORMS)))
    if shape == "url":
        more["url"] = f"https://go.example.com/{prefix}/{token}"
    else:
        more |= _known(campaign=draw(st.sampled_from(CAMPAIGNS)))
    return make_event(CLAIM, at=at, ip=ip, prefix=prefix, token=token, **more)


@st.composite
def referrals(draw: st.DrawFn) -> Event:
    """Draw a `referral.created` or `referral.completed` in either dialect."""
    code = draw(st.sampled_from(("CODE-1", "CODE-2")))
    at = START + draw(minutes) * 60_000
    user = draw(st.sampled_from(USERS))
    kind = draw(st.sampled_from(("described", "signed up", "completed", "completed, article")))
    if kind == "described":
        return make_event(CREATED, at=at, referral_code=code, referrer_id=f"host of {code}")
    if kind == "signed up":
        more = _known(platform=draw(st.sampled_from(PLATFORMS)), campaign=draw(st.sampled_from(CAMPAIGNS)))
        return make_event(CREATED, at=at, prefix="ref", token=code, referrer_token="host", **more)
    if kind == "completed":
        return make_event(COMPLETED, at=at, referral_code=code, **_known(referred_user_id=user))
    return make_event(COMPLETED, at=at, token=code)


@st.composite
def registrations(draw: st.DrawFn) -> Event:
    """Draw a registration: who, and perhaps from which link."""
    prefix, token = draw(st.one_of(links, st.just((None, None))))
    who = _known(user=draw(st.sampled_from(USERS)), email=draw(st.sampled_from(EMAILS)))
    code = token if prefix == "ref" else None
    at = START + draw(minutes) * 60_000
    return make_registration(at=at, **who, **_known(prefix=prefix, token=token, referral_code=code))


@st.composite
def clicks(draw: st.DrawFn) -> Event:
    """Draw a click."""
    prefix, token = draw(links)
    campaign = draw(st.sampled_from(CAMPAIGNS))
    at = START + draw(minutes) * 60_000
    return make_event(CLICK, at=at, prefix=prefix, token=token, **_known(campaign=campaign))


def events() -> st.SearchStrategy[Event]:
    """Draw any event that the fold takes."""
    return st.one_of(installs(), claims(), referrals(), registrations(), referrals(), claims(), clicks())


def stories(most: int = 14) -> st.SearchStrategy[list[Event]]:
    """Draw some events, no two of the same bytes, in the order in which they arrive."""
    return st.lists(events(), min_size=1, max_size=most, unique_by=lambda event: event.name)


@st.composite
def batched(draw: st.DrawFn, arrived: Sequence[Event]) -> list[list[Event]]:
    """Draw how events that arrived in this order fall into batches."""
    cuts = draw(st.lists(st.booleans(), min_size=len(arrived), max_size=len(arrived)))
    batches: list[list[Event]] = [[]]
    for event, cut in zip(arrived, cuts, strict=True):
        if cut and batches[-1]:
            batches.append([])
        batches[-1].append(event)
    return batches


@st.composite
def deliveries(draw: st.DrawFn, most: int = 14) -> list[list[Event]]:
    """Draw a story as batches."""
    batches: list[list[Event]] = draw(batched(draw(stories(most))))
    return batches
