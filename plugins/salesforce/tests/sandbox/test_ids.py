"""Ids have the form that Salesforce's have."""

from __future__ import annotations

import pytest

from afterclick_salesforce.sandbox.ids import read_id, record_id


def test_ids_have_a_prefix_and_a_suffix_that_tells_the_case() -> None:
    assert record_id("00Q", 1) == "00Q000000000001EAA"
    assert record_id("003", 62) == "003000000000010AAA"


def test_numbers_make_different_ids_even_where_case_is_lost() -> None:
    ids = {record_id("00Q", number).lower() for number in range(5_000)}

    assert len(ids) == 5_000


@pytest.mark.parametrize("text", ["00Q000000000001", "00Q000000000001EAA"])
def test_short_and_long_forms_are_one_id(text: str) -> None:
    assert read_id(text) == "00Q000000000001EAA"


@pytest.mark.parametrize("text", ["", "00Q", "00Q00000000000-", "00Q000000000001EA", "00Q0000000000011"])
def test_other_texts_are_no_ids(text: str) -> None:
    assert read_id(text) is None
