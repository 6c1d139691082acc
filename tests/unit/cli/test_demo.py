"""The demo's parts and its judgement, without a service."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.cli.demo.cast import Cast
from afterclick.cli.demo.crms import Found
from afterclick.cli.demo.judging import faults_of, strays
from afterclick.cli.demo.people import PEOPLE
from afterclick.cli.demo.play import person
from afterclick.cli.demo.setting import toml
from afterclick.model.fields import FieldSpec, Kind, Rule
from afterclick.plugin.types import Record

FIELDS = (
    FieldSpec(attribute="campaign", name="campaign__c", title="campaign"),
    FieldSpec(attribute="lead_source", name="source__c", title="lead_source", rule=Rule.CREATE),
    FieldSpec(attribute="install_date", name="installed__c", title="install_date", kind=Kind.DATE),
    FieldSpec(attribute="first_name", name="first__c", title="first_name"),
)


def found(who: str, record: str, **shown: Any) -> Found:
    known = person(who).attributes
    right = {"campaign": known.get("campaign"), "lead_source": "Deep Link", "install_date": "2026-05-21"}
    return Found(known, Record(kind="person", id=record), right | shown)


def faults(who: str, one: Found | None) -> list[str]:
    return list(faults_of(person(who), one, FIELDS, others={"typed-in"}))


@pytest.mark.parametrize(
    ("names", "down", "observer", "filled"),
    [
        (["hubspot", "pipedrive", "salesforce"], "hubspot", "pipedrive", "salesforce"),
        (["hubspot", "salesforce"], "hubspot", None, "salesforce"),
        (["hubspot", "pipedrive"], "hubspot", "pipedrive", None),
        (["pipedrive", "salesforce"], "pipedrive", "salesforce", None),
        (["salesforce"], "salesforce", None, None),
        (["attio", "hubspot", "pipedrive", "salesforce"], "attio", "pipedrive", "salesforce"),
    ],
)
def test_parts_go_to_those_that_are_there(
    names: list[str], down: str, observer: str | None, filled: str | None
) -> None:
    cast = Cast.of(names)

    assert (cast.down, cast.observer, cast.filled) == (down, observer, filled)
    assert set(cast.careful) == set(cast.live) == {observer, filled} - {None}


def test_borrowed_sandbox_is_not_broken() -> None:
    assert Cast.of(["hubspot", "pipedrive"], borrowed=True).down is None


def test_careful_connections_are_written_as_people_write_them() -> None:
    cast = Cast.of(["hubspot", "pipedrive", "salesforce"])

    assert toml(cast.careful) == (
        '[connections.pipedrive]\nmode = "observe"\n\n[connections.salesforce]\ncreates = false'
    )
    assert toml(cast.live) == (
        '[connections.pipedrive]\nmode = "live"\n\n[connections.salesforce]\ncreates = true'
    )


def test_right_record_has_no_fault() -> None:
    assert faults("Ada", found("Ada", "1")) == []


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        (None, "Ada is not in the CRM"),
        (found("Ada", "1", campaign="another"), "Ada: campaign is 'another', not 'instagram-story-may'"),
        (found("Ada", "1", install_date=None), "Ada: install_date is None, not '2026-05-21'"),
        (found("Ada", "1", lead_source=None), "Ada: lead_source is None, not 'Deep Link'"),
    ],
)
def test_what_is_wrong_is_told(one: Found | None, fault: str) -> None:
    assert faults("Ada", one) == [fault]


def test_record_of_others_lacks_what_only_new_ones_get() -> None:
    assert faults("Dora", found("Dora", "typed-in", lead_source=None, first_name="Dora")) == []


def test_what_sales_typed_has_to_stay() -> None:
    kept = found("Enzo", "typed-in", first_name="Vincenzo")

    assert faults("Enzo", kept) == ["Enzo: first_name is 'Vincenzo', not 'Enzo'"]


def test_records_beyond_one_a_person_are_told() -> None:
    everybody = [found(one.who, str(number)) for number, one in enumerate(PEOPLE)]
    ids = {one.record.id for one in everybody}

    assert list(strays(ids, everybody)) == []
    assert list(strays(ids | {"another"}, everybody)) == ["1 records too many in the CRM"]
    shared = [everybody[0], everybody[0], *everybody[2:]]
    assert list(strays(set(), shared)) == ["7 leads with 6 records; expected 7 of each"]


def test_people_are_told_apart_by_what_the_ledger_knows() -> None:
    strangers = [one for one in PEOPLE if "stranger" in one.who]

    for one in PEOPLE:
        assert [other.who for other in PEOPLE if other.has(one.attributes)] == [one.who]
    assert not strangers[0].has(msgspec.to_builtins(strangers[1].attributes))
