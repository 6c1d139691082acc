"""Persons through v2: strict bodies, duplicates, and what reads and lists show."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Account, OpenAccount


async def test_person_is_made_as_the_reference_shows(account: Account) -> None:
    campaign, key, day = (account.code(name) for name in ("Campaign", "Deep link key", "Install date"))

    reply = await account.post(
        "/persons",
        name="Deep link visitor 3f9c2a",
        emails=[{"value": "a@example.com", "primary": True, "label": "work"}],
        custom_fields={campaign: "instagram-story-may", key: "summer-promo", day: "2026-05-21"},
    )

    assert reply.status == 200
    assert reply.body == {"success": True, "data": reply.data}
    person = dict(reply.data)
    assert person.pop("custom_fields") == {
        campaign: "instagram-story-may",
        key: "summer-promo",
        day: "2026-05-21",
        account.code("Minutes"): None,
    }
    assert isinstance(person.pop("id"), int)
    assert person == {
        "name": "Deep link visitor 3f9c2a",
        "first_name": "Deep",
        "last_name": "link visitor 3f9c2a",
        "owner_id": 13870101,
        "org_id": None,
        "add_time": "2026-05-21T09:14:00Z",
        "update_time": "2026-05-21T09:14:00Z",
        "emails": [{"value": "a@example.com", "primary": True, "label": "work"}],
        "phones": [],
        "is_deleted": False,
        "visible_to": 3,
        "label_ids": [],
        "picture_id": None,
    }


async def test_create_may_answer_201(open_account: OpenAccount) -> None:
    account = await open_account(created_status=201)

    assert (await account.post("/persons", name="Ada")).status == 201


async def test_same_person_can_be_made_any_number_of_times(account: Account) -> None:
    key = account.code("Deep link key")

    ids = {
        await account.create(emails=[{"value": "a@example.com"}], custom_fields={key: "k1"}) for _ in range(3)
    }

    assert len(ids) == 3


async def test_parts_of_a_name_stand_in_for_it(account: Account) -> None:
    reply = await account.post("/persons", first_name="Ada", last_name="Lovelace")

    assert reply.data["name"] == "Ada Lovelace"


async def test_first_address_is_primary_unless_another_says_so(account: Account) -> None:
    emails = [{"value": "a@example.com"}, {"value": "b@example.com", "label": "home"}]

    reply = await account.post("/persons", name="Ada", emails=emails)

    assert reply.data["emails"] == [
        {"value": "a@example.com", "primary": True, "label": "work"},
        {"value": "b@example.com", "primary": False, "label": "home"},
    ]


CODE = "1a2b3c" * 6 + "1a2b"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "name: Required"),
        ({"name": ""}, "name: "),
        ({"name": 7}, "name: Expected 'str', got 'int'"),
        ({"name": "A", "owner_id": "1"}, "owner_id: Expected 'int', got 'str'"),
        ({"name": "A", "visible_to": "3"}, "visible_to: "),
        ({"name": "A", "label_ids": ["1"]}, "label_ids[0]: "),
        ({"name": "A", "emails": ["a@example.com"]}, "emails[0]: "),
        ({"name": "A", "emails": [{"value": "a", "primary": 1}]}, "emails[0].primary: "),
        ({"name": "A", "emails": [{"value": "a", "primary": True}] * 2}, "emails: "),
        ({"name": "A", "email": "a@example.com"}, "email: Unrecognized key"),
        ({"name": "A", "update_time": "2026-05-21T09:14:00Z"}, "update_time: Unrecognized key"),
        ({"name": "A", "org_id": 1}, "org_id: "),
        ({"name": "A", "birthday": "1990-01-01"}, "birthday: "),
        ({"name": "A", CODE: "x"}, f"{CODE}: Unrecognized key"),
        ({"name": "A", "custom_fields": {CODE: "x"}}, f"custom_fields.{CODE}: "),
    ],
)
async def test_what_v2_does_not_take_is_refused_as_a_whole(
    account: Account, body: dict[str, Any], told: str
) -> None:
    reply = await account.post("/persons", **body)

    assert (reply.status, reply.body["success"]) == (400, False)
    assert reply.body["error"].startswith(f"Validation failed: {told}"), reply.body["error"]
    assert reply.body["code"] == "ERR_SCHEMA_VALIDATION_FAILED"
    assert account.sandbox.persons() == []


async def test_one_unknown_field_fails_the_whole_write(account: Account) -> None:
    person_id = await account.create()
    code = account.code("Campaign")

    reply = await account.patch(f"/persons/{person_id}", custom_fields={code: "summer", CODE: "x"})

    assert reply.status == 400
    assert CODE in reply.body["error"]
    assert "Campaign" not in (account.sandbox.person(person_id) or {})


async def test_update_changes_only_what_is_sent(account: Account) -> None:
    campaign, key = account.code("Campaign"), account.code("Deep link key")
    person_id = await account.create(emails=[{"value": "a@example.com"}], custom_fields={key: "k1"})
    account.clock.seconds = 5

    reply = await account.patch(f"/persons/{person_id}", custom_fields={campaign: "summer"})

    assert (reply.data["custom_fields"][key], reply.data["custom_fields"][campaign]) == ("k1", "summer")
    assert reply.data["emails"][0]["value"] == "a@example.com"
    assert reply.data["update_time"] == "2026-05-21T09:14:05Z"
    assert reply.data["add_time"] == "2026-05-21T09:14:00Z"


async def test_addresses_are_replaced_as_a_whole(account: Account) -> None:
    person_id = await account.create(emails=[{"value": "a@example.com"}])

    reply = await account.patch(f"/persons/{person_id}", emails=[{"value": "b@example.com"}])

    assert [one["value"] for one in reply.data["emails"]] == ["b@example.com"]


async def test_empty_text_is_kept_over_a_good_value(account: Account) -> None:
    campaign = account.code("Campaign")
    person_id = await account.create(custom_fields={campaign: "summer"})

    reply = await account.patch(f"/persons/{person_id}", custom_fields={campaign: ""})

    assert reply.data["custom_fields"][campaign] == ""


async def test_null_clears_a_field(account: Account, open_account: OpenAccount) -> None:
    campaign = account.code("Campaign")
    person_id = await account.create(custom_fields={campaign: "summer"})

    reply = await account.patch(f"/persons/{person_id}", custom_fields={campaign: None})

    assert reply.data["custom_fields"][campaign] is None


async def test_null_may_be_refused(open_account: OpenAccount) -> None:
    account = await open_account(takes_null=False)
    campaign = account.code("Campaign")

    assert (await account.post("/persons", name="A", custom_fields={campaign: None})).status == 400


async def test_read_shows_the_fields_asked_for(account: Account) -> None:
    key = account.code("Deep link key")
    person_id = await account.create(custom_fields={key: "k1"})

    reply = await account.get(f"/persons/{person_id}", custom_fields=key)

    assert reply.data["custom_fields"] == {key: "k1"}
    sixteen = ",".join([key] * 16)
    assert (await account.get(f"/persons/{person_id}", custom_fields=sixteen)).status == 400


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_unknown_person_is_not_found(account: Account, method: str) -> None:
    reply = await account.send(method, "/persons/999999", {} if method == "PATCH" else None)

    assert (reply.status, reply.body["success"], reply.body["data"]) == (404, False, None)


async def test_deleted_person_is_flagged_and_cannot_be_edited(account: Account) -> None:
    person_id = await account.create()

    assert (await account.delete(f"/persons/{person_id}")).body == {
        "success": True,
        "data": {"id": person_id},
    }
    assert (await account.get(f"/persons/{person_id}")).data["is_deleted"] is True
    assert (await account.patch(f"/persons/{person_id}", name="Ada")).status == 404
    assert (await account.get("/persons")).data == []
    account.clock.seconds = 31 * 86_400
    assert (await account.get(f"/persons/{person_id}")).status == 404


async def test_deleted_person_may_be_gone_at_once(open_account: OpenAccount) -> None:
    account = await open_account(deleted_answer="gone")
    person_id = await account.create()
    await account.delete(f"/persons/{person_id}")

    assert (await account.get(f"/persons/{person_id}")).status == 404


async def test_list_finds_recent_persons_newest_first(account: Account) -> None:
    ids = []
    for second in range(3):
        account.clock.seconds = second
        ids.append(await account.create(f"Visitor {second}"))

    reply = await account.get(
        "/persons",
        updated_since="2026-05-21T09:14:01Z",
        owner_id="13870101",
        sort_by="update_time",
        sort_direction="desc",
        custom_fields=account.code("Deep link key"),
        limit="500",
    )

    assert [person["id"] for person in reply.data] == [ids[2], ids[1]]
    assert reply.body["additional_data"] == {"next_cursor": None}
    assert list(reply.data[0]["custom_fields"]) == [account.code("Deep link key")]


async def test_cursor_leads_through_all_pages(account: Account) -> None:
    ids = [await account.create(f"Visitor {number}") for number in range(5)]

    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        reply = await account.get("/persons", limit="2", **cursor)
        found += [person["id"] for person in reply.data]
        if reply.body["additional_data"]["next_cursor"] is None:
            break
        cursor = {"cursor": reply.body["additional_data"]["next_cursor"]}

    assert found == ids


async def test_person_written_between_two_pages_shifts_nothing(account: Account) -> None:
    ids = [await account.create(f"Visitor {number}") for number in range(4)]
    first = await account.get("/persons", limit="2", sort_direction="desc")
    await account.create("Newcomer")

    cursor = first.body["additional_data"]["next_cursor"]
    second = await account.get("/persons", limit="2", sort_direction="desc", cursor=cursor)

    assert [person["id"] for person in second.data] == [ids[1], ids[0]]


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "501"},
        {"limit": "0"},
        {"updated_since": "2026-05-21T09:14:00.123Z"},
        {"updated_since": "2026-05-21"},
        {"sort_by": "name"},
        {"owner_id": "me"},
        {"cursor": "nonsense"},
    ],
)
async def test_wrong_parameters_are_refused(account: Account, params: dict[str, str]) -> None:
    reply = await account.get("/persons", **params)

    assert reply.status == 400
    assert f"Validation failed: {next(iter(params))}: " in reply.body["error"]


async def test_lists_may_lag_too(open_account: OpenAccount) -> None:
    account = await open_account(list_lag=10.0)
    person_id = await account.create()

    assert (await account.get("/persons")).data == []
    account.clock.seconds = 10
    assert [person["id"] for person in (await account.get("/persons")).data] == [person_id]
    assert (await account.get(f"/persons/{person_id}")).status == 200


async def test_read_counts_what_hangs_on_a_person(account: Account) -> None:
    person_id = account.sandbox.add_person("Ada Lovelace", email="ada@example.com")
    account.sandbox.edit_person(person_id, activities_count=2)

    reply = await account.get(f"/persons/{person_id}", include_fields="notes_count,activities_count")

    assert (reply.data["notes_count"], reply.data["activities_count"]) == (0, 2)
    wrong = await account.get(f"/persons/{person_id}", include_fields="nonsense_count")
    assert wrong.status == 400


async def test_time_of_adding_can_be_set_back(account: Account) -> None:
    reply = await account.post("/persons", name="Ada", add_time="2026-05-01T00:00:00Z")

    assert reply.data["add_time"] == "2026-05-01T00:00:00Z"
    assert (await account.post("/persons", name="Ada", add_time="yesterday")).status == 400
