"""Queries: no value breaks out of its literal, and no query outgrows its address."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick_salesforce import soql


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("user:ab", "'user:ab'"),
        ("O'Hara", r"'O\'Hara'"),
        # Escaping the quote alone would end the literal here.
        (r"\' OR Name != '", r"'\\\' OR Name != \''"),
        ("a\\", r"'a\\'"),
        ("a\nb\tc\r\x00", r"'a\nb\tc\r\u0000'"),
        ('say "hi"', r"'say \"hi\"'"),
    ],
)
def test_values_are_escaped(value: str, written: str) -> None:
    assert soql.literal(value) == written


@pytest.mark.parametrize("raw", ["Id FROM User", "Name'", "", "A.B", "A,B", "Ä"])
def test_names_that_are_none_are_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        soql.select([raw], "Lead", "Id = ''")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_address_holds_what_a_form_would(text: str) -> None:
    assert soql.encoded(text) == quote_plus(text, safe="',:()=.@")


@given(st.lists(st.text(max_size=300), max_size=120))
def test_queries_hold_all_values_and_stay_short(values: list[str]) -> None:
    found = list(soql.queries(("Id", "Email"), "Lead", "Email", values, also="IsConverted = false"))
    asked = [value for value in values if not any("\ud800" <= letter <= "\udfff" for letter in value)]
    for query in found:
        assert len(soql.encoded(query)) <= soql.LONGEST
        assert query.endswith(") AND IsConverted = false")
    assert sum(query.count(soql.literal(asked[0])) for query in found) >= 1 if asked else found == []


def test_a_batch_of_keys_fits_into_few_queries() -> None:
    keys = [f"event:{number:032x}" for number in range(600)]
    found = list(soql.queries(("Id", "Deep_Link_Key__c"), "Lead", "Deep_Link_Key__c", keys))
    assert len(found) <= 3
    assert sum(query.count("event:") for query in found) == 600


def test_what_no_field_can_hold_is_not_asked_for() -> None:
    assert list(soql.queries(("Id",), "Lead", "Email", ["x" * 5_000, "\ud800"])) == []
