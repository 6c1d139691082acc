"""What `send test --to` proves of a URL, against fronts on real sockets that do one thing wrong each."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.support.clock import NOON
from typer.testing import CliRunner, Result

from afterclick.cli import app
from afterclick.cli.proving import Proof, prove
from afterclick.cli.sending import sign
from afterclick.errors import AfterclickError

SECRET = "whsec_3f9c0d51b7a84e62a0c4d8e1f2b39576"
Handler = Callable[[web.Request], Awaitable[web.Response]]


def verified(body: bytes, signature: str) -> web.Response:
    return web.Response(status=200 if sign(SECRET, body) == signature else 401)


async def passing(request: web.Request) -> web.Response:
    return verified(await request.read(), request.headers["X-Webhook-Signature"])


async def rewriting(request: web.Request) -> web.Response:
    body = json.dumps(await request.json(), separators=(",", ":")).encode()
    return verified(body, request.headers["X-Webhook-Signature"])


async def dropping(request: web.Request) -> web.Response:
    return verified(await request.read(), "")


async def redirecting(request: web.Request) -> web.Response:
    return web.Response(status=308, headers={"Location": f"{request.path}/"})


async def agreeing(request: web.Request) -> web.Response:
    return web.Response(text="welcome")


async def lost(request: web.Request) -> web.Response:
    return web.Response(status=404)


@asynccontextmanager
async def fronted(
    handler: Handler, *, name: str = "localhost", trusted: bool = True
) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Return a client and the https URL of a front whose certificate is for `name`."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    client = ssl.create_default_context()
    if trusted:
        authority.configure_trust(client)
    application = web.Application()
    application.router.add_post("/webhooks/tolinku", handler)
    connector = aiohttp.TCPConnector(ssl=client)
    server = TestServer(application, scheme="https", host="127.0.0.1")
    await server.start_server(ssl=context)
    async with aiohttp.ClientSession(connector=connector) as http:
        yield http, f"https://localhost:{server.port}/webhooks/tolinku"
    await server.close()


def seen(proof: Proof) -> list[str]:
    return [one.seen.value for one in proof.findings]


@pytest.mark.parametrize(
    ("handler", "status", "expected"),
    [
        (passing, 200, ["ok", "ok", "ok"]),
        (redirecting, 308, ["ok", "wrong", "unknown"]),
        (rewriting, 401, ["ok", "ok", "wrong"]),
        (dropping, 401, ["ok", "ok", "unknown"]),
        (agreeing, 200, ["ok", "ok", "wrong"]),
        (lost, 404, ["ok", "ok", "unknown"]),
    ],
)
async def test_each_fault_of_a_front_is_a_finding_of_its_own(
    handler: Handler, status: int, expected: list[str]
) -> None:
    async with fronted(handler) as (http, url):
        proof = await prove(http, url, SECRET, now=NOON)

    assert (proof.status, seen(proof)) == (status, expected)
    assert proof.stands is (handler is passing)


async def test_redirect_is_told_with_where_it_leads() -> None:
    async with fronted(redirecting) as (http, url):
        [_, redirect, _] = (await prove(http, url, SECRET, now=NOON)).findings

    assert redirect.told == "308 to /webhooks/tolinku/"


@pytest.mark.parametrize(
    ("certificate", "told"),
    [({"name": "example.com"}, "not valid for 'localhost'"), ({"trusted": False}, "certificate")],
)
async def test_certificate_that_does_not_fit_is_the_only_finding(
    certificate: dict[str, Any], told: str
) -> None:
    async with fronted(passing, **certificate) as (http, url):
        proof = await prove(http, url, SECRET, now=NOON)

    assert seen(proof) == ["wrong", "unknown", "unknown"]
    assert told in proof.findings[0].told


async def command(folder: Path, handler: Handler, *options: str) -> Result:
    """Run `send test --to` against a front without TLS."""
    file = folder / "afterclick.toml"
    file.write_text(f'[sources.tolinku]\nsecrets = ["{SECRET}"]\n')
    application = web.Application()
    application.router.add_post("/webhooks/tolinku", handler)
    async with TestServer(application, host="127.0.0.1") as server:
        url = str(server.make_url("/webhooks/tolinku"))
        words = ["send", "test", "--to", url, "--config", str(file), *options]
        return await asyncio.to_thread(CliRunner().invoke, app, words)


async def test_command_tells_all_three_and_fails_without_tls(tmp_path: Path) -> None:
    result = await command(tmp_path, passing)
    marks = [line[0] for line in result.output.splitlines() if not line.startswith(" ")]

    assert marks == ["✗", "✓", "✓"]
    assert isinstance(result.exception, AfterclickError)


async def test_command_says_what_another_status_means(tmp_path: Path) -> None:
    result = await command(tmp_path, lost, "--json")

    assert json.loads(result.stdout)["status"] == 404
    assert isinstance(result.exception, AfterclickError)
    assert "no such source" in result.exception.hint
