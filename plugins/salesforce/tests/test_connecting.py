"""Opening an org: what it must have, and what is fitted to it."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.plugin import FieldSpec, Kind, Misconfigured, NotAuthorized, Rule
from afterclick_salesforce import plugin
from afterclick_salesforce.fields import DEFAULT_FIELDS

from .bodies import BASE, POINTER, Json, definition, describe, fault
from .support import DESCRIBE_CONTACT, DESCRIBE_LEAD, KEY, Bench, bench


def answer(b: Bench, lead: Json | None = None, contact: Json | None = None) -> None:
    """Let the org answer what `connect` asks."""
    b.org.reply(DESCRIBE_LEAD, lead or describe("Lead"), method="GET")
    b.org.reply(DESCRIBE_CONTACT, contact or describe("Contact"), method="GET")


async def test_connected_org_costs_a_login_and_two_reads() -> None:
    async with bench(connected=False) as b:
        answer(b)
        client = await plugin.connect(b.ctx)
    assert len(b.org.sent) == 3
    assert (client.shape.key, client.shape.pointer, client.shape.instance) == (KEY, POINTER, BASE)
    (status,) = [spec for spec in b.ctx.fields if spec.attribute == "stage"]
    assert status.order == ("Open - Not Contacted", "Working - Contacted", "Closed - Converted")


async def test_all_absent_fields_are_named_with_both_remedies() -> None:
    async with bench(connected=False) as b:
        answer(b, describe("Lead", KEY, "Install_Date__c"))
        with pytest.raises(Misconfigured) as stop:
            await plugin.connect(b.ctx)
    finding = stop.value.finding
    assert finding is not None
    assert finding.code == "salesforce-field-absent"
    assert f"{KEY}, Install_Date__c" in finding.message
    assert "afterclick provision crm" in finding.remedy
    assert "permission set" in finding.remedy


async def test_several_faults_are_told_at_once() -> None:
    lead = describe(
        "Lead",
        "Deep_Link_Token__c",
        **{
            KEY: definition(KEY, unique=True, externalId=False),
            "Install_Date__c": definition("Install_Date__c", "double"),
            "Phone": definition("Phone", updateable=False),
        },
    )
    async with bench(connected=False) as b:
        answer(b, {**lead, "createable": False})
        with pytest.raises(Misconfigured) as stop:
            await plugin.connect(b.ctx)
    finding = stop.value.finding
    assert finding is not None
    assert finding.code == "salesforce-fields"
    for part in (
        "Deep_Link_Token__c",
        "not External ID",
        "Install_Date__c of Lead holds double, not datetime",
        "may not edit Phone",
        "may not create Leads",
    ):
        assert part in finding.message


async def test_key_that_is_switched_off_is_missed() -> None:
    fields = [spec for spec in DEFAULT_FIELDS if spec.rule is not Rule.KEY]
    async with bench(connected=False, fields=fields) as b:
        answer(b)
        with pytest.raises(Misconfigured, match="no field is configured to hold the key"):
            await plugin.connect(b.ctx)


async def test_field_of_salesforces_own_that_is_hidden_is_named() -> None:
    async with bench(connected=False) as b:
        answer(b, describe("Lead", "Email"))
        with pytest.raises(Misconfigured, match="Email of its own"):
            await plugin.connect(b.ctx)


async def test_what_contact_lacks_is_leads_alone() -> None:
    read_only = {"Phone": definition("Phone", updateable=False)}
    async with bench(connected=False) as b:
        answer(b, contact=describe("Contact", "Install_Date__c", KEY, **read_only))
        client = await plugin.connect(b.ctx)
    kinds = {spec.name: spec.kinds for spec in b.ctx.fields}
    assert kinds["Install_Date__c"] == kinds["Phone"] == kinds[KEY] == ("Lead",)
    assert kinds["Deep_Link_Campaign__c"] == ()
    assert not client.shape.has_key("Contact")
    assert ("salesforce-contact-fields", "") in [
        (v["code"], v["field"]) for _, v in b.log.lines if "code" in v
    ]


async def test_lead_without_the_pointer_goes_on_without() -> None:
    async with bench(connected=False) as b:
        answer(b, describe("Lead", POINTER))
        client = await plugin.connect(b.ctx)
    assert client.shape.pointer == ""
    assert "salesforce-pointer" in [values.get("code") for _, values in b.log.lines]


async def test_fields_are_fitted_to_the_org() -> None:
    lead = describe(
        "Lead",
        Install_Date__c=definition("Install_Date__c", "date"),
        Deep_Link_Campaign__c=definition("Deep_Link_Campaign__c", length=20),
        Email=definition("Email", "email", length=30),
    )
    async with bench(connected=False) as b:
        answer(b, lead)
        await plugin.connect(b.ctx)
    fitted = {spec.name: spec for spec in b.ctx.fields}
    assert fitted["Install_Date__c"].kind is Kind.DATE
    assert fitted["Deep_Link_Campaign__c"].max_length == 20
    # Half an address is somebody else's.
    assert fitted["Email"].max_length is None


async def test_constants_may_be_references_and_need_no_contact() -> None:
    constant = FieldSpec(
        attribute="set_on_create.RecordTypeId",
        name="RecordTypeId",
        title="RecordTypeId",
        rule=Rule.CREATE,
        placeholder="012000000000001AAA",
        standard=True,
    )
    lead = describe("Lead", RecordTypeId=definition("RecordTypeId", "reference"))
    async with bench(connected=False, fields=(*DEFAULT_FIELDS, constant)) as b:
        answer(b, lead)
        await plugin.connect(b.ctx)
    assert "salesforce-contact-fields" not in [values.get("code") for _, values in b.log.lines]


VERSIONS = [{"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}]


@pytest.mark.parametrize(
    ("version", "code"), [("v68.0", "salesforce-object-access"), ("v99.0", "salesforce-api-version")]
)
async def test_object_that_is_not_there_is_told_from_a_version_that_is_not(version: str, code: str) -> None:
    async with bench(connected=False, api_version=version) as b:
        path = f"{BASE}/services/data/{version}/sobjects/Lead/describe"
        b.org.reply(path, fault("NOT_FOUND", "The requested resource does not exist"), 404, method="GET")
        b.org.reply(f"{BASE}/services/data/", VERSIONS, method="GET")
        with pytest.raises(Misconfigured) as stop:
            await plugin.connect(b.ctx)
    assert stop.value.finding is not None
    assert stop.value.finding.code == code


@pytest.mark.parametrize(
    ("status", "body", "raised", "code"),
    [
        (410, fault("UNSUPPORTED_API_VERSION"), Misconfigured, "salesforce-api-version"),
        (404, "<html>not here</html>", Misconfigured, "salesforce-address"),
        (403, fault("API_DISABLED_FOR_ORG"), NotAuthorized, "salesforce-access"),
        (400, fault("INVALID_TYPE", ""), Misconfigured, "salesforce-object-access"),
    ],
)
async def test_org_that_cannot_be_read_says_why(
    status: int, body: Any, raised: type[Exception], code: str
) -> None:
    async with bench(connected=False) as b:
        b.org.reply(DESCRIBE_LEAD, body, status, method="GET")
        with pytest.raises(raised) as stop:
            await plugin.connect(b.ctx)
    assert stop.value.finding.code == code  # type: ignore[attr-defined]


async def test_load_tests_are_not_paced() -> None:
    async with bench(connected=False, pacing=False) as b:
        answer(b)
        await plugin.connect(b.ctx)
    assert b.pacer.learnt == [("daily", 1_000_000_000.0, 86_400, None)]
