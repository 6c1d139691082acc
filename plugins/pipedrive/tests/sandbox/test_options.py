"""The company that the emulator plays, as a command line describes it."""

from __future__ import annotations

import pytest

from afterclick.sandbox import parse_options
from afterclick_pipedrive.sandbox.options import Options


def test_nothing_chosen_is_a_lite_company() -> None:
    assert parse_options({}, Options) == Options()


def test_texts_become_what_the_options_hold() -> None:
    options = parse_options(
        {"plan": "growth", "search_lag": "2.5", "oauth": "true", "pipelines": '{"Sales": ["New"]}'}, Options
    )

    assert options == Options(plan="growth", search_lag=2.5, oauth=True, pipelines={"Sales": ("New",)})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"plann": "lite"}, "plann"),
        ({"plan": "essential"}, "plan"),
        ({"seats": "two"}, "seats"),
        ({"people": "[{"}, "people"),
        ({"people": '[{"name": "Ada", "age": 36}]'}, "age"),
        ({"pipelines": "{}"}, "pipelines"),
        ({"time_zone": "Mars/One"}, "time_zone: there is no time zone 'Mars/One'"),
        ({"budget_zone": ""}, "budget_zone"),
    ],
)
def test_wrong_options_are_named(given: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_options(given, Options)
