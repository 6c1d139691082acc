"""Keys and identities: what names a person exactly, and how that is written into a CRM."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import make_event, make_registration

from afterclick.model.event import Event
from afterclick.model.identity import (
    Identity,
    IdentityKind,
    exact_identities,
    founding_identity,
    identity,
    key,
    link_value,
    strongest_first,
)

NOBODY: frozenset[str] = frozenset()

# Frozen: these keys stand in other people's CRMs. A release that makes others finds none of the
# records made before it, and creates every person a second time. Made by hand with
# `sha256(space US kind US value US pepper US)`, US being the unit separator 0x1f.
FROZEN = [
    ("main", "user", "ann", "", "user:ee2d2b51191dc1843522c027bc1ac858"),
    ("main", "user", "Ann", "", "user:1e1de4854eee8af01ab3b38e73c5d71b"),
    ("shop", "user", "ann", "", "user:caec9b91d32ecbd0ac2480f0accb2f4a"),
    ("main", "user", "ann", "salt", "user:1d99640842f2cd98806d837e287cf3c4"),
    ("main", "user", "été 🍂", "", "user:8003832c5f519d08ff8e9c42e20e3b51"),
    ("main", "email", "ann@example.com", "", "email:c9656bbf3c60a7fbf0af49dccb3b1a73"),
    ("main", "ref", "H4TZ8QK2LM", "", "ref:a0e1ec5a5e7784f6b8248efb808361b3"),
    ("main", "link", "card/C-77", "", "link:b218efb80f7aa772820ede7fc7b167df"),
    (
        "main",
        "event",
        "20594:00112233445566778899aabbccddeeff",
        "",
        "event:9843cc6812cd678761f6044d482e391f",
    ),
]


@pytest.mark.parametrize(("space", "kind", "value", "pepper", "expected"), FROZEN)
def test_key_is_frozen(space: str, kind: str, value: str, pepper: str, expected: str) -> None:
    assert key(Identity(space, kind, value), pepper) == expected


def test_event_key_of_a_stored_event_is_frozen() -> None:
    event = msgspec.structs.replace(
        make_event("install.tracked"), bucket=20594, tie=bytes.fromhex("00112233445566778899aabbccddeeff")
    )

    assert key(founding_identity(event)) == "event:9843cc6812cd678761f6044d482e391f"


@given(st.text(), st.sampled_from(IdentityKind), st.text(), st.text())
def test_key_is_short_plain_ascii_whatever_it_is_made_of(
    space: str, kind: IdentityKind, value: str, pepper: str
) -> None:
    assert re.fullmatch(
        r"(user|email|ref|link|event):[0-9a-f]{32}", key(Identity(space, kind, value), pepper)
    )


def test_key_of_a_lone_surrogate_does_not_raise() -> None:
    assert key(Identity("main", "user", "\ud83c")).startswith("user:")


@given(st.text(min_size=1), st.text(min_size=1))
def test_space_and_value_do_not_run_into_each_other(space: str, value: str) -> None:
    assert key(Identity(space + value, "user", "x")) != key(Identity(space, "user", value + "x"))


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (IdentityKind.EMAIL, "  Ann@Example.COM ", "ann@example.com"),
        (IdentityKind.USER, " Ann ", "Ann"),
        (IdentityKind.REF, "aBc", "aBc"),
    ],
)
def test_only_e_mail_addresses_ignore_case(kind: IdentityKind, raw: str, value: str) -> None:
    assert identity("main", kind, raw) == Identity("main", kind.value, value)


def test_keys_are_sorted_strongest_first() -> None:
    keys = ["event:1", "link:1", "ref:2", "ref:1", "email:1", "user:1", "ref:1"]

    assert strongest_first(keys) == ("user:1", "email:1", "ref:1", "ref:2", "link:1", "event:1")


def stated(event: Event, personal: frozenset[str] = NOBODY) -> list[tuple[str, str]]:
    return [(name.kind, name.value) for name in exact_identities(event, personal)]


REFERRAL: dict[str, Any] = {"referral_code": "CODE", "referrer_id": "host", "referred_user_id": "ann"}


def test_completion_states_user_and_code() -> None:
    assert stated(make_event("referral.completed", **REFERRAL)) == [("user", "ann"), ("ref", "CODE")]


def test_referrer_is_never_the_friend() -> None:
    event = make_event("referral.completed", referral_code="CODE", referrer_id="host")

    assert stated(event) == [("ref", "CODE")]


def test_signup_in_the_articles_shape_states_the_code() -> None:
    event = make_event("referral.created", prefix="ref", token="CODE", referrer_token="host")

    assert stated(event) == [("ref", "CODE")]


@pytest.mark.parametrize("type", ["install.tracked", "deferred_link.claimed", "link.clicked"])
def test_tap_on_a_shared_link_or_code_states_nobody(type: str) -> None:
    assert stated(make_event(type, prefix="ref", token="CODE")) == []
    assert stated(make_event(type, prefix="menu", token="autumn")) == []


def test_personal_prefix_makes_its_token_an_identity() -> None:
    event = make_event("install.tracked", prefix="/card/", token="C-77")

    assert stated(event, frozenset({"card"})) == [("link", "card/C-77")]
    assert stated(event, frozenset({"menu"})) == []


def test_registration_states_user_and_address() -> None:
    event = make_registration(
        user="ann", email="Ann@Example.com", referral_code="CODE", token="CODE", prefix="ref"
    )

    assert stated(event) == [("user", "ann"), ("email", "ann@example.com")]


def test_identity_lives_in_its_space() -> None:
    [name, _] = exact_identities(make_event("referral.completed", space="shop", **REFERRAL), NOBODY)

    assert name.space == "shop"


def test_link_without_a_prefix_has_a_spelling_of_its_own() -> None:
    assert link_value(None, "autumn") == "/autumn"
    assert link_value("menu", "autumn") == "menu/autumn"
