"""One journey and one person alone on a link end as one lead: every dialect, every order of arrival."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import moment
from tests.support.events import make_event, make_registration
from tests.support.memory_store import MemoryStore
from tests.support.strategies import batched, more

from afterclick.model.event import CLAIM, COMPLETED, CREATED, INSTALL, Event
from afterclick.model.journey import DAY, IP_WINDOW, Policy
from afterclick.model.lead import attributes

IP = "198.51.100.7"
HOST = "go.example.com"
CODE = {"prefix": "ref", "token": "CODE"}
SPRING = {"campaign": "spring"}
IOS = {"platform": "ios"}
Times = tuple[str, str, str, str]
STORY: Times = ("09:00", "09:05", "09:10", "09:20")


def install(shape: str, at: str) -> list[Event]:
    """Return an install as the article, the reference or the user guide shows it."""
    match shape:
        case "article":
            return [make_event(INSTALL, at=at, **CODE, **SPRING, **IOS)]
        case "article with address":
            return [make_event(INSTALL, at=at, ip=IP, **CODE, **SPRING, **IOS)]
        case "reference":
            return [make_event(INSTALL, at=at, ip=IP, hostname=HOST, **SPRING, **IOS)]
        case "reference, no campaign":
            return [make_event(INSTALL, at=at, ip=IP, hostname=HOST, **IOS)]
        case "user guide":
            return [make_event(INSTALL, at=at, country="PT", **IOS)]
    return []


def claim(shape: str, at: str) -> list[Event]:
    """Return a claim, likewise."""
    match shape:
        case "path":
            return [make_event(CLAIM, at=at, deep_link_path="/ref/CODE", method="token")]
        case "reference":
            return [make_event(CLAIM, at=at, ip=IP, deep_link_path="/ref/CODE", method="signals")]
        case "user guide":
            return [make_event(CLAIM, at=at, url=f"https://{HOST}/ref/CODE", **CODE, **IOS)]
        case "article":
            return [make_event(CLAIM, at=at, **CODE, **SPRING, **IOS)]
        case "article with address":
            return [make_event(CLAIM, at=at, ip=IP, **CODE, **SPRING, **IOS)]
    return []


def person(shape: str, early: str, late: str) -> list[Event]:
    """Return how somebody signs up and completes."""
    described = make_event(CREATED, at=early, referral_code="CODE", referrer_id="host")
    signed_up = make_event(CREATED, at=early, referrer_token="host", **CODE, **SPRING, **IOS)
    registered = make_registration(at=early, user="ann", email="ann@example.com")
    by_code = make_registration(at=early, email="ann@example.com", referral_code="CODE")
    on_link = make_registration(at=early, user="ann", email="ann@example.com", referral_code="CODE", **CODE)
    documented = make_event(COMPLETED, at=late, referral_code="CODE", referred_user_id="ann")
    article = make_event(COMPLETED, at=late, **CODE)
    return {
        "completed": [documented],
        "completed, article": [article],
        "signed up": [signed_up],
        "signed up and completed": [signed_up, article],
        "signed up, completed as documented": [signed_up, documented],
        "described and completed": [described, documented],
        "registered and completed": [registered, documented],
        "registered on the link": [on_link],
        "registered on the link and completed": [on_link, documented],
        "registered on the link and completed, article": [on_link, article],
        "registered by code and signed up": [by_code, signed_up],
        "registered by code, signed up and completed": [by_code, signed_up, article],
    }[shape]


INSTALLS = (
    "none",
    "article",
    "article with address",
    "reference",
    "reference, no campaign",
    "user guide",
)
CLAIMS = ("none", "path", "reference", "user guide", "article", "article with address")
PEOPLE = (
    "completed",
    "completed, article",
    "signed up",
    "signed up and completed",
    "signed up, completed as documented",
    "described and completed",
    "registered and completed",
    "registered on the link",
    "registered on the link and completed",
    "registered on the link and completed, article",
    "registered by code and signed up",
    "registered by code, signed up and completed",
)


def belongs(install_shape: str, claim_shape: str) -> bool:
    """Tell whether the install says where it belongs: by its link, or by the claim's address."""
    return not install_shape.startswith("reference") or claim_shape in ("reference", "article with address")


PAIRS = [pair for pair in itertools.product(INSTALLS, CLAIMS) if belongs(*pair) and pair != ("none", "none")]


def story(shapes: tuple[str, str, str], times: Times = STORY) -> list[Event]:
    return [*install(shapes[0], times[0]), *claim(shapes[1], times[1]), *person(shapes[2], *times[2:])]


def arrivals(events: Sequence[Event]) -> list[list[list[Event]]]:
    """Return every order of arrival: one by one, and in two batches."""
    found = []
    for order in itertools.permutations(events):
        found.append([[event] for event in order])
        found += [[list(order[:cut]), list(order[cut:])] for cut in range(1, len(order))]
    return found


def lead_of(batches: list[list[Event]]) -> dict[str, object]:
    return dict(attributes(MemoryStore().fold_all(batches).only))


@pytest.mark.parametrize("shapes", PAIRS, ids=" + ".join)
def test_alone_on_a_link_is_one_lead(shapes: tuple[str, str]) -> None:
    for kind in PEOPLE:
        found = [lead_of(batches) for batches in arrivals(story((*shapes, kind)))]
        # The mark that tells stubs apart is of whichever event came first, and what happened last is
        # a touch of its own where the two halves met late.
        kept = [
            {
                name: value
                for name, value in one.items()
                if name != "short" and not name.startswith("last_touch")
            }
            for one in found
        ]

        assert all(one == kept[0] for one in kept), kind


@more(3)
@given(st.sampled_from(PAIRS), st.sampled_from(PEOPLE), st.permutations(STORY), st.data())
def test_order_in_time_does_not_matter_either(
    pair: tuple[str, str], kind: str, times: list[str], data: st.DataObject
) -> None:
    """Clocks disagree and people register before the sender tells of their install."""
    events = story((*pair, kind), (times[0], times[1], times[2], times[3]))
    store = MemoryStore().fold_all(data.draw(batched(data.draw(st.permutations(events)))))

    assert len(store.living) == 1


PROMO = {"prefix": "ref", "token": "summer-promo"}
DEMO = [
    make_event(
        INSTALL, at="09:14", prefix="ref", token="summer-promo", campaign="instagram-story-may", **IOS
    ),
    make_event(CREATED, at="09:20", prefix="ref", token="summer-promo", referrer_token="user-abc123"),
    make_event(COMPLETED, at="09:32", token="summer-promo"),
]


@pytest.mark.parametrize("batches", arrivals(DEMO))
def test_the_articles_story_is_one_customer_after_18_minutes(batches: list[list[Event]]) -> None:
    found = lead_of(batches)

    assert found["minutes_to_convert"] == 18
    assert (found["campaign"], found["platform"]) == ("instagram-story-may", "iOS")
    assert (found["referral_source"], found["stage"]) == ("user-abc123", "customer")
    assert found == lead_of([DEMO])


# The edges of the window


def minutes_later(at: str, milliseconds: int) -> int:
    return moment(at) + milliseconds


@pytest.mark.parametrize(("apart", "leads"), [(7 * DAY, 1), (7 * DAY + 1, 2)])
@pytest.mark.parametrize("turned", [False, True])
def test_link_pairs_within_the_window(apart: int, leads: int, turned: bool) -> None:
    events = [
        make_event(INSTALL, at="09:00", **CODE),
        make_event(COMPLETED, at=minutes_later("09:00", apart), referral_code="CODE"),
    ]
    for batches in ([events], [[event] for event in events], [[event] for event in events[::-1]]):
        store = MemoryStore().fold_all(batches[::-1] if turned else batches)

        assert len(store.living) == leads


def test_window_is_the_operators() -> None:
    events = [
        make_event(INSTALL, at="09:00", **CODE),
        make_event(COMPLETED, at="10:01", referral_code="CODE"),
    ]

    assert len(MemoryStore(Policy(window=3_600_000)).fold_all([events]).living) == 2


@pytest.mark.parametrize(("apart", "leads"), [(IP_WINDOW, 1), (IP_WINDOW + 1, 2)])
def test_address_pairs_for_two_hours(apart: int, leads: int) -> None:
    events = [
        make_event(INSTALL, at="09:00", ip=IP, **SPRING),
        make_event(CLAIM, at=minutes_later("09:00", apart), ip=IP, deep_link_path="/ref/CODE"),
    ]
    for batches in ([events], [[event] for event in events], [[event] for event in events[::-1]]):
        assert len(MemoryStore().fold_all(batches).living) == leads


def test_address_counts_from_its_own_event_not_from_the_first() -> None:
    """Somebody waits for days; the claim brings the address, the install follows within minutes."""
    waits = make_event(COMPLETED, at="2026-05-18T09:00:00Z", referral_code="CODE", referred_user_id="ann")
    claimed = make_event(CLAIM, at="2026-05-21T09:00:00Z", ip=IP, deep_link_path="/ref/CODE")
    installed = make_event(INSTALL, at="2026-05-21T09:05:00Z", ip=IP, **SPRING)
    for batches in arrivals([waits, claimed, installed]):
        assert len(MemoryStore().fold_all(batches).living) == 1
