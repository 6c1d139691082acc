"""Single records by external id, with all that an answer can mean."""

from __future__ import annotations

import pytest

from .client import KEY, Account
from .conftest import OpenAccount

BASE = "/services/data/v68.0/sobjects"
NOWHERE = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]


def upsert_path(value: str, field: str = KEY) -> str:
    return f"/sobjects/Lead/{field}/{value}"


async def test_upsert_makes_then_changes(account: Account) -> None:
    body = {"LastName": "L", "Company": "C"}
    made = await account.patch(upsert_path("k1"), body)
    again = await account.patch(upsert_path("K1"), {"LastName": "M"})

    assert (made.status, made.body) == (
        201,
        {"id": made.body["id"], "success": True, "errors": [], "created": True},
    )
    assert (again.status, again.body) == (
        200,
        {"id": made.body["id"], "success": True, "errors": [], "created": False},
    )
    assert (account.values(made.body["id"])[KEY], account.values(made.body["id"])["LastName"]) == ("k1", "M")


async def test_upsert_without_what_a_create_needs(account: Account) -> None:
    reply = await account.patch(upsert_path("k1"), {"FirstName": "F"})

    assert (reply.status, reply.code) == (400, "REQUIRED_FIELD_MISSING")


async def test_value_that_two_records_have_is_ambiguous(account: Account) -> None:
    ids = [await account.create(LastName=name, Deep_Link_Token__c="t") for name in "AB"]
    account.token = account.sandbox.options.admin_token
    account.sandbox.org.grant("Admins", account.sandbox.org.admin, "Lead", {"Deep_Link_Token__c": True})

    reply = await account.patch(upsert_path("t", "Deep_Link_Token__c"), {"LastName": "M"})

    assert (reply.status, reply.body) == (300, [f"{BASE}/Lead/{lead_id}" for lead_id in ids])
    assert [account.values(lead_id)["LastName"] for lead_id in ids] == ["A", "B"]
    read = await account.get(upsert_path("t", "Deep_Link_Token__c"))
    assert (read.status, read.body) == (300, reply.body)


async def test_email_is_a_key_that_need_not_be_unique(open_account: OpenAccount) -> None:
    account = await open_account(duplicate_rule="off")
    for _ in range(2):
        await account.create(Email="a@example.com")

    assert (await account.get(upsert_path("a@example.com", "Email"))).status == 300


@pytest.mark.parametrize("field", ["Nope__c", "Company", "Deep_Link_Campaign__c"])
async def test_field_that_is_no_key_is_not_found(account: Account, field: str) -> None:
    reply = await account.patch(upsert_path("k1", field), {"LastName": "L", "Company": "C"})

    assert reply.status == 404
    assert reply.body == [
        {
            "message": f"Provided external ID field does not exist or is not accessible: {field}",
            "errorCode": "NOT_FOUND",
        }
    ]


async def test_key_that_is_not_visible_looks_like_none(open_account: OpenAccount) -> None:
    account = await open_account(provisioned=False)
    account.sandbox.people.define("Lead", KEY, unique=True, external_id=True, granted=False)

    reply = await account.patch(upsert_path("k1"), {"LastName": "L", "Company": "C"})

    assert (reply.status, reply.message) == (
        404,
        f"Provided external ID field does not exist or is not accessible: {KEY}",
    )


async def test_update_only_never_makes(account: Account) -> None:
    path, body = upsert_path("k1"), {"LastName": "L", "Company": "C"}
    missing = await account.send("PATCH", path, body, None, updateOnly="true")
    await account.patch(path, body)
    found = await account.send("PATCH", path, {"LastName": "M"}, None, updateOnly="true")
    account.version = "60.0"
    before_61 = await account.send("PATCH", upsert_path("k2"), body, None, updateOnly="true")

    assert (missing.status, missing.body) == (404, NOWHERE)
    assert (found.status, before_61.status) == (200, 201)


async def test_key_may_not_be_in_the_body_too(account: Account) -> None:
    reply = await account.patch(upsert_path("k1"), {"LastName": "L", "Company": "C", KEY: "k1"})

    assert (reply.status, reply.code) == (400, "INVALID_FIELD")
    assert reply.message == f"The {KEY} field should not be specified in the sobject data."


async def test_key_that_is_not_unique_needs_view_all_data(open_account: OpenAccount) -> None:
    body = {"LastName": "L", "Company": "C"}
    for allowed, status in ((False, 403), (True, 201)):
        account = await open_account(view_all_data=allowed)
        assert (await account.patch(upsert_path("t", "Deep_Link_Token__c"), body)).status == status


@pytest.mark.parametrize(
    ("encoded", "value"),
    [("a%2Fb", "a/b"), ("50%25", "50%"), ("a%3Fb%23c", "a?b#c"), ("a%20b", "a b"), ("a+b", "a+b")],
)
async def test_key_in_an_address_is_decoded_once(account: Account, encoded: str, value: str) -> None:
    reply = await account.patch(upsert_path(encoded), {"LastName": "L", "Company": "C"})

    assert reply.status == 201
    assert account.values(reply.body["id"])[KEY] == value
    assert (await account.get(upsert_path(encoded))).body["Id"] == reply.body["id"]


async def test_key_that_ends_like_a_file_is_not_found_whatever_its_encoding(account: Account) -> None:
    for value in ("example@email.inc", "example%40email%2Einc"):
        reply = await account.patch(upsert_path(value), {"LastName": "L", "Company": "C"})
        assert (reply.status, reply.body) == (404, NOWHERE)
    # In a body it is a value like any other.
    assert await account.create(Email="example@email.inc")


async def test_unique_value_is_taken_once(account: Account) -> None:
    holder = await account.create(**{KEY: "k1"})

    reply = await account.post("/sobjects/Lead", {"LastName": "M", "Company": "D", KEY: "K1"})

    assert reply.status == 400
    assert reply.body == [
        {
            "message": f"duplicate value found: {KEY} duplicates value on record with id: {holder}",
            "errorCode": "DUPLICATE_VALUE",
            "fields": [],
        }
    ]


@pytest.mark.parametrize("reserved", [False, True])
async def test_recycle_bin_may_hold_unique_values(open_account: OpenAccount, reserved: bool) -> None:
    account = await open_account(reserve_deleted=reserved)
    account.sandbox.people.delete(await account.create(**{KEY: "k1"}))

    reply = await account.post("/sobjects/Lead", {"LastName": "L", "Company": "C", KEY: "k1"})

    assert reply.status == (400 if reserved else 201)
