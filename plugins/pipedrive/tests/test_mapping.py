"""Values into bodies and persons into records: strict types, whole lists, labels, and back again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.plugin import Record, Scalar
from afterclick_pipedrive import tables
from afterclick_pipedrive.answers import Contact, Option, Person
from afterclick_pipedrive.fields import DEFAULT_FIELDS
from afterclick_pipedrive.mapping import Shape, Unfit, body, needs_lists, to_record
from afterclick_pipedrive.tables import Table

from .support import code, definitions, person

STAGES = {"lead": "HOT", "customer": "CUSTOMER"}


def table() -> Table:
    labels = [Option(7, "HOT"), Option(8, "CUSTOMER"), Option(9, "VIP")]
    fields = [
        msgspec.structs.replace(field, options=labels) if field.field_code == "label_ids" else field
        for field in definitions()
    ]
    found = tables.resolve(DEFAULT_FIELDS, fields, STAGES).table
    assert found is not None
    return found


TABLE = table()
SHAPE = Shape(table=TABLE, url="https://acme.pipedrive.com", user=1)


def shown(**more: Any) -> Person:
    return msgspec.convert(person(5, **more), Person)


@pytest.mark.parametrize(("value", "expected"), [(3, 3), (3.0, 3), (2.5, 2.5), ("42", 42)])
def test_number_is_a_number(value: Scalar, expected: float) -> None:
    made = body({"Deep link minutes to convert": value}, TABLE)
    assert made == {"custom_fields": {code("Deep link minutes to convert"): expected}}


@pytest.mark.parametrize("value", ["many", "nan", "inf"])
def test_number_that_is_none_is_not_sent(value: str) -> None:
    with pytest.raises(Unfit) as unfit:
        body({"Deep link minutes to convert": value}, TABLE)
    assert unfit.value.field == "Deep link minutes to convert"


def test_field_that_is_gone_is_not_sent() -> None:
    with pytest.raises(Unfit):
        body({"Deep link nothing": "x"}, TABLE)


def test_new_number_goes_before_the_others() -> None:
    before = Person(5, phones=[Contact("1", True, "work"), Contact("2", False, "home"), Contact("", False)])
    assert body({"phone": "3"}, TABLE, before) == {
        "phones": [
            {"value": "3", "primary": True, "label": "work"},
            {"value": "2", "primary": False, "label": "home"},
        ]
    }


def test_address_that_is_there_is_not_listed_twice() -> None:
    before = Person(5, emails=[Contact("a@example.com", True), Contact("B@example.com", False, "home")])
    made = body({"email": "b@example.com"}, TABLE, before)
    assert [one["value"] for one in made["emails"]] == ["b@example.com"]


def test_label_of_a_stage_takes_the_place_of_another_stage_s_and_of_no_other() -> None:
    assert body({"label": "CUSTOMER"}, TABLE, Person(5, label_ids=[9, 7])) == {"label_ids": [9, 8]}


def test_furthest_label_is_the_stage() -> None:
    record = to_record(shown(label_ids=[8, 9, 7]), SHAPE)
    assert record.values["label"] == "CUSTOMER"
    assert "label" not in to_record(shown(label_ids=[9]), SHAPE).values


def test_lists_are_read_first_only_where_there_is_something_to_lose() -> None:
    empty, has = (
        Record(kind="person", id="5"),
        Record(kind="person", id="5", values={"email": "a@example.com"}),
    )
    assert not needs_lists({"email": "b@example.com"}, TABLE, empty)
    assert needs_lists({"email": "b@example.com"}, TABLE, has)
    assert needs_lists({"label": "HOT"}, TABLE, empty)
    assert not needs_lists({"name": "x", "Deep link campaign": "y"}, TABLE, has)


@pytest.mark.parametrize(
    ("emails", "expected"),
    [
        ([], None),
        (
            [{"value": "a@example.com", "primary": False}, {"value": "b@example.com", "primary": True}],
            "b@example.com",
        ),
        ([{"value": " ", "primary": True}, {"value": "b@example.com"}], "b@example.com"),
    ],
)
def test_primary_address_is_the_value(emails: Any, expected: str | None) -> None:
    record = to_record(shown(emails=emails), SHAPE)
    assert record.values.get("email") == expected
    assert record.named is (expected is not None)


def test_person_of_another_owner_is_somebody_s() -> None:
    assert to_record(shown(owner_id=2), SHAPE).named
    assert not to_record(shown(owner_id=1), SHAPE).named


def test_answer_of_a_write_that_says_little_leaves_what_was_known() -> None:
    before = Record(
        kind="person", id="5", values={"name": "Ada", "Deep link token": "t"}, related={"deal": "77"}
    )
    record = to_record(Person(5), SHAPE, before=before, written={"Deep link campaign": "c"})
    assert record.values == {"name": "Ada", "Deep link token": "t", "Deep link campaign": "c"}
    assert record.related == {"deal": "77"}


_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "Deep link campaign": st.text("abc äß", min_size=1, max_size=20).map(str.strip).filter(bool),
        "Deep link install date": st.dates().map(lambda day: day.isoformat()),
        "Deep link minutes to convert": st.integers(0, 10**9),
        "name": st.text("xyz", min_size=1, max_size=9),
        "phone": st.from_regex(r"\+[0-9]{5,12}", fullmatch=True),
        "email": st.from_regex(r"[a-z]{1,9}@example\.com", fullmatch=True),
    },
)


@given(_VALUES)
def test_what_is_written_reads_back_the_same(values: dict[str, Scalar]) -> None:
    made = body(values, TABLE)
    held = Person(
        5,
        name=made.get("name"),
        emails=msgspec.convert(made.get("emails", []), list[Contact]),
        phones=msgspec.convert(made.get("phones", []), list[Contact]),
        label_ids=[],
        custom_fields=made.get("custom_fields", {}),
    )
    assert to_record(held, SHAPE).values == values
