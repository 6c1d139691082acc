"""The short cuts of the receiver say what the model says, whatever the body."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.deliveries import Delivery, deliveries

from afterclick.model.decode import blank_addresses, decode
from afterclick.model.event import TYPES
from afterclick.receiver.blanking import blank
from afterclick.receiver.heading import Heading, read_heading


def by_the_model(body: bytes) -> Heading:
    decoded = decode(body)
    return Heading(decoded.type, decoded.timestamp, decoded.ip, decoded.problem)


@pytest.mark.parametrize("delivery", deliveries(), ids=lambda one: one.id)
def test_sample_deliveries_read_alike(delivery: Delivery) -> None:
    assert read_heading(delivery.body) == by_the_model(delivery.body)
    assert blank(delivery.body) == blank_addresses(delivery.body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"not JSON",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"event":null}',
        b'{"event":5,"data":{}}',
        b'{"event":"test","timestamp":5,"data":{}}',
        b'{"event":"test","timestamp":"2026-05-21T09:14:00Z","data":null}',
        b'{"event":"test","timestamp":"2026-05-21T09:14:00Z","data":[]}',
        b'{"event":"test","timestamp":"2026-05-21 09:14:00","data":{}}',
        b'{"event":"test","timestamp":"2026-05-21T09:14:00.123456789+02:00","data":{}}',
        b'{"event":"test","timestamp":"1779354840","data":{"ip":" 1.2.3.4 "}}',
        b'{"event":"test","timestamp":"x","data":{"ip":""}}',
        b'{"event":"test","timestamp":"x","data":{"ip":5}}',
        b'{"event":"test","timestamp":"x","data":{"ip":"1\\u002e2"}}',
        b'{"event":"test","timestamp":"x","data":{"ip":"a\x7fb"}}',
        b'{"event":" test","timestamp":"x","data":{}}',
        b'{"event":"new.kind","timestamp":"x","data":{"ip":"1.2.3.4"}}',
        b'{"event":"a","event":"test","timestamp":"x","data":{"ip":"1"},"data":{"ip":"2"}}',
        b'{"event":"test","timestamp":"x","data":{"city":"M\xc3\xbcnchen","ip":"1.2.3.4"}}',
        b'{"event":"test","timestamp":"x","data":{"city":"M\xfcnchen"}}',
        b'{"event":"test","timestamp":"x","data":{"a":"\\ud800"}}',
        b'{"event":"test","timestamp":"x","data":{"a":1e999}}',
        b'{"event":"test","timestamp":"x","data":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"event":"test","timestamp":"x","data":{}} trailing',
    ],
)
def test_odd_bodies_read_alike(body: bytes) -> None:
    assert read_heading(body) == by_the_model(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
ADDRESSES = st.ip_addresses().map(str) | st.text(max_size=70) | st.none() | st.integers()
KEYS = st.sampled_from(["ip", "client_ip", "ip_address", "token", "zip", "ip "])
BODIES = st.fixed_dictionaries(
    {
        "event": st.sampled_from(TYPES) | JSON,
        "timestamp": st.datetimes().map(lambda at: f"{at.isoformat()}Z") | JSON,
        "data": st.dictionaries(KEYS, ADDRESSES) | JSON,
    }
)


@given(BODIES, st.booleans(), st.booleans())
def test_any_json_reads_alike(body: object, ascii: bool, dense: bool) -> None:
    separators = (",", ":") if dense else None
    text = json.dumps(body, ensure_ascii=ascii, separators=separators).encode("utf-8", "surrogatepass")

    assert read_heading(text) == by_the_model(text)
    assert blank(text) == blank_addresses(text)


@given(st.sampled_from(deliveries()), st.randoms(use_true_random=False), st.integers(1, 4))
def test_damaged_deliveries_read_alike(delivery: Delivery, random: random.Random, wounds: int) -> None:
    body = bytearray(delivery.body)
    for _ in range(wounds):
        place = random.randrange(len(body))
        body[place : place + random.randrange(2)] = random.choice(
            (b"", b'"', b"\\", b"}", b"]", b",", b":", b"ip", b'"ip":"', b"0", b"e", b"\x00", b"\xc3", b" ")
        )

    assert read_heading(bytes(body)) == by_the_model(bytes(body))
    assert blank(bytes(body)) == blank_addresses(bytes(body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":{"ip":"1.2.3.4"}}',
        b'{"data":{"ip":""}}',
        b'{"data":{"ip":"1.2.3.4","client_ip":"5.6.7.8"}}',
        b'{"data":{"ip_address":"1.2.3.4"}}',
        b'{"data":{"ip" : "1.2.3.4"}}',
        b'{"data":{"ip":"1.2.3.4","trip":"ip\\":\\"9"}}',
        b'{"data":{"ip":"1.2.3.4","membership":"x"}}',
        b'{"data":{"note":"\\"ip\\":\\"1.2.3.4"}}',
        b'{"data":{"ip":"1.2\\".3.4"}}',
        b'{"data":{"ip":null}}',
        b'{"data":{"ip":"1.2.3.4',
    ],
)
def test_addresses_are_blanked_alike(body: bytes) -> None:
    assert blank(body) == blank_addresses(body)
