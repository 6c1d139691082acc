"""Starts and stops the two ports."""

from __future__ import annotations

import errno
import socket
from typing import NamedTuple

from aiohttp import web

from afterclick.config.model import Server
from afterclick.errors import ConfigurationError, Fault
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.receiver.app import PublicApp
from afterclick.receiver.limits import BoundedServer

_BACKLOG = 1024


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
        self._ports = Ports(0, 0)
        self._log = get_logger("receiver")

    async def start_admin(self) -> None:
        """Open the admin port.

        Raises:
            ConfigurationError: the port is taken, or not ours to take.

        """
        runner = web.AppRunner(self._admin_app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        self._admin = runner
        port = await self._listen(runner, self._settings.admin_host, self._settings.admin_port, "admin_port")
        self._ports = self._ports._replace(admin=port)

    async def start_public(self) -> None:
        """Open the public port.

        Raises:
            ConfigurationError: the port is taken, or not ours to take.

        """
        server = BoundedServer(self._public, self._public.intake.limits)
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
        if self._admin is not None:
            await self._admin.cleanup()
            self._admin = None

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


def _fault(path: str, host: str, port: int, failure: OSError) -> Fault:
    if failure.errno == errno.EADDRINUSE:
        return Fault(path, f"port {port} is taken", "Stop what listens there, or choose another port.")
    if failure.errno == errno.EACCES:
        return Fault(path, f"port {port} may not be taken by this user", "Choose one above 1023.")
    if isinstance(failure, socket.gaierror) or failure.errno == errno.EADDRNOTAVAIL:
        return Fault(path, f"{host} is no address of this machine", "Use 0.0.0.0 or 127.0.0.1.")
    return Fault(path, f"cannot listen there ({failure.strerror})", "Choose another address or port.")
