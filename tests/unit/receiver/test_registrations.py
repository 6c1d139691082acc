"""`POST /v1/registrations` over a real socket: who may, what is stored, what is refused and why."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOON, FakeClock, moment, until
from tests.support.signing import OTHER_SECRET, SECRET, headers_of, report
from tests.support.wire import Answer, request_bytes

from afterclick.config.secrets import SecretSource
from afterclick.errors import LedgerError
from afterclick.ledger.rows import EventState
from afterclick.model.registration import registration_key
from afterclick.receiver.keys import LOOK_EVERY

from .conftest import Receiver, Start, logged, source
from .test_connections import cuts

ADDRESS = "/v1/registrations"


def app(*secrets: str | SecretSource, **settings: Any) -> Any:
    return source(*(secrets or (SECRET,)), kind="app", **settings)


@pytest.fixture
async def api(start: Start) -> Receiver:
    """Return a receiver with one source `app` and one `tolinku`."""
    return await start({"app": app(), "tolinku": source()})


async def ask(
    receiver: Receiver, body: bytes, headers: dict[str, str] | None = None, **options: Any
) -> Answer:
    """Send a body, signed unless `headers` are given."""
    signed = headers_of(body, **options) if headers is None else headers
    return await receiver.ask(
        request_bytes(body, path=ADDRESS, headers={"X-Webhook-Signature": "", **signed})
    )


def told(answer: Answer) -> Any:
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.body)


async def refused(receiver: Receiver, **fields: Any) -> dict[str, str]:
    """Return the faults of a registration, by path."""
    answer = await ask(receiver, report(**fields))
    assert answer.status == 422
    found = told(answer)
    assert found["error"] == "invalid"
    assert receiver.ledger.events == []
    return {fault["path"]: fault["problem"] for fault in found["faults"]}


# Taken


async def test_registration_is_stored_before_the_answer(api: Receiver) -> None:
    body = report(email=" Ada@Example.com ", referral_code="Q7", registered_at="2026-05-21T11:30:00+01:00")
    answer = await ask(api, body, id="msg_ada")
    stored = api.ledger.events[0]

    assert (answer.status, told(answer)) == (200, {"status": "stored", "event": 1})
    assert (stored.source, stored.space, stored.type, stored.state) == (
        "app",
        "main",
        "registration",
        EventState.NEW,
    )
    assert (stored.bucket, stored.tie) == registration_key("main", "app", "msg_ada")
    assert (stored.occurred_at, stored.received_at, stored.time_replaced) == (moment("10:30"), NOON, False)
    assert stored.body == body
    assert api.counted("accepted", "app") == 1


async def test_time_of_receipt_counts_where_none_is_given(api: Receiver) -> None:
    await ask(api, report(user_id="u_1"))

    assert api.only.occurred_at == NOON


async def test_trailing_slash_is_no_redirect(api: Receiver) -> None:
    body = report()
    data = request_bytes(body, path=ADDRESS + "/", headers=headers_of(body))

    assert (await api.ask(data)).status == 200


async def test_backend_keeps_its_connection_when_the_port_is_full(start: Start) -> None:
    receiver = await start({"app": app()}, limits={"max_connections": 2})
    body = report()
    sender = await receiver.wire()
    for _ in range(3):
        await sender.send(request_bytes(body, path=ADDRESS, headers=headers_of(body)))
        assert (await sender.answer()).status == 200
        for _ in range(4):
            await (await receiver.wire()).send(b"POST")
    await until(lambda: cuts(receiver, "full") == 11)


async def test_retry_under_the_same_id_is_stored_once(api: Receiver, clock: FakeClock) -> None:
    body = report(user_id="u_1", email="ada@example.com")
    first = await ask(api, body)
    clock.jump(600.0)
    # The library signs a retry anew; another client may write the same in another order.
    again = await ask(api, body, at=clock.now())
    turned = await ask(api, report(email="ada@example.com", user_id="u_1"), at=clock.now())

    assert told(first) == {"status": "stored", "event": 1}
    assert told(again) == told(turned) == {"status": "duplicate", "event": 1}
    assert len(api.ledger.events) == 1
    assert api.counted("duplicate", "app") == 2


async def test_same_id_with_another_body_is_a_conflict(api: Receiver) -> None:
    await ask(api, report(user_id="u_1"))
    answer = await ask(api, report(user_id="u_2"))

    assert (answer.status, told(answer)["error"]) == (409, "conflict")
    assert b"u_1" in api.only.body
    assert api.counted("conflict", "app") == 1


async def test_two_ids_are_two_registrations(api: Receiver) -> None:
    assert [(await ask(api, report(), id=id)).status for id in ("a", "b")] == [200, 200]
    assert len(api.ledger.events) == 2


async def test_one_id_of_two_sources_is_two_registrations(start: Start) -> None:
    receiver = await start({"web": app(), "shop": app(OTHER_SECRET, space="shop")})
    for secret in (SECRET, OTHER_SECRET):
        assert (await ask(receiver, report(), secrets=(secret,))).status == 200

    assert [(event.source, event.space) for event in receiver.ledger.events] == [
        ("web", "main"),
        ("shop", "shop"),
    ]
    assert (receiver.counted("accepted", "web"), receiver.counted("accepted", "shop")) == (1, 1)


async def test_address_of_a_person_is_not_stored(start: Start) -> None:
    receiver = await start({"app": app()})
    body = report(user_id="u_1", properties={"ip": "203.0.113.9", "plan": "pro"})
    await ask(receiver, body)

    assert b"203.0.113.9" not in receiver.only.body
    assert told(await ask(receiver, body))["status"] == "duplicate"


async def test_ledger_that_fails_is_503_and_nothing_is_promised(api: Receiver) -> None:
    api.ledger.failure = LedgerError("disk full")
    answer = await ask(api, report())

    assert (answer.status, told(answer)["error"], answer.headers["retry-after"]) == (503, "unavailable", "5")
    api.ledger.failure = None
    assert (await ask(api, report())).status == 200


async def test_stopping_service_takes_none(api: Receiver) -> None:
    api.intake.stopping = True

    assert (await ask(api, report())).status == 503


async def test_answer_waits_for_the_commit(api: Receiver) -> None:
    api.ledger.gate = asyncio.Event()
    waiting = asyncio.ensure_future(ask(api, report()))
    await until(lambda: api.ledger.waiting == 1)
    assert not waiting.done()
    api.ledger.gate.set()

    assert (await waiting).status == 200


# Who may


async def test_any_secret_of_a_source_counts(start: Start) -> None:
    receiver = await start({"app": app(SECRET, OTHER_SECRET)})
    for id, secrets in (("a", (SECRET,)), ("b", (OTHER_SECRET,)), ("c", (OTHER_SECRET, SECRET))):
        assert (await ask(receiver, report(), id=id, secrets=secrets)).status == 200


async def test_webhook_of_the_sender_is_no_registration(api: Receiver) -> None:
    answer = await api.ask(request_bytes(report(), path=ADDRESS))

    assert (answer.status, told(answer)["error"]) == (401, "unverified")
    assert "webhook-id is missing" in told(answer)["message"]
    assert api.counted("unverified", "app") == 1


async def test_unsigned_request_is_counted_for_nobody_where_there_are_several(start: Start) -> None:
    receiver = await start({"web": app(), "shop": app(OTHER_SECRET)})
    await ask(receiver, report(), {})

    assert receiver.counted("unverified", "other") == 1


async def test_without_an_app_there_is_no_such_address(start: Start) -> None:
    receiver = await start()

    assert (await ask(receiver, report())).status == 404


async def test_secret_in_a_file_is_followed(start: Start, tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    receiver = await start({"app": app(SecretSource.of_file(file))})
    assert (await ask(receiver, report(), id="a")).status == 200
    file.write_text(OTHER_SECRET)

    assert (await ask(receiver, report(), id="b", secrets=(OTHER_SECRET,))).status == 200
    clock.jump(LOOK_EVERY)
    assert (await ask(receiver, report(), id="c")).status == 401


async def test_method_and_size_are_refused_in_json(start: Start) -> None:
    receiver = await start({"app": app()}, limits={"max_body": 1024})
    get = await receiver.ask(request_bytes(b"", method="GET", path=ADDRESS))
    large = await ask(receiver, report(user_id="u", company="x" * 2000))

    assert (get.status, get.headers["allow"], told(get)["error"]) == (405, "POST", "bad_method")
    assert (large.status, told(large)["error"]) == (413, "too_large")


async def test_log_holds_nothing_of_the_person(start: Start, log: io.StringIO) -> None:
    receiver = await start({"app": app()})
    body = report(user_id="u_1", email="ada@example.com")
    await ask(receiver, body)
    await ask(receiver, report(user_id="u_1", emial="ben@example.com"), id="b")
    await ask(receiver, body, headers_of(body, secrets=(OTHER_SECRET,)))
    lines = log.getvalue()

    assert [one["event"] for one in logged(log)][-3:] == [
        "delivery-accepted",
        "delivery-refused",
        "delivery-refused",
    ]
    for private in ("ada@", "ben@", "u_1", SECRET, "v1,"):
        assert private not in lines


# What is wrong with a body


async def test_every_fault_is_told_by_its_path(api: Receiver) -> None:
    faults = await refused(
        api,
        emial="ada@example.com",
        user_id=7,
        email="ada",
        first_name="",
        phone="0" * 51,
        registered_at="yesterday",
        referral_code=" Q7",
        platform="iphone",
        properties={"plan": ["pro"], "a b": 1, "note": "x" * 501},
    )

    assert faults["emial"] == "there is no such field; did you mean `email`?"
    assert faults["email"] == "must be an e-mail address of at most 254 characters"
    assert faults["platform"] == "must be ios, android, desktop or web"
    assert set(faults) == {
        "emial",
        "user_id",
        "email",
        "first_name",
        "phone",
        "registered_at",
        "referral_code",
        "platform",
        "properties.plan",
        "properties.a b",
        "properties.note",
    }
    assert api.counted("invalid", "app") == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"u_1"', b'{"user_id": "\\ud800"}', b"[" * 5000, b'{"user_id": NaN}']
)
async def test_body_that_is_no_object_is_told(api: Receiver, body: bytes) -> None:
    answer = await ask(api, body)

    assert answer.status == 422
    assert told(answer)["faults"] == [{"path": "", "problem": "must be a JSON object, as UTF-8"}]


@pytest.mark.parametrize("fields", [{"first_name": "Ada"}, {"user_id": None, "email": None, "token": "t"}])
async def test_registration_names_somebody(api: Receiver, fields: dict[str, Any]) -> None:
    assert (await refused(api, **fields))[""].startswith("must name somebody")


@pytest.mark.parametrize(
    "email",
    [
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "ada@example.",
        "ada@.com",
        "ada@exam ple.com",
        "a da@example.com",
        "ada@ben@example.com",
        "Ada <ada@example.com>",
        "ada@example.com, ben@example.com",
        "ada@exa\nmple.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 250 + ".com",
    ],
)
async def test_what_is_no_email_address_is_refused(api: Receiver, email: str) -> None:
    assert set(await refused(api, email=email)) == {"email"}


@pytest.mark.parametrize(
    "email",
    ["ada@example.com", "\tADA@EXAMPLE.COM \n", "o'neil+tag@mail.example.co.uk", "jörg@münchen.example"],
)
async def test_email_addresses_are_taken(api: Receiver, email: str) -> None:
    assert (await ask(api, report(email=email))).status == 200


@pytest.mark.parametrize(
    "user", ["", " ", "u 1 ", " u", "u\n", "u\x00", "x" * 256, True, 7, 1.5, ["u"], {"id": "u"}]
)
async def test_user_id_is_exact_text(api: Receiver, user: Any) -> None:
    assert "user_id" in await refused(api, user_id=user, email="ada@example.com")


@pytest.mark.parametrize(
    "at",
    [
        "soon",
        "2026-05-21",
        "2026-05-21T09:14:00",
        "1779354840",
        "2026-13-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2026-04-20T11:59:59Z",
        "2026-05-21T12:10:01Z",
        "2099-01-01T00:00:00Z",
    ],
)
async def test_bad_time_is_refused_and_not_replaced(api: Receiver, at: str) -> None:
    assert set(await refused(api, user_id="u_1", registered_at=at)) == {"registered_at"}


@pytest.mark.parametrize("at", ["2026-04-20T12:00:00Z", "2026-05-21T12:10:00.000Z", "2026-05-21T14:00+02:00"])
async def test_time_within_the_window_is_taken(api: Receiver, at: str) -> None:
    assert (await ask(api, report(user_id="u_1", registered_at=at))).status == 200


async def test_too_many_properties_are_refused(api: Receiver) -> None:
    properties = {f"p{number}": number for number in range(33)}

    assert set(await refused(api, user_id="u_1", properties=properties)) == {"properties"}


async def test_long_name_of_a_field_is_cut_in_the_answer(api: Receiver) -> None:
    [path] = await refused(api, user_id="u_1", **{"x" * 5000: 1})

    assert len(path) == 81


async def test_null_counts_as_absent(api: Receiver) -> None:
    fields = {"user_id": "u_1", "email": None, "properties": None, "registered_at": None, "platform": None}

    assert (await ask(api, report(**fields))).status == 200
