"""Answers as the OpenAPI documents have them: the client of every test here holds each against them."""

from __future__ import annotations

import jsonschema
import pytest

from . import documents
from .conftest import OpenAccount


async def test_what_is_unset_may_be_left_out_as_in_the_documents(open_account: OpenAccount) -> None:
    account = await open_account(nulls=False)
    ada, stub = await account.create("Ada"), await account.create("Stub")
    deal = (await account.post("/deals", title="D", person_id=ada)).data
    lead = (await account.send("POST", "//v1/leads", {"title": "L", "person_id": ada})).data
    note = (await account.send("POST", "//v1/notes", {"content": "N", "person_id": ada})).data
    person = (await account.get(f"/persons/{ada}")).data
    listed = await account.get("/persons")
    field = (await account.get("/personFields")).data[-1]
    hits = (await account.get("/itemSearch", term="Ada")).data["items"]
    merged = (await account.send("PUT", f"//v1/persons/{stub}/merge", {"merge_with_id": ada})).data

    assert "org_id" not in person
    assert "next_cursor" not in listed.body["additional_data"]
    assert set(person["custom_fields"].values()) == {None}
    assert "won_time" not in deal
    assert "value" not in lead
    assert "deal_id" not in note
    assert "options" not in field
    assert "organization" not in hits[0]["item"]
    assert "org_id" not in merged


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": {"id": "7"}},
        {"data": {"id": 7, "name": "Ada"}},
        {"success": False, "data": {"id": 7}},
        {"data": {"id": None}},
    ],
)
def test_the_check_refuses_what_no_document_has(wrong: dict[str, object]) -> None:
    documents.check("DELETE", "/api/v2/persons/7", {"success": True, "data": {"id": 7}})

    with pytest.raises(jsonschema.ValidationError):
        documents.check("DELETE", "/api/v2/persons/7", {"success": True, **wrong})
    with pytest.raises(AssertionError, match="no document"):
        documents.check("GET", "/api/v2/people", {})
