"""What never gets into a log line, by the name of a value and by its looks."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.observe.redact import MASK, redact, redactor, scrub

SIGNATURE = "3081cfd17b8638f90c0435eb8fdced8c20ea844b5fc4a20bfe081443cc2b0d91"


@pytest.mark.parametrize(
    "key",
    [
        "secret",
        "webhook_secret",
        "access_token",
        "X-Webhook-Signature",
        "Authorization",
        "password",
        "api_key",
        "apiKey",
        "API-Key",
        "pepper",
        "Cookie",
        "email",
        "e-mail",
        "emails",
        "phone",
        "first_name",
        "ip",
        "client_ip",
        "ip_address",
        "ip_hash",
        "remote",
        "peername",
    ],
)
def test_values_of_these_names_are_masked(key: str) -> None:
    assert redact({key: "harmless"}) == {key: MASK}
    assert redact({"deep": [{"er": {key: 5}}]}) == {"deep": [{"er": {key: MASK}}]}


@pytest.mark.parametrize(
    "key", ["connection", "source", "zip", "shipping", "ship", "trip", "description", "tip", "pipe"]
)
def test_values_of_other_names_are_shown(key: str) -> None:
    assert redact({key: "harmless"}) == {key: "harmless"}


@pytest.mark.parametrize("value", [True, False, None])
def test_masked_names_still_tell_whether_there_is_a_value(value: Any) -> None:
    assert redact({"email": value}) == {"email": value}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("for ann.lee+x@mail.example.co.uk!", f"for {MASK}"),
        ("<ann@example.com>", f"<{MASK}>"),
        ("mailto:ann@example.com", f"mailto:{MASK}"),
        ("from 203.0.113.9, then", f"from {MASK}, then"),
        ("203.0.113.9:5151", f"{MASK}:5151"),
        ("at 2001:db8::1.", f"at {MASK}."),
        ("[2001:db8::7]:443", f"[{MASK}]:443"),
        ("::ffff:203.0.113.9", MASK),
        ("key whsec_3f9c0d51b7a84e62 is", f"key {MASK} is"),
        ("pat-na1-8d3f-44aa", MASK),
        ("Authorization: Bearer ab.cd-ef", f"Authorization: {MASK}"),
        (f"got {SIGNATURE}", f"got {MASK}"),
        (f"sha256={SIGNATURE.upper()}", MASK),
        ("eyJhbGciOi.eyJzdWIi.c2ln", MASK),
        ("https://user:word@crm.example/x", f"https://{MASK}@crm.example/x"),
    ],
)
def test_secrets_and_people_are_taken_out_of_text(text: str, shown: str) -> None:
    assert scrub(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:8080",
        "0.0.0.0:80",
        "http://[::1]:9090/x",
        "at 2026-05-21T09:14:00.000Z",
        "12:34:56",
        "version 1.2.3",
        "3 @ 5",
        "std::string",
        "300.1.2.3",
        SIGNATURE[:32],
        "the path, the bearer and a pattern",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert scrub(text) == text


class Point(msgspec.Struct):
    ip: str
    note: str


@dataclasses.dataclass
class Pair:
    token: str
    note: str


@pytest.mark.parametrize("value", [Point("1.2.3.4", "at 1.2.3.4"), Pair("x", "ann@example.com")])
def test_structs_are_looked_into(value: Any) -> None:
    shown: Any = redact({"value": value})["value"]

    assert set(shown.values()) <= {MASK, f"at {MASK}"}


def test_exception_is_shown_without_what_it_holds() -> None:
    assert redact({"failure": ValueError("bad ann@example.com")}) == {"failure": f"bad {MASK}"}


def test_bytes_are_counted_not_shown() -> None:
    assert redact({"body": b"ann@example.com"}) == {"body": "<15 bytes>"}


def test_keys_are_scrubbed_too() -> None:
    assert redact({"by": {"ann@example.com": 1}}) == {"by": {MASK: 1}}


def test_control_characters_cannot_forge_a_line() -> None:
    assert redact({"type": "x\nevent=forged\x1b[0m"}) == {"type": "x event=forged [0m"}


def test_long_text_is_cut_and_nothing_half_shown() -> None:
    text = "word " * 799 + "ann@example.com " * 500

    shown = str(redact({"text": text})["text"])

    assert len(shown) <= 2001
    assert "ann" not in shown


@pytest.mark.parametrize("unit", ["a", "a@", "a.", ":", "1.", "f:", "eyJ", "-", "=", "@."])
def test_long_text_without_blanks_costs_little(unit: str) -> None:
    """A pattern that looks back and forth would take minutes here; the test would time out."""
    assert redact({"text": unit * 200_000})
    assert redactor(None, "info", {"event": "x", "exception": unit * 200_000})


def test_depth_is_bounded() -> None:
    value: Any = "ann@example.com"
    for _ in range(5000):
        value = {"deeper": value}
    shown = repr(redact({"value": value}))

    assert "…" in shown
    assert "ann" not in shown


def test_traceback_keeps_its_lines() -> None:
    line = redactor(None, "error", {"event": "x", "exception": 'File "a.py"\n  ValueError: 203.0.113.9'})

    assert line["exception"] == f'File "a.py"\n  ValueError: {MASK}'


ADDRESSES = st.ip_addresses().filter(lambda one: not one.is_loopback and not one.is_unspecified)
WORDS = st.text("abc xyz", max_size=10)


@given(ADDRESSES, WORDS, WORDS, st.sampled_from([" ", ",", "(", "=", '"', "[", "\n"]))
def test_no_address_survives(address: Any, before: str, after: str, edge: str) -> None:
    assert str(address) not in scrub(f"{before}{edge}{address} {after}")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(object()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES))
def test_any_values_become_ones_that_json_can_hold(values: dict[str, Any]) -> None:
    assert json.dumps(redact(values))
