"""Properties and groups: what `provision` meets."""

from __future__ import annotations

from typing import Any

import pytest

from . import shapes
from .conftest import KEY, Account

BASE = "//crm/properties/2026-09/contacts"

HOBBY: dict[str, Any] = {
    "name": "hobby",
    "label": "Hobby",
    "type": "string",
    "fieldType": "text",
    "groupName": "contactinformation",
}


def option(value: str, order: int) -> dict[str, Any]:
    return {"label": value.title(), "value": value, "displayOrder": order, "hidden": False}


async def test_created_property_can_be_written_at_once(account: Account) -> None:
    reply = await account.post(BASE, HOBBY | {"description": "What for", "hasUniqueValue": True})

    assert reply.status == 201
    assert reply.body == HOBBY | {
        "description": "What for",
        "options": [],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": True,
        "hidden": False,
        "hubspotDefined": False,
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyValue": False,
        },
        "formField": False,
        "dataSensitivity": "non_sensitive",
        "archived": False,
        "createdAt": "2026-05-21T09:14:00Z",
        "updatedAt": "2026-05-21T09:14:00Z",
    }
    await account.create(lastname="L", hobby="chess")
    assert (await account.post("", {"properties": {"hobby": "chess"}})).status == 400


async def test_taken_name_is_a_conflict(account: Account) -> None:
    await account.post(BASE, HOBBY)

    reply = await account.post(BASE, HOBBY | {"label": "Other"})

    assert reply.status == 409
    assert (reply.body["category"], reply.body["subCategory"]) == (
        "OBJECT_ALREADY_EXISTS",
        "Properties.PROPERTY_WITH_NAME_EXISTS",
    )
    assert (await account.get(f"{BASE}/hobby")).body["label"] == "Hobby"


async def test_batch_create_tells_existing_names_apart(account: Account) -> None:
    await account.post(BASE, HOBBY)

    inputs = [HOBBY, HOBBY | {"name": "sport"}]
    reply = await account.post(f"{BASE}/batch/create", {"inputs": inputs})

    assert reply.status == 207
    assert [made["name"] for made in reply.body["results"]] == ["sport"]
    assert reply.body["errors"] == [shapes.property_exists("hobby")]
    assert reply.body["numErrors"] == 1


async def test_batch_read_tells_unknown_names_apart(account: Account) -> None:
    body = {"archived": False, "dataSensitivity": "non_sensitive", "inputs": [{"name": KEY}, {"name": "no"}]}

    reply = await account.post(f"{BASE}/batch/read", body)

    assert reply.status == 207
    assert [found["name"] for found in reply.body["results"]] == [KEY]
    assert reply.body["errors"][0]["context"] == {"name": ["no"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Hobby Name"},
        {"type": "datetime"},
        {"type": "text"},
        {"groupName": "nowhere"},
        {"type": "enumeration", "fieldType": "select"},
        {"type": "enumeration", "fieldType": "select", "options": [{"label": "A", "value": "a"}]},
        {"label": 5},
    ],
)
async def test_wrong_definition_is_refused(account: Account, wrong: dict[str, Any]) -> None:
    assert (await account.post(BASE, HOBBY | wrong)).status == 400
    assert (await account.get(f"{BASE}/hobby")).status == 404


async def test_field_type_of_a_moment_is_date(account: Account) -> None:
    reply = await account.post(BASE, HOBBY | {"type": "datetime", "fieldType": "date"})

    assert reply.status == 201


async def test_no_more_than_ten_unique_properties(account: Account) -> None:
    for index in range(9):
        name = f"unique_{index}"
        assert (await account.post(BASE, HOBBY | {"name": name, "hasUniqueValue": True})).status == 201

    assert (await account.post(BASE, HOBBY | {"hasUniqueValue": True})).status == 400
    assert (await account.post(BASE, HOBBY)).status == 201


async def test_uniqueness_cannot_be_added_later(account: Account) -> None:
    await account.post(BASE, HOBBY)

    body = {"label": "New", "hasUniqueValue": True, "name": "x"}
    reply = await account.send("PATCH", f"{BASE}/hobby", body)

    assert (reply.status, reply.body["label"]) == (200, "New")
    assert (reply.body["hasUniqueValue"], reply.body["name"]) == (False, "hobby")


async def test_options_are_replaced_as_a_whole(account: Account) -> None:
    both = {"type": "enumeration", "fieldType": "select", "options": [option("a", 0), option("b", 1)]}
    await account.post(BASE, HOBBY | both)
    assert (await account.post("", {"properties": {"hobby": "b"}})).status == 201

    await account.send("PATCH", f"{BASE}/hobby", {"options": [option("a", 0)]})

    assert (await account.post("", {"properties": {"hobby": "b"}})).status == 400
    assert (await account.post("", {"properties": {"hobby": "a"}})).status == 201


async def test_archived_property_comes_back_with_its_old_definition(account: Account) -> None:
    await account.post(BASE, HOBBY)
    assert (await account.send("DELETE", f"{BASE}/hobby")).status == 204
    assert (await account.get(f"{BASE}/hobby")).status == 404
    assert (await account.get(f"{BASE}/hobby", archived="true")).body["archived"] is True
    assert (await account.post("", {"properties": {"hobby": "x"}})).status == 400

    reply = await account.post(
        BASE, HOBBY | {"type": "number", "fieldType": "number", "hasUniqueValue": True}
    )

    assert (reply.status, reply.body["type"], reply.body["hasUniqueValue"]) == (201, "string", False)
    assert (await account.get(f"{BASE}/hobby", archived="true")).status == 404


async def test_standard_properties_cannot_be_archived_or_changed(account: Account) -> None:
    reply = await account.send("DELETE", f"{BASE}/email")

    assert reply.status == 400
    assert reply.body["subCategory"] == "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE"
    assert (await account.send("PATCH", f"{BASE}/email", {"label": "Mail"})).status == 400


async def test_unknown_property_is_not_found(account: Account) -> None:
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"label": "x"})):
        reply = await account.send(method, f"{BASE}/nope", body)
        assert (reply.status, reply.body["category"]) == (404, "OBJECT_NOT_FOUND")


async def test_list_gives_active_or_archived_properties_without_pages(account: Account) -> None:
    await account.post(BASE, HOBBY)
    await account.send("DELETE", f"{BASE}/hobby")

    active = (await account.get(BASE)).body
    archived = (await account.get(BASE, archived="true")).body

    assert set(active) == {"results"}
    assert {"email", "lifecyclestage", KEY} < {found["name"] for found in active["results"]}
    assert [found["name"] for found in archived["results"]] == ["hobby"]


async def test_lifecycle_stages_are_listed_in_order(account: Account) -> None:
    options = (await account.get(f"{BASE}/lifecyclestage")).body["options"]

    assert [found["value"] for found in options][:6] == [
        "subscriber",
        "lead",
        "marketingqualifiedlead",
        "salesqualifiedlead",
        "opportunity",
        "customer",
    ]


async def test_group_is_made_once(account: Account) -> None:
    wanted = {"name": "campaigns", "label": "Campaigns"}
    assert (await account.get(f"{BASE}/groups/campaigns")).status == 404

    reply = await account.post(f"{BASE}/groups", wanted)

    assert reply.status == 201
    assert reply.body == wanted | {"displayOrder": 5, "archived": False}
    assert (await account.get(f"{BASE}/groups/campaigns")).body == reply.body
    assert (await account.post(f"{BASE}/groups", wanted)).status == 409
    groups = (await account.get(f"{BASE}/groups")).body["results"]
    assert "campaigns" in {group["name"] for group in groups}
