"""What the plugin says of itself, and that its README says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pluggy
import pytest

from afterclick.plugin import CONTRACT_VERSION, PROJECT, FindingKind, Kind, Rule, hookspecs
from afterclick_pipedrive import kinds, plugin, tables
from afterclick_pipedrive.fields import DEFAULT_FIELDS
from afterclick_pipedrive.settings import PipedriveSettings

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
    assert (INFO.name, INFO.contract, INFO.creates) == ("pipedrive", CONTRACT_VERSION, "unkeyed")
    assert (INFO.environment["PIPEDRIVE_API_TOKEN"], INFO.environment["PIPEDRIVE_DOMAIN"]) == (
        "api_token",
        "domain",
    )
    settings = {field.name for field in msgspec.structs.fields(PipedriveSettings)}
    assert set(INFO.secrets) | set(INFO.environment.values()) <= settings
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


def test_settings_have_defaults_and_descriptions() -> None:
    settings = msgspec.convert({"api_token": "x"}, PipedriveSettings)
    assert (settings.plan, settings.deals, settings.doubles, settings.search) == (
        *("lite", "off"),
        *("delete", "auto"),
    )
    for name, hint in get_type_hints(PipedriveSettings, include_extras=True).items():
        assert any(meta.description for meta in hint.__metadata__), name


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


def test_readme_lists_every_setting_in_its_own_words() -> None:
    for name, hint in get_type_hints(PipedriveSettings, include_extras=True).items():
        description = "".join(meta.description or "" for meta in hint.__metadata__)
        assert f"| `{name}` | {description} |" in README


def test_readme_lists_every_field() -> None:
    for spec in DEFAULT_FIELDS:
        assert f"| {spec.attribute} | `{spec.name}` |" in README


def test_description_lists_every_kind_of_finding() -> None:
    named = [value for value in vars(kinds).values() if isinstance(value, FindingKind)]
    assert set(INFO.findings) == set(named)
    assert all(kind.code.startswith("pipedrive-") for kind in named)
