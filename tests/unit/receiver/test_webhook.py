"""What becomes of a delivery: answered, stored, counted."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.clock import FakeClock, moment, until
from tests.support.deliveries import Delivery, deliveries, secret
from tests.support.wire import PATH, payload, request_bytes, signature

from afterclick.config.secrets import SecretSource
from afterclick.errors import LedgerError
from afterclick.ledger.rows import EventState
from afterclick.model.event import dedupe_key
from afterclick.receiver.keys import LOOK_EVERY

from .conftest import Receiver, Start, logged, source

OTHER = "whsec_77aa0d51b7a8ffff"


# Taken


@pytest.mark.parametrize("delivery", deliveries(), ids=lambda one: one.id)
async def test_sample_deliveries_are_taken(
    start: Start, http: aiohttp.ClientSession, delivery: Delivery
) -> None:
    receiver = await start({"tolinku": source(secret())})
    headers = {"X-Webhook-Signature": delivery.mac, "X-Webhook-Event": delivery.type}
    url = f"http://127.0.0.1:{receiver.port}{PATH}"
    async with http.post(url, data=delivery.body, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 200

    assert receiver.only.state is not EventState.FAILED
    assert receiver.only.source == "tolinku"


async def test_event_is_stored_as_it_will_be_folded(receiver: Receiver, clock: FakeClock) -> None:
    body = payload(token="spring-24")

    assert await receiver.deliver(body) == 200
    bucket, tie = dedupe_key("main", "tolinku", body, moment("09:14"))
    stored = receiver.only
    assert (stored.space, stored.source, stored.type, stored.body) == (
        "main",
        "tolinku",
        "install.tracked",
        body,
    )
    assert (stored.bucket, stored.tie) == (bucket, tie)
    assert (stored.occurred_at, stored.received_at) == (moment("09:14"), clock.now())
    assert (stored.state, stored.reason, stored.time_replaced) == (EventState.NEW, None, False)


async def test_answer_is_tiny_and_dated(receiver: Receiver, clock: FakeClock) -> None:
    answer = await receiver.ask(request_bytes(payload()))

    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.headers["date"] == "Thu, 21 May 2026 12:00:00 GMT"
    assert answer.headers["server"] == "afterclick"

    clock.jump(61.0)
    later = await receiver.ask(request_bytes(payload(token="later")))

    assert later.headers["date"] == "Thu, 21 May 2026 12:01:01 GMT"


async def test_retry_is_answered_like_the_first_and_stored_once(receiver: Receiver) -> None:
    body = payload(token="a")

    assert [await receiver.deliver(body) for _ in range(4)] == [200] * 4
    assert len(receiver.ledger.events) == 1
    assert (receiver.counted("accepted"), receiver.counted("duplicate")) == (1, 3)


async def test_answer_waits_for_the_commit(receiver: Receiver) -> None:
    receiver.ledger.gate = asyncio.Event()
    wires = [await receiver.wire() for _ in range(5)]
    for number, wire in enumerate(wires):
        await wire.send(request_bytes(payload(token=str(number))))
    await until(lambda: receiver.ledger.waiting == 5)
    assert receiver.counted("accepted") == 0

    receiver.ledger.gate.set()

    assert [(await wire.answer()).status for wire in wires] == [200] * 5


async def test_event_is_stored_though_its_sender_has_gone(receiver: Receiver) -> None:
    receiver.ledger.gate = asyncio.Event()
    wire = await receiver.wire()
    await wire.send(request_bytes(payload()))
    await until(lambda: receiver.ledger.waiting == 1)
    await wire.close()
    receiver.ledger.gate.set()
    await until(lambda: len(receiver.ledger.events) == 1)
    receiver.ledger.gate = None

    assert await receiver.deliver(payload(token="next")) == 200


@pytest.mark.parametrize("form", ["{}", "sha256={}", "SHA256={}", "  {}\t"])
async def test_signature_comes_in_two_forms(receiver: Receiver, form: str) -> None:
    body = payload()

    assert await receiver.deliver(body, headers={"X-Webhook-Signature": form.format(signature(body))}) == 200


@pytest.mark.parametrize("prefix", ["", "SHA256="])
async def test_signature_may_be_upper_case(receiver: Receiver, prefix: str) -> None:
    body = payload()
    headers = {"X-Webhook-Signature": prefix + signature(body).upper()}

    assert await receiver.deliver(body, headers=headers) == 200


async def test_body_counts_where_the_unsigned_header_disagrees(receiver: Receiver) -> None:
    await receiver.deliver(payload("install.tracked"), headers={"X-Webhook-Event": "referral.completed"})

    assert receiver.only.type == "install.tracked"


@pytest.mark.parametrize(
    "path", ["/webhooks/tolinku", "/webhooks/tolinku/", "/webhooks/tolinku?x=1", "/webhooks/%74olinku"]
)
async def test_path_is_taken_with_and_without_a_slash(receiver: Receiver, path: str) -> None:
    assert await receiver.deliver(payload(), path=path) == 200


# Well signed, but no event to fold


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body is not JSON"),
        (b"not JSON", "the body is not JSON"),
        (b"\xff\xfe\x00", "the body is not JSON"),
        (b"[]", "the body is not an object"),
        (b'"text"', "the body is not an object"),
        (payload(None), "the body names no event"),
        (payload({"a": 1}), "the body names no event"),
        (payload(5), "the body names no event"),
        (b'{"event":"install.tracked","data":[]}', "data is not an object"),
        (b'{"event":"install.tracked","data":[1]}', "data is not an object"),
        (b'{"event":"install.tracked","data":"x"}', "data is not an object"),
        (b"[" * 1500, "the body is not JSON"),
    ],
)
async def test_body_that_is_no_event_is_kept_with_the_reason(
    receiver: Receiver, body: bytes, reason: str
) -> None:
    assert [await receiver.deliver(body) for _ in range(2)] == [200, 200]
    assert (receiver.only.state, receiver.only.reason, receiver.only.body) == (
        EventState.INVALID,
        reason,
        body,
    )
    assert (receiver.counted("invalid"), receiver.counted("duplicate")) == (1, 1)


@pytest.mark.parametrize("data", [b"null", b"{}", b'{"token":"a\\u0000\\ud83c"}', b'{"token":["a"]}'])
async def test_event_with_odd_data_or_none_is_an_event(receiver: Receiver, data: bytes) -> None:
    assert await receiver.deliver(b'{"event":"install.tracked","data":%b}' % data) == 200
    assert receiver.only.state is EventState.NEW


@pytest.mark.parametrize(
    ("type", "reason"),
    [
        ("test", "a test"),
        ("ecommerce.purchase", "events of the shop are not used yet"),
        ("referral.expired", "an unknown type"),
        ("registration", "an unknown type"),
        ("é" * 300, "an unknown type"),
    ],
)
async def test_types_that_nobody_folds_are_kept_and_ignored(
    receiver: Receiver, type: str, reason: str
) -> None:
    assert await receiver.deliver(payload(type)) == 200
    assert (receiver.only.state, receiver.only.reason) == (EventState.IGNORED, reason)
    assert receiver.counted("ignored") == 1


@pytest.mark.parametrize("at", ["1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "yesterday", None, {}])
async def test_absurd_time_is_replaced_and_flagged(receiver: Receiver, clock: FakeClock, at: Any) -> None:
    assert await receiver.deliver(payload(at=at)) == 200
    assert (receiver.only.occurred_at, receiver.only.time_replaced) == (clock.now(), True)


# Refused


@pytest.mark.parametrize(
    "header",
    [
        "",
        "wrong",
        "sha256=",
        "0" * 63,
        "0" * 64,
        "0" * 65,
        "g" * 64,
        "sha256=" + "g" * 64,
        "é" * 64,
        "\xff" * 64,
        "0" * 6000,
        "sha256=sha256=" + "0" * 64,
        "md5=" + signature(payload()),
        signature(payload(), OTHER),
        signature(payload())[:-1],
        signature(payload()) + "0",
    ],
)
async def test_missing_or_malformed_signature_is_refused(receiver: Receiver, header: str) -> None:
    assert await receiver.deliver(payload(), headers={"X-Webhook-Signature": header}) == 401
    assert receiver.ledger.events == []
    assert receiver.counted("unverified") == 1


async def test_header_larger_than_http_bears_is_refused(receiver: Receiver) -> None:
    assert await receiver.deliver(payload(), headers={"X-Webhook-Signature": "0" * 70_000}) == 400
    assert receiver.ledger.events == []


RIGHT = signature(payload())


@pytest.mark.parametrize(("one", "two"), [(RIGHT, RIGHT), (RIGHT, "0" * 64), ("0" * 64, "1" * 64)])
async def test_doubled_signature_is_refused(receiver: Receiver, one: str, two: str) -> None:
    headers = {"X-Webhook-Signature": one, "x-webhook-signature": two}

    assert await receiver.deliver(payload(), headers=headers) == 401
    assert receiver.ledger.events == []


async def test_changed_body_is_refused(receiver: Receiver) -> None:
    assert (
        await receiver.deliver(payload(token="b"), headers={"X-Webhook-Signature": signature(payload())})
        == 401
    )


@pytest.mark.parametrize("path", [PATH, PATH + "/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_refused(receiver: Receiver, method: str, path: str) -> None:
    wire = await receiver.wire()
    await wire.send(request_bytes(method=method, path=path))
    head = (await wire.reader.readuntil(b"\r\n\r\n")).decode()

    assert " 405 " in head
    assert "Allow: POST" in head
    assert receiver.counted("bad_method") == 1


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/webhooks",
        "/webhooks/",
        "/webhooks/other",
        "/webhooks/tolinku/x",
        "/webhooks/backend",
        "//",
        "/metrics",
    ],
)
async def test_unknown_path_is_not_found(start: Start, path: str) -> None:
    receiver = await start({"tolinku": source(), "backend": source(kind="app")})

    assert await receiver.deliver(payload(), path=path) == 404
    assert receiver.counted("unknown_source", "other") == 1


@pytest.mark.parametrize("failure", [LedgerError("the disk is full"), OSError("gone"), RuntimeError("a bug")])
async def test_event_that_cannot_be_stored_is_asked_for_again(receiver: Receiver, failure: Exception) -> None:
    body = payload()
    receiver.ledger.failure = failure
    answer = await receiver.ask(request_bytes(body))

    assert (answer.status, int(answer.headers["retry-after"]) > 0) == (503, True)
    assert receiver.counted("unavailable") == 1

    receiver.ledger.failure = None

    assert await receiver.deliver(body) == 200


async def test_stopping_receiver_asks_to_come_again(receiver: Receiver) -> None:
    receiver.intake.stopping = True
    answer = await receiver.ask(request_bytes(payload()))

    assert (answer.status, "retry-after" in answer.headers) == (503, True)
    assert receiver.ledger.events == []


# Sources and their secrets


async def test_sources_have_their_own_secrets_and_spaces(start: Start) -> None:
    receiver = await start({"shop": source(), "club": source(OTHER, space="club")})
    body = payload(token="a")
    with_other = {"X-Webhook-Signature": signature(body, OTHER)}

    assert await receiver.deliver(body, path="/webhooks/shop") == 200
    assert await receiver.deliver(body, path="/webhooks/club") == 401
    assert await receiver.deliver(body, path="/webhooks/club/", headers=with_other) == 200
    assert [(event.source, event.space) for event in receiver.ledger.events] == [
        ("shop", "main"),
        ("club", "club"),
    ]


async def test_any_secret_of_a_source_is_taken(start: Start) -> None:
    receiver = await start({"tolinku": source(OTHER, "whsec_3f9c0d51b7a84e62")})
    body = payload()

    assert await receiver.deliver(body) == 200
    assert await receiver.deliver(body, headers={"X-Webhook-Signature": signature(body, OTHER)}) == 200


async def test_secret_in_a_file_is_rotated_without_a_restart(
    start: Start, tmp_path: Path, clock: FakeClock, log: io.StringIO
) -> None:
    path = tmp_path / "secret"
    path.write_text("whsec_3f9c0d51b7a84e62", encoding="utf-8")
    receiver = await start({"tolinku": source(SecretSource.of_file(path))})
    body = payload()
    with_new = {"X-Webhook-Signature": signature(body, OTHER)}
    assert await receiver.deliver(body) == 200
    assert await receiver.deliver(body, headers=with_new) == 401

    path.write_text(OTHER, encoding="utf-8")

    assert await receiver.deliver(body, headers=with_new) == 200
    assert await receiver.deliver(body) == 401

    path.unlink()
    clock.jump(LOOK_EVERY)

    assert await receiver.deliver(body, headers=with_new) == 200
    told = [line["event"] for line in logged(log) if line["event"].startswith("secret")]
    assert told == ["secret-changed", "secret-unreadable"]
