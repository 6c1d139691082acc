"""The emulator as tests and people use it: options, starting data, helpers, pages, speed."""

from __future__ import annotations

import time

import pytest

from afterclick.sandbox import Person, UniqueClash, serve
from afterclick_hubspot.sandbox import HubSpotSandbox, Options, make

from .conftest import KEY, Account, OpenAccount, define, keyed


def test_options_can_be_given_as_texts() -> None:
    sandbox = make(
        {
            "unlimited": "true",
            "burst": "190",
            "search_lag": "2.5",
            "required_fields": '["email"]',
            "faults": '[{"kind": "status", "status": 503}]',
            "samples": "3",
        }
    )

    assert sandbox.options == Options(
        unlimited=True,
        burst=190,
        search_lag=2.5,
        required_fields=("email",),
        faults=sandbox.options.faults,
        samples=3,
    )
    assert [rule.status for rule in sandbox.options.faults] == [503]
    assert len(sandbox.contacts()) == 3


@pytest.mark.parametrize(
    ("options", "word"),
    [({"bursts": "1"}, "bursts"), ({"burst": "many"}, "burst"), ({"faults": "[{"}, "faults")],
)
def test_wrong_option_is_named(options: dict[str, str], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make(options)


def test_person_is_typed_in_under_hubspots_names() -> None:
    sandbox = HubSpotSandbox()
    maya = Person(first_name="Maya", last_name="Lindqvist", email="maya@example.com", company="Northlight")
    contact = sandbox.contact(sandbox.type_in(maya))

    assert contact is not None
    assert [contact[name] for name in ("firstname", "lastname", "email", "company")] == [
        "Maya",
        "Lindqvist",
        "maya@example.com",
        "Northlight",
    ]
    assert contact["hs_object_source"] == "CRM_UI"
    assert "phone" not in contact
    with pytest.raises(UniqueClash):
        sandbox.type_in(maya)


async def test_sales_team_was_there_before(open_account: OpenAccount) -> None:
    account = await open_account(contacts=({"email": "ada@example.com", "lastname": "Lovelace"},), samples=20)

    contacts = account.sandbox.contacts()

    assert len({contact["email"] for contact in contacts}) == 21
    assert contacts[0]["hs_object_source"] == "CRM_UI"
    assert all(contact["hubspot_owner_id"] for contact in contacts[1:])
    assert (await account.get("/ada@example.com", idProperty="email")).body["id"] == contacts[0][
        "hs_object_id"
    ]


async def test_contact_is_found_by_any_unique_value(account: Account) -> None:
    contact_id = await account.create(email="ada@example.com", deep_link_key="k1")

    for value in ("k1", "Ada@example.com"):
        found = account.sandbox.contact_by_key(value)
        assert found is not None
        assert found["hs_object_id"] == contact_id
    assert account.sandbox.contact_by_key("k2") is None
    assert account.sandbox.contact("888") is None


def test_helpers_are_as_strict_as_the_api() -> None:
    sandbox = HubSpotSandbox()
    contact_id = sandbox.add_contact({"email": "ada@example.com"})

    with pytest.raises(ValueError, match="does not exist"):
        sandbox.add_contact({"nope": "1"})
    with pytest.raises(UniqueClash):
        sandbox.add_contact({"email": "ada@example.com"})
    with pytest.raises(ValueError, match="allowed options"):
        sandbox.edit_contact(contact_id, {"lifecyclestage": "nope"})
    with pytest.raises(KeyError):
        sandbox.edit_contact("888", {"lastname": "L"})


async def test_reset_brings_the_starting_contacts_back(open_account: OpenAccount) -> None:
    account = await open_account(samples=2)
    await account.create(lastname="L")

    await account.send("POST", "//_sandbox/reset")

    assert len(account.sandbox.contacts()) == 2
    # The endpoints follow: the account has no custom properties any more.
    assert (await account.batch("upsert", keyed("k1"))).status == 400
    define(account.sandbox)
    assert (await account.batch("upsert", keyed("k1"))).status == 200


async def test_same_seed_gives_the_same_ids() -> None:
    ids = [HubSpotSandbox(Options(seed=seed, samples=3)).contacts()[2]["hs_object_id"] for seed in (1, 1, 2)]

    assert ids[0] == ids[1] != ids[2]


async def test_page_of_a_contact_shows_the_attribution_card(account: Account) -> None:
    contact_id = await account.create(
        lastname="<Lovelace>", deep_link_key="k1", first_touch_campaign="summer"
    )
    account.sandbox.edit_contact(contact_id, {"hubspot_owner_id": "71001", "lifecyclestage": "customer"})

    reply = await account.get(f"//contacts/48151623/record/0-1/{contact_id}")

    assert reply.status == 200
    for words in ("Deep Link Attribution", "&lt;Lovelace&gt;", "summer", "Robin Vega", "Customer"):
        assert words in reply.body
    assert "Sales team, 21 May 2026, 09:14 UTC" in reply.body
    assert "Integration, 21 May 2026, 09:14 UTC" in reply.body


async def test_page_follows_a_merge_and_shows_the_archived(account: Account) -> None:
    first, second = await account.create(lastname="L"), await account.create(lastname="M")
    await account.post("/merge", {"primaryObjectId": first, "objectIdToMerge": second})
    account.sandbox.archive(first)

    reply = await account.get(f"//contacts/48151623/record/0-1/{second}")

    assert reply.status == 200
    assert ">archived<" in reply.body


async def test_table_shows_the_accounts_own_properties(account: Account) -> None:
    await account.create(lastname="Lovelace", first_touch_campaign="summer-promo")

    reply = await account.get("//")

    for words in ("Lovelace", "summer-promo", "First touch campaign", "Install date", "Lead"):
        assert words in reply.body
    assert KEY not in reply.body
    assert account.sandbox.records()[0]["origin"] == "Integration"


async def test_an_upsert_takes_no_longer_where_thousands_of_contacts_are(open_account: OpenAccount) -> None:
    """The quickest of each end are compared, so that a busy machine changes nothing."""
    account = await open_account(unlimited=True)
    properties = {"first_touch_campaign": "summer", "install_date": "2026-05-21T09:14:00.000Z"}
    batches = [
        [keyed(f"k{number * 100 + index}", str(index), **properties) for index in range(100)]
        for number in range(30)
    ]

    took = []
    for inputs in batches:
        started = time.perf_counter()
        assert (await account.batch("upsert", *inputs)).status == 200
        took.append(time.perf_counter() - started)

    assert len(account.sandbox.contacts()) == 3000
    assert min(took[-5:]) < 3 * min(took[:5])


async def test_two_accounts_run_side_by_side() -> None:
    async with serve(HubSpotSandbox()) as one, serve(HubSpotSandbox()) as two:
        assert one.url != two.url
