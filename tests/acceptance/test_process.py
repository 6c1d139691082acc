"""The real process: `afterclick serve`, killed, stopped, started twice, misconfigured."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from tests.acceptance.running import (
    PATIENCE,
    RUNNING,
    SECRET,
    Process,
    environment,
    event,
    provision,
    unlimited,
)

from afterclick.cli.sending import send
from afterclick.clock import SystemClock
from afterclick.sandbox import serve
from afterclick_hubspot.sandbox import HubSpotSandbox

MINUTE = 60_000


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    while RUNNING:
        RUNNING.pop().kill()


def _client() -> aiohttp.ClientSession:
    # Connections are not kept: the next process may get the port of the one that was killed.
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))


async def _contacts(sandbox: HubSpotSandbox, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(sandbox.contacts()) != count:
            await asyncio.wait({asyncio.ensure_future(SystemClock().sleep(0.02))})


async def test_what_was_acknowledged_survives_kill_9_and_reaches_the_crm_once(tmp_path: Path) -> None:
    now = SystemClock().now()
    sandbox = unlimited()
    async with serve(sandbox) as crm, _client() as http:
        # The kill comes before the first write: after it, a lead waits out how long that may still land.
        environ = environment(tmp_path, crm.url, AFTERCLICK_LEADS__STUB_DELAY="5s")
        await provision(tmp_path, environ)
        process = Process(tmp_path, environ)
        url = await process.started()
        sent = [
            event("install.tracked", now - MINUTE + n, prefix="p", token=f"t{n}", platform="ios")
            for n in range(40)
        ]
        assert [await send(http, f"{url}/webhooks/tolinku", one) for one in sent[:20]] == [200] * 20
        process.kill()

        process = Process(tmp_path, environ)
        url = await process.started()
        # The sender's retries of the first half, and the second half.
        assert [await send(http, f"{url}/webhooks/tolinku", one) for one in sent] == [200] * 40
        await _contacts(sandbox, 40)
        assert process.stop() == 0


async def test_a_second_process_on_one_ledger_is_refused_with_the_remedy(tmp_path: Path) -> None:
    async with serve(unlimited()) as crm:
        environ = environment(tmp_path, crm.url)
        first = Process(tmp_path, environ)
        await first.started()
        second = Process(tmp_path, environ)
        code = await asyncio.to_thread(second.wait)
        told = second.log.read_text()

        assert code == 1
        assert "another process serves from" in told
        assert "Stop it first" in told
        assert first.stop() == 0


async def test_a_crm_that_is_down_delays_nothing_but_its_own_leads(tmp_path: Path) -> None:
    now = SystemClock().now()
    sandbox = unlimited()
    async with _client() as http:
        async with serve(sandbox) as crm:
            port = int(crm.url.rpartition(":")[2])
            environ = environment(tmp_path, crm.url)
            await provision(tmp_path, environ)
        process = Process(tmp_path, environ)
        url = await process.started()
        one = event("install.tracked", now, prefix="p", token="t1", platform="ios")
        assert await send(http, f"{url}/webhooks/tolinku", one) == 200
        async with asyncio.timeout(PATIENCE):
            while not any(line.get("event") == "lane-paused" for line in process.lines()):
                await asyncio.wait({asyncio.ensure_future(SystemClock().sleep(0.02))})
        async with serve(sandbox, port=port):
            await _contacts(sandbox, 1)
        assert process.stop() == 0


async def test_a_wrong_configuration_ends_with_2_and_lists_every_fault(tmp_path: Path) -> None:
    environ = environment(
        tmp_path,
        "http://crm.example.com",
        WEBHOOK_SECRET="changeme",
        AFTERCLICK_SERVER__PORT="eighty",
        AFTERCLICK_SYNC__LINGRE="1s",
    )
    process = Process(tmp_path, environ)
    code = await asyncio.to_thread(process.wait)
    told = process.log.read_text()

    assert code == 2
    for path in ("sources.tolinku", "server.port", "sync.lingre"):
        assert path in told
    assert "did you mean" in told.lower() or "linger" in told


async def test_serving_without_a_source_is_refused_with_the_remedy(tmp_path: Path) -> None:
    environ = environment(tmp_path, "http://127.0.0.1:9")
    del environ["WEBHOOK_SECRET"]
    process = Process(tmp_path, environ)

    assert await asyncio.to_thread(process.wait) == 2
    assert "Set WEBHOOK_SECRET" in process.log.read_text()


async def test_no_line_of_the_log_holds_a_secret_a_signature_an_address_or_an_email(tmp_path: Path) -> None:
    now = SystemClock().now()
    sandbox = unlimited()
    async with serve(sandbox) as crm, _client() as http:
        environ = environment(tmp_path, crm.url)
        await provision(tmp_path, environ)
        process = Process(tmp_path, environ)
        url = f"{await process.started()}/webhooks/tolinku"
        good = event(
            "install.tracked", now, prefix="p", token="t", ip="203.0.113.77", email="ada@example.com"
        )
        assert await send(http, url, good) == 200
        forged = {"X-Webhook-Signature": "ab" * 32, "X-Forwarded-For": "198.51.100.4"}
        async with http.post(url, data=b"{}", headers=forged) as answer:
            assert answer.status == 401
        await _contacts(sandbox, 1)
        assert process.stop() == 0
    told = process.log.read_text()

    for private in (SECRET, "pat-sandbox", good.signature, "ab" * 32, "203.0.113", "198.51.100", "ada@"):
        assert private not in told
    assert not re.search(r"Bearer|whsec_", told)
    assert "delivery-accepted" in told
    assert b"203.0.113" not in (tmp_path / "ledger.db").read_bytes()
