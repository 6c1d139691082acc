"""What the plugin says of itself."""

from __future__ import annotations

import msgspec
import pytest

from afterclick.plugin import CONTRACT_VERSION, Kind, Rule
from afterclick_hubspot import definitions, plugin, versions
from afterclick_hubspot.fields import DEFAULT_FIELDS
from afterclick_hubspot.settings import HubSpotSettings

INFO = plugin.describe()


def test_description_names_what_the_core_needs() -> None:
    assert (INFO.name, INFO.contract, INFO.creates) == ("hubspot", CONTRACT_VERSION, "keyed")
    assert INFO.batch_size == 100
    assert INFO.environment["HUBSPOT_ACCESS_TOKEN"] == "access_token"
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


def test_settings_have_defaults() -> None:
    settings = msgspec.convert({"access_token": "pat"}, HubSpotSettings)
    assert (settings.api_version, settings.plan, settings.group) == (
        "2026-09",
        "free",
        "deep_link_attribution",
    )


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
