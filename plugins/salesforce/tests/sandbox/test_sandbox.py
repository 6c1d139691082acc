"""The emulator as tests and people use it: options, starting data, helpers, pages, speed."""

from __future__ import annotations

import time

import pytest

from afterclick.sandbox import Person, UniqueClash, serve
from afterclick_salesforce.sandbox import Options, SalesforceSandbox, make

from .client import KEY, Account, lead
from .conftest import OpenAccount


def test_options_can_be_given_as_texts() -> None:
    sandbox = make(
        {
            "unlimited": "true",
            "daily": "100000",
            "session_seconds": "2.5",
            "hidden_fields": '["Lead.Email"]',
            "faults": '[{"kind": "status", "status": 503}]',
            "row_faults": '[{"field": "Company", "text": "x"}]',
            "samples": "3",
        }
    )

    assert sandbox.options == Options(
        unlimited=True,
        daily=100_000,
        session_seconds=2.5,
        hidden_fields=("Lead.Email",),
        faults=sandbox.options.faults,
        row_faults=sandbox.options.row_faults,
        samples=3,
    )
    assert sandbox.options.row_faults[0].code == "UNABLE_TO_LOCK_ROW"
    assert len(sandbox.records()) == 3


@pytest.mark.parametrize(
    ("options", "word"),
    [({"dailly": "1"}, "dailly"), ({"daily": "many"}, "daily"), ({"faults": "[{"}, "faults")],
)
def test_wrong_option_is_named(options: dict[str, str], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make(options)


def test_person_is_typed_in_as_a_lead() -> None:
    sandbox = SalesforceSandbox()
    lead_id = sandbox.type_in(Person(first_name="Maya", email="Maya@example.com"))

    [record] = sandbox.records()
    assert record["id"] == lead_id
    assert (record["kind"], record["origin"]) == ("lead", "Sales team")
    values = record["properties"]
    assert [values[name] for name in ("FirstName", "LastName", "Company", "Email")] == [
        "Maya",
        "-",
        "-",
        "Maya@example.com",
    ]
    assert values["Status"] == "Open - Not Contacted"
    assert values["OwnerId"].startswith("005")


def test_people_are_held_to_the_types_of_fields() -> None:
    people = SalesforceSandbox(Options(provisioned=True)).people
    lead_id = people.add("Lead", {"LastName": "L", "Company": "C", KEY: "k1"})

    with pytest.raises(ValueError, match="No such column 'Nope'"):
        people.add("Lead", {"LastName": "L", "Company": "C", "Nope": "1"})
    with pytest.raises(ValueError, match=r"missing: \[Company\]"):
        people.add("Lead", {"LastName": "L"})
    with pytest.raises(ValueError, match="invalid email"):
        people.edit(lead_id, {"Email": "nobody"})
    with pytest.raises(UniqueClash):
        people.add("Lead", {"LastName": "L", "Company": "C", KEY: "K1"})
    with pytest.raises(KeyError):
        people.edit("00Q000000000zzzAAA", {"LastName": "M"})


async def test_reset_brings_the_org_back_as_it_came(open_account: OpenAccount) -> None:
    account = await open_account(provisioned=False, samples=2)
    account.sandbox.people.define("Lead", "Own__c")
    await account.create(Own__c="x")

    await account.send("POST", "//_sandbox/reset")

    assert len(account.sandbox.records()) == 2
    assert (await account.get("/limits")).status == 401
    await account.log_in()
    assert (await account.post("/sobjects/Lead", {"Own__c": "x"})).code == "INVALID_FIELD"


def test_same_seed_gives_the_same_ids() -> None:
    orgs = [SalesforceSandbox(Options(seed=seed, samples=3)) for seed in (1, 1, 2)]
    ids = [sorted(record["id"] for record in org.records()) for org in orgs]

    assert ids[0] == ids[1] != ids[2]


async def test_page_of_a_lead_shows_the_attribution_card(account: Account) -> None:
    lead_id = await account.create(
        LastName="<Lovelace>", Deep_Link_Campaign__c="summer", Deep_Link_Minutes_To_Convert__c=42
    )
    account.sandbox.people.edit(lead_id, {"Status": "Working - Contacted"})

    reply = await account.get(f"//lightning/r/{lead_id}/view")

    assert reply.status == 200
    for words in ("Deep Link Attribution", "&lt;Lovelace&gt;", "summer", ">42", "Working - Contacted"):
        assert words in reply.body
    assert "Sales team, 21 May 2026, 09:14 UTC" in reply.body
    assert "Integration, 21 May 2026, 09:14 UTC" in reply.body
    assert "Robin Vega" in reply.body or "Dana Okafor" in reply.body


async def test_table_shows_leads_and_contacts(account: Account) -> None:
    await account.create(LastName="Lovelace", Deep_Link_Campaign__c="summer-promo")
    await account.create("Contact", LastName="Babbage")

    reply = await account.get("//")

    for words in ("Lovelace", "Babbage", "summer-promo", "Deep Link Campaign", "Install Date"):
        assert words in reply.body
    assert KEY not in reply.body


async def test_settings_open_the_org() -> None:
    async with serve(SalesforceSandbox()) as running:
        settings = running.settings()

    assert settings.keys() == {"client_id", "client_secret", "provisioning_token", "base_url"}
    assert settings["base_url"] == running.url


async def test_an_insert_takes_no_longer_where_thousands_of_records_are(open_account: OpenAccount) -> None:
    """The quickest of each end are compared, so that a busy machine changes nothing."""
    account = await open_account(unlimited=True)
    batches = [
        [
            lead(
                f"k{number * 200 + index}",
                Deep_Link_Campaign__c="summer",
                Install_Date__c="2026-05-21T09:14:00Z",
            )
            for index in range(200)
        ]
        for number in range(30)
    ]

    took = []
    for records in batches:
        started = time.perf_counter()
        reply = await account.insert(*records, sforce_auto_assign="FALSE")
        took.append(time.perf_counter() - started)
        assert all(row["success"] for row in reply.body)

    assert len(account.sandbox.records()) == 6000
    assert min(took[-5:]) < 3 * min(took[:5])


async def test_two_orgs_run_side_by_side() -> None:
    async with serve(SalesforceSandbox()) as one, serve(SalesforceSandbox()) as two:
        assert one.url != two.url
