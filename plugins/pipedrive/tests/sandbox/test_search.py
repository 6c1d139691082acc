"""The searches: late, with deleted hits, and each with its own idea of case and field."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.sandbox import Rule

from .conftest import Account, OpenAccount, Reply


async def by_key(account: Account, term: str, **params: str) -> Reply:
    code = account.code("Deep link key")
    return await account.get("/itemSearch/field", entity_type="person", field=code, term=term, **params)


def ids(reply: Reply) -> list[int]:
    """Return the ids of hits in any of the shapes."""
    hits = reply.data["items"] if isinstance(reply.data, dict) else reply.data
    return [hit.get("item", hit)["id"] for hit in hits]


async def keyed(account: Account, key: str, **more: Any) -> int:
    return await account.create(custom_fields={account.code("Deep link key"): key}, **more)


async def test_field_search_finds_the_value_and_heeds_case(account: Account) -> None:
    person_id = await keyed(account, "Summer-Promo")
    await keyed(account, "Summer-Promo-2")

    assert ids(await by_key(account, "Summer-Promo")) == [person_id]
    assert ids(await by_key(account, "summer-promo")) == []
    assert len(ids(await by_key(account, "Summer", match="beginning"))) == 2
    assert len(ids(await by_key(account, "Promo", match="middle"))) == 2
    assert ids(await by_key(account, "Promo", match="beginning")) == []


async def test_field_search_looks_at_no_other_field(account: Account) -> None:
    await account.create(custom_fields={account.code("Campaign"): "summer"})

    assert ids(await by_key(account, "summer")) == []


@pytest.mark.parametrize("shape", ["item", "plain"])
async def test_hits_of_a_field_search_have_either_of_two_shapes(
    open_account: OpenAccount, shape: str
) -> None:
    account = await open_account(field_hits=shape)
    person_id = await keyed(account, "k1")

    (hit,) = (await by_key(account, "k1")).data

    plain = {"id": person_id, account.code("Deep link key"): "k1"}
    assert hit == (plain if shape == "plain" else {"result_score": 1.0, "item": plain})


async def test_dates_are_not_searchable(account: Account) -> None:
    code = account.code("Install date")
    await account.create(custom_fields={code: "2026-05-21"})

    reply = await account.get("/itemSearch/field", entity_type="person", field=code, term="2026-05-21")

    assert reply.data == []


async def test_email_search_is_exact_without_case(account: Account) -> None:
    person_id = await account.create(emails=[{"value": "Ada@Example.com"}])
    await account.create(emails=[{"value": "dada@example.com"}])

    exact = await account.get("/persons/search", term="ada@example.com", fields="email", exact_match="true")
    loose = await account.get("/persons/search", term="ada@example.com", fields="email")

    assert ids(exact) == [person_id]
    assert len(ids(loose)) == 2


async def test_hits_of_a_person_search_carry_values_without_keys(account: Account) -> None:
    person_id = account.sandbox.add_person(
        "Maya Lindqvist",
        email="maya@example.com",
        phone="+1 555 0100",
        company="Northlight",
        Campaign="summer",
    )

    (hit,) = (await account.get("/persons/search", term="summer", exact_match="true")).data["items"]

    organization = hit["item"].pop("organization")
    assert (organization["name"], organization["address"]) == ("Northlight", None)
    assert hit == {
        "result_score": 1.0,
        "item": {
            "id": person_id,
            "type": "person",
            "name": "Maya Lindqvist",
            "phones": ["+1 555 0100"],
            "emails": ["maya@example.com"],
            "visible_to": 3,
            "owner": {"id": 13870102},
            "custom_fields": ["summer"],
            "notes": [],
        },
    }


async def test_person_search_matches_any_custom_field(account: Account) -> None:
    """A token that is also somebody's campaign is a hit: only reading the field tells them apart."""
    keyed_id = await keyed(account, "summer")
    other_id = await account.create(custom_fields={account.code("Campaign"): "SUMMER"})

    reply = await account.get("/persons/search", term="summer", fields="custom_fields", exact_match="true")

    assert ids(reply) == [keyed_id, other_id]


async def test_index_is_behind(open_account: OpenAccount) -> None:
    account = await open_account(search_lag=30.0)
    person_id = await keyed(account, "k1", emails=[{"value": "ada@example.com"}])

    async def found() -> tuple[list[int], list[int]]:
        email = await account.get("/persons/search", term="ada@example.com", fields="email")
        return ids(await by_key(account, "k1")), ids(email)

    account.clock.seconds = 29
    assert await found() == ([], [])
    account.clock.seconds = 30
    assert await found() == ([person_id], [person_id])
    assert (await account.get("/persons")).data[0]["id"] == person_id


async def test_changed_value_is_found_late_as_well(open_account: OpenAccount) -> None:
    account = await open_account(search_lag=30.0)
    person_id = await keyed(account, "old")
    account.clock.seconds = 40
    await account.patch(f"/persons/{person_id}", custom_fields={account.code("Deep link key"): "new"})

    assert ids(await by_key(account, "old")) == [person_id]
    account.clock.seconds = 70
    assert (ids(await by_key(account, "old")), ids(await by_key(account, "new"))) == ([], [person_id])


async def test_fault_lets_the_index_lag(account: Account) -> None:
    await keyed(account, "k1")
    account.sandbox.faults.add(Rule(kind="lag", seconds=5.0))

    assert ids(await by_key(account, "k1")) == []
    account.clock.seconds = 5
    assert len(ids(await by_key(account, "k1"))) == 1


async def test_deleted_persons_are_found_for_a_while(account: Account) -> None:
    person_id = await keyed(account, "k1")
    await account.delete(f"/persons/{person_id}")

    assert ids(await by_key(account, "k1")) == [person_id]
    assert ids(await account.get("/persons/search", term="Ada")) == [person_id]
    account.clock.seconds = 3_600
    assert ids(await by_key(account, "k1")) == []


async def test_people_typed_in_before_are_indexed(open_account: OpenAccount) -> None:
    account = await open_account(search_lag=30.0, samples=3)

    reply = await account.get("/persons/search", term="maya.lindqvist@example.com", fields="email")

    assert len(ids(reply)) == 1


async def test_item_search_looks_at_all_kinds(account: Account) -> None:
    person_id = await account.create()

    reply = await account.get("/itemSearch", term="lovelace", item_types="person,deal", limit="100")

    assert ids(reply) == [person_id]


async def test_searches_have_pages(account: Account) -> None:
    made = [await keyed(account, "k1") for _ in range(3)]

    first = await by_key(account, "k1", limit="2")
    second = await by_key(account, "k1", limit="2", cursor=first.body["additional_data"]["next_cursor"])

    assert ids(first) + ids(second) == made
    assert second.body["additional_data"] == {"next_cursor": None}


@pytest.mark.parametrize(
    ("path", "params", "told"),
    [
        ("/persons/search", {"term": "a"}, "term"),
        ("/persons/search", {"term": "", "exact_match": "true"}, "term"),
        ("/persons/search", {"term": "x" * 501}, "term"),
        ("/persons/search", {}, "term"),
        ("/persons/search", {"term": "ab", "fields": "emails"}, "fields"),
        ("/persons/search", {"term": "ab", "limit": "501"}, "limit"),
        ("/persons/search", {"term": "ab", "exact_match": "1"}, "exact_match"),
        ("/itemSearch", {"term": "ab", "limit": "101"}, "limit"),
        ("/itemSearch", {"term": "ab", "item_types": "organization"}, "item_types"),
        ("/itemSearch/field", {"term": "ab"}, "entity_type"),
        ("/itemSearch/field", {"term": "ab", "entity_type": "person", "field": "0" * 40}, "field"),
        (
            "/itemSearch/field",
            {"term": "ab", "entity_type": "person", "field": "name", "match": "is"},
            "match",
        ),
    ],
)
async def test_wrong_searches_are_refused(
    account: Account, path: str, params: dict[str, str], told: str
) -> None:
    reply = await account.get(path, **params)

    assert reply.status == 400
    assert f"Validation failed: {told}: " in reply.body["error"]


async def test_one_letter_is_enough_for_an_exact_search(account: Account) -> None:
    assert (await account.get("/persons/search", term="a", exact_match="true")).status == 200
