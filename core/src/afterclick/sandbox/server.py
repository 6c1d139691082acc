"""Runs an emulator on a socket."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from afterclick.sandbox.emulator import Emulator

MAX_LINE = 64 * 1024
"""The longest request line and header that reaches an emulator, in bytes: the limits are its CRM's."""


class RunningEmulator(msgspec.Struct, frozen=True):
    """An emulator that answers at `url` (without a slash at the end)."""

    emulator: Emulator
    url: str
    runner: web.AppRunner

    @property
    def connections(self) -> int:
        """Return how many connections clients hold open."""
        return 0 if self.runner.server is None else len(self.runner.server.connections)

    def settings(self) -> dict[str, str]:
        """Return the plugin settings that point to this emulator."""
        return self.emulator.settings()


@asynccontextmanager
async def serve(
    emulator: Emulator,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    public_url: str = "",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[RunningEmulator]:
    """Run `emulator` while the block runs; port 0 takes a free one.

    It asks nobody who they are, so it listens on loopback unless told otherwise. `public_url` is
    the address that record links get where it is not the one listened on (a container, a proxy). With
    `tls` it speaks HTTPS, for clients that insist on it.

    Raises:
        OSError: the port is taken.

    """
    runner = web.AppRunner(
        emulator.application(),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=1.0,
        max_line_size=MAX_LINE,
        max_field_size=MAX_LINE,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        emulator.base_url = (public_url or _url(runner, "https" if tls else "http")).rstrip("/")
        yield RunningEmulator(emulator, emulator.base_url, runner)
    finally:
        await runner.cleanup()


def _url(runner: web.AppRunner, scheme: str) -> str:
    host, port = runner.addresses[0][:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
