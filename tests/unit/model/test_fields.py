"""From attributes to fields, and which of them to write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.model.fields import FieldSpec, Kept, Kind, Rule, Scalar, canonical, differences, kept, render

ISO = "2026-05-21T09:14:00.000Z"
MS = 1_779_354_840_000


def spec(name: str = "field", attribute: str = "token", **options: Any) -> FieldSpec:
    return FieldSpec(attribute=attribute, name=name, title=name, **options)


# Canonical form


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (Kind.TEXT, "  spring ", "spring"),
        (Kind.TEXT, 18, "18"),
        (Kind.TEXT, "", None),
        (Kind.TEXT, "  ", None),
        (Kind.TEXT, None, None),
        (Kind.CHOICE, "customer", "customer"),
        (Kind.NUMBER, "18", 18),
        (Kind.NUMBER, "18.0", 18),
        (Kind.NUMBER, 18.5, 18.5),
        (Kind.NUMBER, " 18 ", 18),
        (Kind.NUMBER, "", None),
        (Kind.NUMBER, "many", "many"),
        (Kind.NUMBER, "nan", "nan"),
        (Kind.NUMBER, "1e999", "1e999"),
        (Kind.DATETIME, ISO, ISO),
        (Kind.DATETIME, MS, ISO),
        (Kind.DATETIME, str(MS), ISO),
        (Kind.DATETIME, "2026-05-21T11:14:00+02:00", ISO),
        (Kind.DATETIME, "2026-05-21T09:14:00.000+0000", ISO),
        (Kind.DATETIME, "2026-05-21T09:14:00", "2026-05-21T09:14:00"),
        (Kind.DATETIME, "yesterday", "yesterday"),
        (Kind.DATETIME, "9" * 30, "9" * 30),
        (Kind.DATE, "2026-05-21", "2026-05-21"),
        (Kind.DATE, ISO, "2026-05-21"),
        (Kind.DATE, MS, "2026-05-21"),
        (Kind.DATE, "21 May", "21 May"),
        (Kind.TEXT, True, True),
    ],
)
def test_canonical_form(kind: Kind, raw: object, expected: Scalar | None) -> None:
    assert canonical(kind, raw) == expected


@given(st.sampled_from(Kind), st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_canonical_form_is_its_own(kind: Kind, raw: object) -> None:
    """What we wrote is compared with what comes back: a second reading must change nothing."""
    once = canonical(kind, raw)

    assert canonical(kind, once) == once


# Rendering


def test_attribute_is_shown_under_the_crms_name() -> None:
    specs = [spec("Campaign__c", "campaign"), spec("minutes", "minutes_to_convert", kind=Kind.NUMBER)]

    assert render(specs, {"campaign": "spring", "minutes_to_convert": 18, "token": "x"}) == {
        "Campaign__c": "spring",
        "minutes": 18,
    }


@pytest.mark.parametrize("empty", [{}, {"token": ""}, {"token": "  "}])
def test_empty_value_is_never_sent(empty: dict[str, Scalar]) -> None:
    assert render([spec()], empty, creating=True) == {}


def test_only_a_new_record_gets_key_constants_and_placeholders() -> None:
    specs = [
        spec("key", "key", rule=Rule.KEY),
        spec("source", "lead_source", rule=Rule.CREATE),
        spec("name", "last_name", placeholder="Lead {token} {short}"),
    ]
    known: dict[str, Scalar] = {"key": "user:1", "lead_source": "Deep Link", "token": "t", "short": "ab"}

    assert render(specs, known) == {}
    assert render(specs, known, creating=True) == {
        "key": "user:1",
        "source": "Deep Link",
        "name": "Lead t ab",
    }
    assert render(specs, {**known, "last_name": "Ho"}, creating=True)["name"] == "Ho"


def test_placeholder_closes_up_where_nothing_is_known() -> None:
    only = spec("name", "last_name", placeholder="Lead {token} {short} ")

    assert render([only], {"short": "ab"}, creating=True) == {"name": "Lead ab"}


def test_placeholder_drops_brackets_that_hold_nothing() -> None:
    only = spec("name", "last_name", placeholder="Lead ({token}) {short}")

    assert render([only], {"short": "ab"}, creating=True) == {"name": "Lead ab"}
    assert render([only], {"token": "t", "short": "ab"}, creating=True) == {"name": "Lead (t) ab"}


def test_placeholder_takes_values_as_they_are() -> None:
    only = spec("name", "last_name", placeholder="Lead {token}")

    assert render([only], {"token": "{short} {0.__class__}"}, creating=True) == {
        "name": "Lead {short} {0.__class__}"
    }


def test_stage_is_told_in_the_crms_words_or_not_at_all() -> None:
    only = spec("Status", "stage", kind=Kind.CHOICE)

    assert render([only], {"stage": "customer"}, stages={"customer": "Won"}) == {"Status": "Won"}
    assert render([only], {"stage": "lead"}, stages={"customer": "Won"}) == {}
    assert render([only], {"stage": "lead"}) == {"Status": "lead"}


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", "2026-05-21"), ("Pacific/Auckland", "2026-05-22"), ("America/Lima", "2026-05-21")],
)
def test_day_is_the_day_of_the_zone(zone: str, day: str) -> None:
    known: dict[str, Scalar] = {"install_date": "2026-05-21T13:30:00.000Z"}

    assert render([spec("day", "install_date", kind=Kind.DATE)], known, zone=zone) == {"day": day}


@pytest.mark.parametrize("text", ["summer sale of 2026", "2026-05-21 09:14", "2026-05-21T09:14:00"])
def test_text_in_a_date_field_is_left_to_the_crm(text: str) -> None:
    """Anybody can type a campaign: it must not break the batch."""
    assert render([spec("day", "campaign", kind=Kind.DATE)], {"campaign": text}) == {"day": text}


def test_long_text_is_cut_visibly() -> None:
    only = spec(max_length=10)

    assert render([only], {"token": "0123456789"}) == {"field": "0123456789"}
    assert render([only], {"token": "0123456789a"}) == {"field": "012345678…"}
    assert render([only], {"token": "01234567  abc"}) == {"field": "01234567…"}


@given(st.text(min_size=1, max_size=40), st.integers(1, 20))
def test_text_never_exceeds_its_length(text: str, most: int) -> None:
    values = render([spec(max_length=most)], {"token": text})

    assert all(0 < len(str(value)) <= most for value in values.values())


# The three-way merge


@pytest.mark.parametrize(
    ("theirs", "base", "writes"),
    [
        (None, None, True),
        (None, "before", True),
        ("before", "before", True),
        ("ours", "before", False),
        ("ours", None, False),
        ("a person's", "before", False),
        ("a person's", None, False),
        ("a person's", "ours", False),
    ],
)
def test_merge_keeps_what_a_person_typed(theirs: str | None, base: str | None, writes: bool) -> None:
    current: dict[str, Scalar] = {} if theirs is None else {"field": theirs}
    written: dict[str, Scalar] = {} if base is None else {"field": base}
    expected = {"field": "ours"} if writes else {}

    assert differences([spec()], {"field": "ours"}, current, written) == expected


@pytest.mark.parametrize("rule", [Rule.FILL, Rule.CREATE, Rule.KEY])
def test_other_rules_only_fill_what_is_empty(rule: Rule) -> None:
    only = [spec(rule=rule)]

    assert differences(only, {"field": "ours"}, {}, {}) == {"field": "ours"}
    assert differences(only, {"field": "ours"}, {"field": "before"}, {"field": "before"}) == {}


STAGES = ("lead", "opportunity", "customer")


@pytest.mark.parametrize(
    ("ours", "theirs", "writes"),
    [
        ("lead", None, True),
        ("customer", "lead", True),
        ("customer", "customer", False),
        ("lead", "customer", False),
        ("customer", "evangelist", False),
        ("partner", "lead", False),
    ],
)
def test_choice_only_moves_forward(ours: str, theirs: str | None, writes: bool) -> None:
    only = [spec(kind=Kind.CHOICE, rule=Rule.FORWARD, order=STAGES)]
    current: dict[str, Scalar] = {} if theirs is None else {"field": theirs}

    # Even a base that is ours does not let it go back.
    changed = differences(only, {"field": ours}, current, {"field": theirs or ""})

    assert changed == ({"field": ours} if writes else {})


def test_field_of_another_kind_of_record_is_left_out() -> None:
    only = [spec(kinds=("Lead",))]

    assert differences(only, {"field": "x"}, {}, {}, record_kind="Contact") == {}
    assert differences(only, {"field": "x"}, {}, {}, record_kind="Lead") == {"field": "x"}
    assert differences(only, {"field": "x"}, {}, {}) == {"field": "x"}


NAMES = ("a", "b", "c", "d", "e")
SPECS = [
    spec("a"),
    spec("b", rule=Rule.FILL),
    spec("c", rule=Rule.FORWARD, kind=Kind.CHOICE, order=STAGES),
    spec("d", rule=Rule.CREATE),
    spec("e", kind=Kind.NUMBER),
]
values = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["x", "y", *STAGES, 1, 2]))


@given(values, values, values)
def test_writing_once_is_enough(
    wanted: dict[str, Scalar], current: dict[str, Scalar], written: dict[str, Scalar]
) -> None:
    changed = differences(SPECS, wanted, current, written)

    assert differences(SPECS, wanted, {**current, **changed}, {**written, **changed}) == {}


@given(values, values, values)
def test_only_wanted_values_are_written(
    wanted: dict[str, Scalar], current: dict[str, Scalar], written: dict[str, Scalar]
) -> None:
    for name, value in differences(SPECS, wanted, current, written).items():
        assert value == wanted[name] != current.get(name)


@given(values, values)
def test_empty_record_takes_everything(wanted: dict[str, Scalar], written: dict[str, Scalar]) -> None:
    assert differences(SPECS, wanted, {}, written) == wanted


@given(values, values)
def test_unknown_base_never_overwrites(wanted: dict[str, Scalar], current: dict[str, Scalar]) -> None:
    merged = [one for one in SPECS if one.rule is not Rule.FORWARD]

    assert not differences(merged, wanted, current, {}).keys() & current.keys()


@given(values, values, values)
def test_persons_value_stays_for_ever(
    wanted: dict[str, Scalar], later: dict[str, Scalar], typed: dict[str, Scalar]
) -> None:
    """Written by us, changed by a person, wanted anew: the person's value stands."""
    merged = [one for one in SPECS if one.rule is Rule.MERGE]
    written = {name: value for name, value in wanted.items() if name in {one.name for one in merged}}
    current = {**written, **{name: f"{value} by hand" for name, value in typed.items()}}
    changed = differences(merged, later, current, written)

    assert not changed.keys() & typed.keys()


# What stays, and why


@given(values, values, values)
def test_every_difference_is_written_or_kept_with_a_reason(
    wanted: dict[str, Scalar], current: dict[str, Scalar], written: dict[str, Scalar]
) -> None:
    changed = differences(SPECS, wanted, current, written)
    stays = kept(SPECS, wanted, current, changed)

    assert not changed.keys() & stays.keys()
    assert changed.keys() | stays.keys() == {name for name in wanted if wanted[name] != current.get(name)}


@pytest.mark.parametrize(
    ("rule", "why"), [(Rule.MERGE, Kept.EDITED), (Rule.FILL, Kept.FILLED), (Rule.FORWARD, Kept.AHEAD)]
)
def test_reason_is_the_fields_rule(rule: Rule, why: Kept) -> None:
    only = [spec(rule=rule, order=STAGES)]

    assert kept(only, {"field": "lead"}, {"field": "customer"}, {}) == {"field": why}


def test_field_that_the_record_does_not_have_is_not_kept() -> None:
    only = [spec(kinds=("Lead",))]

    assert kept(only, {"field": "x"}, {}, {}, record_kind="Contact") == {}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("2026-05-21T09:14:00.987Z", ISO),
        (ISO, ISO),
        ("2026-05-21T11:14:00.5+02:00", ISO),
        ("at noon", "at noon"),
    ],
)
def test_moment_is_shown_in_whole_seconds(raw: str, shown: str) -> None:
    assert render([spec(kind=Kind.DATETIME)], {"token": raw}) == {"field": shown}
