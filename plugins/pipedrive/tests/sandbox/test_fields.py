"""The definitions of fields: random codes, names that are not unique, rights and caps."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import Account, OpenAccount


async def test_field_is_made_under_a_random_code(account: Account) -> None:
    visible = {"add_visible_flag": False, "details_visible_flag": True}

    reply = await account.post(
        "/personFields", field_name="Deep link token", field_type="varchar", ui_visibility=visible
    )

    assert reply.status == 200
    code = reply.data["field_code"]
    assert re.fullmatch("[0-9a-f]{40}", code)
    assert reply.data == {
        "field_name": "Deep link token",
        "field_code": code,
        "field_type": "varchar",
        "description": None,
        "options": None,
        "subfields": None,
        "is_custom_field": True,
        "is_optional_response_field": False,
        "ui_visibility": visible,
        "important_fields": {"enabled": False, "stage_ids": []},
        "required_fields": {"enabled": False},
    }
    assert (await account.get(f"/personFields/{code}")).data == reply.data


async def test_codes_differ_between_companies_and_not_between_runs(open_account: OpenAccount) -> None:
    one, same, other = [await open_account(seed=seed) for seed in (1, 1, 2)]

    assert one.code("Campaign") == same.code("Campaign") != other.code("Campaign")


async def test_two_fields_may_have_one_name(account: Account) -> None:
    reply = await account.post("/personFields", field_name="Campaign", field_type="varchar")

    assert reply.data["field_code"] != account.code("Campaign")
    names = [field["field_name"] for field in (await account.get("/personFields", limit="500")).data]
    assert names.count("Campaign") == 2


async def test_list_shows_pipedrives_own_fields_first(account: Account) -> None:
    listed = (await account.get("/personFields", limit="500")).data

    assert [field["field_code"] for field in listed[:2]] == ["id", "name"]
    assert [field["field_name"] for field in listed if field["is_custom_field"]] == [
        "Deep link key",
        "Campaign",
        "Install date",
        "Minutes",
    ]


async def test_list_has_pages(account: Account) -> None:
    first = await account.get("/dealFields", limit="10")
    second = await account.get("/dealFields", cursor=first.body["additional_data"]["next_cursor"])

    assert len(first.data) == 10
    assert second.data[-1]["field_name"] == "Deep link key"
    assert second.body["additional_data"] == {"next_cursor": None}


async def test_options_get_ids_of_their_own(account: Account) -> None:
    options = [{"label": "Inbound"}, {"label": "Outbound"}]

    reply = await account.post("/personFields", field_name="Way", field_type="enum", options=options)

    assert [choice["label"] for choice in reply.data["options"]] == ["Inbound", "Outbound"]
    assert len({choice["id"] for choice in reply.data["options"]}) == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"field_name": "X", "field_type": "datetime"}, "field_type"),
        ({"field_name": "X", "field_type": "boolean"}, "field_type"),
        ({"field_name": "X"}, "field_type: Required"),
        ({"field_name": "", "field_type": "text"}, "field_name"),
        ({"field_name": "X", "field_type": "enum"}, "options"),
        ({"field_name": "X", "field_type": "text", "description": "d"}, "description: Unrecognized key"),
        ({"field_name": "X", "field_type": "text", "field_code": "0" * 40}, "field_code: Unrecognized key"),
    ],
)
async def test_wrong_definitions_are_refused(account: Account, body: dict[str, Any], told: str) -> None:
    reply = await account.post("/personFields", **body)

    assert reply.status == 400
    assert f"Validation failed: {told}" in reply.body["error"]


async def test_deal_fields_have_a_description(account: Account) -> None:
    reply = await account.post("/dealFields", field_name="X", field_type="text", description="What for")

    assert reply.data["description"] == "What for"


async def test_name_can_change_and_code_and_type_cannot(account: Account) -> None:
    code = account.code("Campaign")

    reply = await account.patch(f"/personFields/{code}", field_name="First campaign")

    assert (reply.data["field_name"], reply.data["field_code"]) == ("First campaign", code)
    assert (await account.patch(f"/personFields/{code}", field_type="text")).status == 400
    assert (await account.patch(f"/personFields/{code}", field_name="")).status == 400
    assert (await account.patch(f"/personFields/{code}")).status == 400
    assert (await account.patch("/personFields/nothing", field_name="X")).status == 404


async def test_deleted_field_fails_the_writes_that_name_it(account: Account) -> None:
    code = account.code("Campaign")
    person_id = await account.create(custom_fields={code: "summer"})

    assert (await account.delete(f"/personFields/{code}")).data["field_code"] == code

    reply = await account.patch(f"/persons/{person_id}", custom_fields={code: "winter"})
    assert reply.status == 400
    assert code in reply.body["error"]
    assert code not in (await account.get(f"/persons/{person_id}")).data["custom_fields"]
    assert (await account.delete(f"/personFields/{code}")).status == 404
    assert (await account.delete("/personFields/name")).status == 404


async def test_plan_holds_so_many_fields_of_persons_and_deals_together(open_account: OpenAccount) -> None:
    account = await open_account(max_fields=6)
    assert (await account.post("/dealFields", field_name="Sixth", field_type="text")).status == 200

    reply = await account.post("/personFields", field_name="Seventh", field_type="text")

    assert (reply.status, reply.body["error"]) == (403, "You've reached the custom fields limit.")


# Values by type.


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("varchar", "x" * 255),
        ("varchar_auto", "x"),
        ("text", "x" * 256),
        ("phone", "+1 555 0100"),
        ("double", 1),
        ("double", 1.5),
        ("date", "2026-05-21"),
        ("time", {"value": "09:14:00", "timezone_name": "UTC"}),
        ("daterange", {"value": "2026-05-21", "until": "2026-05-22"}),
        ("timerange", {"value": "09:14:00", "until": "10:00:00"}),
        ("monetary", {"value": 12.5, "currency": "USD"}),
        ("people", 7),
        ("address", {"value": "Main Street 1"}),
    ],
)
async def test_types_take_values_of_their_form(account: Account, kind: str, value: Any) -> None:
    code = account.sandbox.add_field("X", kind).field_code

    reply = await account.post("/persons", name="Ada", custom_fields={code: value})

    assert reply.data["custom_fields"][code] == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("varchar", "x" * 256),
        ("varchar", 7),
        ("varchar", True),
        ("text", "x" * 65_001),
        ("double", "1"),
        ("double", True),
        ("double", 10**14),
        ("date", "2026-05-21T09:14:00Z"),
        ("date", "2026-05-21 09:14:00"),
        ("date", "2026-13-01"),
        ("date", 20260521),
        ("date", ""),
        ("time", "09:14:00"),
        ("time", {"value": "late"}),
        ("daterange", {"until": "2026-05-22"}),
        ("monetary", {"value": "12", "currency": "USD"}),
        ("monetary", {"value": 12, "unit": "USD"}),
        ("people", "7"),
        ("address", "Main Street 1"),
    ],
)
async def test_types_refuse_values_of_another_form(account: Account, kind: str, value: Any) -> None:
    code = account.sandbox.add_field("X", kind).field_code

    reply = await account.post("/persons", name="Ada", custom_fields={code: value})

    assert reply.status == 400
    assert f"custom_fields.{code}: " in reply.body["error"]


async def test_options_are_given_by_id(account: Account) -> None:
    field = account.sandbox.add_field("Way", "enum", options=("In", "Out"))
    several = account.sandbox.add_field("Ways", "set", options=("In", "Out"))
    assert field.options is not None
    assert several.options is not None
    given = {
        field.field_code: field.options[0].id,
        several.field_code: [choice.id for choice in several.options],
    }

    reply = await account.post("/persons", name="Ada", custom_fields=given)

    assert given.items() <= reply.data["custom_fields"].items()


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("enum", "In", "Expected 'number' as value for single option custom field"),
        ("enum", 99, "Option 99 does not exist"),
        ("set", [], "non-empty array"),
        ("set", 1, "non-empty array"),
        ("set", ["1"], "Expected 'number'"),
    ],
)
async def test_wrong_options_are_refused(account: Account, kind: str, value: Any, told: str) -> None:
    code = account.sandbox.add_field("Way", kind, options=("In", "Out")).field_code

    reply = await account.post("/persons", name="Ada", custom_fields={code: value})

    assert told in reply.body["error"]
