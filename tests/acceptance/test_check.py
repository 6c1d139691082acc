"""`afterclick check` against an emulated account, as a person runs it: it finds, and it only looks."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.acceptance.running import environment, event, provision, running, unlimited

from afterclick.cli.sending import send
from afterclick.clock import SystemClock
from afterclick.sandbox import RunningEmulator, serve
from afterclick_hubspot.sandbox import HubSpotSandbox
from afterclick_hubspot.sandbox.options import Options


@dataclass
class Checked:
    """What the command said."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        return json.loads(self.out)

    @property
    def codes(self) -> list[str]:
        return [found["code"] for found in self.report["findings"]]


async def check(folder: Path, environ: Mapping[str, str], *arguments: str) -> Checked:
    """Run the command as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "afterclick", "check", *arguments),
        env={"PATH": os.environ["PATH"], "COLUMNS": "160", **environ},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Checked(process.returncode, out.decode(), err.decode())


@pytest.fixture
async def crm() -> AsyncIterator[RunningEmulator]:
    """Run an account that has nothing yet, with the limits of a free one."""
    async with serve(HubSpotSandbox(Options())) as running_crm:
        yield running_crm


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_an_empty_account_is_told_with_what_to_do(tmp_path: Path, crm: RunningEmulator) -> None:
    found = await check(tmp_path, environment(tmp_path, crm.url))

    assert found.code == 1
    assert "hubspot-field-missing" in found.out
    assert "afterclick provision hubspot" in " ".join(found.out.split())
    assert "nothing yet" in found.out
    assert contents(tmp_path) == {}


async def test_a_provisioned_account_is_fine_and_nothing_was_written_anywhere(
    tmp_path: Path, crm: RunningEmulator
) -> None:
    environ = environment(tmp_path, crm.url, AFTERCLICK_CONNECTIONS__HUBSPOT__PLAN="free")
    await provision(tmp_path, environ)
    before, calls = contents(tmp_path), crm.emulator.calls
    calls.clear()
    found = await check(tmp_path, environ, "--json")

    assert (found.code, found.codes) == (0, ["source-silent"])
    assert calls.total > 0
    assert all(route.startswith("GET ") for route in calls.by_route()), calls.by_route()
    assert contents(tmp_path) == before


async def test_a_stopped_ledger_is_read_and_left_as_it_was(tmp_path: Path) -> None:
    now = SystemClock().now()
    async with running(tmp_path) as one:
        sent = event("referral.completed", now, referral_code="c", referred_user_id="ann", milestone="paid")
        assert await one.deliver(sent) == [200]
        assert await one.deliver(event("test", now)) == [200]
        await one.settled()
    before = contents(tmp_path)
    async with serve(unlimited()) as crm:
        found = await check(tmp_path, environment(tmp_path, crm.url), "--json")

    assert contents(tmp_path) == before
    assert "milestone-unmapped" in found.codes
    assert found.report["sources"][0]["type"] == "test"
    assert not found.report["ledger"]["serving"]


async def test_a_running_service_is_looked_at_from_beside(tmp_path: Path) -> None:
    async with running(tmp_path) as one, aiohttp.ClientSession() as http:
        environ = environment(tmp_path, one.service.plan.ready[0].base_url)
        url = f"{one.service.public_url}/webhooks/tolinku"
        assert await send(http, url, event("test", SystemClock().now())) == 200
        found = await check(tmp_path, environ)

    assert found.code == 0, found.out
    assert "test received" in found.out
    assert "a service runs" in found.out
    assert "Nothing is wrong." in found.out


async def test_a_refused_key_and_a_dead_address_end_with_1(tmp_path: Path, crm: RunningEmulator) -> None:
    other_key = environment(tmp_path, crm.url, HUBSPOT_ACCESS_TOKEN="pat-other")
    refused = await check(tmp_path, other_key, "--json")
    dead = await check(tmp_path, environment(tmp_path, "http://127.0.0.1:9"), "--json")

    assert (refused.code, refused.codes) == (1, ["source-silent", "hubspot-credentials"])
    assert (dead.code, dead.codes) == (1, ["source-silent", "hubspot-unreachable"])


async def test_one_connection_can_be_checked_alone(tmp_path: Path, crm: RunningEmulator) -> None:
    environ = environment(tmp_path, crm.url)
    found = await check(tmp_path, environ, "hubspot", "--json")
    other = await check(tmp_path, environ, "pipedrive")

    assert found.codes == ["hubspot-field-missing", "hubspot-plan"]
    assert other.code == 1
    assert "There is: hubspot" in other.err


async def test_faults_of_the_configuration_end_with_2(tmp_path: Path, crm: RunningEmulator) -> None:
    found = await check(tmp_path, environment(tmp_path, crm.url, AFTERCLICK_SERVER__PORT="eighty"))

    assert found.code == 2
    assert "server.port" in found.err


async def test_no_secret_is_shown(tmp_path: Path, crm: RunningEmulator) -> None:
    environ = environment(tmp_path, crm.url)
    shown = [await check(tmp_path, environ, *arguments) for arguments in ((), ("--json",))]

    for one in shown:
        assert environ["WEBHOOK_SECRET"] not in one.out + one.err
        assert environ["HUBSPOT_ACCESS_TOKEN"] not in one.out + one.err
