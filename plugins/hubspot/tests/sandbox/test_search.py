"""The search: what it finds, how late, and within which limits."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.sandbox import Rule

from .conftest import Account, OpenAccount


async def found(account: Account, *filters: dict[str, Any], **more: Any) -> list[str]:
    reply = await account.post(
        "/search", {"filterGroups": [{"filters": list(filters)}] if filters else [], **more}
    )
    assert reply.status == 200, reply.body
    assert reply.body["total"] >= len(reply.body["results"])
    return [result["properties"]["lastname"] for result in reply.body["results"]]


def where(name: str, operator: str, value: str = "", **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "value": value, **more}


@pytest.fixture
async def filled(account: Account) -> Account:
    await account.create(lastname="A", email="ada@example.com", minutes="5", first_touch_campaign="Summer")
    await account.create(lastname="B", minutes="40", install_date="2026-05-21T09:14:00Z")
    await account.create(lastname="C", minutes="100", signup_day="2026-05-01")
    return account


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (where("email", "EQ", "ADA@example.com"), ["A"]),
        (where("email", "NEQ", "ada@example.com"), ["B", "C"]),
        (where("minutes", "GT", "40"), ["C"]),
        (where("minutes", "GTE", "40"), ["B", "C"]),
        (where("minutes", "LT", "40"), ["A"]),
        (where("minutes", "LTE", "40"), ["A", "B"]),
        (where("minutes", "BETWEEN", "5", highValue="40"), ["A", "B"]),
        (where("install_date", "GTE", "1779354840000"), ["B"]),
        (where("install_date", "GT", "1779354840000"), []),
        (where("signup_day", "LTE", "2026-05-01"), ["C"]),
        (where("first_touch_campaign", "IN", values=["summer"]), ["A"]),
        # A value that is not in lower case never matches.
        (where("first_touch_campaign", "IN", values=["Summer"]), []),
        (where("first_touch_campaign", "NOT_IN", values=["summer"]), ["B", "C"]),
        (where("email", "HAS_PROPERTY"), ["A"]),
        (where("email", "NOT_HAS_PROPERTY"), ["B", "C"]),
        (where("email", "CONTAINS_TOKEN", "example"), ["A"]),
        (where("email", "NOT_CONTAINS_TOKEN", "example"), ["B", "C"]),
    ],
)
async def test_operator(filled: Account, given: dict[str, Any], names: list[str]) -> None:
    assert await found(filled, given) == names


async def test_filters_of_a_group_hold_together_and_groups_each_for_itself(filled: Account) -> None:
    assert await found(filled, where("minutes", "GT", "5"), where("minutes", "LT", "100")) == ["B"]
    groups = [{"filters": [where("lastname", "EQ", name)]} for name in ("A", "C")]
    reply = await filled.post("/search", {"filterGroups": groups})
    assert reply.body["total"] == 2


async def test_words_are_sought_in_names_and_addresses(filled: Account) -> None:
    assert await found(filled, query="ADA@") == ["A"]


async def test_pages_and_order(filled: Account) -> None:
    sorts = [{"propertyName": "minutes", "direction": "DESCENDING"}]
    first = await filled.post("/search", {"sorts": sorts, "limit": 2, "properties": ["minutes"]})
    after = first.body["paging"]["next"]["after"]
    second = await filled.post("/search", {"sorts": sorts, "limit": 2, "after": after})

    assert [result["properties"]["minutes"] for result in first.body["results"]] == ["100", "40"]
    assert [result["properties"]["lastname"] for result in second.body["results"]] == ["A"]
    assert "paging" not in second.body


async def test_index_knows_neither_archived_contacts_nor_additional_addresses(account: Account) -> None:
    archived = await account.create(lastname="A", email="a@x.example")
    account.sandbox.archive(archived)
    account.sandbox.add_contact(
        {"lastname": "B", "email": "b@x.example"}, additional_emails=["second@x.example"]
    )

    assert await found(account, where("email", "EQ", "second@x.example")) == []
    assert await found(account, where("hs_additional_emails", "CONTAINS_TOKEN", "second")) == ["B"]
    assert await found(account) == ["B"]


async def test_index_is_behind_the_records(open_account: OpenAccount) -> None:
    account = await open_account(search_lag=10)
    contact_id = await account.create(lastname="Old")
    assert await found(account) == []

    account.clock.seconds = 10
    await account.patch(f"/{contact_id}", {"lastname": "New"})

    assert await found(account) == ["Old"]
    assert await found(account, where("lastname", "EQ", "New")) == []
    account.clock.seconds = 20
    assert await found(account, where("lastname", "EQ", "New")) == ["New"]


async def test_lag_can_be_a_fault_of_some_searches(account: Account) -> None:
    await account.create(lastname="A")
    account.clock.seconds = 5
    account.sandbox.faults.add(Rule(kind="lag", seconds=30, path="/search", times=1))

    assert await found(account) == []
    assert await found(account) == ["A"]


async def test_reads_do_not_lag(open_account: OpenAccount) -> None:
    account = await open_account(search_lag=60)
    contact_id = await account.create(lastname="A", deep_link_key="k1")

    assert (await account.get("/k1", idProperty="deep_link_key")).body["id"] == contact_id
    assert len((await account.get("")).body["results"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": [where("lastname", "EQ", "A")]}] * 6},
        {"filterGroups": [{"filters": [where("lastname", "EQ", "A")] * 7}]},
        {"filterGroups": [{"filters": [where("lastname", "EQ", "A")] * 5}] * 4},
        {"filterGroups": [{"filters": [where("nope", "EQ", "A")]}]},
        {"filterGroups": [{"filters": [where("lastname", "LIKE", "A")]}]},
        {"limit": 201},
        {"limit": 0},
        {"limit": 200, "after": "9900"},
        {"after": "²"},
        {"query": "x" * 3000},
    ],
)
async def test_search_beyond_its_limits_is_refused(account: Account, body: dict[str, Any]) -> None:
    reply = await account.post("/search", body)

    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")
