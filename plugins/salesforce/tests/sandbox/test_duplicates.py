"""Duplicate rules: what they look at, what they say, and how they are passed."""

from __future__ import annotations

from typing import Any

import pytest

from .client import KEY, Account, lead
from .conftest import OpenAccount

MAIL = "a@example.com"
SAVE: dict[str, str] = {"sforce_duplicate_rule_header": "allowSave=true; includeRecordDetails=true"}


def person(**values: Any) -> dict[str, Any]:
    return {"LastName": "L", "Company": "C", **values}


async def test_duplicate_is_told_with_the_records_it_meets(account: Account) -> None:
    contact_id = account.sandbox.people.add("Contact", {"LastName": "B", "Email": MAIL})

    reply = await account.post("/sobjects/Lead", person(Email="A@example.com"))

    assert reply.status == 400
    [error] = reply.body
    assert (error["errorCode"], error["message"]) == ("DUPLICATES_DETECTED", "Use one of these records?")
    result = error["duplicateResult"]
    assert result["allowSave"] is True
    assert result["duplicateRuleEntityType"] == "Lead"
    assert result["duplicateRule"] == "Standard_Lead_Duplicate_Rule"
    [group] = result["matchResults"]
    assert (group["entityType"], group["size"], group["success"]) == ("Contact", 1, True)
    [match] = group["matchRecords"]
    assert match["matchConfidence"] == 100.0
    assert match["record"] == {
        "attributes": {"type": "Contact", "url": f"/services/data/v68.0/sobjects/Contact/{contact_id}"},
        "Id": contact_id,
    }


async def test_leads_and_contacts_are_matched_together(account: Account) -> None:
    account.sandbox.people.add("Contact", {"LastName": "B", "Email": MAIL})
    account.sandbox.people.add("Lead", person(Email=MAIL))

    reply = await account.post("/sobjects/Contact", {"LastName": "D", "Email": MAIL})

    groups = reply.body[0]["duplicateResult"]["matchResults"]
    assert [group["entityType"] for group in groups] == ["Lead", "Contact"]


async def test_misspelled_key_holds_the_same(open_account: OpenAccount) -> None:
    account = await open_account(misspelled_duplicates=True)
    account.sandbox.people.add("Lead", person(Email=MAIL))

    reply = await account.post("/sobjects/Lead", person(Email=MAIL))

    assert "duplicateResult" not in reply.body[0]
    assert reply.body[0]["duplicateResut"]["matchResults"][0]["size"] == 1


@pytest.mark.parametrize(("rule", "status"), [("alert", 201), ("block", 400), ("off", 201)])
async def test_save_is_allowed_where_the_rule_only_warns(
    open_account: OpenAccount, rule: str, status: int
) -> None:
    account = await open_account(duplicate_rule=rule)
    account.sandbox.people.add("Lead", person(Email=MAIL))

    reply = await account.post("/sobjects/Lead", person(Email=MAIL), **SAVE)

    assert reply.status == status
    if rule == "block":
        result = reply.body[0]["duplicateResult"]
        assert result["allowSave"] is False
        assert result["matchResults"][0]["matchRecords"][0]["record"]["Company"] == "C"


@pytest.mark.parametrize(
    "header", ["allowSave=true", "allowSave=true, runAsCurrentUser=true", "ALLOWSAVE=TRUE"]
)
async def test_header_is_read_in_every_spelling(account: Account, header: str) -> None:
    account.sandbox.people.add("Lead", person(Email=MAIL))

    reply = await account.post("/sobjects/Lead", person(Email=MAIL), sforce_duplicate_rule_header=header)

    assert reply.status == 201


async def test_rows_do_not_say_whom_they_meet(open_account: OpenAccount) -> None:
    account = await open_account()
    account.sandbox.people.add("Lead", person(Email=MAIL))

    reply = await account.insert(lead("k1", Email=MAIL), lead("k2"))

    assert reply.body[0] == {
        "success": False,
        "errors": [
            {"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []}
        ],
    }
    assert reply.body[1]["success"]
    telling = await open_account(duplicate_rows=True)
    telling.sandbox.people.add("Lead", person(Email=MAIL))
    told = await telling.insert(lead("k1", Email=MAIL))
    assert told.body[0]["errors"][0]["duplicateResult"]["matchResults"]


async def test_rules_run_before_unique_values_are_looked_at(account: Account) -> None:
    """So a create that is repeated is a duplicate by its names first."""
    values = person(FirstName="Deep Link", **{KEY: "k1"})
    await account.create(**values)

    again = await account.post("/sobjects/Lead", values)
    anyway = await account.post("/sobjects/Lead", values, **SAVE)

    assert [again.code, anyway.code] == ["DUPLICATES_DETECTED", "DUPLICATE_VALUE"]


async def test_stubs_with_names_of_their_own_do_not_meet(account: Account) -> None:
    reply = await account.insert(
        *(lead(f"k{n}", FirstName="Deep Link", LastName=f"Lead summer {n}") for n in range(20))
    )

    assert all(row["success"] for row in reply.body)


async def test_rules_run_when_what_they_compare_changes(account: Account) -> None:
    account.sandbox.people.add("Lead", person(Email=MAIL))
    lead_id = await account.create(LastName="Stub")

    changed = await account.patch(f"/sobjects/Lead/{lead_id}", {"Email": MAIL})
    other = await account.patch(f"/sobjects/Lead/{lead_id}", {"Deep_Link_Campaign__c": "summer"})
    itself = await account.patch(f"/sobjects/Lead/{lead_id}", {"LastName": "Stub"})

    assert (changed.code, other.status, itself.status) == ("DUPLICATES_DETECTED", 204, 204)


async def test_rules_run_on_upsert_of_a_new_key(account: Account) -> None:
    account.sandbox.people.add("Lead", person(Email=MAIL))

    reply = await account.patch(f"/sobjects/Lead/{KEY}/k1", person(Email=MAIL))

    assert reply.code == "DUPLICATES_DETECTED"


async def test_deleted_and_converted_records_meet_nobody(account: Account) -> None:
    people = account.sandbox.people
    people.delete(people.add("Lead", person(Email="deleted@example.com")))
    converted = people.add("Lead", person(Email="converted@example.com"))
    contact_id = people.convert(converted)

    assert await account.create(Email="deleted@example.com")
    reply = await account.post("/sobjects/Lead", person(Email="converted@example.com"))
    [group] = reply.body[0]["duplicateResult"]["matchResults"]
    assert [match["record"]["Id"] for match in group["matchRecords"]] == [contact_id]
