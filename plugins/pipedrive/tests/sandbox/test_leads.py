"""Leads and notes, which only v1 has, each with an envelope of its own."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from .conftest import Account, OpenAccount

LEADS = "//api/v1/leads"
NOTES = "//api/v1/notes"


async def lead(account: Account, **body: Any) -> dict[str, Any]:
    reply = await account.send("POST", LEADS, {"title": "Ada", **body})
    assert reply.status == 201, reply.body
    made: dict[str, Any] = reply.data
    return made


async def test_lead_is_made_with_custom_fields_at_the_top(account: Account) -> None:
    ada = await account.create()
    code = account.sandbox.field_code("Deep link key", "deal")

    made = await lead(account, person_id=ada, origin_id="k1", channel_id="summer", **{code: "d1"})

    assert uuid.UUID(made["id"]).version == 4
    assert (made["person_id"], made["organization_id"], made[code]) == (ada, None, "d1")
    assert (made["origin"], made["source_name"], made["origin_id"]) == ("API", "API", "k1")
    assert (made["visible_to"], made["label_ids"]) == ("3", [])
    assert made["add_time"] == "2026-05-21T09:14:00.000Z"
    assert (await account.get(f"{LEADS}/{made['id']}")).data == made


async def test_value_that_is_not_set_does_not_appear(account: Account) -> None:
    made = await lead(account, person_id=await account.create())

    assert account.sandbox.field_code("Deep link key", "deal") not in made


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"title": "A"}, "linked to a person or an organization"),
        ({"person_id": 0}, "title is required"),
        ({"title": "A", "person_id": 0, "visible_to": 3}, "visible_to"),
        ({"title": "A", "person_id": 0, "f" * 40: "x"}, f"{'f' * 40} is not allowed"),
        ({"title": "A", "person_id": 0, "value": 5}, "value"),
        ({"title": "A", "person_id": 0, "label_ids": [str(uuid.UUID(int=1))]}, "label"),
        ({"title": "A", "person_id": 1}, "person_id"),
    ],
)
async def test_wrong_leads_are_refused(account: Account, body: dict[str, Any], told: str) -> None:
    ada = await account.create()
    given = {**body, **({"person_id": ada} if body.get("person_id") == 0 else {})}

    reply = await account.send("POST", LEADS, given)

    assert (reply.status, reply.body["success"]) == (400, False)
    assert told in reply.body["error"]


async def test_update_changes_what_is_sent_and_null_clears(account: Account) -> None:
    code = account.sandbox.field_code("Deep link key", "deal")
    money = {"amount": 5, "currency": "EUR"}
    made = await lead(account, person_id=await account.create(), value=money, **{code: "d1"})
    account.clock.seconds = 5

    changed = (await account.send("PATCH", f"{LEADS}/{made['id']}", {"title": "B", "value": None})).data

    assert (changed["title"], changed["value"], changed[code]) == ("B", None, "d1")
    assert made["value"] == money
    assert changed["update_time"] == "2026-05-21T09:14:05.000Z"
    refused = await account.send("PATCH", f"{LEADS}/{made['id']}", {"origin_id": "k2"})
    assert refused.body["error"] == "origin_id is not allowed"


async def test_list_goes_by_start_and_names_no_next(account: Account) -> None:
    ada, bob = await account.create(), await account.create("Bob")
    ids = [(await lead(account, person_id=ada))["id"] for _ in range(3)]
    await lead(account, person_id=bob)

    first = await account.get(LEADS, person_id=str(ada), limit="2")
    second = await account.get(LEADS, person_id=str(ada), limit="2", start="2")

    assert [found["id"] for found in (*first.data, *second.data)] == ids
    assert first.body["additional_data"] == {"start": 0, "limit": 2, "more_items_in_collection": True}
    assert second.body["additional_data"]["more_items_in_collection"] is False


async def test_archived_lead_leaves_the_list_and_cannot_be_edited(account: Account) -> None:
    made = await lead(account, person_id=await account.create())
    path = f"{LEADS}/{made['id']}"
    await account.send("PATCH", path, {"is_archived": True})

    assert (await account.get(LEADS)).data == []
    assert [found["id"] for found in (await account.get(f"{LEADS}/archived")).data] == [made["id"]]
    assert (await account.send("PATCH", path, {"title": "B"})).status == 400
    assert (await account.send("PATCH", path, {"is_archived": False})).status == 200


async def test_deleted_lead_is_gone(account: Account) -> None:
    made = await lead(account, person_id=await account.create())

    assert (await account.delete(f"{LEADS}/{made['id']}")).data == {"id": made["id"]}
    assert (await account.delete(f"{LEADS}/{made['id']}")).status == 404
    assert account.sandbox.leads() == []


async def test_leads_count_as_deals_for_the_plan(open_account: OpenAccount) -> None:
    account = await open_account(max_deals=1)
    ada = await account.create()
    await lead(account, person_id=ada)

    reply = await account.send("POST", LEADS, {"title": "B", "person_id": ada})

    assert (reply.status, reply.body["code"]) == (403, "feature_capping_deals_limit")


@pytest.mark.parametrize("path", ["leads", "leadLabels", "leadSources"])
async def test_shared_host_has_leads_below_one_prefix_only(open_account: OpenAccount, path: str) -> None:
    account = await open_account(shared_host=True)

    assert (await account.get(f"//api/v1/{path}")).status == 404
    assert (await account.get(f"//v1/{path}")).status == 200
    assert (await account.get("//api/v1/users/me")).status == 200


async def test_labels_are_made_and_given(account: Account) -> None:
    label = (await account.send("POST", "//v1/leadLabels", {"name": "Deep link", "color": "green"})).data

    made = await lead(account, person_id=await account.create(), label_ids=[label["id"]])

    assert made["label_ids"] == [label["id"]]
    assert (await account.get("//v1/leadLabels")).data == [label]
    assert (await account.send("POST", "//v1/leadLabels", {"name": "X", "color": "mauve"})).status == 400
    assert {"name": "API"} in (await account.get("//v1/leadSources")).data


async def test_search_finds_a_lead(account: Account) -> None:
    made = await lead(account, person_id=await account.create())

    (hit,) = (await account.get("/leads/search", term="Ada", fields="title")).data["items"]

    assert (hit["item"]["id"], hit["item"]["type"]) == (made["id"], "lead")


# Conversion.


async def test_lead_becomes_a_deal_with_its_fields_and_notes(account: Account) -> None:
    ada = await account.create()
    code = account.sandbox.field_code("Deep link key", "deal")
    made = await lead(account, person_id=ada, value={"amount": 5, "currency": "EUR"}, **{code: "d1"})
    await account.send("POST", NOTES, {"content": "Hello", "lead_id": made["id"]})
    stage_id = account.sandbox.stage_id("Pipeline", "Demo Scheduled")

    begun = (await account.post(f"/leads/{made['id']}/convert/deal", stage_id=stage_id)).data
    path = f"/leads/{made['id']}/convert/status/{begun['conversion_id']}"
    running, done = (await account.get(path)).data, (await account.get(path)).data

    assert (running["status"], done["status"]) == ("running", "completed")
    deal = (await account.get(f"/deals/{done['deal_id']}")).data
    assert (deal["title"], deal["person_id"], deal["stage_id"]) == ("Ada", ada, stage_id)
    assert (deal["value"], deal["currency"], deal["source_lead_id"]) == (5, "EUR", made["id"])
    assert deal["custom_fields"] == {code: "d1"}
    (note,) = (await account.get(NOTES, deal_id=str(deal["id"]))).data
    assert (note["content"], note["lead_id"]) == ("Hello", None)
    assert account.sandbox.leads() == []


async def test_conversion_of_nothing_is_not_found(account: Account) -> None:
    nobody = uuid.UUID(int=1)

    assert (await account.post(f"/leads/{nobody}/convert/deal")).status == 404
    assert (await account.get(f"/leads/{nobody}/convert/status/{nobody}")).status == 404
    made = await lead(account, person_id=await account.create())
    assert (await account.post(f"/leads/{made['id']}/convert/deal", stage_id=1)).status == 400


# Notes.


async def test_note_is_written_as_often_as_it_is_sent(account: Account) -> None:
    ada = await account.create()
    body = {
        "content": "<b>Tapped</b><script>alert(1)</script>",
        "person_id": ada,
        "add_time": "2026-05-20 08:00:00",
        "pinned_to_person_flag": 1,
    }

    one, two = [(await account.send("POST", NOTES, body)).data for _ in range(2)]

    assert one["id"] != two["id"]
    assert (one["content"], one["add_time"]) == ("<b>Tapped</b>", "2026-05-20 08:00:00")
    assert one["update_time"] == "2026-05-21 09:14:00"
    assert (one["person"], one["pinned_to_person_flag"]) == ({"name": "Ada Lovelace"}, True)
    assert (await account.get(f"{NOTES}/{one['id']}")).data == one
    counted = (await account.get(f"/persons/{ada}", include_fields="notes_count")).data
    assert counted["notes_count"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {"person_id": 0},
        {"content": "x"},
        {"content": "x", "person_id": 0, "pinned_to_person_flag": True},
        {"content": "x", "person_id": 0, "add_time": "2026-05-20T08:00:00Z"},
        {"content": "x", "person_id": "1"},
    ],
)
async def test_wrong_notes_are_refused(account: Account, body: dict[str, Any]) -> None:
    ada = await account.create()
    given = {**body, **({"person_id": ada} if body.get("person_id") == 0 else {})}

    assert (await account.send("POST", NOTES, given)).status == 400


async def test_notes_are_listed_by_person_with_the_next_start(account: Account) -> None:
    ada, bob = await account.create(), await account.create("Bob")
    for person_id in (ada, ada, bob):
        await account.send("POST", NOTES, {"content": "x", "person_id": person_id})

    first = await account.get(NOTES, person_id=str(ada), limit="1")
    last = await account.get(NOTES, person_id=str(ada), limit="1", start="1")

    assert first.body["additional_data"]["pagination"]["next_start"] == 1
    assert "next_start" not in last.body["additional_data"]["pagination"]
    assert (len(first.data), len(last.data)) == (1, 1)


async def test_note_is_changed_and_deleted(account: Account) -> None:
    ada = await account.create()
    path = f"{NOTES}/{(await account.send('POST', NOTES, {'content': 'x', 'person_id': ada})).data['id']}"

    assert (await account.send("PUT", path, {"content": "y"})).data["content"] == "y"
    assert (await account.delete(path)).data is True
    assert (await account.get(path)).status == 404
    assert account.sandbox.notes() == []
    assert (await account.send("POST", NOTES, {"content": "x", "person_id": 1})).status == 404
