"""Attributes that are paths: into the sender's events, and into a registration's properties."""

from __future__ import annotations

import json
from functools import reduce
from typing import Any

import pytest
from tests.support.events import body_of, make_delivery, make_registration

from afterclick.model.decode import decode
from afterclick.model.event import Event
from afterclick.model.fields import FieldSpec, Kind, render
from afterclick.model.further import is_further, picked
from afterclick.model.lead import LeadState, attributes, contribution, decode_state, encode_state, merge


@pytest.mark.parametrize("name", ["data.reward", "data.reward.type", "properties.plan", "properties.a.b"])
def test_path_is_an_attribute(name: str) -> None:
    assert is_further(name)


@pytest.mark.parametrize(
    "name", ["data", "data.", "data..x", "data.a b", "properties.", "other.x", "campaign"]
)
def test_what_is_no_path_is_no_attribute(name: str) -> None:
    assert not is_further(name)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("credit", '"credit"'),
        (" a\x00b ", '"a b"'),
        (10, "10"),
        (0.5, "0.5"),
        (True, "true"),
        ("", None),
        (None, None),
        ([], None),
        ({}, None),
        (float("inf"), None),
    ],
)
def test_single_values_are_picked(value: object, kept: str | None) -> None:
    found = picked({"reward": {"type": value}}, ["data.reward.type"])

    assert found == ({} if kept is None else {"data.reward.type": kept})


def test_path_through_something_else_ends_nowhere() -> None:
    assert picked({"reward": "credit"}, ["data.reward.type", "data.none.at.all"]) == {}


def test_only_paths_that_are_asked_for_are_read() -> None:
    body = body_of("referral.completed", 0, {"reward_type": "credit", "secret": "x"})

    assert decode(body).facts.further == {}
    assert decode(body, ["data.reward_type"]).facts.further == {"data.reward_type": '"credit"'}


def registered(at: str, **properties: Any) -> Event:
    return make_registration(at=at, user="ann", properties=properties)


def folded(*events: Event) -> LeadState:
    said = [contribution(event, journey="j") for event in events]
    return reduce(merge, said, LeadState())


def test_latest_value_of_each_property_is_shown() -> None:
    first, second = registered("09:00", plan="free", seats=1), registered("09:10", plan="pro")
    for events in ((first, second), (second, first), (first, second, first)):
        state = folded(*events)

        shown = attributes(state)
        assert (shown["properties.plan"], shown["properties.seats"]) == ("pro", 1)
        assert decode_state(encode_state(state)) == state


def test_field_shows_a_property_in_its_own_kind() -> None:
    specs = [
        FieldSpec(attribute="properties.seats", name="seats", title="Seats", kind=Kind.NUMBER),
        FieldSpec(attribute="properties.trial", name="trial", title="Trial"),
        FieldSpec(attribute="properties.plan", name="plan", title="Plan"),
    ]
    shown = attributes(folded(registered("09:00", seats=5, trial=False)))

    assert render(specs, shown) == {"seats": 5, "trial": False}


def test_addresses_that_were_blanked_are_not_picked() -> None:
    delivery = make_delivery("install.tracked", ip="203.0.113.9", token="t")

    assert b"203.0.113.9" not in delivery.body
    assert decode(delivery.body, ["data.ip"]).facts.further == {}
    assert json.loads(delivery.body)["data"]["ip"] is None
