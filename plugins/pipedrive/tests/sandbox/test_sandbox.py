"""The emulator itself: people typed in, pages to look at, and a new start."""

from __future__ import annotations

import time
from typing import Any

import pytest

from afterclick.sandbox import Person, serve
from afterclick_pipedrive.sandbox import PipedriveSandbox
from afterclick_pipedrive.sandbox.options import Typed

from .conftest import Account, OpenAccount


async def test_people_were_typed_in_before(open_account: OpenAccount) -> None:
    typed = Typed("Grace Hopper", "grace@example.com", company="Navy")
    account = await open_account(people=(typed,), samples=9)

    listed = (await account.get("/persons", limit="500")).data

    assert len(listed) == 10
    assert listed[0]["name"] == "Grace Hopper"
    assert listed[0]["org_id"] is not None
    addresses = {person["emails"][0]["value"] for person in listed}
    assert len(addresses) == 10
    assert {person["owner_id"] for person in listed} == {13870102}


async def test_person_is_typed_in_over_http(account: Account) -> None:
    typed = {"first_name": "Grace", "last_name": "Hopper", "email": "grace@example.com", "company": "Navy"}

    reply = await account.send("POST", "//_sandbox/records", typed)
    nobody = await account.send("POST", "//_sandbox/records", {"phone": "+1 555 0100"})

    assert reply.status == 201
    person = (await account.get(f"/persons/{reply.body['id']}")).data
    assert (person["name"], person["emails"][0]["value"]) == ("Grace Hopper", "grace@example.com")
    assert (nobody.status, nobody.body["error"]) == (400, "a person needs a name")


async def test_sales_team_edits_and_deletes(account: Account) -> None:
    sandbox = account.sandbox
    person_id = sandbox.add_person("Ada", Campaign="summer")

    sandbox.edit_person(person_id, name="Ada Lovelace", Campaign="winter")
    edited = sandbox.person(person_id)
    sandbox.delete_person(person_id)

    assert edited is not None
    assert (edited["name"], edited["Campaign"], edited["is_deleted"]) == ("Ada Lovelace", "winter", False)
    deleted = sandbox.person(person_id)
    assert deleted is not None
    assert deleted["is_deleted"] is True
    assert sandbox.persons() == []


async def test_unknown_names_are_errors_of_the_test(account: Account) -> None:
    sandbox = account.sandbox

    with pytest.raises(KeyError, match="Kampagne"):
        sandbox.add_person("Ada", Kampagne="summer")
    with pytest.raises(KeyError):
        sandbox.delete_person(1)
    with pytest.raises(KeyError):
        sandbox.edit_deal(1, status="won")
    with pytest.raises(KeyError, match="Nowhere"):
        sandbox.stage_id("Nowhere", "New")
    assert sandbox.person(1) is None


async def test_table_shows_persons_with_what_afterclick_wrote(account: Account) -> None:
    campaign, day = account.code("Campaign"), account.code("Install date")
    person_id = await account.create(
        emails=[{"value": "ada@example.com"}], custom_fields={campaign: "<summer>", day: "2026-05-21"}
    )
    await account.post("/deals", title="Ada: deep link", person_id=person_id, status="won")

    page = (await account.get("//")).body

    for words in ("Ada Lovelace", "ada@example.com", "Campaign", "&lt;summer&gt;", "2026-05-21", "Deal won"):
        assert words in page
    (record,) = account.sandbox.records()
    assert (record["id"], record["kind"], record["origin"]) == (str(person_id), "person", "Robin Vega")
    assert record["properties"][campaign] == "<summer>"
    assert record["url"] == f"{account.sandbox.base_url}/person/{person_id}"


async def test_page_of_a_person_shows_all_that_hangs_on_it(account: Account) -> None:
    key = account.sandbox.field_code("Deep link key", "deal")
    person_id = account.sandbox.add_person("Ada Lovelace", company="Analytical Engines", Campaign="summer")
    await account.patch(f"/persons/{person_id}", custom_fields={account.code("Campaign"): "winter"})
    await account.post("/deals", title="Ada: deep link", person_id=person_id, custom_fields={key: "d1"})
    await account.send("POST", "//v1/leads", {"title": "From a link", "person_id": person_id})
    await account.send("POST", "//v1/notes", {"content": "Tapped a link", "person_id": person_id})

    page = await account.get(f"//person/{person_id}")

    assert page.status == 200
    for words in (
        "Analytical Engines",
        "Dana Okafor",
        "winter",
        "Deal: Ada: deep link",
        "Pipeline: Qualified",
        "d1",
        "From a link",
        "Tapped a link",
        "Campaign: summer",
        "Sales team",
    ):
        assert words in page.body, words
    await account.delete(f"/persons/{person_id}")
    assert "archived" in (await account.get(f"//person/{person_id}")).body
    assert (await account.get("//person/1")).status == 404


async def test_options_of_a_field_are_shown_by_their_labels(account: Account) -> None:
    field = account.sandbox.add_field("Way", "enum", options=("By link",))
    assert field.options is not None
    person_id = await account.create(custom_fields={field.field_code: field.options[0].id})

    assert "By link" in (await account.get(f"//person/{person_id}")).body


async def test_lead_is_told_in_the_table(account: Account) -> None:
    person_id = account.sandbox.add_person("Ada Lovelace")
    await account.send("POST", "//v1/leads", {"title": "From a link", "person_id": person_id})

    assert account.sandbox.records()[0]["badge"] == "Lead"


async def test_reset_starts_again(open_account: OpenAccount) -> None:
    account = await open_account(samples=2, burst=1)
    first = {person["id"] for person in account.sandbox.persons()}
    code = account.code("Campaign")
    await account.create()
    await account.get("/persons")

    await account.send("POST", "//_sandbox/reset")

    assert {person["id"] for person in account.sandbox.persons()} != set()
    assert account.sandbox.counts()["violations"]["burst"] == account.sandbox.tokens_spent == 0
    assert (await account.get(f"/personFields/{code}")).status == 404
    assert len(first) == len(account.sandbox.persons()) == 2


async def test_typed_person_needs_no_last_name() -> None:
    sandbox = PipedriveSandbox()

    by_name = sandbox.person(int(sandbox.type_in(Person(first_name="Ada"))))
    by_address = sandbox.person(int(sandbox.type_in(Person(email="ada@example.com"))))

    assert by_name is not None
    assert by_address is not None
    assert (by_name["name"], by_address["name"]) == ("Ada", "ada@example.com")


async def test_a_create_takes_no_longer_where_many_persons_are(open_account: OpenAccount) -> None:
    """The quickest of each end are compared, so that a busy machine changes nothing."""
    account = await open_account(unlimited=True)
    key = account.code("Deep link key")

    took = []
    for number in range(400):
        started = time.perf_counter()
        await account.create(custom_fields={key: f"k{number}"})
        took.append(time.perf_counter() - started)
    params: dict[str, Any] = {"entity_type": "person", "field": key, "term": "k399"}

    assert len((await account.get("/itemSearch/field", **params)).data) == 1
    assert min(took[-50:]) < 3 * min(took[:50])


async def test_two_companies_run_side_by_side() -> None:
    async with serve(PipedriveSandbox()) as one, serve(PipedriveSandbox()) as two:
        assert one.url != two.url
