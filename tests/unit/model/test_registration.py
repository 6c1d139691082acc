"""What a stored registration says, and which two are one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import moment

from afterclick.model.event import Facts, dedupe_key
from afterclick.model.registration import decode_registration, registration_key

# Frozen: another key would count every retry in flight a second time. Made by hand with
# `sha256(space + NUL + source + NUL + "webhook-id" + NUL + id)[:16]`.
FROZEN = [
    ("main", "app", "msg_1", "d966b8bfaa6fef4ee4843f8071b2933e"),
    ("shop", "app", "msg_1", "97b7b74ca1c0591e8afa52568a21f642"),
    ("main", "web", "msg_1", "6ea269b5f3f0fd159ea2e703019e1ad9"),
    ("main", "app", "", "10efc08d52e4964833970f34b605501f"),
]


@pytest.mark.parametrize(("space", "source", "id", "tie"), FROZEN)
def test_registration_key_is_frozen(space: str, source: str, id: str, tie: str) -> None:
    assert registration_key(space, source, id) == (0, bytes.fromhex(tie))


def test_no_body_is_taken_for_an_id() -> None:
    body = b"webhook-id\x00msg_1"

    assert registration_key("main", "app", "msg_1") == dedupe_key("main", "app", body, None)
    # Which is no JSON, so it is never folded: an object begins with a brace.
    assert decode_registration(body).problem is not None


def facts(**fields: Any) -> Facts:
    decoded = decode_registration(json.dumps(fields).encode())
    assert decoded.problem is None
    return decoded.facts


def test_person_is_read() -> None:
    found = facts(
        user_id="Ann-1",
        email=" Ann@Example.COM ",
        first_name="Ann",
        last_name="Able",
        phone="+49 1",
        company="Acme",
    )

    assert found == Facts(
        user="Ann-1",
        email="ann@example.com",
        first_name="Ann",
        last_name="Able",
        phone="+49 1",
        company="Acme",
    )


@pytest.mark.parametrize(
    ("fields", "link"),
    [
        ({"token": "may"}, (None, "may", None)),
        ({"token": "may", "prefix": "/promo/"}, ("promo", "may", None)),
        ({"deep_link_path": "/promo/may"}, ("promo", "may", None)),
        ({"deep_link_path": "/promo/may/more?x=1"}, ("promo", "may", None)),
        ({"deep_link_path": "https://go.example.com/promo/may"}, ("promo", "may", None)),
        ({"deep_link_path": "/ref/Q7"}, ("ref", "Q7", "Q7")),
        ({"referral_code": "Q7"}, ("ref", "Q7", "Q7")),
        ({"referral_code": "Q7", "deep_link_path": "/ref/Q7"}, ("ref", "Q7", "Q7")),
        ({"referral_code": "Q7", "token": "Q7"}, ("ref", "Q7", "Q7")),
        # Somebody tapped one link and typed a friend's code in: the link was tapped, the code credits.
        ({"referral_code": "Q7", "deep_link_path": "/promo/may"}, ("promo", "may", "Q7")),
        ({"referral_code": "Q7", "token": "may"}, (None, "may", "Q7")),
        ({"referral_code": "Q7", "deep_link_path": "/welcome"}, ("ref", "Q7", "Q7")),
    ],
)
def test_link_is_read_as_elsewhere(fields: dict[str, str], link: tuple[str | None, ...]) -> None:
    found = facts(user_id="ann", **fields)

    assert (found.prefix, found.token, found.code) == link


def test_properties_keep_their_kind() -> None:
    properties = {"plan": " pro ", "seats": 5, "rate": 0.5, "trial": False, "none": None, "empty": ""}

    assert facts(user_id="ann", properties=properties).further == {
        "properties.plan": '"pro"',
        "properties.seats": "5",
        "properties.rate": "0.5",
        "properties.trial": "false",
    }


def test_time_is_read() -> None:
    body = b'{"user_id": "ann", "registered_at": "2026-05-21T11:14:00+02:00"}'

    assert decode_registration(body).timestamp == moment("09:14")


@given(st.binary())
def test_any_stored_body_is_read_or_refused(body: bytes) -> None:
    decode_registration(body)


@given(
    st.dictionaries(
        st.sampled_from(("user_id", "email", "token", "deep_link_path", "properties", "registered_at")),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
            lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
            max_leaves=5,
        ),
    )
)
def test_any_stored_object_is_read(fields: dict[str, Any]) -> None:
    assert decode_registration(json.dumps(fields).encode()).problem is None
