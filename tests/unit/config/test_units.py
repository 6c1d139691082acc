"""Spans of time and sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.config.units import parse_duration, parse_size, show_duration, show_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("1.5", 1.5),
        ("500ms", 0.5),
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("3d", 259_200),
        ("1W", 604_800),
        (" 2.5h ", 9000),
    ],
)
def test_spans_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "ten", "10x", "-5s", "5 minutes", "1m,2s", "s", "1e3", "10m?", "∞"])
def test_other_text_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="no span"):
        parse_duration(text)


@given(st.integers(0, 10**12))
def test_shown_span_reads_as_itself(milliseconds: int) -> None:
    assert round(parse_duration(show_duration(milliseconds / 1000)) * 1000) == milliseconds


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.5, "500ms"), (90, "90s"), (600, "10m"), (604_800, "7d")]
)
def test_spans_are_shown_in_their_largest_whole_unit(seconds: float, text: str) -> None:
    assert show_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("512", 512), ("256KiB", 262_144), ("1 mib", 1_048_576), ("1GB", 10**9), ("7b", 7)],
)
def test_sizes_are_read(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "-1", "1.5MB", "big", "1TB"])
def test_other_text_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        parse_size(text)


@given(st.integers(0, 2**50))
def test_shown_size_reads_as_itself(count: int) -> None:
    assert parse_size(show_size(count)) == count
