"""What the sales team and the org's own rules do: conversions, merges, assignment."""

from __future__ import annotations

import pytest

from .client import KEY, Account, lead
from .conftest import OpenAccount

MAIL = "a@example.com"


# Conversion.


async def test_converted_lead_is_read_only_and_names_its_contact(account: Account) -> None:
    lead_id = await account.create(FirstName="Ada", Email=MAIL, **{KEY: "k1"})
    contact_id = account.sandbox.people.convert(lead_id)

    reply = await account.patch(f"/sobjects/Lead/{lead_id}", {"FirstName": "B"})
    row = await account.update(lead(Id=lead_id, FirstName="B"))
    [found] = await account.found(
        f"SELECT IsConverted, ConvertedContactId, Status FROM Lead WHERE {KEY} = 'k1'"  # noqa: S608
    )

    assert reply.status == 400
    assert reply.body == [
        {
            "message": "cannot reference converted lead",
            "errorCode": "CANNOT_UPDATE_CONVERTED_LEAD",
            "fields": [],
        }
    ]
    assert row.body[0]["errors"][0]["statusCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert (found["IsConverted"], found["ConvertedContactId"]) == (True, contact_id)
    assert found["Status"] == "Closed - Converted"
    assert contact_id is not None
    assert account.values(contact_id)["Email"] == MAIL
    assert account.values(contact_id)["AccountId"].startswith("001")


async def test_converted_lead_still_holds_its_key(account: Account) -> None:
    lead_id = await account.create(**{KEY: "k1"})
    account.sandbox.people.convert(lead_id)

    reply = await account.insert(lead("k1"))

    assert reply.body[0]["errors"][0]["message"].endswith(f"on record with id: {lead_id}")


async def test_permission_lets_writes_land_on_a_converted_lead(open_account: OpenAccount) -> None:
    account = await open_account(edit_converted=True)
    lead_id = await account.create()
    account.sandbox.people.convert(lead_id)

    assert (await account.patch(f"/sobjects/Lead/{lead_id}", {"FirstName": "B"})).status == 204


async def test_person_account_has_no_contact(account: Account) -> None:
    lead_id = await account.create()

    assert account.sandbox.people.convert(lead_id, contact=False) is None
    assert account.values(lead_id)["ConvertedAccountId"].startswith("001")
    assert "ConvertedContactId" not in account.values(lead_id)


@pytest.mark.parametrize("mapped", [False, True])
async def test_custom_fields_reach_the_contact_only_if_mapped(
    open_account: OpenAccount, mapped: bool
) -> None:
    account = await open_account(mapped_on_conversion=mapped)
    lead_id = await account.create(Deep_Link_Campaign__c="summer")

    contact_id = account.sandbox.people.convert(lead_id)

    assert contact_id is not None
    assert ("Deep_Link_Campaign__c" in account.values(contact_id)) is mapped


async def test_status_of_conversion_converts_nothing(account: Account) -> None:
    lead_id = await account.create(Status="Closed - Converted")

    assert (await account.patch(f"/sobjects/Lead/{lead_id}", {"FirstName": "F"})).status == 204
    statuses = await account.found("SELECT ApiName, MasterLabel, IsConverted, IsDefault FROM LeadStatus")
    assert [one["ApiName"] for one in statuses if one["IsConverted"]] == ["Closed - Converted"]
    assert [one["ApiName"] for one in statuses if one["IsDefault"]] == ["Open - Not Contacted"]


async def test_merge_leaves_the_winner_with_what_it_lacked(account: Account) -> None:
    winner = await account.create(FirstName="W", **{KEY: "k1"})
    loser = await account.create(LastName="M", FirstName="X", Phone="5", **{KEY: "k2"})

    account.sandbox.people.merge(winner, loser)

    values = account.values(winner)
    assert (values["FirstName"], values["Phone"], values[KEY]) == ("W", "5", "k1")
    assert account.row(loser).archived
    assert account.values(loser)["MasterRecordId"] == winner


async def test_call_with_a_person_shows_as_the_last_activity(account: Account) -> None:
    lead_id = await account.create()
    account.sandbox.people.call(lead_id)

    reply = await account.get(f"/sobjects/Lead/{lead_id}", fields="LastActivityDate")

    assert reply.body["LastActivityDate"] == "2026-05-21"
    refused = await account.patch(f"/sobjects/Lead/{lead_id}", {"LastActivityDate": "2026-05-22"})
    assert refused.code == "INVALID_FIELD_FOR_INSERT_UPDATE"


# Assignment.


@pytest.mark.parametrize(("header", "runs"), [(None, 2), ("TRUE", 2), ("01Q000000000001", 2), ("FALSE", 0)])
async def test_assignment_rule_runs_unless_it_is_told_not_to(
    account: Account, header: str | None, runs: int
) -> None:
    headers = {} if header is None else {"sforce_auto_assign": header}
    made = await account.insert(lead("k1"), **headers)
    lead_id = made.body[0]["id"]
    await account.update(lead(Id=lead_id, FirstName="F"), **headers)

    assert account.sandbox.org.assignments[lead_id] == runs
    assert account.sandbox.counts()["assignments"] == runs
    owner = account.values(lead_id)["OwnerId"]
    assert (owner == account.sandbox.org.integration.id) is (runs == 0)


async def test_assignment_takes_a_lead_from_its_owner(account: Account) -> None:
    lead_id = account.sandbox.people.add("Lead", {"LastName": "L", "Company": "C"})
    owners = {account.values(lead_id)["OwnerId"]}
    for name in "FG":
        await account.patch(f"/sobjects/Lead/{lead_id}", {"FirstName": name})
        owners.add(account.values(lead_id)["OwnerId"])

    assert len(owners) == 2


async def test_rule_that_is_not_active_assigns_nobody(open_account: OpenAccount) -> None:
    account = await open_account(assignment_rule=False)
    await account.create()
    await account.create("Contact", LastName="Z")

    assert account.sandbox.counts()["assignments"] == 0


async def test_taking_back_takes_the_assignment_back(account: Account) -> None:
    lead_id = await account.create()
    owner = account.values(lead_id)["OwnerId"]
    rows = [lead(Id=lead_id, FirstName="F"), lead(Id="nonsense")]

    await account.patch("/composite/sobjects", {"allOrNone": True, "records": rows})

    assert account.values(lead_id)["OwnerId"] == owner
