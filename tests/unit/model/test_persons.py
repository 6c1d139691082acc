"""Who is one person, and what is none: exact identities, personal links, campaign links, codes."""

from __future__ import annotations

import pytest
from tests.support.clock import moment
from tests.support.decisions import (
    AUTUMN,
    CODE,
    claimed,
    completed,
    decision,
    folded,
    joins_in,
    same,
    tap,
)
from tests.support.events import make_event, make_registration
from tests.support.memory_store import MemoryStore

from afterclick.model.event import CLAIM, CLICK, CREATED, INSTALL
from afterclick.model.identity import Identity
from afterclick.model.journey import Policy
from afterclick.model.memory import Counts

# Exact identity


def test_shared_identity_unites_transitively() -> None:
    ann = make_registration(at="09:00", user="ann")
    mail = make_registration(at="09:01", email="ann@example.com")
    code = completed("09:02")
    one = make_registration(at="09:03", user="ann", email="ann@example.com")
    two = completed("09:04", referred_user_id="ann")
    store = folded(ann, mail, code, one, two)

    assert same(store, ann, mail, code, one, two)
    assert decision(store, one).joined == (2,)
    assert decision(store, two).joined == (3,)


def test_older_lead_lives_on() -> None:
    old, young = (
        make_registration(at="09:00", email="ann@example.com"),
        make_registration(at="09:01", user="ann"),
    )
    store = folded(old, young, make_registration(at="09:02", user="ann", email="ANN@example.com"))

    assert store.joined_into == {2: 1}


def test_two_users_are_never_united() -> None:
    first = make_registration(at="09:00", user="ann", email="shared@example.com")
    second = make_registration(at="09:01", user="ben", email="shared@example.com")
    store = folded(first, second)

    assert not same(store, first, second)
    assert store.refused == [(Identity("main", "email", "shared@example.com"), 1, 0)]
    assert store.identities[Identity("main", "email", "shared@example.com")] == store.lead_of(first)
    assert "email" in {name.kind for name in store.living[store.lead_of(first)].identities}
    assert "email" not in {name.kind for name in store.living[store.lead_of(second)].identities}


def test_second_friend_of_a_code_is_somebody_else() -> None:
    ann, ben = completed("09:00", referred_user_id="ann"), completed("09:10", referred_user_id="ben")
    store = folded(ann, ben)

    assert not same(store, ann, ben)
    assert len(store.refused) == 1


def test_bridge_between_two_users_holds_neither() -> None:
    """A lead without a user joins the one, and is then closed to the other."""
    ann, ben = make_registration(at="09:00", user="ann"), make_registration(at="09:01", user="ben")
    one = make_registration(at="09:02", user="ann", email="x@example.com")
    two = make_registration(at="09:03", user="ben", email="x@example.com")
    store = folded(ann, ben, one, two)

    assert same(store, ann, one)
    assert same(store, ben, two)
    assert not same(store, ann, ben)


def test_registration_that_says_nobody_is_unattributed() -> None:
    event = make_registration(**AUTUMN)

    assert decision(folded(tap(), event), event).how == "unattributed"


PERSONAL = Policy(personal_prefixes=frozenset({"card"}))
CARD = {"prefix": "card", "token": "C-77"}


def test_personal_link_is_one_person_however_often_it_is_tapped() -> None:
    taps = [tap("09:00", **CARD), tap("09:10", **CARD), claimed("09:20", **CARD)]
    person = joins_in(**CARD)
    for order in ([*taps, person], [person, *taps]):
        store = folded(*order, policy=PERSONAL)

        assert same(store, *taps, person)
        assert decision(store, order[1]).how == "exact"


def test_personal_prefix_is_personal_only_where_declared() -> None:
    assert len(folded(tap("09:00", **CARD), tap("09:10", **CARD)).living) == 2


# Links and codes


def test_clicks_and_descriptions_are_nobody() -> None:
    click = make_event(CLICK, **AUTUMN)
    described = make_event(CREATED, referral_code="CODE", referrer_id="host")
    store = folded(click, described, make_event("test", webhook_id="wh_1"), make_event("ecommerce.purchase"))

    assert store.living == {}
    assert [one.how for one in store.decisions.values()] == ["link", "code", "ignored", "ignored"]


@pytest.mark.parametrize(
    ("meaning", "documented", "article"),
    [("auto", "code", "founded"), ("code", "code", "code"), ("signup", "founded", "founded")],
)
def test_operator_may_say_what_referral_created_means(meaning: str, documented: str, article: str) -> None:
    policy = Policy(referrals_created=meaning)
    told = make_event(CREATED, referral_code="A", referrer_id="host")
    signed_up = make_event(CREATED, prefix="ref", token="B", referrer_token="host")
    store = folded(told, signed_up, policy=policy)

    assert (decision(store, told).how, decision(store, signed_up).how) == (documented, article)


def test_ten_thousand_taps_are_ten_thousand_people() -> None:
    at = moment("09:00")
    taps = [make_event(INSTALL, at=at + 50 * number, **AUTUMN) for number in range(10_000)]
    store = MemoryStore().fold_all(taps[start : start + 1_000] for start in range(0, 10_000, 1_000))

    assert len(store.living) == 10_000


def test_fifty_installs_of_one_code_are_fifty_people() -> None:
    taps = [tap(f"09:{number:02}", **CODE) for number in range(50)]
    friend = completed("10:00", referred_user_id="ann")
    store = folded(*taps, friend)

    assert len(store.living) == 50
    assert sum(state.named for state in store.living.values()) == 1
    assert decision(store, friend).candidates == 50


@pytest.mark.parametrize("batched", [True, False])
def test_claim_inherits_the_newest_campaign_before_it(batched: bool) -> None:
    clicks = [
        make_event(CLICK, at=at, campaign=name, **AUTUMN)
        for at, name in (("08:00", "winter"), ("09:00", "spring"), ("09:30", "summer"))
    ]
    claim = make_event(CLAIM, at="09:10", deep_link_path="/menu/autumn")
    events = [clicks[0], clicks[1], claim, clicks[2]]
    store = MemoryStore().fold_all([events] if batched else [[event] for event in events])

    assert store.shown(claim)["campaign"] == "spring"
    assert store.only.touches[claim.name].fields["campaign"].inferred


def test_campaign_of_another_prefix_is_not_inherited() -> None:
    claim = claimed()
    store = folded(make_event(CLICK, at="09:00", campaign="spring", prefix="table", token="autumn"), claim)

    assert "campaign" not in store.shown(claim)


def test_campaign_of_an_install_is_remembered_too() -> None:
    install, claim = tap("09:00", campaign="spring"), claimed("09:20", platform="ios")
    other = claimed("09:30", platform="android")
    store = folded(install, claim, other)

    assert store.shown(other)["campaign"] == "spring"


def test_links_and_codes_count() -> None:
    store = folded(
        make_event(CLICK, at="08:00", **CODE),
        make_event(CLICK, at="08:01", **CODE),
        tap("09:00", **CODE),
        tap("09:01", **CODE),
        completed("10:00", referred_user_id="ann", milestone="signup"),
        completed("10:01", referred_user_id="ann", milestone="order"),
    )
    counts = Counts(clicks=2, installs=2, people=1, conversions=2)

    assert store.links["main", "ref", "CODE"].counts == counts
    assert store.codes["main", "CODE"].counts == counts
