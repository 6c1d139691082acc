"""Deals through v2: where they land, what closes them, and what a person's hand takes away."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Account, OpenAccount

TWO = {"Sales": ("New", "Offer"), "Partners": ("Talk",), "Secret": ("Hidden",)}


@pytest.fixture
async def sales(open_account: OpenAccount) -> Account:
    """Return a company with two pipelines, and one that the token's user does not see."""
    return await open_account(pipelines=TWO, hidden_pipelines=("Secret",))


def stage(account: Account, pipeline: str, name: str) -> int:
    return account.sandbox.stage_id(pipeline, name)


async def deal(account: Account, **body: Any) -> int:
    deal_id: int = (await account.post("/deals", title="Ada: deep link", **body)).data["id"]
    return deal_id


async def test_deal_lands_in_the_first_stage_of_the_default_pipeline(sales: Account) -> None:
    person_id = await sales.create()
    code = sales.sandbox.field_code("Deep link key", "deal")

    made = (
        await sales.post(
            "/deals", title="Ada: deep link", person_id=person_id, value=12.5, custom_fields={code: "d1"}
        )
    ).data

    assert made["stage_id"] == stage(sales, "Sales", "New")
    assert (made["title"], made["person_id"], made["status"]) == ("Ada: deep link", person_id, "open")
    assert (made["value"], made["currency"], made["origin"]) == (12.5, "USD", "API")
    assert (made["is_archived"], made["is_deleted"], made["won_time"]) == (False, False, None)
    assert made["custom_fields"] == {code: "d1"}
    assert (await sales.get(f"/deals/{made['id']}")).data == made


async def test_ids_of_pipelines_and_stages_are_the_accounts_own(sales: Account) -> None:
    pipelines = (await sales.get("/pipelines")).data
    stages = (await sales.get("/stages", pipeline_id=str(pipelines[0]["id"]), sort_by="order_nr")).data

    assert [pipeline["name"] for pipeline in pipelines] == ["Sales", "Partners"]
    assert [found["name"] for found in stages] == ["New", "Offer"]
    assert 1 not in {found["id"] for found in (*pipelines, *stages)}
    assert (await sales.get(f"/stages/{stages[0]['id']}")).data == stages[0]
    assert (await sales.get(f"/pipelines/{pipelines[1]['id']}")).data == pipelines[1]
    assert (await sales.get("/stages/1")).status == (await sales.get("/pipelines/1")).status == 404


async def test_stage_or_pipeline_decides_where_a_deal_is(sales: Account) -> None:
    talk = stage(sales, "Partners", "Talk")
    partners = (await sales.get("/pipelines")).data[1]["id"]

    by_stage = (await sales.post("/deals", title="A", stage_id=talk)).data
    by_pipeline = (await sales.post("/deals", title="B", pipeline_id=partners)).data

    assert [made["stage_id"] for made in (by_stage, by_pipeline)] == [talk, talk]
    assert [made["pipeline_id"] for made in (by_stage, by_pipeline)] == [partners, partners]
    both = await sales.post("/deals", title="C", pipeline_id=partners, stage_id=stage(sales, "Sales", "New"))
    assert both.status == 400


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "title: Required"),
        ({"title": ""}, "title: "),
        ({"title": "A", "user_id": 1}, "user_id: Unrecognized key"),
        ({"title": "A", "stage_id": 1}, "stage_id: "),
        ({"title": "A", "stage_id": "1"}, "stage_id: "),
        ({"title": "A", "pipeline_id": 1}, "pipeline_id: "),
        ({"title": "A", "person_id": 1}, "person_id: "),
        ({"title": "A", "value": "12"}, "value: "),
        ({"title": "A", "status": "deleted"}, "status: "),
        ({"title": "A", "is_archived": 1}, "is_archived: "),
        ({"title": "A", "is_deleted": True}, "is_deleted: Unrecognized key"),
        ({"title": "A", "channel": 5}, "channel: Unrecognized key"),
        ({"title": "A", "expected_close_date": "2026-05-21T00:00:00Z"}, "expected_close_date: "),
        ({"title": "A", "won_time": "yesterday"}, "won_time: "),
        ({"title": "A", "custom_fields": {"x": 1}}, "custom_fields.x: "),
    ],
)
async def test_what_v2_does_not_take_is_refused(account: Account, body: dict[str, Any], told: str) -> None:
    reply = await account.post("/deals", **body)

    assert reply.status == 400
    assert f"Validation failed: {told}" in reply.body["error"]
    assert account.sandbox.deals() == []


async def test_hidden_pipeline_is_no_place(sales: Account) -> None:
    reply = await sales.post("/deals", title="A", stage_id=stage(sales, "Secret", "Hidden"))

    assert (reply.status, reply.body["success"]) == (400, False)


async def test_source_fields_go_as_clients_saw_them_go(account: Account) -> None:
    made = (await account.post("/deals", title="A", origin_id="k1", channel_id="summer")).data

    assert (made["origin_id"], made["channel_id"]) == (None, "summer")
    assert (await account.patch(f"/deals/{made['id']}", origin_id="k1")).status == 400


async def test_status_closes_a_deal_and_opens_it_again(account: Account) -> None:
    deal_id = await deal(account)
    account.clock.seconds = 5

    won = (await account.patch(f"/deals/{deal_id}", status="won")).data
    opened = (await account.patch(f"/deals/{deal_id}", status="open")).data

    assert (won["status"], won["won_time"]) == ("won", "2026-05-21T09:14:05Z")
    assert won["close_time"] == won["won_time"]
    assert (opened["status"], opened["won_time"], opened["close_time"]) == ("open", None, None)


async def test_deal_moves_to_a_stage(sales: Account) -> None:
    deal_id = await deal(sales)
    sales.clock.seconds = 5

    moved = (await sales.patch(f"/deals/{deal_id}", stage_id=stage(sales, "Partners", "Talk"))).data

    assert moved["stage_id"] == stage(sales, "Partners", "Talk")
    assert moved["stage_change_time"] == "2026-05-21T09:14:05Z"


async def test_list_finds_a_persons_deals_at_once_and_whatever_their_status(account: Account) -> None:
    ada, bob = await account.create(), await account.create("Bob")
    code = account.sandbox.field_code("Deep link key", "deal")
    one = await deal(account, person_id=ada, custom_fields={code: "d1"})
    two = await deal(account, person_id=ada, status="lost")
    await deal(account, person_id=bob)

    listed = (await account.get("/deals", person_id=str(ada), custom_fields=code, limit="500")).data

    assert [(found["id"], found["custom_fields"]) for found in listed] == [
        (one, {code: "d1"}),
        (two, {code: None}),
    ]
    lost = (await account.get("/deals", person_id=str(ada), status="lost")).data
    assert [found["id"] for found in lost] == [two]


async def test_archived_deal_leaves_the_list_and_cannot_be_edited(account: Account) -> None:
    deal_id = await deal(account)
    account.sandbox.edit_deal(deal_id, is_archived=True)

    assert (await account.get("/deals")).data == []
    assert [found["id"] for found in (await account.get("/deals/archived")).data] == [deal_id]
    assert (await account.get(f"/deals/{deal_id}")).data["is_archived"] is True
    assert (await account.patch(f"/deals/{deal_id}", status="won")).status == 400
    assert (await account.patch(f"/deals/{deal_id}", is_archived=False)).data["archive_time"] is None
    assert [found["id"] for found in (await account.get("/deals")).data] == [deal_id]


async def test_deleted_deal_is_flagged_and_cannot_be_edited(account: Account) -> None:
    deal_id = await deal(account)

    assert (await account.delete(f"/deals/{deal_id}")).data == {"id": deal_id}
    assert (await account.get("/deals")).data == []
    assert [found["id"] for found in (await account.get("/deals", status="deleted")).data] == [deal_id]
    assert (await account.get(f"/deals/{deal_id}")).data["is_deleted"] is True
    assert (await account.patch(f"/deals/{deal_id}", status="won")).status == 404


async def test_search_finds_a_deal_by_title_and_person(sales: Account) -> None:
    ada = await sales.create()
    deal_id = await deal(sales, person_id=ada)
    await deal(sales)

    (hit,) = (await sales.get("/deals/search", term="deep link", person_id=str(ada))).data["items"]

    assert (hit["item"]["id"], hit["item"]["title"]) == (deal_id, "Ada: deep link")
    assert hit["item"]["person"] == {"id": ada, "name": "Ada Lovelace"}
    assert hit["item"]["stage"] == {"id": stage(sales, "Sales", "New"), "name": "New"}


async def test_plan_that_is_full_refuses_and_keeps_a_waitlist(open_account: OpenAccount) -> None:
    account = await open_account(max_deals=1)
    await deal(account)

    replies = [await account.post("/deals", title="B") for _ in range(2)]

    assert [reply.status for reply in replies] == [403, 403]
    assert replies[0].body["error"] == "Couldn't add the deal. Open deals limit reached."
    assert replies[0].body["code"] == "feature_capping_deals_limit"
    assert len(account.sandbox.deals()) == 1
    assert account.sandbox.company.waitlist == ["B", "B"]


async def test_person_tells_how_many_deals_hang_on_it(account: Account) -> None:
    ada = await account.create()
    deal_id = await deal(account, person_id=ada)
    await deal(account, person_id=ada, status="won")

    await deal(account, person_id=ada, status="lost")
    await account.create("Bob")

    counts = "open_deals_count,closed_deals_count,won_deals_count,lost_deals_count"
    read = (await account.get(f"/persons/{ada}", include_fields=counts)).data
    listed = (await account.get("/persons", include_fields=counts)).data

    assert [read[name] for name in counts.split(",")] == [1, 2, 1, 1]
    assert [[one[name] for name in counts.split(",")] for one in listed] == [[1, 2, 1, 1], [0, 0, 0, 0]]
    assert [p["id"] for p in (await account.get("/persons", deal_id=str(deal_id))).data] == [ada]
