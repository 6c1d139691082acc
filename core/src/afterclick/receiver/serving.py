"""Starts and stops the two ports."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

from aiohttp import web

from afterclick.config.model import Server
from afterclick.errors import ConfigurationError, Fault
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.receiver.app import PublicApp
from afterclick.receiver.connections import BoundedServer, Handler
from afterclick.receiver.limits import Limits

_BACKLOG = 1024
_ADMIN_LIMITS = Limits(max_connections=64, unread=10.0)
"""The admin port serves a few, whose answers can be long."""


class Ports(NamedTuple):
    """The ports that are really listened on."""

    public: int
    admin: int


class Serving:
    """Both ports of one process.

    The admin port opens first and closes last, so that health and metrics can be read while the
    service starts and stops.
    """

    def __init__(self, settings: Server, public: PublicApp, admin: web.Application) -> None:
        self._settings = settings
        self._public = public
        self._admin_app = admin
        self._admin: web.BaseRunner | None = None
        self._open: web.BaseRunner | None = None
        self._watches: list[asyncio.Task[None]] = []
        self._ports = Ports(0, 0)
        self._log = get_logger("receiver")

    async def start_admin(self) -> None:
        """Open the admin port.

        Raises:
            ConfigurationError: the port is taken, or not ours to take.

        """
        runner = _AdminRunner(self._admin_app, self._bounded)
        await runner.setup()
        self._admin = runner
        port = await self._listen(runner, self._settings.admin_host, self._settings.admin_port, "admin_port")
        self._ports = self._ports._replace(admin=port)

    async def start_public(self) -> None:
        """Open the public port.

        Raises:
            ConfigurationError: the port is taken, or not ours to take.

        """
        server = self._bounded(self._public, self._public.intake.limits, face="public")
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=self._settings.stop_grace)
        await runner.setup()
        self._open = runner
        port = await self._listen(runner, self._settings.host, self._settings.port, "port")
        self._ports = self._ports._replace(public=port)

    def ports(self) -> Ports:
        """Return the real ports, where 0 was asked for too; 0 for one that is not open."""
        return self._ports

    async def stop_public(self) -> None:
        """Turn further deliveries away, let those under way finish within the grace period, and close."""
        self._public.intake.stopping = True
        if self._open is not None:
            await self._open.cleanup()
            self._open = None

    async def stop(self) -> None:
        """Close both ports."""
        await self.stop_public()
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        if self._admin is not None:
            await self._admin.cleanup()
            self._admin = None

    def _bounded(self, handler: Handler, limits: Limits, **options: Any) -> BoundedServer:
        """Return a server that is watched until the stop."""
        intake = self._public.intake
        server = BoundedServer(handler, limits, intake.clock, intake.metrics, **options)
        self._watches.append(asyncio.create_task(server.watch()))
        return server

    async def _listen(self, runner: web.BaseRunner, host: str, port: int, setting: str) -> int:
        try:
            await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        except OSError as failure:
            await runner.cleanup()
            raise ConfigurationError([_fault(f"server.{setting}", host, port, failure)]) from failure
        real: int = runner.addresses[0][1]
        self._log.info(
            Said.LISTENING, address=host, port=real, face="admin" if runner is self._admin else "public"
        )
        return real


class _AdminRunner(web.AppRunner):
    """Runs an application on a bounded server."""

    def __init__(self, app: web.Application, bounded: Callable[..., BoundedServer]) -> None:
        super().__init__(app, handle_signals=False, shutdown_timeout=1.0)
        self._bounded = bounded

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return self._bounded(
            made.request_handler, _ADMIN_LIMITS, face="admin", request_factory=made.request_factory
        )


def _fault(path: str, host: str, port: int, failure: OSError) -> Fault:
    if failure.errno == errno.EADDRINUSE:
        return Fault(path, f"port {port} is taken", "Stop what listens there, or choose another port.")
    if failure.errno == errno.EACCES:
        return Fault(path, f"port {port} may not be taken by this user", "Choose one above 1023.")
    if isinstance(failure, socket.gaierror) or failure.errno == errno.EADDRNOTAVAIL:
        return Fault(path, f"{host} is no address of this machine", "Use 0.0.0.0 or 127.0.0.1.")
    return Fault(path, f"cannot listen there ({failure.strerror})", "Choose another address or port.")
