"""Batch read, create, update, upsert and archive: who is written, and how failures are told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from . import shapes
from .conftest import KEY, Account, OpenAccount, keyed


def keys(reply_body: Any) -> list[str]:
    return [result["properties"][KEY] for result in reply_body["results"]]


async def test_upsert_makes_a_contact_and_then_finds_it(account: Account) -> None:
    first = await account.batch("upsert", keyed("k1", lastname="Lovelace"))
    second = await account.batch("upsert", keyed("k1", firstname="Ada"))

    (made,), (found,) = first.body["results"], second.body["results"]
    assert (first.status, second.status) == (200, 200)
    assert (made["new"], found["new"]) == (True, False)
    assert made["id"] == found["id"] == made["properties"]["hs_object_id"]
    assert found["properties"][KEY] == "k1"
    assert account.contact(made["id"])["lastname"] == "Lovelace"


async def test_answer_to_a_create_holds_what_hubspot_adds(account: Account) -> None:
    reply = await account.batch("create", {"properties": {"email": "Ada@Example.com", "lastname": "L"}})

    (result,) = reply.body["results"]
    assert reply.status == 201
    assert set(result) == {"id", "properties", "createdAt", "updatedAt", "archived", "url"}
    assert result["createdAt"] == "2026-05-21T09:14:00Z"
    assert (
        result["properties"]
        | {
            "email": "ada@example.com",
            "createdate": "2026-05-21T09:14:00Z",
            "lastmodifieddate": "2026-05-21T09:14:00Z",
            "hs_object_id": result["id"],
            "hs_object_source": "INTEGRATION",
            "hs_email_domain": "example.com",
            "lifecyclestage": "lead",
        }
        == result["properties"]
    )


async def test_answer_to_an_update_holds_what_was_sent_and_a_few_more(account: Account) -> None:
    contact_id = await account.create(email="ada@example.com", firstname="Ada", lastname="L")

    reply = await account.batch("update", {"id": contact_id, "properties": {"firstname": "Augusta"}})

    properties = reply.body["results"][0]["properties"]
    assert properties["firstname"] == "Augusta"
    assert properties["lifecyclestage"] == "lead"
    assert "lastname" not in properties


async def test_results_do_not_come_in_the_order_of_the_inputs(account: Account) -> None:
    names = [f"k{index}" for index in range(5)]

    written = await account.batch("upsert", *(keyed(name) for name in names))
    read = await account.batch("read", *({"id": name} for name in names), idProperty=KEY, properties=[KEY])

    for reply in (written, read):
        assert keys(reply.body) != names
        assert sorted(keys(reply.body)) == names


@pytest.mark.parametrize("echo", [False, True])
async def test_results_repeat_trace_ids_only_if_the_account_does(
    open_account: OpenAccount, echo: bool
) -> None:
    account = await open_account(echo_trace_ids=echo)

    reply = await account.batch("upsert", keyed("k1", "t1"))

    assert reply.body["results"][0].get("objectWriteTraceId") == ("t1" if echo else None)


async def test_trace_ids_let_the_good_ones_through(account: Account) -> None:
    reply = await account.batch("upsert", keyed("k1", "t1", lastname="L"), keyed("k2", "t2", nope="1"))

    assert reply.status == 207
    assert keys(reply.body) == ["k1"]
    (error,) = reply.body["errors"]
    assert reply.body["numErrors"] == 1
    assert (error["status"], error["category"]) == ("error", "VALIDATION_ERROR")
    assert error["context"] == {"objectWriteTraceId": ["t2"]}
    assert error["errors"] == [shapes.unknown_property("nope")]
    assert account.sandbox.contact_by_key("k2") is None


@pytest.mark.parametrize("traces", [(None, None), ("t1", None)])
async def test_one_bad_record_rejects_all_without_a_trace_id_each(
    account: Account, traces: tuple[str | None, str | None]
) -> None:
    reply = await account.batch("upsert", keyed("k1", traces[0]), keyed("k2", traces[1], nope="1"))

    assert reply.status == 400
    assert reply.body["category"] == "VALIDATION_ERROR"
    assert account.sandbox.contacts() == []


async def test_value_errors_are_all_in_the_message_and_once_each_in_errors(account: Account) -> None:
    reply = await account.batch(
        "create",
        {"properties": {"nope": "1", "install_date": "soon"}},
        {"properties": {"nope": "2", "lastname": "L"}},
    )

    assert reply.status == 400
    head, _, listed = reply.body["message"].partition(": ")
    assert head == "Property values were not valid"
    assert msgspec.json.decode(listed) == [
        {
            "isValid": False,
            "message": 'Property "nope" does not exist',
            "error": "PROPERTY_DOESNT_EXIST",
            "name": "nope",
        },
        {
            "isValid": False,
            "message": "soon was not a valid date.",
            "error": "INVALID_DATE",
            "name": "install_date",
        },
        {
            "isValid": False,
            "message": 'Property "nope" does not exist',
            "error": "PROPERTY_DOESNT_EXIST",
            "name": "nope",
        },
    ]
    assert [error["code"] for error in reply.body["errors"]] == ["PROPERTY_DOESNT_EXIST", "INVALID_DATE"]


async def test_same_trace_id_twice_is_refused(account: Account) -> None:
    assert (await account.batch("upsert", keyed("k1", "t"), keyed("k2", "t"))).status == 400


@pytest.mark.parametrize("trace", [None, "t"])
async def test_same_id_twice_rejects_all_even_with_trace_ids(account: Account, trace: str | None) -> None:
    traces = [None, None] if trace is None else ["t1", "t2"]

    reply = await account.batch("upsert", keyed("k1", traces[0]), keyed("k1", traces[1]))

    assert reply.status == 400
    assert shapes.without_id(reply.body) == shapes.repeated_ids("k1")
    assert account.sandbox.contacts() == []


async def test_addresses_that_differ_in_case_are_one_id(account: Account) -> None:
    both = ("a@x.example", "A@X.example")

    reply = await account.batch("upsert", *({"id": a, "idProperty": "email", "properties": {}} for a in both))

    assert shapes.without_id(reply.body) == shapes.repeated_ids("a@x.example")


@pytest.mark.parametrize("verb", ["update", "upsert"])
@pytest.mark.parametrize("name", ["lastname", "hs_object_id", "nope"])
async def test_only_unique_properties_can_be_keys(account: Account, verb: str, name: str) -> None:
    reply = await account.batch(verb, {"id": "x", "idProperty": name, "properties": {"lastname": "L"}})

    assert reply.status == 400
    message = f"Unable to perform update/upsert by non-unique 0-1 property {name}"
    assert reply.body["message"].startswith(message)


@pytest.mark.parametrize(
    "bad",
    [
        {"id": 5, "idProperty": KEY, "properties": {}},
        {"id": "k1", "idProperty": KEY, "properties": {"minutes": 5}},
        {"id": "k1", "idProperty": KEY, "properties": {"lastname": None}},
        {"id": "k1", "idProperty": KEY, "properties": []},
        {"idProperty": KEY, "properties": {}},
    ],
)
async def test_ids_and_values_must_be_strings(account: Account, bad: Any) -> None:
    reply = await account.batch("upsert", keyed("k2", lastname="L"), bad)

    assert reply.status == 400
    assert reply.body["message"].startswith("Invalid input JSON on line 1, column 1")
    assert "category" not in reply.body
    assert account.sandbox.contacts() == []


async def test_more_than_100_inputs_are_refused(account: Account) -> None:
    assert (await account.batch("upsert", *(keyed(f"k{i}") for i in range(100)))).status == 200
    assert (await account.batch("upsert", *(keyed(f"m{i}") for i in range(101)))).status == 400
    assert len(account.sandbox.contacts()) == 100


async def test_former_values_are_read_50_at_a_time(account: Account) -> None:
    ids = [{"id": str(index)} for index in range(51)]

    assert (await account.batch("read", *ids, propertiesWithHistory=["email"])).status == 400
    assert (await account.batch("read", *ids[1:], propertiesWithHistory=["email"])).status == 207


async def test_no_inputs_are_a_success_with_empty_lists(account: Account) -> None:
    reply = await account.batch("upsert")

    assert reply.status == 200
    assert (reply.body["status"], reply.body["results"]) == ("COMPLETE", [])


async def test_missing_record_of_an_update_is_named_by_its_id_only(account: Account) -> None:
    contact_id = await account.create(lastname="L")

    reply = await account.batch(
        "update",
        {"id": contact_id, "properties": {"lastname": "M"}, "objectWriteTraceId": "0"},
        {"id": "888", "properties": {"lastname": "M"}, "objectWriteTraceId": "1"},
    )

    assert reply.status == 207
    assert reply.body["errors"] == [shapes.missing_item("888")]
    assert account.contact(contact_id)["lastname"] == "M"


async def test_missing_record_rejects_an_update_without_trace_ids(account: Account) -> None:
    contact_id = await account.create(lastname="L")

    reply = await account.batch(
        "update",
        {"id": contact_id, "properties": {"lastname": "M"}},
        {"id": "888", "properties": {"lastname": "M"}},
        {"id": "k9", "idProperty": KEY, "properties": {"lastname": "M"}},
    )

    assert reply.status == 404
    assert reply.body["context"] == {
        "ids": ["888"],
        "missingObjectPropertyValueCoordinates": [f"0-1-{KEY}:k9"],
    }
    assert account.contact(contact_id)["lastname"] == "L"


async def test_missing_records_of_a_read_share_one_error_item(account: Account) -> None:
    await account.batch("upsert", keyed("k1"))

    reply = await account.batch("read", {"id": "k1"}, {"id": "k2"}, {"id": "k3"}, idProperty=KEY)

    assert reply.status == 207
    assert reply.body["errors"] == [shapes.missing_item("k2", "k3")]
    assert reply.body["numErrors"] == 1
    assert len(reply.body["results"]) == 1


async def test_read_gives_null_for_what_is_missing_and_passes_over_unknown_names(account: Account) -> None:
    contact_id = await account.create(lastname="L")

    reply = await account.batch("read", {"id": contact_id}, properties=["lastname", "phone", "nope"])

    properties = reply.body["results"][0]["properties"]
    assert set(properties) == {"lastname", "phone", "createdate", "hs_object_id", "lastmodifieddate"}
    assert (properties["lastname"], properties["phone"]) == ("L", None)


async def test_read_returns_the_values_that_a_property_had(account: Account) -> None:
    contact_id = account.sandbox.add_contact({"lastname": "L"})
    account.clock.seconds = 60
    await account.patch(f"/{contact_id}", {"lastname": "M"})

    reply = await account.batch("read", {"id": contact_id}, propertiesWithHistory=["lastname"])

    history = reply.body["results"][0]["propertiesWithHistory"]["lastname"]
    assert [(old["value"], old["sourceType"], old["timestamp"]) for old in history] == [
        ("M", "INTEGRATION", "2026-05-21T09:15:00Z"),
        ("L", "CRM_UI", "2026-05-21T09:14:00Z"),
    ]


async def test_upsert_by_a_wrong_address_is_a_value_error(account: Account) -> None:
    reply = await account.batch("upsert", {"id": "nobody", "idProperty": "email", "properties": {}})

    assert reply.status == 400
    assert reply.body["errors"][0]["code"] == "INVALID_EMAIL"


async def test_archive_passes_over_what_is_not_there(account: Account) -> None:
    contact_id = await account.create(lastname="L")

    reply = await account.batch("archive", {"id": contact_id}, {"id": "888"})

    assert (reply.status, reply.body) == (204, "")
    assert account.sandbox.contacts() == []


async def test_object_type_can_be_given_by_number(account: Account) -> None:
    reply = await account.post("//crm/objects/2026-09/0-1/batch/upsert", {"inputs": [keyed("k1")]})

    assert reply.status == 200
    assert "POST /crm/objects/{version}/contacts/batch/upsert" in account.sandbox.counts()["routes"]
