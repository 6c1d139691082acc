"""The admin port: metrics and health."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.wire import payload

from afterclick.errors import LedgerError

from .conftest import Start


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


async def test_health_and_metrics_ask_for_no_token(start: Start, http: aiohttp.ClientSession) -> None:
    receiver = await start()
    for path in ("/metrics", "/healthz/live", "/healthz/ready"):
        assert (await get(http, receiver, path, Via="1.1 proxy"))[0] == 200
