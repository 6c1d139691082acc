"""When an event counts as having happened, and what makes two deliveries one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import moment
from tests.support.deliveries import deliveries
from tests.support.events import make_event

from afterclick.clock import MILLISECONDS_PER_DAY, from_iso
from afterclick.model.event import FOLDED_TYPES, NEWEST, OLDEST, REGISTRATION, TYPES, dedupe_key, occurred

RECEIVED = moment("12:00")
DAY = MILLISECONDS_PER_DAY

# Frozen: a release that computes another key counts every retry in flight, and every event that is
# replayed from a copy, a second time. Made with `sha256(space + NUL + source + NUL + body)[:16]` by hand.
FROZEN = [
    ("main", "tolinku", b'{"event":"test"}', 1_779_354_840_000, 20594, "b513e5ae35be86b56319f63b29dc0e54"),
    ("main", "tolinku", b'{"event":"test"}', None, 0, "b513e5ae35be86b56319f63b29dc0e54"),
    ("main", "tolinku", b'{"event":"test"}', 0, 0, "b513e5ae35be86b56319f63b29dc0e54"),
    ("shop", "tolinku", b'{"event":"test"}', 1_779_354_840_000, 20594, "b2402fc4dd324205b55d5b6df20edec6"),
    ("main", "other", b'{"event":"test"}', 1_779_354_840_000, 20594, "475a1a64939fdf4a5f4f669181076ec0"),
    ("mé", "t", b"\xff\x00", 4_102_444_799_999, 47481, "4bc6e42a54b55461b6e2ae1f1ab769a2"),
    ("main", "tolinku", b"", 1_577_836_799_999, 0, "2b395d75fe785013deab5d5ad41a234a"),
]


@pytest.mark.parametrize(("space", "source", "body", "timestamp", "bucket", "tie"), FROZEN)
def test_dedupe_key_is_frozen(
    space: str, source: str, body: bytes, timestamp: int | None, bucket: int, tie: str
) -> None:
    assert dedupe_key(space, source, body, timestamp) == (bucket, bytes.fromhex(tie))


def test_retry_has_the_key_of_its_first_copy() -> None:
    by_body: dict[bytes, set[tuple[int, bytes]]] = {}
    for one in deliveries():
        by_body.setdefault(one.body, set()).add(dedupe_key("main", "tolinku", one.body, None))

    assert len(by_body) == len(deliveries()) - 1
    assert all(len(keys) == 1 for keys in by_body.values())
    assert len(set.union(*by_body.values())) == len(by_body)


def test_equal_text_in_other_bytes_is_another_event() -> None:
    assert dedupe_key("main", "t", b'{"a":1}', None) != dedupe_key("main", "t", b'{"a": 1}', None)


def test_name_parts_cannot_be_moved_over_the_border() -> None:
    assert dedupe_key("a", "bc", b"", None) != dedupe_key("ab", "c", b"", None)
    assert dedupe_key("a", "b", b"c", None) != dedupe_key("a", "bc", b"", None)


@pytest.mark.parametrize(
    ("timestamp", "known"),
    [
        ("2019-12-31T23:59:59.999Z", False),
        ("2020-01-01T00:00:00.000Z", True),
        ("2099-12-31T23:59:59.999Z", True),
        ("2100-01-01T00:00:00.000Z", False),
    ],
)
def test_bucket_is_the_day_of_a_sane_time_else_zero(timestamp: str, known: bool) -> None:
    at = from_iso(timestamp)

    assert dedupe_key("main", "t", b"", at)[0] == (at // DAY if known else 0)


@given(st.integers())
def test_any_time_has_a_bucket_that_a_database_can_hold(timestamp: int) -> None:
    bucket, tie = dedupe_key("main", "t", b"x", timestamp)

    assert 0 <= bucket < 50_000
    assert len(tie) == 16


@pytest.mark.parametrize(
    ("timestamp", "replaced"),
    [
        (RECEIVED, False),
        (RECEIVED - OLDEST, False),
        (RECEIVED - OLDEST - 1, True),
        (RECEIVED + NEWEST, False),
        (RECEIVED + NEWEST + 1, True),
        (from_iso("1970-01-01T00:00:00Z"), True),
        (from_iso("2099-01-01T00:00:00Z"), True),
        (None, True),
    ],
)
def test_impossible_time_is_replaced_by_the_received_one(timestamp: int | None, replaced: bool) -> None:
    expected = RECEIVED if replaced or timestamp is None else timestamp

    assert occurred(timestamp, RECEIVED) == (expected, replaced)


def test_window_is_31_days_back_and_10_minutes_ahead() -> None:
    assert (OLDEST, NEWEST) == (31 * DAY, 10 * 60 * 1000)


def test_event_name_is_made_of_its_dedupe_key() -> None:
    event = make_event("install.tracked", at="09:14", token="autumn")

    assert event.name == f"{event.bucket}:{event.tie.hex()}"
    assert event.bucket == event.occurred_at // DAY


def test_documented_types_are_thirteen_and_only_some_are_folded() -> None:
    assert len(TYPES) == len(set(TYPES)) == 13
    assert {one for one in FOLDED_TYPES if one not in TYPES} == {REGISTRATION}
    assert "test" not in FOLDED_TYPES
