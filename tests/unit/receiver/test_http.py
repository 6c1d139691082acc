"""HTTP at its edges: sizes, slowness, broken and odd clients, and how many of them there may be."""

from __future__ import annotations

import asyncio
import io

import pytest
from aiohttp import web
from tests.support.clock import until
from tests.support.wire import payload, request_bytes, signature

from afterclick.config.model import Server
from afterclick.receiver.limits import Limits

from .conftest import Receiver, Start, logged

LIMIT = 2048


def chunked(*chunks: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    """Return a request whose body comes in chunks, signed over all of them."""
    headers = {
        "Content-Length": "",
        "Transfer-Encoding": "chunked",
        "X-Webhook-Signature": signature(b"".join(chunks)),
    }
    parts = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
    return request_bytes(headers=headers) + b"".join(parts) + last


def padded(size: int) -> bytes:
    """Return a body of exactly `size` bytes."""
    return payload(pad="x" * (size - len(payload(pad=""))))


# Sizes


def test_limits_are_those_of_the_configuration() -> None:
    settings = Server(max_body=LIMIT, body_timeout=2.0, keep_alive=3.0, max_connections=4)

    assert Limits.of(settings) == Limits(max_body=LIMIT, body_timeout=2.0, keep_alive=3.0, max_connections=4)


async def test_body_at_the_limit_is_taken(start: Start) -> None:
    receiver = await start(limits={"max_body": LIMIT})

    assert await receiver.deliver(padded(LIMIT)) == 200
    assert await receiver.deliver(padded(LIMIT + 1)) == 413
    assert receiver.counted("too_large") == 1


async def test_large_body_is_taken_whole(receiver: Receiver) -> None:
    assert await receiver.deliver(padded(256 * 1024)) == 200
    assert len(receiver.only.body) == 256 * 1024


async def test_announced_size_is_refused_before_the_body_comes(receiver: Receiver) -> None:
    answer = await receiver.ask(request_bytes(headers={"Content-Length": str(10**12)}))

    assert answer.status == 413
    assert answer.headers["connection"] == "close"


async def test_chunks_are_refused_as_soon_as_they_are_too_many(start: Start) -> None:
    receiver = await start(limits={"max_body": LIMIT})
    wire = await receiver.wire()
    # The end never comes: whoever waits for it waits in vain.
    await wire.send(chunked(b"x" * LIMIT, b"x", last=b""))

    assert (await wire.answer()).status == 413
    assert receiver.ledger.events == []


async def test_chunks_make_a_body(receiver: Receiver) -> None:
    body = payload(token="a")

    assert (await receiver.ask(chunked(body[:10], body[10:]))).status == 200
    assert receiver.only.body == body


async def test_body_may_come_in_pieces(receiver: Receiver) -> None:
    wire = await receiver.wire()
    data = request_bytes(payload(token="a"))
    for place in range(0, len(data), 40):
        await wire.send(data[place : place + 40])
        await asyncio.sleep(0)

    assert (await wire.answer()).status == 200


async def test_compressed_body_is_taken_as_the_bytes_it_is(receiver: Receiver) -> None:
    """The signature is over what was sent; nothing is unpacked before that is checked, or after."""
    body = b"\x1f\x8b not really gzip"

    assert await receiver.deliver(body, headers={"Content-Encoding": "gzip"}) == 200
    assert receiver.only.body == body


async def test_client_that_asks_first_is_told_to_go_on(receiver: Receiver) -> None:
    wire = await receiver.wire()
    body = payload()
    head = request_bytes(body, headers={"Expect": "100-continue"}).removesuffix(body)
    await wire.send(head)

    assert (await wire.answer()).status == 100
    await wire.send(body)
    assert (await wire.answer()).status == 200


async def test_client_that_asks_first_is_told_that_it_is_too_much(receiver: Receiver) -> None:
    answer = await receiver.ask(
        request_bytes(headers={"Expect": "100-continue", "Content-Length": str(10**9)})
    )

    assert answer.status == 413


# Broken clients


@pytest.mark.parametrize("sent", [0, 1, 20])
async def test_body_that_breaks_off_is_forgotten(start: Start, log: io.StringIO, sent: int) -> None:
    receiver = await start()
    body = payload()
    wire = await receiver.wire()
    await wire.send(request_bytes(body).removesuffix(body) + body[:sent])
    # Let the request begin before it ends.
    await until(lambda: len(asyncio.all_tasks()) > 2)
    await wire.close()
    await until(lambda: receiver.counted("incomplete") == 1)

    assert await receiver.deliver(payload(token="next")) == 200
    assert len(receiver.ledger.events) == 1
    assert [line for line in logged(log) if line["level"] in ("error", "warning")] == []


async def test_slow_body_is_given_up(start: Start) -> None:
    receiver = await start(limits={"body_timeout": 0.05})
    body = payload()
    wire = await receiver.wire()
    await wire.send(request_bytes(body).removesuffix(body) + body[:10])
    answer = await wire.answer()

    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert receiver.counted("incomplete") == 1


async def test_chunk_of_no_size_is_refused(start: Start, log: io.StringIO) -> None:
    receiver = await start()
    answer = await receiver.ask(chunked(payload(), last=b"zz\r\nnonsense\r\n"))

    assert answer.status == 400
    assert receiver.ledger.events == []
    assert [line for line in logged(log) if line["level"] == "error"] == []


async def test_chunk_that_goes_wrong_later_is_given_up(start: Start, log: io.StringIO) -> None:
    """A handler that already waits for the rest is not told by aiohttp: time has to."""
    receiver = await start(limits={"body_timeout": 0.05})
    wire = await receiver.wire()
    before = len(asyncio.all_tasks())
    await wire.send(chunked(payload(), last=b""))
    # Each request is a task of its own.
    await until(lambda: len(asyncio.all_tasks()) > before)
    await wire.send(b"zz\r\nnonsense\r\n")

    assert (await wire.answer()).status == 400
    assert receiver.counted("incomplete") == 1
    assert [line for line in logged(log) if line["level"] == "error"] == []


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"POST\r\n\r\n",
        b"POST /webhooks/tolinku HTTP/9.9\r\n\r\n",
        b"POST /webhooks/tolinku HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /webhooks/tolinku HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST /webhooks/tolinku HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
        b"POST /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"POST /webhooks/tolinku HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
    ],
)
async def test_what_is_no_http_is_refused_in_silence(start: Start, log: io.StringIO, garbage: bytes) -> None:
    receiver = await start()
    answer = await receiver.ask(garbage)

    assert answer.status == 400
    assert [line for line in logged(log) if line["level"] in ("error", "warning")] == []
    assert await receiver.deliver(payload()) == 200


# Connections


async def test_connection_serves_many_requests(receiver: Receiver) -> None:
    wire = await receiver.wire()
    statuses = []
    for number in range(3):
        await wire.send(request_bytes(payload(token=str(number))))
        statuses.append((await wire.answer()).status)
        await wire.send(request_bytes(payload(), headers={"X-Webhook-Signature": "x"}))
        statuses.append((await wire.answer()).status)

    assert statuses == [200, 401] * 3


async def test_requests_in_a_row_are_answered_in_order(receiver: Receiver) -> None:
    wire = await receiver.wire()
    unsigned = request_bytes(payload(), headers={"X-Webhook-Signature": "x"})
    await wire.send(request_bytes(payload(token="a")) + unsigned + request_bytes(payload(token="b")))

    assert [(await wire.answer()).status for _ in range(3)] == [200, 401, 200]


async def test_client_may_ask_to_close(receiver: Receiver) -> None:
    wire = await receiver.wire()
    await wire.send(request_bytes(payload(), headers={"Connection": "close"}))
    answer = await wire.answer()

    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await wire.closed()


@pytest.mark.parametrize(("header", "stays"), [("", False), ("keep-alive", True)])
async def test_old_clients_are_served(receiver: Receiver, header: str, stays: bool) -> None:
    wire = await receiver.wire()
    data = request_bytes(payload(), headers={"Connection": header}).replace(b"HTTP/1.1", b"HTTP/1.0")
    await wire.send(data)
    answer = await wire.answer()

    assert (answer.status, answer.body) == (200, b"ok")
    if stays:
        assert answer.headers["connection"] == "keep-alive"
        await wire.send(data)
        assert (await wire.answer()).status == 200
    else:
        assert await wire.closed()


async def test_idle_connection_is_closed(start: Start) -> None:
    receiver = await start(limits={"keep_alive": 0.05})
    wire = await receiver.wire()

    assert await wire.closed()


# Further paths


async def test_further_handlers_have_their_paths(start: Start) -> None:
    async def registrations(request: web.BaseRequest) -> web.Response:
        return web.Response(status=202)

    receiver = await start(further={"/v1/registrations": registrations})

    assert await receiver.deliver(b"", path="/v1/registrations") == 202
    assert await receiver.deliver(b"", path="/v1/registrations/") == 202
    assert await receiver.deliver(b"", path="/v1/other") == 404


async def test_failing_handler_is_told_and_answered(start: Start, log: io.StringIO) -> None:
    async def broken(request: web.BaseRequest) -> web.Response:
        raise RuntimeError("for ann@example.com")

    receiver = await start(further={"/broken": broken})

    assert await receiver.deliver(b"", path="/broken") == 500
    (line,) = [one for one in logged(log) if one["event"] == "request-failed"]
    assert "RuntimeError: for ***" in line["exception"]
