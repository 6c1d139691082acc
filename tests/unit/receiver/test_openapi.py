"""The OpenAPI document says what the receiver does: of bodies that it takes, and of answers that it gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.docs.openapi import document
from tests.support.clock import NOON
from tests.support.signing import SECRET, headers_of, report
from tests.support.strategies import more
from tests.support.wire import request_bytes

from afterclick.errors import LedgerError
from afterclick.model.registration import Registration
from afterclick.receiver.registrations import ADDRESS, read_registration

from .conftest import Receiver, Start, source

DOCUMENT = document()


def validator(name: str) -> Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_schemas_are_json_schemas(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_example_of_the_document_is_taken() -> None:
    content = DOCUMENT["paths"][ADDRESS]["post"]["requestBody"]["content"]["application/json"]
    registration, faults = read_registration(json.dumps(content["example"]).encode(), NOON)

    assert (registration is None, faults) == (False, [])


# Bodies

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=12),
    st.sampled_from(
        (
            "ada@example.com",
            " Ada@Example.com\n",
            "ada@example",
            "u_1",
            "u_1\n",
            " u_1",
            "a\u0000b",
            "a\u0085b",
            "a\u00a0b",
            "\u3000",
            "x" * 50,
            "x" * 51,
            "x" * 200,
            "x" * 201,
            "x" * 255,
            "x" * 256,
            "x" * 1025,
            "ios",
            "iOS",
            "/promo/may",
        )
    ),
)
PROPERTIES = st.dictionaries(
    st.one_of(st.sampled_from(("plan", "a.b", "a b", "x" * 64, "x" * 65, "", "p\n")), st.text(max_size=3)),
    st.one_of(VALUES, st.just("x" * 500), st.just("x" * 501), st.lists(VALUES, max_size=1)),
    max_size=4,
)
# Times are told apart by the receiver only: no schema knows what time it is.
NAMES = tuple(name for name in Registration.__struct_fields__ if name != "registered_at")
BODIES = st.dictionaries(
    st.one_of(st.sampled_from(NAMES), st.just("emial")), st.one_of(VALUES, PROPERTIES), max_size=4
)


@more(5)
@given(st.one_of(BODIES, BODIES.map(lambda body: {"user_id": "u_1", **body})))
def test_document_and_receiver_agree_about_bodies(body: dict[str, Any]) -> None:
    registration, faults = read_registration(json.dumps(body).encode(), NOON)

    assert validator("Registration").is_valid(body) == (registration is not None), faults


# Answers


async def answers(receiver: Receiver) -> list[tuple[int, Any]]:
    """Provoke every answer there is."""

    async def ask(body: bytes, headers: dict[str, str], method: str = "POST") -> None:
        data = request_bytes(
            body, method=method, path=ADDRESS, headers={"X-Webhook-Signature": "", **headers}
        )
        answer = await receiver.ask(data)
        found.append((answer.status, json.loads(answer.body)))

    found: list[tuple[int, Any]] = []
    body = report(user_id="u_1")
    await ask(body, headers_of(body))
    await ask(body, headers_of(body))
    other = report(user_id="u_2", properties={})
    await ask(other, headers_of(other))
    await ask(body, {})
    wrong = report(emial="x", email="x")
    await ask(wrong, headers_of(wrong))
    await ask(b"", {}, method="GET")
    await ask(b"x" * 2000, {})
    await ask(b"breaks off", {"Content-Length": "500"})
    receiver.ledger.failure = LedgerError("disk full")
    await ask(body, headers_of(body))
    return found


async def test_every_answer_is_as_documented(start: Start) -> None:
    receiver = await start(
        {"app": source(SECRET, kind="app")}, limits={"max_body": 1024, "body_timeout": 0.05}
    )
    found = await answers(receiver)
    documented = DOCUMENT["paths"][ADDRESS]["post"]["responses"]

    assert {str(status) for status, _ in found} == set(documented)
    for status, answer in found:
        reference = documented[str(status)]["content"]["application/json"]["schema"]["$ref"]
        validator(reference.rpartition("/")[2]).validate(answer)
        if status != 200:
            assert documented[str(status)]["description"].startswith(f"`{answer['error']}`")
