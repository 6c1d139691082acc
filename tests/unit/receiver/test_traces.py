"""What a delivery leaves behind: no address in the ledger, nobody in the log, figures in the metrics."""

from __future__ import annotations

import io

from tests.support.clock import FakeClock, moment
from tests.support.wire import payload, signature

from afterclick.errors import LedgerError
from afterclick.model.event import dedupe_key
from afterclick.observe.log import configure

from .conftest import Receiver, Start, logged, source

IP = "203.0.113.9"


# Addresses


async def test_address_is_not_stored(receiver: Receiver) -> None:
    body = payload(token="a", ip=IP)
    # A repeat is known by what was sent, not by what is left of it.
    assert [await receiver.deliver(body) for _ in range(2)] == [200, 200]
    stored = receiver.only

    assert IP.encode() not in stored.body
    assert stored.body == payload(token="a", ip=None)
    assert stored.tie == dedupe_key("main", "tolinku", body, moment("09:14"))[1]
    assert len(stored.ip_hash or b"") == 16


async def test_address_is_stored_where_the_operator_wants_it(start: Start) -> None:
    receiver = await start(keep_ip=True)
    await receiver.deliver(payload(ip=IP))

    assert receiver.only.body == payload(ip=IP)
    assert receiver.only.ip_hash is not None


async def test_hash_pairs_equal_addresses_of_one_space(start: Start) -> None:
    receiver = await start({"shop": source(), "site": source(), "club": source(space="club")})
    for path, data in (
        ("shop", {"ip": IP}),
        ("site", {"ip": f" {IP}"}),
        ("shop", {"ip": "2001:DB8::1"}),
        ("site", {"ip": "2001:db8::1"}),
        ("club", {"ip": IP}),
        ("shop", {"ip": None}),
    ):
        assert await receiver.deliver(payload(**data), path=f"/webhooks/{path}") == 200
    one, two, three, four, elsewhere, none = [event.ip_hash for event in receiver.ledger.events]

    assert (one == two, three == four, none) == (True, True, None)
    assert len({one, three, elsewhere}) == 3


async def test_log_holds_no_address_secret_or_signature(start: Start, log: io.StringIO) -> None:
    receiver = await start()
    # Where it listens itself is told, and no secret.
    log.truncate(0)
    log.seek(0)
    body, forged = payload(ip=IP, email="ann@example.com"), "ab" * 32
    await receiver.deliver(body)
    await receiver.deliver(b"no JSON from " + IP.encode())
    await receiver.deliver(body, headers={"X-Webhook-Signature": forged})
    receiver.ledger.failure = LedgerError(f"failed for {IP} and ann@example.com")
    await receiver.deliver(body)
    await receiver.ask(b"POST / HTTP/1.1\r\nno header of 203.0.113.9\r\n\r\n")
    told = {line["event"] for line in logged(log)}
    hidden = (IP, "127.0.0.1", "ann@", "whsec_", forged, signature(body))

    assert told == {"delivery-accepted", "delivery-refused", "ledger-unavailable", "request-unreadable"}
    assert [part for part in hidden if part in log.getvalue()] == []


# What operators see


async def test_accepted_deliveries_are_told_at_debug(start: Start, log: io.StringIO) -> None:
    receiver = await start()
    for body in (payload(), payload(), payload("test"), b"no JSON"):
        await receiver.deliver(body)
    told = [line for line in logged(log) if line["event"] == "delivery-accepted"]

    assert {(line["level"], line["source"]) for line in told} == {("debug", "tolinku")}
    assert [(line["type"], line["result"]) for line in told] == [
        ("install.tracked", "accepted"),
        ("install.tracked", "duplicate"),
        ("test", "ignored"),
        ("", "invalid"),
    ]


async def test_accepted_deliveries_are_silent_at_info(start: Start, log: io.StringIO) -> None:
    configure("info", "json", log)
    receiver = await start()
    log.truncate(0)
    log.seek(0)
    await receiver.deliver(payload())

    assert log.getvalue() == ""


async def test_delivery_is_taken_though_nothing_can_be_logged(start: Start, log: io.StringIO) -> None:
    receiver = await start()
    log.close()

    assert await receiver.deliver(payload()) == 200
    assert await receiver.deliver(payload(), headers={"X-Webhook-Signature": "0" * 64}) == 401
    receiver.ledger.failure = LedgerError("the disk is full")
    assert await receiver.deliver(payload()) == 503


async def test_refusals_are_told_once_a_second(start: Start, log: io.StringIO, clock: FakeClock) -> None:
    receiver = await start()
    forged = {"X-Webhook-Signature": "0" * 64}
    for _ in range(5):
        await receiver.deliver(payload(), headers=forged)
    clock.jump(1.0)
    await receiver.deliver(payload(), headers=forged)
    told = [one for one in logged(log) if one["event"] == "delivery-refused"]

    assert [(one["result"], one["more"], one["level"]) for one in told] == [
        ("unverified", 0, "info"),
        ("unverified", 4, "info"),
    ]
    assert receiver.counted("unverified") == 6


async def test_deliveries_are_timed_by_source(receiver: Receiver, clock: FakeClock) -> None:
    await receiver.deliver(payload())
    value = receiver.metrics.registry.get_sample_value

    assert value("afterclick_last_delivery_timestamp_seconds", {"source": "tolinku"}) == clock.now() / 1000
    assert value("afterclick_delivery_seconds_count", {"source": "tolinku"}) == 1


async def test_strangers_make_no_new_series(receiver: Receiver) -> None:
    before = len(receiver.metrics.render().splitlines())
    for number in range(5):
        await receiver.deliver(payload(f"type-{number}"), path=f"/webhooks/{number}")

    assert len(receiver.metrics.render().splitlines()) == before
