"""Merging: the record in the path goes, the other one wins, and nothing undoes it."""

from __future__ import annotations

from .conftest import Account, Reply


async def merge(account: Account, loser: int, winner: int, what: str = "persons") -> Reply:
    return await account.send("PUT", f"//api/v1/{what}/{loser}/merge", {"merge_with_id": winner})


async def test_winner_keeps_what_it_has_and_gains_what_it_lacks(account: Account) -> None:
    key, campaign = account.code("Deep link key"), account.code("Campaign")
    stub = await account.create(
        "Deep link visitor 3f9c2a",
        emails=[{"value": "stub@example.com"}],
        custom_fields={key: "k1", campaign: "summer"},
    )
    real = await account.create(emails=[{"value": "ada@example.com"}], custom_fields={campaign: "winter"})

    merged = (await merge(account, stub, real)).data

    assert (merged["id"], merged["merge_what_id"], merged["name"]) == (real, stub, "Ada Lovelace")
    assert [(one["value"], one["primary"]) for one in merged["email"]] == [
        ("ada@example.com", True),
        ("stub@example.com", False),
    ]
    assert (merged["add_time"], merged["active_flag"]) == ("2026-05-21 09:14:00", True)
    read = (await account.get(f"/persons/{real}")).data
    assert (read["custom_fields"][key], read["custom_fields"][campaign]) == ("k1", "winter")
    assert (await account.get(f"/persons/{stub}")).data["is_deleted"] is True


async def test_deals_leads_and_notes_move_to_the_winner(account: Account) -> None:
    stub, real = await account.create("Stub"), await account.create()
    deal_id = (await account.post("/deals", title="D", person_id=stub)).data["id"]
    await account.send("POST", "//v1/leads", {"title": "L", "person_id": stub})
    await account.send("POST", "//v1/notes", {"content": "N", "person_id": stub})

    await merge(account, stub, real)

    assert (await account.get(f"/deals/{deal_id}")).data["person_id"] == real
    assert account.sandbox.leads()[0]["person_id"] == real
    assert account.sandbox.notes()[0]["person_id"] == real


async def test_second_merge_finds_nobody(account: Account) -> None:
    stub, real = await account.create("Stub"), await account.create()
    await merge(account, stub, real)

    assert (await merge(account, stub, real)).status == 404
    assert (await merge(account, real, stub)).status == 404
    assert (await merge(account, real, real)).status == 400
    assert (await account.send("PUT", f"//v1/persons/{real}/merge", {"merge_with_id": "1"})).status == 400


async def test_deals_are_merged_as_well(account: Account) -> None:
    ada = await account.create()
    code = account.sandbox.field_code("Deep link key", "deal")
    one = (await account.post("/deals", title="One", person_id=ada)).data["id"]
    two = (await account.post("/deals", title="Two", custom_fields={code: "d1"})).data["id"]

    merged = (await merge(account, two, one, "deals")).data

    assert (merged["id"], merged["merge_what_id"], merged["title"]) == (one, two, "One")
    assert [(found["id"], found["Deep link key"]) for found in account.sandbox.deals()] == [(one, "d1")]


async def test_merge_and_conversion_cost_forty(account: Account) -> None:
    stub, real = await account.create("Stub"), await account.create()
    before = account.sandbox.tokens_spent
    await merge(account, stub, real)

    assert account.sandbox.tokens_spent - before == 40
