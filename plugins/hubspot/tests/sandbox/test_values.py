"""Which values HubSpot takes, and what it makes of them."""

from __future__ import annotations

import pytest

from .conftest import Account, OpenAccount


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("install_date", "2026-05-21T09:14:00.000Z", "2026-05-21T09:14:00Z"),
        ("install_date", "2026-05-21T11:14:00.5+02:00", "2026-05-21T09:14:00.500Z"),
        ("install_date", "1779354840000", "2026-05-21T09:14:00Z"),
        # Seconds instead of milliseconds: taken without a word, and wrong.
        ("install_date", "1779354840", "1970-01-21T14:15:54.840Z"),
        ("signup_day", "2026-05-21", "2026-05-21"),
        ("signup_day", "1779321600000", "2026-05-21"),
        ("signup_day", "0", "1970-01-01"),
        ("minutes", "42", "42"),
        ("minutes", "-1.5", "-1.5"),
        ("vip", "true", "true"),
        ("lifecyclestage", "customer", "customer"),
        ("hubspot_owner_id", "71001", "71001"),
        ("email", "Ada+tag@mail.Example.co.uk", "ada+tag@mail.example.co.uk"),
        ("lastname", " as it is ", " as it is "),
        ("lastname", "\u202e<b>\U0001f600", "\u202e<b>\U0001f600"),
        ("lastname", "x" * 65_536, "x" * 65_536),
    ],
)
async def test_value_is_taken(account: Account, name: str, sent: str, kept: str) -> None:
    assert account.contact(await account.create(**{name: sent}))[name] == kept


@pytest.mark.parametrize(
    ("name", "value", "code", "message"),
    [
        ("nope", "1", "PROPERTY_DOESNT_EXIST", 'Property "nope" does not exist'),
        (
            "signup_day",
            "1779354840865",
            "INVALID_DATE",
            "1779354840865 is at 09:14:00.865 UTC, not midnight!",
        ),
        ("signup_day", "2026-05-21T09:14:00Z", "INVALID_DATE", "not midnight!"),
        ("signup_day", "2026-05-21T00:00:00Z", "INVALID_DATE", "not midnight!"),
        ("signup_day", "2026-02-30", "INVALID_DATE", "2026-02-30 was not a valid date."),
        ("signup_day", "May 2026", "INVALID_DATE", "May 2026 was not a valid date."),
        ("install_date", "2026-05-21T09:14:00", "INVALID_DATE", "was not a valid date."),
        ("install_date", "2026-05-21", "INVALID_DATE", "was not a valid date."),
        ("install_date", "9" * 18, "INVALID_DATE", "was not a valid date."),
        ("install_date", " 1779354840000", "INVALID_DATE", "was not a valid date."),
        ("minutes", "1,5", "INVALID_INTEGER", "1,5 was not a valid number."),
        ("minutes", "nan", "INVALID_INTEGER", "nan was not a valid number."),
        ("vip", "yes", "INVALID_OPTION", "yes was not one of the allowed options: [false, true]"),
        ("lifecyclestage", "Customer", "INVALID_OPTION", "Customer was not one of the allowed options"),
        ("hubspot_owner_id", "Robin", "INVALID_OPTION", "Robin was not a valid owner id."),
        ("email", "ada", "INVALID_EMAIL", "Email address ada is invalid"),
        ("email", "ada@example", "INVALID_EMAIL", "Email address ada@example is invalid"),
        ("email", "a@b@example.com", "INVALID_EMAIL", "is invalid"),
        ("email", "a b@example.com", "INVALID_EMAIL", "is invalid"),
        ("hs_object_id", "5", "READ_ONLY_VALUE", "is a read only property; its value cannot be set."),
        ("createdate", "", "READ_ONLY_VALUE", "is a read only property"),
        ("hs_additional_emails", "b@x.example", "READ_ONLY_VALUE", "is a read only property"),
        ("lastname", "x" * 65_537, "INVALID_STRING", "longer than 65536"),
    ],
)
async def test_value_is_refused(account: Account, name: str, value: str, code: str, message: str) -> None:
    reply = await account.post("", {"properties": {"firstname": "Ada", name: value}})

    assert reply.status == 400
    (error,) = reply.body["errors"]
    assert (error["code"], error["context"]) == (code, {"propertyName": [name]})
    assert message in error["message"]
    assert account.sandbox.contacts() == []


async def test_refused_value_fails_the_whole_update(account: Account) -> None:
    contact_id = await account.create(lastname="L")

    await account.patch(f"/{contact_id}", {"lastname": "M", "nope": "1"})

    assert account.contact(contact_id)["lastname"] == "L"


@pytest.mark.parametrize(("version", "status"), [("2026-09", 400), ("2026-03", 201)])
async def test_create_form_binds_the_api_from_2026_09_on(
    open_account: OpenAccount, version: str, status: int
) -> None:
    account = await open_account(required_fields=("email", "phone"))
    account.version = version

    reply = await account.post("", {"properties": {"lastname": "L", "phone": "1"}})

    assert reply.status == status
    if status == 400:
        assert reply.body["category"] == "VALIDATION_ERROR"
        assert reply.body["errors"] == [
            {
                "message": "A value for email must be provided",
                "code": "MISSING_REQUIRED_PROPERTY",
                "context": {"propertyName": ["email"]},
            }
        ]


async def test_create_form_does_not_bind_updates(open_account: OpenAccount) -> None:
    account = await open_account(required_fields=("email",))
    contact_id = account.sandbox.add_contact({"lastname": "L"})

    assert (await account.patch(f"/{contact_id}", {"lastname": "M"})).status == 200


async def test_conditional_rule_asks_for_a_second_property(open_account: OpenAccount) -> None:
    account = await open_account(conditional_fields={"state": ("country", "US")})
    contact_id = await account.create(lastname="L", country="FR")

    reply = await account.patch(f"/{contact_id}", {"country": "US"})

    assert reply.status == 400
    (error,) = reply.body["errors"]
    assert error["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    assert error["message"] == "state is required because of a conditional property rule based on [country]"
    assert (await account.patch(f"/{contact_id}", {"country": "US", "state": "Ohio"})).status == 200
