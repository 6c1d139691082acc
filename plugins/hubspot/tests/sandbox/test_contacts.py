"""Single contacts: create, read, list, update, archive, erase and merge."""

from __future__ import annotations

from typing import Any

import pytest

from . import shapes
from .conftest import KEY, Account, OpenAccount

STAGE = "lifecyclestage"


async def test_address_is_kept_in_lower_case(account: Account) -> None:
    contact_id = await account.create(email=" Ada@Example.COM ")

    assert account.contact(contact_id)["email"] == "ada@example.com"


async def test_contact_made_by_the_api_is_a_lead_at_once(account: Account) -> None:
    assert account.contact(await account.create(lastname="L"))[STAGE] == "lead"
    assert account.contact(await account.create(lastname="M", lifecyclestage="customer"))[STAGE] == "customer"


async def test_default_stage_is_the_accounts_choice(open_account: OpenAccount) -> None:
    account = await open_account(default_stage="")

    assert STAGE not in account.contact(await account.create(lastname="L"))


async def test_taken_address_is_a_conflict_with_the_id_in_the_message(account: Account) -> None:
    holder_id = await account.create(email="ada@example.com")

    reply = await account.post("", {"properties": {"email": "ada@example.com"}})

    assert reply.status == 409
    assert shapes.without_id(reply.body) == shapes.conflict_of_create(holder_id)


async def test_taken_address_can_come_in_the_other_recorded_shape(open_account: OpenAccount) -> None:
    account = await open_account(identity_conflicts=True)
    holder_id = await account.create(email="ada@example.com")

    reply = await account.post("", {"properties": {"email": "ada@example.com"}})

    assert reply.status == 409
    assert (reply.body["category"], reply.body["error"]) == ("OBJECT_ALREADY_EXISTS", "CONTACT_EXISTS")
    assert reply.body["identityProfile"]["vid"] == int(holder_id)
    assert reply.body["errors"][0]["in"] == "email"


async def test_additional_address_of_another_contact_is_a_value_error(account: Account) -> None:
    holder_id = account.sandbox.add_contact({"email": "a@x.example"}, additional_emails=["b@x.example"])

    reply = await account.post("", {"properties": {"email": "b@x.example"}})

    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")
    assert reply.body["message"].endswith(f"{holder_id} already has that value.")


async def test_update_cannot_take_the_address_of_another_contact(account: Account) -> None:
    holder_id = await account.create(email="ada@example.com")
    other_id = await account.create(email="bob@example.com")

    reply = await account.patch(f"/{other_id}", {"email": "ada@example.com"})

    portal = account.sandbox.options.portal_id
    assert reply.status == 400
    assert reply.body["message"] == shapes.value_taken(
        portal, "email", "ada@example.com", other_id, holder_id
    )


async def test_changed_address_is_free_for_others(account: Account) -> None:
    contact_id = await account.create(email="ada@example.com")
    await account.patch(f"/{contact_id}", {"email": "lovelace@example.com"})

    assert await account.create(email="ada@example.com") != contact_id


async def test_additional_address_can_become_the_primary_one(account: Account) -> None:
    contact_id = account.sandbox.add_contact({"email": "a@x.example"}, additional_emails=["b@x.example"])

    reply = await account.patch(f"/{contact_id}", {"email": "b@x.example"})

    assert reply.status == 200
    assert account.contact(contact_id)["email"] == "b@x.example"
    assert "hs_additional_emails" not in account.contact(contact_id)
    assert await account.create(email="a@x.example") != contact_id


@pytest.mark.parametrize(("name", "value"), [("email", "Ada@example.com"), (KEY, "k1")])
async def test_contact_is_read_by_a_unique_value(account: Account, name: str, value: str) -> None:
    contact_id = await account.create(email="ada@example.com", deep_link_key="k1")

    reply = await account.get(f"/{value}", idProperty=name)

    assert (reply.status, reply.body["id"]) == (200, contact_id)


async def test_read_without_properties_gives_the_default_ones(account: Account) -> None:
    contact_id = await account.create(lastname="L", phone="1")

    reply = await account.get(f"/{contact_id}")

    assert {"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"} == set(
        reply.body["properties"]
    )
    assert reply.body["properties"]["email"] is None


async def test_unknown_number_is_not_found(account: Account) -> None:
    reply = await account.get("/888")

    assert reply.status == 404
    assert shapes.without_id(reply.body) == {
        "status": "error",
        "message": "resource not found",
        "category": "OBJECT_NOT_FOUND",
    }


async def test_id_that_is_no_number_is_not_found_in_other_words(account: Account) -> None:
    reply = await account.patch("/abc", {"lastname": "L"})

    assert reply.status == 404
    assert reply.body["message"] == "Object not found.  objectId are usually numeric."
    assert reply.body["context"] == {"id": ["abc"]}


async def test_unknown_unique_value_is_not_found(account: Account) -> None:
    assert (await account.get("/k9", idProperty=KEY)).status == 404
    assert (await account.patch("/k9", {"lastname": "L"}, idProperty=KEY)).status == 404


async def test_key_that_is_not_unique_is_refused(account: Account) -> None:
    assert (await account.get("/L", idProperty="lastname")).status == 400


async def test_update_leaves_what_it_does_not_send(account: Account) -> None:
    contact_id = await account.create(firstname="Ada", lastname="L")

    await account.patch(f"/{contact_id}", {"lastname": "Lovelace"})

    assert account.contact(contact_id) | {"firstname": "Ada", "lastname": "Lovelace"} == account.contact(
        contact_id
    )


async def test_empty_text_clears_and_frees_a_unique_value(account: Account) -> None:
    contact_id = await account.create(lastname="L", deep_link_key="k1")

    reply = await account.patch(f"/{contact_id}", {KEY: ""})

    assert reply.body["properties"][KEY] is None
    assert account.sandbox.contact_by_key("k1") is None
    assert await account.create(lastname="M", deep_link_key="k1") != contact_id


async def test_stage_never_goes_back_and_nobody_is_told(account: Account) -> None:
    contact_id = await account.create(lastname="L", lifecyclestage="customer")
    account.clock.seconds = 60

    reply = await account.patch(f"/{contact_id}", {STAGE: "lead", "firstname": "Ada"})

    assert reply.status == 200
    assert reply.body["properties"][STAGE] == "customer"
    assert reply.body["properties"]["firstname"] == "Ada"
    assert reply.body["updatedAt"] == "2026-05-21T09:15:00Z"


async def test_stage_moves_forward_and_notes_when(account: Account) -> None:
    contact_id = await account.create(lastname="L")
    account.clock.seconds = 60

    await account.patch(f"/{contact_id}", {STAGE: "opportunity"})

    assert account.contact(contact_id)["hs_lifecyclestage_opportunity_date"] == str(account.clock.now())


async def test_stage_goes_back_after_it_was_cleared(account: Account) -> None:
    contact_id = await account.create(lastname="L", lifecyclestage="customer")

    await account.patch(f"/{contact_id}", {STAGE: ""})
    await account.patch(f"/{contact_id}", {STAGE: "lead"})

    assert account.contact(contact_id)[STAGE] == "lead"


async def test_archived_contact_is_seen_only_when_asked_for(account: Account) -> None:
    contact_id = await account.create(lastname="L", deep_link_key="k1")

    assert (await account.send("DELETE", f"/{contact_id}")).status == 204
    assert (await account.send("DELETE", f"/{contact_id}")).status == 204

    assert (await account.get(f"/{contact_id}")).status == 404
    assert (await account.patch(f"/{contact_id}", {"lastname": "M"})).status == 404
    archived = await account.get(f"/{contact_id}", archived="true")
    assert (archived.status, archived.body["archived"]) == (200, True)
    assert archived.body["archivedAt"] == "2026-05-21T09:14:00Z"
    assert await account.create(lastname="M", deep_link_key="k1") != contact_id


async def test_archived_contact_can_keep_its_unique_value(open_account: OpenAccount) -> None:
    account = await open_account(reserve_archived=True)
    contact_id = await account.create(lastname="L", deep_link_key="k1")
    account.sandbox.archive(contact_id)

    reply = await account.post("", {"properties": {KEY: "k1"}})

    assert reply.status == 400
    assert reply.body["message"].endswith(f"{contact_id} already has that value.")


@pytest.mark.parametrize("by_address", [False, True])
async def test_erased_contact_is_gone_for_good(account: Account, by_address: bool) -> None:
    contact_id = await account.create(email="ada@example.com")
    order = {"objectId": "ada@example.com", "idProperty": "email"} if by_address else {"objectId": contact_id}

    assert (await account.post("/gdpr-delete", order)).status == 204
    assert (await account.post("/gdpr-delete", order)).status == 204

    assert (await account.get(f"/{contact_id}", archived="true")).status == 404
    assert await account.create(email="ada@example.com") != contact_id


async def test_list_goes_through_all_contacts_in_pages(account: Account) -> None:
    made = [await account.create(lastname=f"L{index}") for index in range(5)]
    seen: list[str] = []
    params = {"limit": "2"}
    while True:
        reply = await account.get("", **params)
        seen += [result["id"] for result in reply.body["results"]]
        if "paging" not in reply.body:
            break
        params["after"] = reply.body["paging"]["next"]["after"]

    assert seen == made
    assert (await account.get("", limit="101")).status == 400
    assert (await account.get("", limit="²")).status == 400


async def merge(account: Account, primary: str, other: str) -> Any:
    reply = await account.post("/merge", {"primaryObjectId": primary, "objectIdToMerge": other})
    assert reply.status == 200, reply.body
    return reply.body


async def test_merge_gives_a_new_id_and_both_old_ones_lead_to_it(account: Account) -> None:
    primary, other = await account.create(lastname="L"), await account.create(lastname="M")

    survivor = await merge(account, primary, other)

    assert survivor["id"] not in (primary, other)
    for old in (primary, other, survivor["id"]):
        assert (await account.get(f"/{old}")).body["id"] == survivor["id"]
    read = await account.batch("read", {"id": primary}, {"id": other})
    assert [result["id"] for result in read.body["results"]] == [survivor["id"]]
    assert read.status == 200


async def test_merged_id_in_an_update_comes_back_as_the_survivors(account: Account) -> None:
    primary, other = await account.create(lastname="L"), await account.create(lastname="M")
    survivor = await merge(account, primary, other)

    reply = await account.batch("update", {"id": other, "properties": {"firstname": "Ada"}})

    assert [result["id"] for result in reply.body["results"]] == [survivor["id"]]
    assert account.contact(survivor["id"])["firstname"] == "Ada"


async def test_merge_prefers_the_primary_and_fills_from_the_other(account: Account) -> None:
    primary = await account.create(email="a@x.example", lastname="L", deep_link_key="k1")
    other = await account.create(
        email="b@x.example", lastname="M", phone="1", deep_link_key="k2", lifecyclestage="customer"
    )

    survivor = await merge(account, primary, other)

    kept = account.contact(survivor["id"])
    assert (kept["lastname"], kept["phone"], kept[KEY]) == ("L", "1", "k1")
    assert (kept["email"], kept["hs_additional_emails"]) == ("a@x.example", "b@x.example")
    assert kept[STAGE] == "customer"
    assert kept["hs_merged_object_ids"] == f"{primary};{other}"
    assert account.sandbox.contact_by_key("k2") is None
    assert account.sandbox.contact_by_key("B@x.example") == kept


async def test_merges_can_be_chained(account: Account) -> None:
    first, second, third = [await account.create(lastname=name) for name in "LMN"]
    survivor = await merge(account, first, second)

    last = await merge(account, third, first)

    assert account.contact(second)["hs_object_id"] == last["id"]
    assert account.contact(last["id"])["hs_merged_object_ids"].split(";") == [
        first,
        second,
        third,
        survivor["id"],
    ]


async def test_merge_can_keep_the_primarys_id(open_account: OpenAccount) -> None:
    account = await open_account(preserve_primary_id=True)
    primary, other = await account.create(lastname="L"), await account.create(lastname="M")

    assert (await merge(account, primary, other))["id"] == primary
    assert account.contact(other)["hs_object_id"] == primary


async def test_merge_needs_two_contacts(account: Account) -> None:
    contact_id = await account.create(lastname="L")

    for other, status in ((contact_id, 400), ("888", 404)):
        reply = await account.post("/merge", {"primaryObjectId": contact_id, "objectIdToMerge": other})
        assert reply.status == status


async def test_address_of_a_record_is_the_emulators_own_page(account: Account) -> None:
    contact_id = await account.create(lastname="L")

    reply = await account.get(f"/{contact_id}")

    assert reply.body["url"].startswith(account.sandbox.base_url)
    assert reply.body["url"].endswith(f"/contacts/48151623/record/0-1/{contact_id}")
