"""sObject Collections: what fails one row, what fails all of them."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick_salesforce.sandbox import RowFault

from .client import COLLECTIONS, KEY, Account, Reply, lead
from .conftest import OpenAccount

DELETER = ("Read", "Create", "Edit", "Delete")


def codes(reply: Reply) -> list[str]:
    """Return the status code of each row, `ok` where it was written."""
    return ["ok" if row["success"] else row["errors"][0]["statusCode"] for row in reply.body]


def ids(reply: Reply) -> list[str]:
    return [row["id"] for row in reply.body]


async def upsert(account: Account, *records: dict[str, Any], field: str = KEY, **more: Any) -> Reply:
    return await account.patch(f"{COLLECTIONS}/Lead/{field}", {"records": list(records), **more})


# Rows.


async def test_rows_are_answered_in_their_order(account: Account) -> None:
    reply = await account.insert(lead("k1"), lead("k2", Company=None), lead("k3"))

    assert reply.status == 200
    assert reply.body == [
        {"id": reply.body[0]["id"], "success": True, "errors": []},
        {
            "success": False,
            "errors": [
                {
                    "statusCode": "REQUIRED_FIELD_MISSING",
                    "message": "Required fields are missing: [Company]",
                    "fields": ["Company"],
                }
            ],
        },
        {"id": reply.body[2]["id"], "success": True, "errors": []},
    ]


async def test_key_that_is_there_says_whose_it_is(account: Account) -> None:
    first = await account.insert(lead("k1", LastName="A"))
    again = await account.insert(lead("k1", LastName="B"), lead("k2", LastName="C"), lead("K2", LastName="D"))

    [error] = again.body[0]["errors"]
    assert codes(again) == ["DUPLICATE_VALUE", "ok", "DUPLICATE_VALUE"]
    assert error == {
        "statusCode": "DUPLICATE_VALUE",
        "message": f"duplicate value found: {KEY} duplicates value on record with id: {ids(first)[0]}",
        "fields": [],
    }


async def test_update_changes_leads_and_contacts_by_id(account: Account) -> None:
    lead_id, contact_id = await account.create(), await account.create("Contact")

    reply = await account.update(
        {"attributes": {"type": "Lead"}, "Id": lead_id, "FirstName": "F"},
        {"attributes": {"type": "Contact"}, "id": contact_id, "FirstName": "G"},
    )

    assert (codes(reply), ids(reply)) == (["ok", "ok"], [lead_id, contact_id])
    assert account.values(contact_id)["FirstName"] == "G"


@pytest.mark.parametrize(
    ("record_id", "code"),
    [
        ("00Q000000000zzzAAA", "INVALID_CROSS_REFERENCE_KEY"),
        ("nonsense", "MALFORMED_ID"),
        (5, "MALFORMED_ID"),
        (None, "MISSING_ARGUMENT"),
    ],
)
async def test_update_of_no_record(account: Account, record_id: Any, code: str) -> None:
    assert codes(await account.update(lead(Id=record_id))) == [code]


async def test_update_of_a_deleted_record(account: Account) -> None:
    lead_id = await account.create()
    account.sandbox.people.delete(lead_id)

    assert codes(await account.update(lead(Id=lead_id))) == ["ENTITY_IS_DELETED"]


async def test_insert_of_a_row_with_an_id(account: Account) -> None:
    reply = await account.insert(lead("k1", Id="00Q000000000001"), lead("k2"))

    assert codes(reply) == ["INVALID_FIELD", "ok"]


async def test_field_that_nobody_may_write_fails_its_row(account: Account) -> None:
    reply = await account.insert(lead("k1", IsConverted=True, ConvertedDate="2026-05-21"), lead("k2"))

    [error] = reply.body[0]["errors"]
    assert codes(reply) == ["INVALID_FIELD_FOR_INSERT_UPDATE", "ok"]
    assert error["message"].startswith("Unable to create/update fields: IsConverted, ConvertedDate. ")
    assert error["fields"] == ["IsConverted", "ConvertedDate"]


# Whole requests.


@pytest.mark.parametrize(
    ("bad", "code"),
    [({"Nope__c": "x"}, "INVALID_FIELD"), ({"Install_Date__c": "2026-05-21 09:14"}, "JSON_PARSER_ERROR")],
)
async def test_row_that_cannot_be_parsed_fails_the_request(
    open_account: OpenAccount, bad: dict[str, str], code: str
) -> None:
    account = await open_account()
    reply = await account.insert(lead("k1"), lead("k2", **bad))

    assert (reply.status, reply.code) == (400, code)
    assert account.sandbox.records() == []

    lenient = await open_account(parse_errors="row")
    assert codes(await lenient.insert(lead("k1"), lead("k2", **bad))) == ["ok", code]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[", "JSON_PARSER_ERROR"),
        ({}, "INVALID_INPUT"),
        ({"records": [5]}, "INVALID_INPUT"),
        ({"records": []}, "MISSING_ARGUMENT"),
        ({"records": [{"LastName": "L"}]}, "INVALID_INPUT"),
        ({"records": [{"attributes": {"type": "Nope"}, "LastName": "L"}]}, "INVALID_TYPE"),
        ({"records": [lead(f"k{number}") for number in range(201)]}, "EXCEEDED_ID_LIMIT"),
        (
            {"records": [lead(f"k{n}", attributes={"type": ("Lead", "Contact")[n % 2]}) for n in range(11)]},
            "LIMIT_EXCEEDED",
        ),
    ],
)
async def test_request_that_is_not_well_formed(account: Account, body: Any, code: str) -> None:
    reply = await account.post(COLLECTIONS, body)

    assert (reply.status, reply.code) == (400, code)
    assert account.sandbox.records() == []


async def test_ten_chunks_of_types_are_allowed(account: Account) -> None:
    records = [
        {"attributes": {"type": ("Lead", "Contact")[number // 2 % 2]}, "LastName": str(number)}
        for number in range(20)
    ]
    for record in records:
        if record["attributes"] == {"type": "Lead"}:
            record["Company"] = "C"

    assert codes(await account.insert(*records)) == ["ok"] * 20


async def test_all_or_none_takes_back_what_was_written(account: Account) -> None:
    old = await account.create(FirstName="before", **{KEY: "k0"})
    body = {"allOrNone": True, "records": [lead("k1"), lead("k2", Company=None)]}
    inserted = await account.post(COLLECTIONS, body)
    rows = [{"attributes": {"type": "Lead"}, "Id": old, "FirstName": "after", KEY: "k9"}, lead(Id="nonsense")]
    updated = await account.patch(COLLECTIONS, {"allOrNone": True, "records": rows})

    assert codes(inserted) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    # The innocent row still carries an id, of a record that is not there.
    assert (await account.get(f"/sobjects/Lead/{inserted.body[0]['id']}")).status == 404
    assert codes(updated) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "MALFORMED_ID"]
    assert (account.values(old)["FirstName"], account.values(old)[KEY]) == ("before", "k0")
    assert codes(await account.insert(lead("k1"), lead("k9"))) == ["ok", "ok"]


async def test_all_or_none_is_no_parameter_of_the_address(account: Account) -> None:
    body = {"records": [lead("k1"), lead("k2", Company=None)]}

    reply = await account.send("POST", COLLECTIONS, body, None, allOrNone="true")

    assert codes(reply) == ["ok", "REQUIRED_FIELD_MISSING"]


# Upsert.


async def test_upsert_makes_and_changes(account: Account) -> None:
    await account.insert(lead("k1", LastName="A"))

    reply = await upsert(account, lead("K1", LastName="B"), lead("k2", LastName="C"))

    assert [(row["success"], row["created"]) for row in reply.body] == [(True, False), (True, True)]
    assert account.values(ids(reply)[0])["LastName"] == "B"


async def test_key_that_is_twice_in_an_upsert_fails_both_rows(account: Account) -> None:
    reply = await upsert(account, lead("k1"), lead("k2"), lead(" K1 "))

    assert codes(reply) == ["DUPLICATE_VALUE", "ok", "DUPLICATE_VALUE"]
    assert reply.body[0]["errors"][0]["message"] == "Duplicate external id specified: k1"
    assert len(account.sandbox.records()) == 1


async def test_upsert_looks_at_each_row(account: Account) -> None:
    reply = await upsert(
        account,
        lead("k1", Id="00Q000000000001"),
        lead(),
        {"attributes": {"type": "Contact"}, "LastName": "L", KEY: "k3"},
        lead("k" * 65),
    )

    assert codes(reply) == ["INVALID_FIELD", "MISSING_ARGUMENT", "INVALID_TYPE", "STRING_TOO_LONG"]


async def test_upsert_by_a_key_that_two_have(open_account: OpenAccount) -> None:
    account = await open_account(view_all_data=True)
    made = [await account.create(LastName=name, Deep_Link_Token__c="t") for name in "AB"]

    reply = await upsert(account, lead(Deep_Link_Token__c="t"), field="Deep_Link_Token__c")

    [error] = reply.body[0]["errors"]
    assert error["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    assert all(lead_id in error["message"] for lead_id in made)


async def test_upsert_by_a_key_that_is_not_unique_needs_view_all_data(account: Account) -> None:
    reply = await upsert(account, lead(Deep_Link_Token__c="t"), field="Deep_Link_Token__c")

    assert codes(reply) == ["INSUFFICIENT_ACCESS"]


async def test_upsert_by_what_is_no_key(account: Account) -> None:
    reply = await upsert(account, lead("k1"), field="Company")

    assert (reply.status, reply.code) == (404, "NOT_FOUND")


# Reading and deleting.


async def test_read_returns_null_for_what_is_not_there(account: Account) -> None:
    lead_id = await account.create(**{KEY: "k1"})
    body = {"ids": [lead_id[:15], "00Q000000000zzzAAA", "nonsense"], "fields": ["LastName", KEY]}

    reply = await account.post(f"{COLLECTIONS}/Lead", body)

    assert reply.body == [
        {
            "attributes": {"type": "Lead", "url": f"/services/data/v68.0/sobjects/Lead/{lead_id}"},
            "LastName": "L",
            KEY: "k1",
            "Id": lead_id,
        },
        None,
        None,
    ]
    assert (await account.post(f"{COLLECTIONS}/Lead", {**body, "fields": ["Nope"]})).code == "INVALID_FIELD"


async def test_delete_goes_row_by_row(open_account: OpenAccount) -> None:
    account = await open_account(object_permissions=DELETER)
    made = [await account.create(LastName=name) for name in "AB"]

    reply = await account.send("DELETE", COLLECTIONS, ids=f"{made[0]},nonsense,{made[1]}")

    assert codes(reply) == ["ok", "INVALID_CROSS_REFERENCE_KEY", "ok"]
    assert account.sandbox.records() == []


async def test_delete_of_all_or_none(open_account: OpenAccount) -> None:
    account = await open_account(object_permissions=DELETER)
    lead_id = await account.create()

    reply = await account.send("DELETE", COLLECTIONS, ids=f"nonsense,{lead_id}", allOrNone="true")

    assert codes(reply) == ["INVALID_CROSS_REFERENCE_KEY", "ALL_OR_NONE_OPERATION_ROLLED_BACK"]
    assert not account.row(lead_id).archived


# Rows that fail on purpose.


async def test_locked_row_fails_as_often_as_ordered(open_account: OpenAccount) -> None:
    account = await open_account(row_faults=(RowFault(field=KEY, text="k2", times=1),))
    records = [lead("k1"), lead("k2")]

    reply = await account.insert(*records)

    [error] = reply.body[1]["errors"]
    assert codes(reply) == ["ok", "UNABLE_TO_LOCK_ROW"]
    assert error["message"].startswith("unable to obtain exclusive access to this record")
    assert codes(await account.insert(records[1])) == ["ok"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "first error: UNABLE_TO_LOCK_ROW, unable to obtain"),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "We can't save this record"),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "field custom validation exception"),
    ],
)
async def test_automation_of_the_org_fails_rows(account: Account, code: str, words: str) -> None:
    lead_id = await account.create()
    account.sandbox.org.row_faults.add(RowFault(code=code, operation="update", sobject="Lead"))

    reply = await account.update(lead(Id=lead_id))

    assert codes(reply) == [code]
    assert words in reply.body[0]["errors"][0]["message"]
    assert codes(await account.insert(lead("k1"))) == ["ok"]
    account.sandbox.org.row_faults.clear()
    assert codes(await account.update(lead(Id=lead_id))) == ["ok"]


async def test_share_of_rows_that_fail_is_repeatable(open_account: OpenAccount) -> None:
    faults = (RowFault(probability=0.5),)
    runs = []
    for seed in (1, 1, 2):
        account = await open_account(row_faults=faults, seed=seed)
        runs.append(codes(await account.insert(*(lead(f"k{number}") for number in range(50)))))

    assert runs[0] == runs[1] != runs[2]
    assert 10 < runs[0].count("ok") < 40
