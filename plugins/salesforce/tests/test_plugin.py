"""What the plugin says of itself, and that its source folder says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from afterclick.plugin import CONTRACT_VERSION, Kind, Rule
from afterclick_salesforce import definitions, plugin, source
from afterclick_salesforce.fields import DEFAULT_FIELDS
from afterclick_salesforce.settings import SalesforceSettings

HERE = Path(__file__).parent.parent
INFO = plugin.describe()
SET = {"client_id": "consumer", "client_secret": "secret"}


def test_description_names_what_the_core_needs() -> None:
    assert (INFO.name, INFO.contract, INFO.creates) == ("salesforce", CONTRACT_VERSION, "keyed")
    assert INFO.batch_size == 200
    # The variables of the article work as they are.
    assert INFO.environment["SF_INSTANCE_URL"] == "base_url"
    assert INFO.environment["SF_CLIENT_ID"] == "client_id"
    assert INFO.environment["SF_CLIENT_SECRET"] == "client_secret"
    assert INFO.call_deadline + INFO.late_effect == 180


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ({}, "client_id"),
        ({"client_id": ""}, "client_id"),
        ({**SET, "api_version": "68"}, "api_version"),
        ({**SET, "api_version": "v68.0/../.."}, "api_version"),
        ({**SET, "on_duplicate": "merge"}, "on_duplicate"),
        ({**SET, "merged_into": "Name'"}, "merged_into"),
        ({**SET, "quota_share": 0}, "quota_share"),
        ({**SET, "permission_set": "Deep Link"}, "permission_set"),
    ],
)
def test_wrong_settings_are_refused_by_name(raw: dict[str, Any], fault: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=fault):
        msgspec.convert(raw, SalesforceSettings)


def test_settings_have_defaults() -> None:
    settings = msgspec.convert(SET, SalesforceSettings)
    assert (settings.api_version, settings.on_duplicate, settings.doubles) == ("v68.0", "use_match", "point")


def test_fields_are_those_of_the_design() -> None:
    shown = {spec.attribute: spec.name for spec in DEFAULT_FIELDS}
    assert shown == {
        "key": "Deep_Link_Key__c",
        "token": "Deep_Link_Token__c",
        "prefix": "Deep_Link_Prefix__c",
        "campaign": "Deep_Link_Campaign__c",
        "platform": "Deep_Link_Platform__c",
        "install_date": "Install_Date__c",
        "referral_date": "Referral_Date__c",
        "conversion_date": "Conversion_Date__c",
        "referral_source": "Referral_Source__c",
        "minutes_to_convert": "Deep_Link_Minutes_To_Convert__c",
        "stage": "Status",
        "lead_source": "LeadSource",
        "email": "Email",
        "first_name": "FirstName",
        "last_name": "LastName",
        "phone": "Phone",
        "company": "Company",
    }
    rules = {spec.name: spec.rule for spec in DEFAULT_FIELDS if spec.rule is not Rule.MERGE}
    assert rules == {"Deep_Link_Key__c": Rule.KEY, "Status": Rule.FORWARD, "LeadSource": Rule.CREATE}
    assert {spec.name for spec in DEFAULT_FIELDS if spec.kinds} == {"Status", "Company"}
    assert {spec.name: spec.placeholder for spec in DEFAULT_FIELDS if spec.placeholder} == {
        "FirstName": "Deep Link",
        "LastName": "Lead {token} {short}",
        "Company": "Unknown",
    }


def test_status_is_written_only_where_somebody_maps_it() -> None:
    assert INFO.stages == {}


def test_every_kind_of_value_has_its_types() -> None:
    assert set(definitions.TYPES) == set(Kind)


def test_source_folder_is_what_provisioning_makes() -> None:
    folder = HERE / "sfdx"
    there = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*.*")
        if path.is_file()
    }
    # Written by: python -m afterclick_salesforce.source plugins/salesforce/sfdx
    assert there == source.files()
    for path, text in there.items():
        if path.endswith(".xml"):
            ElementTree.fromstring(text)  # noqa: S314 - our own


def test_source_folder_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    source.write(tmp_path)
    assert (tmp_path / "sfdx-project.json").is_file()


def test_source_folder_follows_the_settings_defaults() -> None:
    settings = msgspec.convert(SET, SalesforceSettings)
    assert (settings.permission_set, settings.merged_into) == (source.PERMISSION_SET, source.POINTER)
    assert f"v{source.API_VERSION}" == settings.api_version
