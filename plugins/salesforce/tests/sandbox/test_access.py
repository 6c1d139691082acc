"""Who sees what: field-level security, permission sets."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick_salesforce.sandbox.attribution import SOBJECTS, fields

from .client import KEY, Account, Reply, lead
from .conftest import OpenAccount


async def described(account: Account, sobject: str = "Lead") -> dict[str, dict[str, Any]]:
    reply = await account.get(f"/sobjects/{sobject}/describe")
    assert reply.status == 200, reply.body
    return {field["name"]: field for field in reply.body["fields"]}


async def as_admin(account: Account, sobject: str, **values: Any) -> Reply:
    headers = {"Authorization": f"Bearer {account.sandbox.options.admin_token}"}
    return await account.send("POST", f"/sobjects/{sobject}", values, headers)


# Describe.


async def test_describe_tells_what_a_client_checks(account: Account) -> None:
    found = await described(account)

    key = found[KEY]
    wanted = {"type": "string", "length": 64, "unique": True, "externalId": True, "caseSensitive": False}
    assert {name: key[name] for name in wanted} == wanted
    assert (key["idLookup"], key["createable"], key["updateable"], key["nillable"]) == (True,) * 4
    assert (found["LastName"]["length"], found["Company"]["length"], found["Email"]["length"]) == (
        80,
        255,
        80,
    )
    assert (found["LastName"]["nillable"], found["Status"]["defaultedOnCreate"]) == (False, True)
    assert (found["IsConverted"]["createable"], found["IsConverted"]["updateable"]) == (False, False)
    assert (found["Email"]["idLookup"], found["Email"]["unique"]) == (True, False)
    values = [one["value"] for one in found["LeadSource"]["picklistValues"]]
    assert values[:2] == ["Web", "Phone Inquiry"]
    assert found["Install_Date__c"]["type"] == "datetime"


async def test_fields_of_afterclick_are_missing_in_an_org_as_it_comes(open_account: OpenAccount) -> None:
    account = await open_account(provisioned=False)

    for sobject in SOBJECTS:
        assert not {field.name for field in fields()} & (await described(account, sobject)).keys()


async def test_field_without_security_looks_like_one_that_is_missing(open_account: OpenAccount) -> None:
    account = await open_account(provisioned=False)
    account.sandbox.people.define("Lead", KEY, unique=True, external_id=True, granted=False)

    assert KEY not in await described(account)
    assert (await account.query(f"SELECT {KEY} FROM Lead")).code == "INVALID_FIELD"  # noqa: S608
    reply = await account.insert(lead("k1"))
    assert reply.body == [
        {"message": f"No such column '{KEY}' on sobject of type Lead", "errorCode": "INVALID_FIELD"}
    ]
    # An administrator sees it no more than others.
    account.token = account.sandbox.options.admin_token
    assert KEY not in await described(account)


async def test_field_that_may_only_be_read(account: Account) -> None:
    account.sandbox.people.define("Lead", "Own__c", granted=False)
    account.sandbox.org.grant("Readers", account.sandbox.org.integration, "Lead", {"Own__c": False})

    found = (await described(account))["Own__c"]
    reply = await account.insert(lead("k1", Own__c="x"))

    assert (found["createable"], found["updateable"]) == (False, False)
    assert reply.body[0]["errors"][0]["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


async def test_standard_field_can_be_hidden(open_account: OpenAccount) -> None:
    account = await open_account(hidden_fields=("Lead.Email", "Lead.LastName", "Lead.ConvertedContactId"))

    found = await described(account)

    assert "Email" not in found
    # What every record needs has no field-level security.
    assert "LastName" in found
    assert (await account.query("SELECT Id FROM Lead WHERE Email = 'a@b.co'")).code == "INVALID_FIELD"
    assert (await account.query("SELECT ConvertedContact.Id FROM Lead")).code == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("powers", "statuses"),
    [((), (404, 404)), (("Read",), (200, 403)), (("Read", "Create"), (200, 201))],
)
async def test_object_needs_its_permissions(
    open_account: OpenAccount, powers: tuple[str, ...], statuses: tuple[int, int]
) -> None:
    account = await open_account(object_permissions=powers)

    described = await account.get("/sobjects/Lead/describe")
    made = await account.post("/sobjects/Lead", {"LastName": "L", "Company": "C"})

    assert (described.status, made.status) == statuses


# Permission sets.


async def test_permission_set_opens_object_and_field(open_account: OpenAccount) -> None:
    account = await open_account(provisioned=False, object_permissions=())
    account.sandbox.people.define("Lead", KEY, unique=True, external_id=True, granted=False)
    user = account.sandbox.org.integration.id

    made = await as_admin(account, "PermissionSet", Name="Deep_Link_Sync", Label="Deep Link Sync")
    parent = made.body["id"]
    rights = {f"Permissions{power}": True for power in ("Read", "Create", "Edit")}
    steps = [
        await as_admin(account, "ObjectPermissions", ParentId=parent, SobjectType="Lead", **rights),
        await as_admin(
            account,
            "FieldPermissions",
            ParentId=parent,
            SobjectType="Lead",
            Field=f"Lead.{KEY}",
            PermissionsRead=True,
            PermissionsEdit=True,
        ),
    ]
    assert (await account.get("/sobjects/Lead/describe")).status == 404
    steps.append(await as_admin(account, "PermissionSetAssignment", AssigneeId=user, PermissionSetId=parent))

    assert [step.status for step in steps] == [201, 201, 201]
    assert KEY in await described(account)
    assert (await account.insert(lead("k1"))).body[0]["success"]


async def test_permission_sets_are_held_to_their_rules(account: Account) -> None:
    parent = (await as_admin(account, "PermissionSet", Name="One", Label="One")).body["id"]
    base = {"ParentId": parent, "SobjectType": "Lead"}
    read = {"PermissionsRead": True}
    replies = [
        await as_admin(account, "PermissionSet", Name="One", Label="Two"),
        await as_admin(account, "FieldPermissions", **base, Field=f"Lead.{KEY}", PermissionsEdit=True),
        await as_admin(account, "FieldPermissions", **base, Field="Lead.Nope__c", **read),
        await as_admin(account, "FieldPermissions", **base, Field="Lead.LastName", **read),
        await as_admin(account, "ObjectPermissions", **base, PermissionsCreate=True),
        await as_admin(account, "FieldPermissions", **base, Field=f"Lead.{KEY}", **read),
        await as_admin(account, "FieldPermissions", **base, Field=f"Lead.{KEY}", **read),
    ]

    assert [reply.status == 201 or reply.code for reply in replies] == [
        "DUPLICATE_VALUE",
        "FIELD_INTEGRITY_EXCEPTION",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "FIELD_INTEGRITY_EXCEPTION",
        True,
        "DUPLICATE_VALUE",
    ]


@pytest.mark.parametrize("view_setup", [False, True])
async def test_setup_is_seen_with_its_permission(open_account: OpenAccount, view_setup: bool) -> None:
    account = await open_account(view_setup=view_setup)

    sets = await account.query("SELECT Id, Name FROM PermissionSet")
    custom = await account.send(
        "GET", "/tooling/query", q="SELECT DeveloperName FROM CustomField WHERE TableEnumOrId = 'Lead'"
    )
    limits = await account.get("/limits")

    assert [sets.status, custom.status, limits.status] == ([200] * 3 if view_setup else [400, 400, 403])
    assert (await account.post("/sobjects/PermissionSet", {"Name": "X", "Label": "X"})).status in (403, 404)
