"""Making fields, and what refuses a whole call."""

from __future__ import annotations

import pytest

from .conftest import OpenAccount
from .soap import KEY, KEY_PARTS, LAYOUT, MD, Soap, component, field, inner, parsed

# Fields.


async def test_field_is_made_and_then_brought_up_to_date(soap: Soap) -> None:
    made = await soap.results("upsertMetadata", field(KEY))
    again = await soap.results("upsertMetadata", field(KEY, KEY_PARTS.replace("64", "80")))

    assert made == [{"created": "true", "fullName": KEY, "success": "true"}]
    assert again == [{"created": "false", "fullName": KEY, "success": "true"}]
    soap.account.sandbox.org.grant(
        "One", soap.account.sandbox.org.integration, "Lead", {"Deep_Link_Key__c": True}
    )
    reply = await soap.account.get("/sobjects/Lead/describe")
    [found] = [one for one in reply.body["fields"] if one["name"] == "Deep_Link_Key__c"]
    wanted = {"length": 80, "unique": True, "externalId": True, "caseSensitive": False, "type": "string"}
    assert {name: found[name] for name in wanted} == wanted


async def test_made_field_is_seen_by_nobody_until_it_is_granted(soap: Soap) -> None:
    await soap.results("upsertMetadata", field(KEY))

    for token in (soap.account.token, soap.token):
        soap.account.token = token
        names = {one["name"] for one in (await soap.account.get("/sobjects/Lead/describe")).body["fields"]}
        assert "Deep_Link_Key__c" not in names
    # Whoever sees Setup finds it all the same.
    fields = "DeveloperName, TableEnumOrId, NamespacePrefix"
    soql = f"SELECT {fields} FROM CustomField WHERE TableEnumOrId IN ('Lead')"  # noqa: S608
    [record] = (await soap.account.send("GET", "/tooling/query", q=soql)).body["records"]
    assert (record["DeveloperName"], record["TableEnumOrId"]) == ("Deep_Link_Key", "Lead")
    assert record["NamespacePrefix"] is None


async def test_every_type_that_leads_need_can_be_made(soap: Soap) -> None:
    made = await soap.results(
        "upsertMetadata",
        field("Contact.Install_Date__c", "<label>Install Date</label><type>DateTime</type>")
        + field("Contact.Day__c", "<label>Day</label><type>Date</type>")
        + field(
            "Contact.Minutes__c",
            "<label>Minutes</label><precision>18</precision><scale>0</scale><type>Number</type>",
        )
        + field(
            "Contact.Vip__c", "<defaultValue>false</defaultValue><label>Vip</label><type>Checkbox</type>"
        ),
    )

    fields = soap.account.sandbox.org.tables["Contact"].sobject.fields
    assert [one["success"] for one in made] == ["true"] * 4
    types = [fields[name].type for name in ("Install_Date__c", "Day__c", "Minutes__c", "Vip__c")]
    assert types == ["datetime", "date", "double", "boolean"]
    [record] = await soap.records("CustomField", "Contact.Minutes__c")
    assert record.findtext(f"{MD}precision") == "18"


@pytest.mark.parametrize(
    ("name", "parts", "code"),
    [
        ("Lead.No_Suffix", KEY_PARTS, "INVALID_FULL_NAME"),
        ("Lead.Double__Bar__c", KEY_PARTS, "INVALID_FULL_NAME"),
        (f"Lead.{'x' * 41}__c", KEY_PARTS, "INVALID_FULL_NAME"),
        ("Nope.Key__c", KEY_PARTS, "INVALID_CROSS_REFERENCE_KEY"),
        ("Lead.Key__c", "<label>Key</label>", "REQUIRED_FIELD_MISSING"),
        ("Lead.Key__c", "<length>5</length><type>Text</type>", "REQUIRED_FIELD_MISSING"),
        ("Lead.Key__c", "<label>Key</label><type>Text</type>", "FIELD_INTEGRITY_EXCEPTION"),
        (
            "Lead.Key__c",
            "<label>Key</label><length>256</length><type>Text</type>",
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (
            "Lead.Key__c",
            "<label>Key</label><type>Date</type><unique>true</unique>",
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        ("Lead.There__c", "<label>There</label><type>DateTime</type>", "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
async def test_bad_definition_fails_alone(soap: Soap, name: str, parts: str, code: str) -> None:
    soap.account.sandbox.people.define("Lead", "There__c")

    bad, good = await soap.results("upsertMetadata", field(name, parts) + field(KEY))

    assert (bad["success"], bad["statusCode"], bad["created"]) == ("false", code, "false")
    assert good["success"] == "true"


async def test_create_and_update_know_what_is_there(soap: Soap) -> None:
    [missing] = await soap.results("updateMetadata", field(KEY))
    [made] = await soap.results("createMetadata", field(KEY))
    [again] = await soap.results("createMetadata", field(KEY))

    assert (missing["statusCode"], made["success"], again["statusCode"]) == (
        "INVALID_CROSS_REFERENCE_KEY",
        "true",
        "DUPLICATE_DEVELOPER_NAME",
    )


async def test_field_is_read_back_as_it_was_made_or_empty(soap: Soap) -> None:
    await soap.results("upsertMetadata", field(KEY))

    found, missing = await soap.records("CustomField", KEY, "Lead.Nope__c")

    assert inner(found).count("<") > 10
    assert found.findtext(f"{MD}label") == "Deep Link Key"
    assert len(missing) == 0
    assert (await soap.results("upsertMetadata", component("CustomField", inner(found))))[0][
        "success"
    ] == "true"


async def test_field_is_listed_and_deleted(soap: Soap) -> None:
    await soap.results("upsertMetadata", field(KEY))
    listed = await soap.results("listMetadata", "<queries><type>CustomField</type></queries>")

    named = f"<type>CustomField</type><fullNames>{KEY}</fullNames>"
    deleted = [await soap.results("deleteMetadata", named) for _ in range(2)]

    assert [one["fullName"] for one in listed] == [KEY]
    assert [one[0]["success"] for one in deleted] == ["true", "false"]
    assert (await soap.results("listMetadata", "<queries><type>CustomField</type></queries>")) == []


# Whole calls.


@pytest.mark.parametrize(
    ("operation", "content", "code"),
    [
        ("upsertMetadata", "".join(field(f"Lead.F{n}__c") for n in range(11)), "EXCEEDED_ID_LIMIT"),
        ("upsertMetadata", field(KEY) + component("Layout", "", LAYOUT), "INVALID_TYPE"),
        ("upsertMetadata", "", "INVALID_TYPE"),
        ("readMetadata", "<type>ApexClass</type><fullNames>X</fullNames>", "INVALID_TYPE"),
        ("upsertMetadata", field(KEY, "<type>Text</type><label>Key</label>"), "UNKNOWN_EXCEPTION"),
        (
            "upsertMetadata",
            component("CustomField", KEY_PARTS + f"<fullName>{KEY}</fullName>"),
            "UNKNOWN_EXCEPTION",
        ),
        ("deploy", "", "UNKNOWN_EXCEPTION"),
    ],
)
async def test_call_that_is_refused_is_a_fault(soap: Soap, operation: str, content: str, code: str) -> None:
    status, body = await soap.call(operation, content)

    assert status == 500
    fault = parsed(body).find(".//{http://schemas.xmlsoap.org/soap/envelope/}Fault")
    assert fault is not None
    assert fault.findtext("faultcode") == f"sf:{code}"
    assert (fault.findtext("faultstring") or "").startswith(f"{code}: ")
    assert not any(table.sobject.field("F1__c") for table in soap.account.sandbox.org.tables.values())


@pytest.mark.parametrize(
    "body",
    ["", "<open>", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "<x/>"],
)
async def test_document_that_is_none_is_a_fault(soap: Soap, body: str) -> None:
    status, answer = await soap.raw(body)

    assert (status, "sf:UNKNOWN_EXCEPTION" in answer) == (500, True)


async def test_headers_of_soap_are_needed(soap: Soap) -> None:
    soap.headers = {"Content-Type": "text/xml"}
    assert (await soap.call("readMetadata", ""))[0] == 500
    soap.headers = {"Content-Type": "application/json", "SOAPAction": '""'}
    assert (await soap.call("readMetadata", ""))[0] == 500


async def test_session_and_rights_are_checked(soap: Soap) -> None:
    soap.token = soap.account.token
    status, body = await soap.call("upsertMetadata", field(KEY))
    assert (status, "sf:INSUFFICIENT_ACCESS" in body) == (500, True)

    soap.token = "00D!x"
    status, body = await soap.call("upsertMetadata", field(KEY))
    assert (status, "sf:INVALID_SESSION_ID" in body) == (500, True)


async def test_calls_count_against_the_day(open_account: OpenAccount) -> None:
    soap = Soap(await open_account(daily=1))
    listing = "<queries><type>Layout</type></queries>"

    assert [(await soap.call("listMetadata", listing))[0] for _ in range(2)] == [200, 500]
