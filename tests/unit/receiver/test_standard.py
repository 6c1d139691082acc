"""Standard Webhooks: which headers count, and that no other is more than a 401."""

from __future__ import annotations

import asyncio
import base64
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import NOON, FakeClock
from tests.support.signing import OTHER_SECRET, SECRET, headers_of, report

from afterclick.receiver.standard import (
    HEADERS,
    MOST_SIGNATURES,
    TOLERANCE,
    NotSignedError,
    Signed,
    StandardVerifier,
)

from .conftest import source, start_receiver

BODY = report(user_id="u_1")
GOOD = headers_of(BODY)


def verify(headers: dict[str, str], body: bytes = BODY, clock: FakeClock | None = None) -> Signed:
    verifier = StandardVerifier({"app": source(SECRET, kind="app")}, clock or FakeClock())
    return verifier.verify({name: [headers[name]] if name in headers else [] for name in HEADERS}, body)


def test_official_library_signs_what_is_accepted() -> None:
    assert verify(GOOD) == Signed("app", "msg_1")


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        ('{"user_id":"u_1"}', "v1,spcoSJgoDbvxfpQ6rtBsvgegpUwesnF+VgGmgAyRkqI="),
        (
            '{"email":"ada@example.com","first_name":"Zoë"}',
            "v1,rnTTANbRv1p25+ku8Jj3SdS4VvTOX1c/Mfv8F0AbI/k=",
        ),
    ],
)
def test_what_the_javascript_library_signed_is_accepted(body: str, signature: str) -> None:
    """Frozen from `new Webhook(SECRET).sign("msg_1", new Date(1779364800000), body)` of version 1.1.1."""
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1779364800",
        "webhook-signature": signature,
    }

    assert verify(headers, body.encode()) == Signed("app", "msg_1")


@pytest.mark.parametrize("apart", [-TOLERANCE, 0, TOLERANCE])
def test_clock_may_be_five_minutes_off(apart: int) -> None:
    assert verify(headers_of(BODY, at=NOON + apart * 1000)).id == "msg_1"


@pytest.mark.parametrize("apart", [-TOLERANCE - 1, TOLERANCE + 1])
def test_older_and_newer_signatures_are_refused(apart: int) -> None:
    with pytest.raises(NotSignedError, match="5 minutes"):
        verify(headers_of(BODY, at=NOON + apart * 1000))


@pytest.mark.parametrize(
    "signature",
    [
        "v1,AAAA {}",
        "v1a,bm90IG91cnM= {}",
        "  {}  ",
        "{} {}",
        "v2,x v1 v1, v1,= {}",
    ],
)
def test_one_good_signature_among_others_is_enough(signature: str) -> None:
    good = GOOD["webhook-signature"]

    assert verify(GOOD | {"webhook-signature": signature.replace("{}", good)}).source == "app"


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": GOOD["webhook-signature"].removeprefix("v1,")},
        {"webhook-signature": GOOD["webhook-signature"].replace("v1,", "v2,")},
        {"webhook-signature": GOOD["webhook-signature"][:-2]},
        {"webhook-signature": GOOD["webhook-signature"] + "AAAA"},
        {"webhook-signature": "v1," + base64.b64encode(b"x" * 32).decode()},
        {"webhook-signature": "v1,AAAA " * MOST_SIGNATURES + GOOD["webhook-signature"]},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": GOOD["webhook-timestamp"] + ".0"},
        {"webhook-timestamp": "+" + GOOD["webhook-timestamp"]},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1e400"},
        {"webhook-timestamp": "9" * 40},
        {"webhook-timestamp": "٣" * 10},
        {"webhook-id": ""},
        {"webhook-id": "msg_2"},
        {"webhook-id": "x" * 257},
        {"webhook-id": "mé"},
        {"webhook-id": "\udcff"},
    ],
)
def test_malformed_header_is_no_signature(changed: dict[str, str]) -> None:
    with pytest.raises(NotSignedError):
        verify(GOOD | changed)


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("times", [0, 2])
def test_each_header_is_there_once(name: str, times: int) -> None:
    verifier = StandardVerifier({"app": source(SECRET, kind="app")}, FakeClock())
    values = {one: [GOOD[one]] for one in HEADERS} | {name: [GOOD[name]] * times}

    with pytest.raises(NotSignedError, match=name):
        verifier.verify(values, BODY)


def test_changed_body_is_refused() -> None:
    with pytest.raises(NotSignedError, match="no signature matches"):
        verify(GOOD, BODY + b" ")


def test_body_that_is_no_text_cannot_be_signed() -> None:
    with pytest.raises(NotSignedError, match="UTF-8"):
        verify(GOOD, b"\xff")


def test_source_is_the_one_whose_secret_signed() -> None:
    sources = {"web": source(SECRET, kind="app"), "shop": source(OTHER_SECRET, kind="app")}
    verifier = StandardVerifier(sources, FakeClock())
    for secret, name in ((SECRET, "web"), (OTHER_SECRET, "shop")):
        headers = headers_of(BODY, secrets=(secret,))

        assert verifier.verify({one: [headers[one]] for one in HEADERS}, BODY).source == name


# Over the wire

VALUES = st.one_of(
    st.sampled_from([*GOOD.values(), "", "v1,", "0", "nan", str(NOON // 1000)]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80),
    st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")),
).map(lambda text: "".join(letter for letter in text if letter not in "\r\n\0"))
PAIRS = st.lists(st.tuples(st.sampled_from(HEADERS), VALUES), max_size=5)


async def statuses(requests: list[list[tuple[str, str]]]) -> list[int]:
    """Return what a receiver answers to the body under each set of headers."""
    found = []
    async with AsyncExitStack() as stack:
        sources = {"app": source(SECRET, kind="app")}
        receiver = await start_receiver(stack, FakeClock(), sources)
        for pairs in requests:
            lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
            head = f"POST /v1/registrations HTTP/1.1\r\nHost: a\r\nContent-Length: {len(BODY)}\r\n{lines}\r\n"
            found.append((await receiver.ask(head.encode("latin-1") + BODY)).status)
    return found


def is_good(pairs: list[tuple[str, str]]) -> bool:
    return sorted((name, value.strip(" \t")) for name, value in pairs) == sorted(GOOD.items())


@given(st.lists(PAIRS, min_size=1, max_size=5))
def test_any_headers_are_401_over_the_wire_and_never_500(requests: list[list[tuple[str, str]]]) -> None:
    good = [*GOOD.items()]
    found = asyncio.run(statuses([*requests, good]))

    assert found[-1] == 200
    for pairs, status in zip(requests, found, strict=False):
        # 400 is what aiohttp says of bytes that are no HTTP header.
        assert status in ((200,) if is_good(pairs) else (401, 400)), pairs
