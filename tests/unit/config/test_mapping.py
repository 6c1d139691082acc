"""The plugin's fields as the operator changed them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.config.connection import Connection, FieldOverride
from afterclick.config.decode import Decoder
from afterclick.config.mapping import ATTRIBUTES, digest, fields_of, stages_of
from afterclick.errors import Fault
from afterclick.model.fields import FieldSpec, Kind, Rule, Scalar, render
from afterclick.model.identity import Identity
from afterclick.model.lead import (
    PERSON_FIELDS,
    REFERRER_FIELDS,
    TOUCH_FIELDS,
    LeadState,
    Stamp,
    Touch,
    attributes,
)
from afterclick.plugin.types import PluginInfo


def mapped(acme: PluginInfo, **settings: Any) -> tuple[dict[str, FieldSpec], list[Fault]]:
    decoder = Decoder({})
    specs = fields_of(Connection(**settings), acme.fields, "connections.acme", decoder)
    return {spec.name: spec for spec in specs}, decoder.faults


def test_without_changes_the_defaults_hold(acme: PluginInfo) -> None:
    assert mapped(acme)[0] == {spec.name: spec for spec in acme.fields}


@pytest.mark.parametrize("setting", ["utm", FieldOverride(name="utm")])
def test_field_is_renamed(acme: PluginInfo, setting: Any) -> None:
    specs, faults = mapped(acme, fields={"campaign": setting})

    assert specs["utm"].attribute == "campaign"
    assert ("dl_campaign" in specs, faults) == (False, [])


@pytest.mark.parametrize("setting", [False, FieldOverride(off=True)])
def test_field_is_switched_off(acme: PluginInfo, setting: Any) -> None:
    assert "dl_campaign" not in mapped(acme, fields={"campaign": setting})[0]


def test_switched_on_field_is_the_default(acme: PluginInfo) -> None:
    assert mapped(acme, fields={"campaign": True}) == mapped(acme)


def test_only_what_is_said_changes(acme: PluginInfo) -> None:
    specs, _ = mapped(acme, fields={"token": FieldOverride(rule="fill", title="Link")})

    assert specs["dl_token"] == FieldSpec(
        attribute="token", name="dl_token", title="Link", rule=Rule.FILL, max_length=64
    )


@pytest.mark.parametrize("setting", [False, FieldOverride(off=True), FieldOverride(rule="fill")])
def test_key_keeps_its_rule_and_stays_on(acme: PluginInfo, setting: Any) -> None:
    specs, faults = mapped(acme, fields={"key": setting})

    assert [fault.path for fault in faults] == ["connections.acme.fields.key"]
    assert specs["dl_key"].rule is Rule.KEY


def test_key_may_be_renamed(acme: PluginInfo) -> None:
    specs, faults = mapped(acme, fields={"key": "Deep_Key__c"})

    assert (specs["Deep_Key__c"].rule, faults) == (Rule.KEY, [])


def test_attribute_without_a_default_becomes_a_further_field(acme: PluginInfo) -> None:
    specs, _ = mapped(
        acme, fields={"claim_date": "opened_at", "minutes_to_convert": "minutes", "country": "land"}
    )

    assert [specs[name].kind for name in ("opened_at", "minutes", "land")] == [
        Kind.DATETIME,
        Kind.NUMBER,
        Kind.TEXT,
    ]
    assert specs["opened_at"].title == "Claim date"


def test_one_attribute_may_fill_two_fields(acme: PluginInfo) -> None:
    specs, faults = mapped(
        acme, fields={"again": FieldOverride(attribute="campaign", name="utm", rule="create")}
    )

    assert (specs["utm"].attribute, specs["dl_campaign"].attribute) == ("campaign", "campaign")
    assert (specs["utm"].rule, faults) == (Rule.CREATE, [])


@pytest.mark.parametrize(
    ("fields", "path", "problem"),
    [
        ({"campain": "utm"}, "campain", "no lead has an attribute `campain`"),
        ({"campaign": FieldOverride(attribute="x")}, "campaign", "no lead has an attribute `x`"),
        ({"country": FieldOverride(rule="fill")}, "country", "names no field"),
    ],
)
def test_impossible_fields_are_faults(acme: PluginInfo, fields: Any, path: str, problem: str) -> None:
    _, faults = mapped(acme, fields=fields)

    assert [fault.path for fault in faults] == [f"connections.acme.fields.{path}"]
    assert problem in faults[0].problem


@pytest.mark.parametrize(
    "settings", [{"fields": {"campaign": "dl_token"}}, {"set_on_create": {"dl_token": "x"}}]
)
def test_two_fields_of_one_name_are_a_fault(acme: PluginInfo, settings: Any) -> None:
    _, faults = mapped(acme, **settings)

    assert "both write the CRM's `dl_token`" in faults[0].problem


def test_one_name_is_free_for_different_kinds_of_record(acme: PluginInfo) -> None:
    lead, contact = (
        FieldSpec(attribute=attribute, name="Email", title="Email", kinds=(kind,))
        for attribute, kind in (("email", "Lead"), ("campaign", "Contact"))
    )
    decoder = Decoder({})
    fields_of(Connection(), (lead, contact), "connections.acme", decoder)

    assert decoder.faults == []


@pytest.mark.parametrize(
    ("value", "written"),
    [("0125", "0125"), ("{x} {}", "{x} {}"), (5, 5), (2.5, 2.5), (True, "true"), (False, "false")],
)
def test_constant_is_written_on_new_records_only(acme: PluginInfo, value: Scalar, written: Scalar) -> None:
    specs, faults = mapped(acme, set_on_create={"owner": value})

    assert faults == []
    # The CRM has it already: provisioning must not make a field of that name.
    assert specs["owner"].standard
    assert render(specs.values(), {"token": "a"}, creating=True)["owner"] == written
    assert "owner" not in render(specs.values(), {"token": "a"})


def test_stages_are_overlaid_and_left_out(acme: PluginInfo) -> None:
    decoder = Decoder({})
    stages = stages_of(
        Connection(stages={"lead": "", "opportunity": "Deal"}), acme.stages, "connections.acme", decoder
    )

    assert stages == {"customer": "Won", "opportunity": "Deal"}
    assert decoder.faults == []


def test_every_attribute_of_a_lead_can_be_mapped() -> None:
    stamp = Stamp(False, 1, b"x", "v")
    state = LeadState(
        founded=stamp,
        install=stamp,
        claim=stamp,
        referral=stamp,
        registered=stamp,
        referrer=stamp,
        touches={"j": Touch(stamp, stamp, dict.fromkeys(TOUCH_FIELDS, stamp))},
        milestones={"m": stamp},
        person=dict.fromkeys(PERSON_FIELDS, stamp),
        identities=frozenset({Identity("main", "user", "u")}),
    )

    assert {*attributes(state), *REFERRER_FIELDS} == set(ATTRIBUTES)


def test_specs_are_what_the_model_takes(acme: PluginInfo) -> None:
    specs, _ = mapped(acme, fields={"country": "land"})

    assert all(msgspec.convert(msgspec.to_builtins(spec), FieldSpec) == spec for spec in specs.values())


@pytest.mark.parametrize(
    "change",
    [
        {"name": "x"},
        {"attribute": "token"},
        {"kind": Kind.TEXT},
        {"rule": Rule.MERGE},
        {"max_length": 5},
        {"order": ("New", "Won")},
        {"placeholder": "none"},
        {"kinds": ("Lead",)},
    ],
)
def test_digest_holds_all_that_decides_what_is_written(change: dict[str, Any]) -> None:
    spec = FieldSpec(
        attribute="stage", name="status", title="Status", kind=Kind.CHOICE, rule=Rule.FORWARD, order=("New",)
    )

    assert digest([msgspec.structs.replace(spec, **change)], {}, "UTC") != digest([spec], {}, "UTC")


def test_digest_takes_no_notice_of_order_and_titles(acme: PluginInfo) -> None:
    retitled = [msgspec.structs.replace(spec, title="Another") for spec in reversed(acme.fields)]
    stages = dict(reversed([*acme.stages.items()]))

    assert digest(retitled, stages, "UTC") == digest(acme.fields, acme.stages, "UTC")


def test_digest_stays_the_same_from_release_to_release() -> None:
    """A mapping that nobody changed must not wake every parked sync after an upgrade."""
    spec = FieldSpec(attribute="token", name="dl_token", title="Token", max_length=64)

    assert digest([spec], {"customer": "Won"}, "UTC") == "18cfe09522dc88fb"


def test_field_may_show_a_path(acme: PluginInfo) -> None:
    override = FieldOverride(name="plan", attribute="properties.plan")
    specs, faults = mapped(acme, fields={"plan": override, "data.reward_type": "reward"})

    assert (specs["plan"].attribute, specs["reward"].attribute) == ("properties.plan", "data.reward_type")
    assert faults == []


def test_what_is_no_path_is_a_fault_that_shows_one(acme: PluginInfo) -> None:
    [fault] = mapped(acme, fields={"plan": FieldOverride(name="plan", attribute="property.plan")})[1]

    assert "`properties.plan`" in fault.remedy
