"""What one client may hold on to: connections are counted, watched, and given up for better ones.

aiohttp bounds a request and closes what is idle. It leaves three holes, and each lets a few hundred
sockets stop a port: a head that comes a byte at a time, answers that nobody reads, and connections that
only take up room.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import chain
from typing import Any, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader

from afterclick.clock import Clock
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Cut, Metrics
from afterclick.receiver.limits import RETRY_AFTER, Limits

LOOK_EVERY = 1.0
"""Seconds between two looks for connections whose time has run out."""

_FULL = (
    f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {RETRY_AFTER}\r\n"
    "Content-Length: 0\r\nConnection: close\r\n\r\n"
).encode()

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connection(web.RequestHandler):
    """One client's connection, which knows what the client owes us and since when."""

    __slots__ = ("_body", "_head_since", "_server", "_unread_since", "_wire")

    def __init__(self, server: BoundedServer, **options: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._server = server
        self._wire: asyncio.Transport | None = None
        self._body: StreamReader | None = None
        self._head_since: float | None = None
        self._unread_since: float | None = None

    @property
    def owes(self) -> bool:
        """Tell whether we wait for the client: for a request, or for the rest of one."""
        return self._body is None or not self._body.is_eof()

    def overdue(self, now: float, limits: Limits) -> Cut | None:
        """Return why the connection is to be cut, if it is."""
        if self._wire is not None and self._wire.is_closing() and self._unread_since is None:
            # It waits until the client has read what was written, and nobody else would ever end that.
            self._unread_since = now
        elif self._unread_since is not None and now - self._unread_since >= limits.unread:
            return Cut.UNREAD
        waits_for_head = self._body is None and self._head_since is not None
        if waits_for_head and now - cast("float", self._head_since) >= limits.body_timeout:
            return Cut.SLOW_HEAD
        return None

    def begin(self, body: StreamReader) -> None:
        """Take note that a head is complete."""
        self._body = body

    def delivered(self) -> None:
        """Take note that something well signed came over it."""
        self._server.know(self)

    def cut(self) -> None:
        """End the connection now, whatever was still to be sent."""
        if self._wire is not None:
            self._wire.abort()

    # What asyncio and aiohttp call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._wire = None
        super().connection_lost(exc)

    async def start(self) -> None:
        """Serve the connection, unless it is gone before this begins: aiohttp fails there, loudly."""
        if self._wire is not None:
            await super().start()

    def data_received(self, data: bytes) -> None:
        if self._head_since is None:
            self._head_since = self._server.clock.elapsed()
        super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_since = self._server.clock.elapsed()
        self._server.unread(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread_since = None

    def log_access(self, request: web.BaseRequest, response: web.StreamResponse, time: float | None) -> None:
        """Take note that a request is answered; there is no log of every access."""
        self._body = None
        self._head_since = None


class BoundedServer(web.Server):
    """A server with room for so many connections, which makes room by cutting the least useful one.

    Whoever has delivered something well signed stays before everybody else; of the others the oldest
    goes first, and nobody whose request has come whole. So neither slow clients nor floods of
    connections keep a sender out who sends at once.
    """

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        clock: Clock,
        metrics: Metrics,
        *,
        face: str,
        request_factory: Callable[..., web.BaseRequest] | None = None,
    ) -> None:
        super().__init__(handler, request_factory=self._begin)
        self.clock = clock
        self._limits = limits
        self._options = {
            **limits.protocol_options(),
            "logger": _HttpLogger("afterclick.http", logging.WARNING),
        }
        self._make = request_factory or self._make_request
        self._strangers: dict[Connection, None] = {}
        self._known: dict[Connection, None] = {}
        self._full = False
        self._face = face
        self._cuts = {why: metrics.connections_cut.labels(face, why.value) for why in Cut}
        metrics.open_connections.labels(face).set_function(self._count)

    def __call__(self) -> Connection:
        """Return the protocol of a new connection; asyncio calls it."""
        return Connection(self, **self._options)

    def _count(self) -> int:
        return len(self._strangers) + len(self._known)

    async def watch(self) -> None:
        """Cut connections whose time has run out, until cancelled."""
        while True:
            await self.clock.sleep(LOOK_EVERY)
            now = self.clock.elapsed()
            for connection in [*self._strangers, *self._known]:
                why = connection.overdue(now, self._limits)
                if why is not None:
                    self._cut(connection, why)

    def know(self, connection: Connection) -> None:
        """Keep a connection that delivered something before all that never did."""
        self._strangers.pop(connection, None)
        self._known.pop(connection, None)
        # At the end: those who delivered last are the last to go.
        self._known[connection] = None

    def unread(self, connection: Connection) -> None:
        """Cut a connection that takes no more of our answers, if this port has no patience with that."""
        if not self._limits.unread:
            self._cut(connection, Cut.UNREAD)

    # What aiohttp calls.

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Count a connection, make room for it, or turn it away."""
        super().connection_made(handler, transport)
        if self._count() < self._limits.max_connections or self._make_room():
            self._strangers[cast("Connection", handler)] = None
            return
        self._cuts[Cut.TURNED_AWAY].inc()
        transport.write(_FULL)
        transport.close()

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Make room for another connection."""
        self._forget(cast("Connection", handler))
        self._full = self._full and self._count() >= self._limits.max_connections
        super().connection_lost(handler, exc)

    def _begin(
        self, message: Any, body: StreamReader, protocol: web.RequestHandler, writer: Any, task: Any
    ) -> web.BaseRequest:
        cast("Connection", protocol).begin(body)
        return self._make(message, body, protocol, writer, task)

    def _make_room(self) -> bool:
        if not self._full:
            # Once per time that it is full, not once per client.
            self._full = True
            get_logger("receiver").warning(
                Said.CONNECTIONS_FULL, face=self._face, most=self._limits.max_connections
            )
        for connection in chain(self._strangers, self._known):
            if connection.owes:
                self._cut(connection, Cut.FULL)
                return True
        return False

    def _cut(self, connection: Connection, why: Cut) -> None:
        self._cuts[why].inc()
        self._forget(connection)
        connection.cut()

    def _forget(self, connection: Connection) -> None:
        self._strangers.pop(connection, None)
        self._known.pop(connection, None)


def know_sender(request: web.BaseRequest) -> None:
    """Take note that a request brought something well signed: its connection stays before others."""
    protocol = request.protocol
    if isinstance(protocol, Connection):
        protocol.delivered()


class _HttpLogger(logging.Logger):
    """Takes aiohttp's own lines: they hold the client's address and, in a trace, what it sent."""

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        failure = kwargs.get("exc_info")
        log = get_logger("receiver")
        if isinstance(failure, HttpProcessingError):
            log.debug(Said.REQUEST_UNREADABLE, failure=type(failure).__name__)
        else:
            log.error(Said.REQUEST_FAILED, exc_info=failure)
