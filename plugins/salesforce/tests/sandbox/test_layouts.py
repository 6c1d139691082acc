"""Values of the picklist and sections of page layouts, which are replaced as a whole."""

from __future__ import annotations

import pytest

from .soap import KEY, LAYOUT, MD, Soap, component, field, inner

# Values of the picklist.


async def test_value_set_is_read_and_replaced_as_a_whole(soap: Soap) -> None:
    [record] = await soap.records("StandardValueSet", "LeadSource")
    parts = "<fullName>Deep Link</fullName><default>false</default><label>Deep Link</label>"
    value = f"<standardValue>{parts}</standardValue>"

    [result] = await soap.results("updateMetadata", component("StandardValueSet", inner(record) + value))

    assert result["success"] == "true"
    for sobject in ("Lead", "Contact"):
        reply = await soap.account.get(f"/sobjects/{sobject}/describe")
        [source] = [one for one in reply.body["fields"] if one["name"] == "LeadSource"]
        values = [one["value"] for one in source["picklistValues"]]
        assert (values[0], values[-1], len(values)) == ("Web", "Deep Link", 6)
    [alone] = await soap.results("updateMetadata", component("StandardValueSet", value, "LeadSource"))
    [record] = await soap.records("StandardValueSet", "LeadSource")
    assert alone["success"] == "true"
    assert [one.text for one in record.iter(f"{MD}label")] == ["Deep Link"]


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("Nope", "", "INVALID_CROSS_REFERENCE_KEY"),
        ("LeadSource", "", "REQUIRED_FIELD_MISSING"),
        ("LeadSource", "<standardValue><fullName>A</fullName></standardValue>", "REQUIRED_FIELD_MISSING"),
        (
            "LeadSource",
            "<standardValue><fullName>A</fullName><label>A</label></standardValue>" * 2,
            "DUPLICATE_VALUE",
        ),
    ],
)
async def test_value_set_that_may_not_be(soap: Soap, name: str, values: str, code: str) -> None:
    [result] = await soap.results("updateMetadata", component("StandardValueSet", values, name))

    assert result["statusCode"] == code


# Layouts.


def section(*names: str) -> str:
    items = "".join(
        f"<layoutItems><behavior>Readonly</behavior><field>{name}</field></layoutItems>" for name in names
    )
    return (
        "<layoutSections><customLabel>true</customLabel><label>Deep Link Attribution</label>"
        f"<layoutColumns>{items}</layoutColumns><style>OneColumn</style></layoutSections>"
    )


async def test_section_is_added_to_what_a_layout_shows(soap: Soap) -> None:
    await soap.results("upsertMetadata", field(KEY))
    [record] = await soap.records("Layout", LAYOUT)
    email = inner(record, "fullName", "layoutSections")
    sections = inner(record, "fullName", "showEmailCheckbox")

    parts = sections + section("Deep_Link_Key__c") + email
    [result] = await soap.results("updateMetadata", component("Layout", parts, LAYOUT))

    assert result["success"] == "true"
    shown = soap.account.sandbox.soap.layouts.sections(LAYOUT)
    assert list(shown) == ["Lead Information", "Deep Link Attribution"]
    assert shown["Deep Link Attribution"] == ["Deep_Link_Key__c"]


@pytest.mark.parametrize(
    ("parts", "name", "words"),
    [
        ("same", "Lead-Nope Layout", "no component named Lead-Nope Layout found"),
        (section("Company"), LAYOUT, "must contain an item for required layout field: LastName"),
        ("twice", LAYOUT, "twice"),
        ("unknown", LAYOUT, "no CustomField named Lead.Nope__c found"),
    ],
)
async def test_layout_that_may_not_be(soap: Soap, parts: str, name: str, words: str) -> None:
    [record] = await soap.records("Layout", LAYOUT)
    known = {
        "same": inner(record, "fullName"),
        "twice": section("LastName", "Company", "Company"),
        "unknown": section("LastName", "Company", "Nope__c"),
    }

    [result] = await soap.results("updateMetadata", component("Layout", known.get(parts, parts), name))

    assert result["success"] == "false"
    assert words in result["message"]


@pytest.mark.parametrize(("kind", "name"), [("Layout", LAYOUT), ("StandardValueSet", "LeadSource")])
async def test_what_an_org_needs_cannot_be_deleted(soap: Soap, kind: str, name: str) -> None:
    [result] = await soap.results("deleteMetadata", f"<type>{kind}</type><fullNames>{name}</fullNames>")

    assert result["success"] == "false"
