"""Whose is this event? The decisions one by one; what holds for every order is in `test_promises`."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.clock import moment
from tests.support.decisions import (
    AUTUMN,
    CODE,
    IP,
    OTHER_IP,
    claimed,
    completed,
    decision,
    folded,
    joins_in,
    same,
    tap,
)
from tests.support.events import in_order, make_event, make_registration
from tests.support.memory_store import MemoryStore

from afterclick.model.event import CLAIM, CLICK, CREATED, INSTALL
from afterclick.model.identity import Identity
from afterclick.model.journey import IP_WINDOW, Policy, Slot
from afterclick.model.view import ENOUGH, Decision, needs_of

# Touches


def test_touch_without_link_or_campaign_is_kept_unattributed() -> None:
    event = make_event(INSTALL, ip=IP, platform="ios")
    store = folded(event)

    assert decision(store, event).how == "unattributed"
    assert store.living == {}


def test_campaign_alone_opens_a_journey() -> None:
    event = make_event(INSTALL, ip=IP, campaign="spring")

    assert decision(folded(event), event).how == "founded"


def test_bare_touch_joins_the_journey_of_its_address() -> None:
    install = make_event(INSTALL, at="09:10", ip=IP, platform="ios")
    store = folded(claimed(ip=IP), install)

    assert decision(store, install).how == "probable"
    assert len(store.living) == 1


def test_touch_fills_the_newest_journey_before_it() -> None:
    old, newest, later = tap("08:00"), tap("08:50"), tap("09:10")
    claim = claimed("09:00")
    store = folded(old, newest, later, claim)

    assert same(store, newest, claim)
    assert decision(store, claim) == Decision(
        how="probable", lead=store.lead_of(newest), journey=newest.name, candidates=3
    )


def test_journey_that_began_later_is_better_than_none() -> None:
    claim, install = claimed("09:00"), tap("09:03")

    assert same(folded(claim, install), claim, install)


def test_same_address_is_better_than_a_nearer_journey() -> None:
    far, near = tap("08:00", ip=IP), tap("08:59", ip=OTHER_IP)
    claim = claimed("09:00", ip=IP)

    assert same(folded(far, near, claim), far, claim)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_bare_install_and_claim_of_one_address_find_each_other(batched: bool, turned: bool) -> None:
    """As documented, an install tells neither link nor, without one in the link, a campaign."""
    install = make_event(INSTALL, at="09:00", ip=IP, platform="ios", country="DE")
    events = [install, claimed(ip=IP)][:: -1 if turned else 1]
    store = MemoryStore().fold_all([events] if batched else [[event] for event in events])

    assert same(store, *events)
    assert (decision(store, install).how, decision(store, install).candidates) == ("probable", 1)
    assert store.shown(install)["install_date"] == "2026-05-21T09:00:00.000Z"
    assert store.shown(install)["platform"] == "iOS"


@pytest.mark.parametrize(
    "other",
    [
        {"ip": OTHER_IP},
        {"ip": None},
        {"ip": IP, "at": moment("09:00") + IP_WINDOW + 1},
        {"ip": IP, "platform": "android"},
        {"ip": IP, "space": "shop"},
    ],
)
def test_bare_install_stays_unattributed_where_it_does_not_fit(other: dict[str, Any]) -> None:
    install = make_event(INSTALL, at="09:00", ip=IP, platform="ios")
    claim = make_event(CLAIM, **{"at": "09:05", **AUTUMN, **other})
    for order in ((install, claim), (claim, install)):
        store = folded(*order)

        assert decision(store, install).how == "unattributed"
        assert len(store.living) == 1


def test_claim_takes_in_one_bare_install_the_nearest() -> None:
    early, near, late = (make_event(INSTALL, at=at, ip=IP) for at in ("08:30", "09:04", "09:30"))
    claim = claimed(ip=IP)
    store = folded(early, near, late, claim)

    assert same(store, near, claim)
    assert [decision(store, one).how for one in (early, late)] == ["unattributed"] * 2


def test_bare_install_reaches_a_person_who_waits() -> None:
    person, install = joins_in("08:50"), make_event(INSTALL, at="09:00", ip=IP)
    claim = claimed(ip=IP)
    store = folded(person, install, claim)

    assert same(store, person, install, claim)


def test_slot_is_filled_once() -> None:
    store = folded(tap("09:00"), tap("09:01"), claimed("09:05"), claimed("09:06"), claimed("09:07"))

    assert len(store.living) == 3


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"platform": "ios"}, {"platform": "android"}),
        ({"campaign": "spring"}, {"campaign": "winter"}),
        ({"hostname": "a.example.com"}, {"hostname": "b.example.com"}),
        ({"prefix": "table"}, {}),
        ({"token": "other"}, {}),
    ],
)
def test_known_disagreement_keeps_journeys_apart(known: dict[str, str], told: dict[str, str]) -> None:
    install, claim = tap(ip=IP, **known), claimed(ip=IP, **told)

    assert not same(folded(install, claim), install, claim)
    assert not same(folded(claim, install), install, claim)


@pytest.mark.parametrize("unknown", [{"prefix": ""}, {"platform": "ios"}, {"hostname": "a.example.com"}])
def test_what_one_side_does_not_know_keeps_nothing_apart(unknown: dict[str, str]) -> None:
    install, claim = tap(**unknown), claimed()

    assert same(folded(install, claim), install, claim)


def test_spaces_never_mix() -> None:
    install, claim = tap(ip=IP), make_event(CLAIM, space="shop", ip=IP, **AUTUMN)
    person = make_registration(space="shop", user="ann", **AUTUMN)
    other = make_registration(at="09:40", user="ann")
    store = folded(install, claim, person, other)

    assert same(store, claim, person)
    assert len({store.lead_of(event) for event in (install, person, other)}) == 3


def test_what_a_journey_learned_counts_for_the_next_event() -> None:
    """A claim tells the platform, so an install of another platform is another person's."""
    first, claim = make_event(INSTALL, at="09:00", ip=IP, campaign="spring"), claimed(ip=IP, platform="ios")
    android = joins_in(platform="android")
    store = folded(first, claim, android)

    assert same(store, first, claim)
    assert not same(store, claim, android)


# People


def test_person_claims_the_newest_open_journey() -> None:
    old, new, person = tap("08:00"), tap("09:00"), joins_in()
    store = folded(old, new, person)

    assert same(store, new, person)
    assert decision(store, person) == Decision(
        how="probable", lead=store.lead_of(new), journey=new.name, candidates=2
    )


def test_person_claims_one_journey_at_most() -> None:
    taps = [tap("08:00"), tap("08:10")]
    store = folded(*taps, joins_in("08:20"), joins_in("08:30"), joins_in("08:40", email="ann@example.com"))

    assert len(store.living) == 2
    assert not same(store, *taps)


def test_known_person_is_exact() -> None:
    person, again = joins_in("09:30"), joins_in("09:40")
    store = folded(tap(), person, again)

    assert decision(store, again).how == "exact"
    assert decision(store, again).candidates is None


def test_person_without_a_journey_waits_for_one() -> None:
    person, install = joins_in("09:30"), tap("09:40")
    store = folded(person, install)

    assert decision(store, person).how == "founded"
    assert same(store, person, install)


def test_people_never_fill_each_others_wait() -> None:
    ann, ben, install = joins_in("09:30"), joins_in("09:31", user="ben"), tap("09:40")
    store = folded(ann, ben, install)

    assert not same(store, ann, ben)
    assert same(store, ben, install)


def test_person_who_waits_in_two_places_gets_one_journey() -> None:
    here, there = joins_in("09:30"), joins_in("09:31", prefix="table", token="window")
    first, second = tap("09:40"), tap("09:50", prefix="table", token="window")
    store = folded(here, there, first, second)

    assert same(store, here, there, first)
    assert not same(store, first, second)


def test_person_waits_on_each_of_two_links_with_one_token() -> None:
    here, there = joins_in("09:30"), joins_in("09:31", prefix="table")
    install = tap("09:40", prefix="table")

    assert same(folded(here, there, install), here, there, install)


def test_person_who_turns_out_to_have_a_journey_waits_no_longer() -> None:
    """Two leads, one with a journey and one waiting, become one: the next tap is a stranger's."""
    waits = completed("09:00")
    install, has = tap("09:10"), make_registration(at="09:20", email="ann@example.com", **AUTUMN)
    joined = make_registration(at="09:30", user="ann", email="ann@example.com")
    both = completed("09:40", referred_user_id="ann")
    stranger = tap("09:50", **CODE)
    store = folded(waits, install, has, joined, both, stranger)

    assert same(store, waits, install, has, joined, both)
    assert not same(store, both, stranger)


def test_claim_does_not_unite_what_disagrees() -> None:
    """A claim that knows no platform fits an Android install and somebody on an iPhone."""
    iphone = make_event(CREATED, at="09:00", referrer_token="host", platform="ios", **CODE)
    install = tap("09:05", platform="android", **CODE)
    claim = claimed("09:20", **CODE)
    store = folded(iphone, install, claim)

    assert same(store, install, claim)
    assert not same(store, install, iphone)


def test_claim_brings_an_address_and_a_waiting_person_together() -> None:
    install = make_event(INSTALL, at="09:00", ip=IP, campaign="spring")
    person, claim = completed("09:10", referred_user_id="ann"), claimed("09:20", ip=IP, **CODE)
    store = folded(install, person, claim)

    assert same(store, install, person, claim)
    assert store.shown(person)["campaign"] == "spring"


# What a batch asks for


def test_batch_asks_for_what_its_events_touch() -> None:
    events = in_order(
        tap("09:00", ip=IP), completed("09:10", referred_user_id="ann"), make_event(CLICK, **AUTUMN)
    )
    needs = needs_of(events, Policy())

    assert needs.identities == {Identity("main", "user", "ann"), Identity("main", "ref", "CODE")}
    assert needs.links == {("main", "menu", "autumn"), ("main", "ref", "CODE")}
    assert needs.codes == {("main", "CODE")}
    assert needs.described == set()
    assert [(ask.slot, ask.prefix, ask.token, ask.ip_hash is None) for ask in needs.asks] == [
        (Slot.INSTALL, "menu", "autumn", True),
        (Slot.INSTALL, None, None, False),
        (Slot.PERSON, "ref", "CODE", True),
    ]


def test_batch_asks_once_for_many_events_of_a_link() -> None:
    [ask] = needs_of(in_order(*(tap(f"09:00:{second}0") for second in range(5))), Policy()).asks

    assert (ask.earliest, ask.latest, ask.limit) == (moment("09:00"), moment("09:00:40"), 5 + ENOUGH)


def test_batch_asks_around_each_crowd_of_events() -> None:
    """Between two of them thousands may have tapped the link: each sees the newest before itself."""
    taps = [tap(at) for at in ("09:00", "09:00:30", "11:00", "09:01")]
    asks = needs_of(in_order(*taps), Policy()).asks

    assert [(ask.earliest, ask.latest, ask.limit) for ask in asks] == [
        (moment("09:00"), moment("09:01"), 4 + ENOUGH),
        (moment("11:00"), moment("11:00"), 4 + ENOUGH),
    ]


def test_event_that_nobody_folds_asks_for_nothing() -> None:
    needs = needs_of(in_order(make_event("ecommerce.purchase", token="autumn", ip=IP)), Policy())

    assert (needs.asks, needs.links, needs.identities) == ([], set(), set())
