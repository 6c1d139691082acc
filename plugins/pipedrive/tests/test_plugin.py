"""What the plugin says of itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.plugin import CONTRACT_VERSION, Kind, Rule
from afterclick_pipedrive import plugin, tables
from afterclick_pipedrive.fields import DEFAULT_FIELDS
from afterclick_pipedrive.settings import PipedriveSettings

INFO = plugin.describe()


def test_description_names_what_the_core_needs() -> None:
    assert (INFO.name, INFO.contract, INFO.creates) == ("pipedrive", CONTRACT_VERSION, "unkeyed")
    assert (INFO.environment["PIPEDRIVE_API_TOKEN"], INFO.environment["PIPEDRIVE_DOMAIN"]) == (
        "api_token",
        "domain",
    )
    paced = {limit.bucket: (limit.amount, limit.seconds) for limit in INFO.limits if limit.pace}
    assert paced == {"burst": (20, 2), "search": (10, 2)}
    assert INFO.list_lag >= 30


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ({"domain": "https://acme.pipedrive.com"}, "domain"),
        ({"domain": "acme.evil.example"}, "domain"),
        ({"domain": "Acme"}, "domain"),
        ({"plan": "gold"}, "plan"),
        ({"seats": 0}, "seats"),
        ({"daily_token_share": 0}, "daily_token_share"),
        ({"daily_token_share": 1.5}, "daily_token_share"),
        ({"doubles": "archive"}, "doubles"),
        ({"deals": "always"}, "deals"),
        ({"deal_events": []}, "deal_events"),
        ({"deal_events": ["install"]}, "deal_events"),
        ({"oauth_url": "ftp://x"}, "oauth_url"),
    ],
)
def test_wrong_settings_are_refused_by_name(raw: dict[str, Any], fault: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=fault):
        msgspec.convert(raw, PipedriveSettings)


def test_settings_have_defaults() -> None:
    settings = msgspec.convert({"api_token": "x"}, PipedriveSettings)
    assert (settings.plan, settings.deals, settings.doubles, settings.search) == (
        *("lite", "off"),
        *("delete", "auto"),
    )


def test_fields_are_those_of_the_design() -> None:
    shown = {spec.attribute: spec.name for spec in DEFAULT_FIELDS}
    assert shown == {
        "key": "Deep link key",
        "token": "Deep link token",
        "prefix": "Deep link prefix",
        "campaign": "Deep link campaign",
        "platform": "Deep link platform",
        "install_date": "Deep link install date",
        "referral_date": "Deep link referral date",
        "conversion_date": "Deep link conversion date",
        "referral_source": "Deep link referral source",
        "minutes_to_convert": "Deep link minutes to convert",
        "lead_source": "Deep link lead source",
        "stage": "label",
        "name": "name",
        "email": "email",
        "phone": "phone",
    }
    rules = {spec.name: spec.rule for spec in DEFAULT_FIELDS if spec.rule is not Rule.MERGE}
    assert rules == {"Deep link key": Rule.KEY, "label": Rule.FORWARD}
    days = [spec.attribute for spec in DEFAULT_FIELDS if spec.kind is Kind.DATE]
    assert days == ["install_date", "referral_date", "conversion_date"]


def test_custom_fields_say_whose_they_are() -> None:
    """A field of the account's own, such as "Campaign", must not be met by chance."""
    assert all(spec.name.startswith("Deep link ") for spec in DEFAULT_FIELDS if not spec.standard)


def test_every_kind_has_a_type() -> None:
    assert set(tables.TYPES) == set(Kind)


def test_no_stage_is_written_unless_it_is_mapped() -> None:
    assert INFO.stages == {}
