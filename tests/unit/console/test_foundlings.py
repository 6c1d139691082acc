"""What a record of other code says, in the words in which leads are compared with it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.clock import moment

from afterclick.console.foundlings import Names, foundling
from afterclick.model.traces import Suitor, Trace
from afterclick.plugin import FieldSpec, Kind, Record, Stray

FIELDS = (
    FieldSpec(attribute="token", name="link", title="Link"),
    FieldSpec(attribute="prefix", name="path", title="Path"),
    FieldSpec(attribute="platform", name="os", title="System"),
    FieldSpec(attribute="user_id", name="uid", title="User"),
    FieldSpec(attribute="email", name="mail", title="E-mail"),
    FieldSpec(attribute="install_date", name="installed", title="Installed", kind=Kind.DATETIME),
    FieldSpec(attribute="referral_date", name="referred", title="Referred", kind=Kind.DATE),
)


def trace(values: dict[str, Any], **more: Any) -> Trace:
    """Return what a record with these values says."""
    record = Record(kind="contact", id="7", values=values, created_at=more.pop("created_at", None))
    return foundling(Stray(record=record, **more), FIELDS).trace


def test_values_are_read_by_the_connections_own_names() -> None:
    values = {"link": "may", "path": "/promo/", "os": "iOS", "uid": "u1", "mail": "Ada@Example.com"}

    assert trace(values, emails=("a@b.io",), created_at="2026-05-21T09:14:03.000Z") == Trace(
        id="contact 7",
        token="may",
        prefix="promo",
        platform="ios",
        user="u1",
        emails=frozenset({"ada@example.com", "a@b.io"}),
        made_at=moment("09:14:03"),
    )


def test_a_day_is_no_moment() -> None:
    found = trace({"installed": "2026-05-21T09:14:00.000Z", "referred": "2026-05-21"})

    assert found.moments == {"install_date": moment("09:14")}
    assert found.days == {"referral_date": moment("12:00")}


@pytest.mark.parametrize("odd", ["soon", "2026-05-21T09:14:00", 42])
def test_what_is_no_time_says_nothing(odd: Any) -> None:
    assert trace({"installed": odd}).moments == {}


def test_the_field_goes_before_what_stands_elsewhere() -> None:
    assert trace({"link": "may"}, token="june").token == "may"
    assert trace({}, token="june").token == "june"


def test_a_lead_gets_what_is_known_of_the_record_and_no_key() -> None:
    record = Record(kind="contact", id="7", url="https://crm.example.com/7", related={"deal": "1"})
    claim = foundling(Stray(record=record, stand_ins={"name": "Unknown"}), FIELDS).claim

    assert (claim.record.id, claim.record.url, claim.record.related) == ("7", record.url, {"deal": "1"})
    assert not claim.record.created_by_us
    assert claim.values == {"name": "Unknown"}


NAMES = Names([Trace(id="1", token="may", user="u1", emails=frozenset({"a@b.io"}))])


@pytest.mark.parametrize(
    ("lead", "has"),
    [
        (Suitor(lead=1, tokens=frozenset({"may", "june"})), True),
        (Suitor(lead=1, users=frozenset({"u1"})), True),
        (Suitor(lead=1, emails=frozenset({"a@b.io"})), True),
        (Suitor(lead=1, campaigns=frozenset({"may"})), False),
        (Suitor(lead=1), False),
    ],
)
def test_only_who_shares_a_name_is_kept(lead: Suitor, has: bool) -> None:
    assert NAMES.has(lead) is has
