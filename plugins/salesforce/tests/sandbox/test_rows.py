"""Single records by id, and the values that they take."""

from __future__ import annotations

from typing import Any

import pytest

from .client import Account
from .conftest import OpenAccount

BASE = "/services/data/v68.0/sobjects"
NOWHERE = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]


# By id.


async def test_create_says_the_id(account: Account) -> None:
    reply = await account.post("/sobjects/Lead", {"LastName": "L", "Company": "C"})

    assert reply.status == 201
    assert reply.body == {"id": reply.body["id"], "success": True, "errors": []}
    assert reply.body["id"].startswith("00Q")
    assert len(reply.body["id"]) == 18


async def test_read_returns_the_fields_asked_for(account: Account) -> None:
    lead_id = await account.create(Email="a@example.com")

    reply = await account.get(f"/sobjects/Lead/{lead_id[:15]}", fields="LastName,Email")

    assert reply.body == {
        "attributes": {"type": "Lead", "url": f"{BASE}/Lead/{lead_id}"},
        "LastName": "L",
        "Email": "a@example.com",
        "Id": lead_id,
    }
    whole = await account.get(f"/sobjects/Lead/{lead_id}")
    assert (whole.body["Company"], whole.body["IsConverted"], whole.body["Phone"]) == ("C", False, None)
    assert (await account.get(f"/sobjects/Lead/{lead_id}", fields="Nope")).code == "INVALID_FIELD"


async def test_update_answers_nothing(account: Account) -> None:
    lead_id = await account.create(FirstName="F")

    reply = await account.patch(f"/sobjects/Lead/{lead_id}", {"LastName": "M"})

    assert (reply.status, reply.body) == (204, "")
    assert (account.values(lead_id)["LastName"], account.values(lead_id)["FirstName"]) == ("M", "F")


async def test_patch_may_come_as_a_post(account: Account) -> None:
    lead_id = await account.create()

    reply = await account.send(
        "POST", f"/sobjects/Lead/{lead_id}", {"LastName": "M"}, None, _HttpMethod="PATCH"
    )

    assert reply.status == 204
    assert account.values(lead_id)["LastName"] == "M"
    plain = await account.send("POST", f"/sobjects/Lead/{lead_id}", {"LastName": "N"})
    assert (plain.status, plain.code) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("record_id", ["00Q000000000zzzAAA", "nonsense"])
async def test_unknown_id_is_not_found(account: Account, record_id: str) -> None:
    for reply in (
        await account.get(f"/sobjects/Lead/{record_id}"),
        await account.patch(f"/sobjects/Lead/{record_id}", {"LastName": "M"}),
        await account.send("DELETE", f"/sobjects/Lead/{record_id}"),
    ):
        assert (reply.status, reply.body) == (404, NOWHERE)


async def test_deleted_record_says_so(open_account: OpenAccount) -> None:
    account = await open_account(object_permissions=("Read", "Create", "Edit", "Delete"))
    lead_id = await account.create()

    assert (await account.send("DELETE", f"/sobjects/Lead/{lead_id}")).status == 204
    reply = await account.patch(f"/sobjects/Lead/{lead_id}", {"LastName": "M"})

    assert reply.status == 404
    assert reply.body == [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]


async def test_delete_needs_its_permission(account: Account) -> None:
    lead_id = await account.create()

    reply = await account.send("DELETE", f"/sobjects/Lead/{lead_id}")

    assert (reply.status, reply.code) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")


# Values.


@pytest.mark.parametrize(
    ("values", "code", "message", "fields"),
    [
        (
            {"Company": None},
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Company]",
            ["Company"],
        ),
        (
            {"LastName": "  ", "Company": ""},
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName, Company]",
            ["LastName", "Company"],
        ),
        (
            {"FirstName": "x" * 41},
            "STRING_TOO_LONG",
            f"First Name: data value too large: {'x' * 41} (max length=40)",
            ["FirstName"],
        ),
        (
            {"Email": "nobody"},
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: nobody",
            ["Email"],
        ),
        ({"OwnerId": "x"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: x", ["OwnerId"]),
        (
            {"OwnerId": "005000000000zzzAAA"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            ["OwnerId"],
        ),
        (
            {"Deep_Link_Minutes_To_Convert__c": 1e18},
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Deep Link Minutes To Convert: value outside of valid range on numeric field: 1e+18",
            ["Deep_Link_Minutes_To_Convert__c"],
        ),
    ],
)
async def test_value_that_may_not_be(
    account: Account, values: dict[str, Any], code: str, message: str, fields: list[str]
) -> None:
    reply = await account.post("/sobjects/Lead", {"LastName": "L", "Company": "C", **values})

    assert reply.status == 400
    assert reply.body == [{"message": message, "errorCode": code, "fields": fields}]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"Install_Date__c": "2026-05-21 09:14:00"},
            "datetime from VALUE_STRING value 2026-05-21 09",
        ),
        ({"Install_Date__c": "2026-05-21"}, "instance of datetime from VALUE_STRING"),
        ({"Install_Date__c": "2026-05-21T09:14:00"}, "instance of datetime from VALUE_STRING"),
        ({"Install_Date__c": "2026-02-30T09:14:00Z"}, "instance of datetime from VALUE_STRING"),
        ({"Install_Date__c": {"at": 1}}, "instance of datetime from START_OBJECT value {"),
        ({"LastName": 5}, "instance of string from VALUE_NUMBER_INT value 5"),
        ({"HasOptedOutOfEmail": "true"}, "instance of boolean from VALUE_STRING"),
        ({"Deep_Link_Minutes_To_Convert__c": "5"}, "instance of double from VALUE_STRING"),
    ],
)
async def test_value_that_cannot_be_parsed(account: Account, values: dict[str, Any], words: str) -> None:
    reply = await account.post("/sobjects/Lead", {"LastName": "L", "Company": "C", **values})

    assert (reply.status, reply.code) == (400, "JSON_PARSER_ERROR")
    assert words in reply.message
    assert reply.message.startswith("Cannot deserialize ")
    assert "fields" not in reply.body[0]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"LastName": "  Love lace\t"}, "Love lace"),
        ({"Install_Date__c": "2026-05-21T11:14:00.123+02:00"}, "2026-05-21T09:14:00.000+0000"),
        ({"Install_Date__c": "2026-05-21T09:14:00+0000"}, "2026-05-21T09:14:00.000+0000"),
        ({"Deep_Link_Minutes_To_Convert__c": 42}, 42.0),
        ({"LeadSource": "Never heard of"}, "Never heard of"),
        ({"Status": "Closed - Converted"}, "Closed - Converted"),
        ({"firstname": "lower"}, "lower"),
    ],
)
async def test_value_is_kept_in_salesforces_form(account: Account, sent: dict[str, Any], kept: Any) -> None:
    lead_id = await account.create(**sent)
    [name] = sent

    reply = await account.get(f"/sobjects/Lead/{lead_id}", fields=name)

    assert kept in reply.body.values()
    [record] = await account.found(f"SELECT IsConverted FROM Lead WHERE Id = '{lead_id}'")  # noqa: S608
    assert record["IsConverted"] is False


@pytest.mark.parametrize("empty", [None, ""])
async def test_empty_value_clears(account: Account, empty: str | None) -> None:
    lead_id = await account.create(FirstName="F")

    await account.patch(f"/sobjects/Lead/{lead_id}", {"FirstName": empty})

    assert "FirstName" not in account.values(lead_id)
    reply = await account.patch(f"/sobjects/Lead/{lead_id}", {"LastName": empty})
    assert reply.code == "REQUIRED_FIELD_MISSING"


async def test_restricted_picklist_takes_only_what_it_knows(open_account: OpenAccount) -> None:
    account = await open_account(restricted_lead_source=True)

    reply = await account.post("/sobjects/Lead", {"LastName": "L", "Company": "C", "LeadSource": "Link"})

    assert reply.body == [
        {
            "message": "Lead Source: bad value for restricted picklist field: Link",
            "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "fields": ["LeadSource"],
        }
    ]
    assert await account.create(LeadSource="Web")


@pytest.mark.parametrize("values", [{}, {"Status": None, "OwnerId": ""}])
async def test_new_lead_gets_status_and_owner(account: Account, values: dict[str, Any]) -> None:
    lead_id = await account.create(**values)

    assert account.values(lead_id)["Status"] == "Open - Not Contacted"
    assert account.values(lead_id)["OwnerId"].startswith("005")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"LastName": "L", "Company": "C", "Nope__c": "x"}, 400, "INVALID_FIELD"),
        ({"LastName": "L", "Company": "C", "Id": "00Q000000000001"}, 400, "INVALID_FIELD"),
        ({"LastName": "L", "Company": "C", "IsConverted": True}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (b"{", 400, "JSON_PARSER_ERROR"),
        (b"[]", 400, "JSON_PARSER_ERROR"),
    ],
)
async def test_body_that_may_not_be(account: Account, body: Any, status: int, code: str) -> None:
    reply = await account.post("/sobjects/Lead", body)

    assert (reply.status, reply.code) == (status, code)


async def test_unknown_field_is_told_in_the_words_of_the_reference(account: Account) -> None:
    reply = await account.post("/sobjects/Lead", {"LastName": "L", "Company": "C", "X__c": "x"})

    assert reply.body == [
        {"message": "No such column 'X__c' on sobject of type Lead", "errorCode": "INVALID_FIELD"}
    ]


async def test_body_must_be_json(account: Account) -> None:
    reply = await account.send("POST", "/sobjects/Lead", b"a=b", {"Content-Type": "text/plain"})

    assert (reply.status, reply.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
