"""The admin port: metrics, health, and who may use the API."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from prometheus_client.parser import text_string_to_metric_families

from afterclick.config.secrets import Secret
from afterclick.errors import LedgerError
from afterclick.receiver.admin import may_use_api

from .conftest import Start, payload

TOKEN = "admin-3f9c0d51b7"


async def totals() -> dict[str, int]:
    return {"unfolded": 3}


async def get(
    http: aiohttp.ClientSession, receiver: Any, path: str, host: str = "127.0.0.1", **headers: str
) -> tuple[int, str]:
    url = f"http://{host}:{receiver.serving.ports().admin}{path}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with http.get(url, headers=named) as answer:
        return answer.status, await answer.text()


async def test_metrics_are_shown_as_prometheus_reads_them(start: Start, http: aiohttp.ClientSession) -> None:
    receiver = await start()
    for headers in ({}, {}, {"X-Webhook-Signature": "0" * 64}):
        await receiver.deliver(payload(), headers=headers)
    url = f"http://127.0.0.1:{receiver.serving.ports().admin}/metrics"
    async with http.get(url) as answer:
        text = await answer.text()

    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {s.labels["result"]: s.value for s in families["afterclick_deliveries"].samples if s.value} == {
        "accepted": 1,
        "duplicate": 1,
        "unverified": 1,
    }


async def test_metrics_are_brought_up_to_date_first(start: Start, http: aiohttp.ClientSession) -> None:
    calls = []

    async def refresh() -> None:
        calls.append(1)

    receiver = await start(refresh=refresh)
    await get(http, receiver, "/metrics")

    assert calls == [1]


async def test_metrics_are_shown_though_the_ledger_fails(start: Start, http: aiohttp.ClientSession) -> None:
    async def refresh() -> None:
        raise LedgerError("closed")

    receiver = await start(refresh=refresh)

    assert (await get(http, receiver, "/metrics"))[0] == 200


async def test_live_is_always_live(start: Start, http: aiohttp.ClientSession) -> None:
    async def ready() -> bool:
        return False

    receiver = await start(ready=ready)

    assert (await get(http, receiver, "/healthz/live"))[0] == 200


async def _fails() -> bool:
    raise LedgerError("the disk is full")


async def _hangs() -> bool:
    await asyncio.Event().wait()
    return True


async def _is_not() -> bool:
    return False


@pytest.mark.parametrize("ready", [_fails, _hangs, _is_not])
async def test_ready_is_whether_events_can_be_stored(
    start: Start, http: aiohttp.ClientSession, ready: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterclick.receiver.admin.READY_WITHIN", 0.05)

    assert (await get(http, await start(), "/healthz/ready"))[0] == 200
    assert (await get(http, await start(ready=ready), "/healthz/ready"))[0] == 503


async def test_webhooks_are_not_taken_on_the_admin_port(start: Start, http: aiohttp.ClientSession) -> None:
    assert (await get(http, await start(), "/webhooks/tolinku"))[0] == 404


# The API


async def test_api_answers_this_machine(start: Start, http: aiohttp.ClientSession) -> None:
    receiver = await start(reads={"totals": totals})

    assert await get(http, receiver, "/api/totals") == (200, '{"unfolded":3}')
    assert (await get(http, receiver, "/api/totals", Host="localhost"))[0] == 200
    assert (await get(http, receiver, "/api/totals", Host="[::1]:9090"))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X_Forwarded_Host": "localhost"},
        {"X_Real_IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "attacker.example"},
        {"Host": "localhost.attacker.example"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
    ],
)
async def test_api_refuses_who_only_borrows_this_machine(
    start: Start, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    receiver = await start(reads={"totals": totals})

    assert (await get(http, receiver, "/api/totals", **headers))[0] == 401


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        (("127.0.0.1", 5151), True),
        (("127.8.8.8", 5151), True),
        (("::1", 5151, 0, 0), True),
        (("::ffff:127.0.0.1", 5151, 0, 0), True),
        (("192.0.2.7", 5151), False),
        (("::ffff:192.0.2.7", 5151, 0, 0), False),
        ("", False),
        (None, False),
    ],
)
def test_this_machine_is_known_by_the_connection(peer: Any, allowed: bool) -> None:
    transport = Mock()
    transport.get_extra_info = {"peername": peer}.get
    request = make_mocked_request("GET", "/api/totals", {"Host": "localhost"}, transport=transport)

    assert may_use_api(request, None) is allowed


async def test_api_takes_the_token_from_anywhere(start: Start, http: aiohttp.ClientSession) -> None:
    receiver = await start(reads={"totals": totals}, token=Secret(TOKEN))
    far = {"X_Forwarded_For": "203.0.113.9"}

    assert (await get(http, receiver, "/api/totals", Authorization=f"Bearer {TOKEN}", **far))[0] == 200
    assert (await get(http, receiver, "/api/totals", Authorization=f"bearer  {TOKEN}", **far))[0] == 200
    assert (await get(http, receiver, "/api/totals"))[0] == 200


@pytest.mark.parametrize("given", ["Bearer wrong", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer é"])
async def test_api_refuses_another_token(start: Start, http: aiohttp.ClientSession, given: str) -> None:
    receiver = await start(reads={"totals": totals}, token=Secret(TOKEN))
    status, text = await get(http, receiver, "/api/totals", Authorization=given, Via="1.1 proxy")

    assert (status, TOKEN in text) == (401, False)


async def test_wrong_token_is_refused_even_here(start: Start, http: aiohttp.ClientSession) -> None:
    receiver = await start(reads={"totals": totals}, token=Secret(TOKEN))

    assert (await get(http, receiver, "/api/totals", Authorization="Bearer wrong"))[0] == 401


async def test_api_refuses_before_it_tells_what_there_is(start: Start, http: aiohttp.ClientSession) -> None:
    receiver = await start()

    assert (await get(http, receiver, "/api/nothing", Via="1.1 proxy"))[0] == 401
    assert (await get(http, receiver, "/api/nothing"))[0] == 404


async def test_health_and_metrics_ask_for_no_token(start: Start, http: aiohttp.ClientSession) -> None:
    receiver = await start(token=Secret(TOKEN))
    for path in ("/metrics", "/healthz/live", "/healthz/ready"):
        assert (await get(http, receiver, path, Via="1.1 proxy"))[0] == 200
