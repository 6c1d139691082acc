"""What the plugin says of itself, and that its README says the same."""

from __future__ import annotations

from pathlib import Path
from typing import get_type_hints

import msgspec
import pluggy
import pytest

from afterclick.plugin import CONTRACT_VERSION, PROJECT, FindingKind, Kind, Rule, hookspecs
from afterclick_hubspot import definitions, kinds, plugin, versions
from afterclick_hubspot.fields import DEFAULT_FIELDS
from afterclick_hubspot.settings import HubSpotSettings

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
INFO = plugin.describe()


def test_hooks_fit_the_contract() -> None:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    marked = {name for name in dir(plugin) if getattr(getattr(plugin, name), f"{PROJECT}_impl", None)}
    assert marked == {
        *("describe", "connect", "match", "create", "enrich"),
        *("absorb", "retire", "erase", "strays", "check", "provision", "sandbox"),
    }


def test_description_names_what_the_core_needs() -> None:
    assert (INFO.name, INFO.contract, INFO.creates) == ("hubspot", CONTRACT_VERSION, "keyed")
    assert INFO.batch_size == 100
    assert INFO.environment["HUBSPOT_ACCESS_TOKEN"] == "access_token"
    settings = {field.name for field in msgspec.structs.fields(HubSpotSettings)}
    assert set(INFO.secrets) | set(INFO.environment.values()) <= settings
    assert {limit.bucket: limit.amount for limit in INFO.limits} == {
        "burst": 100,
        "daily": 250_000,
        "search": 4,
    }
    # HubSpot ends a request after 100 seconds at the latest.
    assert INFO.call_deadline + INFO.late_effect >= 100


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ({}, "access_token"),
        ({"access_token": ""}, "access_token"),
        ({"access_token": "pat", "api_version": "v3"}, "api_version"),
        ({"access_token": "pat", "plan": "gold"}, "plan"),
        ({"access_token": "pat", "group": "Deep Link"}, "group"),
    ],
)
def test_wrong_settings_are_refused_by_name(raw: dict[str, str], fault: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=fault):
        msgspec.convert(raw, HubSpotSettings)


def test_settings_have_defaults_and_descriptions() -> None:
    settings = msgspec.convert({"access_token": "pat"}, HubSpotSettings)
    assert (settings.api_version, settings.plan, settings.group) == (
        "2026-09",
        "free",
        "deep_link_attribution",
    )
    for name, hint in get_type_hints(HubSpotSettings, include_extras=True).items():
        assert any(meta.description for meta in hint.__metadata__), name


def test_fields_are_those_of_the_design() -> None:
    shown = {spec.attribute: spec.name for spec in DEFAULT_FIELDS}
    assert shown == {
        "key": "deep_link_key",
        "token": "deep_link_token",
        "prefix": "deep_link_prefix",
        "campaign": "first_touch_campaign",
        "platform": "first_touch_platform",
        "install_date": "install_date",
        "referral_date": "referral_date",
        "conversion_date": "conversion_date",
        "referral_source": "referral_source",
        "minutes_to_convert": "deep_link_minutes_to_convert",
        "stage": "lifecyclestage",
        "lead_source": "deep_link_lead_source",
        "email": "email",
        "first_name": "firstname",
        "last_name": "lastname",
        "phone": "phone",
        "company": "company",
    }
    rules = {spec.name: spec.rule for spec in DEFAULT_FIELDS if spec.rule is not Rule.MERGE}
    assert rules == {"deep_link_key": Rule.KEY, "lifecyclestage": Rule.FORWARD}
    assert [spec.name for spec in DEFAULT_FIELDS if spec.unique] == ["deep_link_key"]
    moments = [spec.name for spec in DEFAULT_FIELDS if spec.kind is Kind.DATETIME]
    assert moments == ["install_date", "referral_date", "conversion_date"]


def test_default_stages_are_in_order() -> None:
    (stage,) = [spec for spec in DEFAULT_FIELDS if spec.attribute == "stage"]
    places = [stage.order.index(word) for word in INFO.stages.values()]
    assert places == sorted(places)


def test_every_kind_has_a_form() -> None:
    assert set(definitions.FORMS) == set(Kind)


def test_default_version_is_the_newest() -> None:
    assert max(versions.SUPPORT) == versions.DEFAULT


def test_readme_lists_every_setting_in_its_own_words() -> None:
    for name, hint in get_type_hints(HubSpotSettings, include_extras=True).items():
        description = "".join(meta.description or "" for meta in hint.__metadata__)
        assert f"| `{name}` | {description} |" in README


def test_readme_lists_every_field() -> None:
    for spec in DEFAULT_FIELDS:
        assert f"| {spec.attribute} | `{spec.name}` |" in README


def test_description_lists_every_kind_of_finding() -> None:
    named = [value for value in vars(kinds).values() if isinstance(value, FindingKind)]
    assert set(INFO.findings) == set(named)
    assert all(kind.code.startswith("hubspot-") for kind in named)
