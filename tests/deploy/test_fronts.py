"""Signed deliveries through the real fronts: TLS, no redirect, an untouched body, limits that fit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import trustme
from tests.acceptance.running import SECRET, Running, running
from tests.deploy.fronts import CADDY, FRONTS, NGINX, fronted, nginx, places, seconds
from tests.deploy.program import DEFAULTS, tool

from afterclick.cli.sending import TIMEOUT, Delivery, send, sign

# Bytes that anything which reads and writes JSON would change.
ODD = (
    '{ "event":"test",\r\n\t"timestamp" : "2026-05-21T09:14:00.000Z",'
    '"data":{"a":1.0, "ü":"\\u00fc","a":1e2}}\n\n'
)


def signed(body: bytes) -> Delivery:
    """Return a delivery of these very bytes."""
    return Delivery(event="test", body=body, signature=sign(SECRET, body))


def _port(service: Running) -> int:
    return int(service.service.public_url.rpartition(":")[2])


@pytest.mark.parametrize("front", FRONTS)
async def test_a_signed_delivery_passes_untouched_with_and_without_a_slash(
    front: str, tmp_path: Path
) -> None:
    bodies = [ODD.encode(), ODD.replace("a", "b").encode("utf-8")]
    async with (
        running(tmp_path) as service,
        fronted(front, tmp_path, _port(service)) as (http, url),
    ):
        answers = [
            await send(http, f"{url}/webhooks/tolinku", signed(bodies[0])),
            await send(http, f"{url}/webhooks/tolinku/", signed(bodies[1])),
        ]
        stored = await service.service.ledger.events(limit=10)

    assert answers == [200, 200]
    assert sorted(event.body for event in stored) == sorted(bodies)


@pytest.mark.parametrize("front", FRONTS)
async def test_what_the_service_refuses_is_refused_and_nothing_is_redirected(
    front: str, tmp_path: Path
) -> None:
    async with (
        running(tmp_path) as service,
        fronted(front, tmp_path, _port(service)) as (http, url),
    ):
        forged = Delivery(event="test", body=b"{}", signature="0" * 64)
        largest = b" " * DEFAULTS.max_body
        statuses = {
            "forged": await send(http, f"{url}/webhooks/tolinku", forged),
            "nobody": await send(http, f"{url}/webhooks/nobody", signed(b"{}")),
            "largest": await send(http, f"{url}/webhooks/tolinku", signed(largest)),
            "too large": await send(http, f"{url}/webhooks/tolinku", signed(largest + b" ")),
            "front page": (await http.get(f"{url}/", allow_redirects=False)).status,
        }

    assert statuses == {"forged": 401, "nobody": 404, "largest": 200, "too large": 413, "front page": 404}


@pytest.mark.parametrize("front", FRONTS)
async def test_a_service_that_is_away_is_told_as_a_fault_of_the_front(front: str, tmp_path: Path) -> None:
    # 5xx, which the sender tries again; and at once, well before it gives up.
    async with running(tmp_path) as service:
        port = _port(service)
    async with fronted(front, tmp_path, port) as (http, url):
        assert await send(http, f"{url}/webhooks/tolinku", signed(b"{}")) == 502


def test_nginx_finds_no_fault_in_its_configuration(tmp_path: Path) -> None:
    where = places(tmp_path, trustme.CA(), DEFAULTS.port)
    done = subprocess.run([*nginx(where)[:-2], "-t"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_caddy_finds_no_fault_in_its_configuration(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    for command in (
        ["validate", "--adapter", "caddyfile", "--config", str(CADDY)],
        ["fmt", "--diff", str(CADDY)],
    ):
        done = subprocess.run(
            [tool("caddy"), *command], env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_no_front_listens_where_it_would_have_to_redirect(tmp_path: Path) -> None:
    command = [tool("caddy"), "adapt", "--adapter", "caddyfile", "--config", str(CADDY)]
    done = subprocess.run(command, env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True)
    apps = json.loads(done.stdout)["apps"]["http"]["servers"]

    assert [server["listen"] for server in apps.values()] == [[":443"]]
    assert all(server["automatic_https"] == {"disable_redirects": True} for server in apps.values())
    site = NGINX.read_text(encoding="utf-8")
    assert "listen 80" not in site
    assert "return 30" not in site
    assert "rewrite" not in site


def test_spans_fit_the_service_and_the_sender() -> None:
    site, caddyfile = NGINX.read_text(encoding="utf-8"), CADDY.read_text(encoding="utf-8")
    assert TIMEOUT.total is not None

    # The front closes an idle connection first.
    assert seconds(r"^\s*keepalive_timeout (\d+)s;", site) < DEFAULTS.keep_alive
    assert seconds(r"^\s*keepalive (\d+)s$", caddyfile) < DEFAULTS.keep_alive
    # It never cuts off an answer that the sender still waits for.
    assert seconds(r"^\s*proxy_read_timeout (\d+)s;", site) > TIMEOUT.total
    assert seconds(r"^\s*response_header_timeout (\d+)s$", caddyfile) > TIMEOUT.total
    assert seconds(r"^\s*client_body_timeout (\d+)s;", site) == DEFAULTS.body_timeout
    # It takes what the service takes.
    assert seconds(r"^\s*client_max_body_size (\d+)k;", site) * 1024 == DEFAULTS.max_body
    assert seconds(r"^\s*max_size (\d+)KiB$", caddyfile) * 1024 == DEFAULTS.max_body
