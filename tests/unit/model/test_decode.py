"""Bodies that no page shows: tolerance, times, addresses, and whatever else somebody may send."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.deliveries import Delivery, deliveries

from afterclick.clock import from_iso, to_iso
from afterclick.model.decode import MAX_TYPE, blank_addresses, decode, parse_time, read_facts
from afterclick.model.event import TYPES, Facts
from afterclick.model.text import MAX_TEXT

NINE = "123456789"
SECOND = from_iso("2026-05-21T09:14:00Z")


@pytest.mark.parametrize("digits", range(10))
@pytest.mark.parametrize("zone", ["Z", "+00:00", "-00:00"])
def test_time_may_have_any_fraction(digits: int, zone: str) -> None:
    fraction = f".{NINE[:digits]}" if digits else ""

    assert parse_time(f"2026-05-21T09:14:00{fraction}{zone}") == SECOND + int(NINE[:digits].ljust(3, "0")[:3])


@pytest.mark.parametrize(
    "raw",
    [
        "2026-05-21T11:14:00+02:00",
        "2026-05-21T11:14:00+0200",
        "2026-05-21T03:44:00-05:30",
        "2026-05-21t09:14:00z",
        "2026-05-21 09:14:00Z",
        "  2026-05-21T09:14:00Z\n",
        1_779_354_840,
        1_779_354_840.9,
        1_779_354_840_000,
        "1779354840",
        "1779354840000",
    ],
)
def test_time_forms_that_mean_the_same(raw: object) -> None:
    assert parse_time(raw) == SECOND


@pytest.mark.parametrize(
    "raw",
    [
        None,
        True,
        "",
        "  ",
        "soon",
        "2026-05-21",
        "2026-05-21T09:14:00",
        "2026-13-01T00:00:00Z",
        "2026-05-21T25:00:00Z",
        "²",
        "1779354840.5",
        float("nan"),
        float("inf"),
        {},
        [SECOND],
        "9" * 5000,
    ],
)
def test_unreadable_time_is_none(raw: object) -> None:
    assert parse_time(raw) is None


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00.000Z", "2099-12-31T23:59:59.999Z"])
def test_absurd_time_is_read_as_it_stands(text: str) -> None:
    assert parse_time(text) == from_iso(text)


@given(st.integers(0, 4_102_444_800_000))
def test_time_goes_out_and_in_again(milliseconds: int) -> None:
    assert parse_time(to_iso(milliseconds)) == milliseconds


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary()))
def test_any_time_is_read_or_none(raw: object) -> None:
    assert isinstance(parse_time(raw), int | None)


# Bodies


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"[]", "the body is not an object"),
        (b'"install.tracked"', "the body is not an object"),
        (b"{}", "the body names no event"),
        (b'{"event": null}', "the body names no event"),
        (b'{"event": "  "}', "the body names no event"),
        (b'{"event": 7}', "the body names no event"),
        (b'{"event": "test", "data": []}', "data is not an object"),
        (b'{"event": "test", "data": "x"}', "data is not an object"),
    ],
)
def test_unusable_body_says_why(body: bytes, problem: str) -> None:
    assert decode(body).problem == problem


def test_problem_in_the_data_keeps_type_and_time() -> None:
    decoded = decode(b'{"event": "install.tracked", "timestamp": "2026-05-21T09:14:00Z", "data": 5}')

    assert (decoded.type, decoded.timestamp, decoded.facts) == ("install.tracked", SECOND, Facts())


def test_long_type_is_cut() -> None:
    assert decode(json.dumps({"event": "x" * 500}).encode()).type == "x" * MAX_TYPE


def test_body_with_a_lone_surrogate_is_read() -> None:
    decoded = decode(b'{"event": "install.tracked", "data": {"token": "a\\ud83cb", "campaign": "\\udc00"}}')

    assert decoded.problem is None
    assert decoded.facts == Facts(token="a b")


JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=8,
)
NAMES = st.sampled_from(
    (
        "prefix",
        "token",
        "referral_code",
        "campaign",
        "utm_campaign",
        "source",
        "platform",
        "os",
        "country",
        "hostname",
        "url",
        "route",
        "deep_link_path",
        "referral_url",
        "method",
        "milestone",
        "referrer_id",
        "referrer_token",
        "referred_user_id",
        "ip",
    )
)
PATHS = st.one_of(
    st.text(),
    st.from_regex(r"https?://[a-z]{0,4}(:[0-9]{0,6})?/[^\s]{0,9}/?[^\s]{0,9}(\?utm_campaign=[^\s]{0,9})?"),
)


@given(st.binary())
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    assert decode(body).problem is not None


@given(JSON)
def test_any_json_is_decoded_or_refused(value: object) -> None:
    decode(json.dumps(value).encode())


@given(
    st.sampled_from([*TYPES, "registration", "other"]), JSON, st.dictionaries(NAMES, st.one_of(JSON, PATHS))
)
def test_any_fields_give_clean_facts(event: str, timestamp: object, data: dict[str, object]) -> None:
    decoded = decode(json.dumps({"event": event, "timestamp": timestamp, "data": data}).encode())

    assert decoded.problem is None
    assert decoded.facts.further == {}
    for value in msgspec.structs.astuple(msgspec.structs.replace(decoded.facts, further=None)):
        assert value is None or (value == value.strip() and 0 < len(value) <= MAX_TEXT)
        if value is not None:
            value.encode("utf-8")
            assert "\x00" not in value


# Names for one thing


def facts(event: str = "install.tracked", **data: object) -> Facts:
    return read_facts(event, data)


@pytest.mark.parametrize("empty", [None, "", "   ", "\x00", [], {}, True, False])
def test_empty_counts_as_absent(empty: object) -> None:
    assert facts(token=empty, prefix=empty, campaign=empty, platform=empty, hostname=empty) == Facts()


@pytest.mark.parametrize(
    ("raw", "text"), [(7, "7"), (7.0, "7"), (7.5, "7.5"), (0, "0"), (10**30, str(10**30))]
)
def test_number_becomes_text(raw: float, text: str) -> None:
    assert facts(token=raw).token == text


def test_slashes_and_case_do_not_tell_links_apart() -> None:
    expected = Facts(prefix="menu", token="Autumn", platform="ios", host="go.example.com")

    assert facts(prefix="/menu/", token="Autumn", platform="iOS", hostname="GO.Example.com") == expected


def test_documented_code_wins_over_the_articles_token() -> None:
    found = facts("referral.completed", referral_code="CODE", token="other")

    assert (found.token, found.code, found.prefix) == ("CODE", "CODE", "ref")


def test_token_of_another_link_is_no_code() -> None:
    assert facts(prefix="menu", token="autumn").code is None
    assert facts(prefix="menu", token="autumn", referral_code="CODE").code == "CODE"


@pytest.mark.parametrize(
    ("path", "prefix", "token"),
    [
        ("/menu/autumn", "menu", "autumn"),
        ("menu/autumn/", "menu", "autumn"),
        ("/menu/autumn/receipt/7", "menu", "autumn"),
        ("/menu", "menu", None),
        ("/", None, None),
        ("//host.example/menu/autumn", "menu", "autumn"),
        ("/caf%C3%A9/%F0%9F%8D%82", "café", "🍂"),
        ("/a%2Fb/c", "a/b", "c"),
        ("https://[broken", None, None),
    ],
)
def test_path_gives_prefix_and_token(path: str, prefix: str | None, token: str | None) -> None:
    found = facts("deferred_link.claimed", deep_link_path=path)

    assert (found.prefix, found.token) == (prefix, token)


def test_named_fields_win_over_the_path() -> None:
    found = facts(url="https://a.example/menu/autumn?utm_campaign=x&utm_source=y", token="t", campaign="c")

    assert (found.prefix, found.token, found.campaign, found.source) == ("menu", "t", "c", "y")


def test_each_path_adds_what_the_others_lack() -> None:
    found = facts(deep_link_path="/menu/autumn", url="https://go.example.com/m/x?utm_campaign=spring")

    assert found == Facts(
        prefix="menu",
        token="autumn",
        campaign="spring",
        host="go.example.com",
        url="https://go.example.com/m/x?utm_campaign=spring",
    )


def test_prefix_and_token_come_from_one_path() -> None:
    found = facts(deep_link_path="/menu", url="https://go.example.com/table/window-12")

    assert (found.prefix, found.token) == ("table", "window-12")


@pytest.mark.parametrize(
    ("data", "meaning"),
    [
        ({"referrer_id": "host"}, "code"),
        ({"referral_url": "https://go.example.com/ref/CODE"}, "code"),
        ({"referrer_token": "host"}, "signup"),
        ({"referrer_id": "host", "referrer_token": "host"}, "code"),
        ({"referrer_id": None, "referral_url": "", "referrer_token": "host"}, "signup"),
        ({}, None),
    ],
)
def test_referral_created_is_about_the_code_or_the_friend(data: dict[str, Any], meaning: str | None) -> None:
    assert facts("referral.created", referral_code="CODE", **data).names_referrer_as == meaning


# Addresses


@pytest.mark.parametrize(
    "body",
    [
        b'{"ip":"198.51.100.7"}',
        b'{"ip" : "198.51.100.7"}',
        b'{"ip":\n"198.51.100.7"}',
        b'{"client_ip":"198.51.100.7","ip_address":"198.51.100.7"}',
        b'{"device":{"ip":"2001:db8::198.51.100.7"}}',
        b'{"ip":"say \\"198.51.100.7\\""}',
        b'{"ip":3325256711,"x":1}',
        b'{"ip":-1.5e3,"x":1}',
    ],
)
def test_address_fields_are_blanked(body: bytes) -> None:
    blanked = blank_addresses(body)

    assert b"198" not in blanked
    assert b"332" not in blanked
    assert b"null" in blanked
    json.loads(blanked)


@pytest.mark.parametrize(
    "body",
    [
        b'{"zip":"12345","tip":"10 %","description":"ip"}',
        b'{"note":"the \\"ip\\": \\"198.51.100.7\\""}',
        b'{"ip":null}',
        b'{"ip":""',
    ],
)
def test_other_fields_stay_byte_for_byte(body: bytes) -> None:
    assert blank_addresses(body) == body.replace(b'"ip":""', b'"ip":null')


@pytest.mark.parametrize("one", deliveries(), ids=lambda one: one.id)
def test_blanked_sample_says_the_same_without_its_address(one: Delivery) -> None:
    expected = msgspec.structs.replace(decode(one.body), ip=None)

    assert decode(blank_addresses(one.body)) == expected


@given(st.dictionaries(st.one_of(NAMES, st.text()), JSON))
def test_blanking_changes_nothing_else(data: dict[str, object]) -> None:
    body = json.dumps({"event": "install.tracked", "data": data}).encode()

    assert decode(blank_addresses(body)).facts == decode(body).facts
