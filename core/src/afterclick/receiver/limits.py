"""What one client may cost: bytes, time and connections, all bounded before a secret is known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from afterclick.config.model import Server
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger

RETRY_AFTER = "5"
"""Seconds after which a client that was turned away may come back; senders that ignore it lose nothing."""

_LINE = 4096
_FIELD = 8190
_HEADERS = 64
_LINGER = 1.0
"""Seconds for which what is left of a refused body is read, so that the client sees the answer."""

_FULL = (
    f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {RETRY_AFTER}\r\n"
    "Content-Length: 0\r\nConnection: close\r\n\r\n"
).encode()
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BodyRefused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """A body that is not read to its end."""


class TooLarge(BodyRefused):
    """It is, or says that it is, larger than allowed."""


class Incomplete(BodyRefused):
    """It broke off, is no valid HTTP, or took too long."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes, seconds and connections of the public port."""

    max_body: int = 256 * 1024
    body_timeout: float = 10.0
    keep_alive: float = 75.0
    max_connections: int = 900

    @classmethod
    def of(cls, server: Server) -> Limits:
        """Return the limits that the configuration sets."""
        return cls(
            max_body=server.max_body,
            body_timeout=server.body_timeout,
            keep_alive=server.keep_alive,
            max_connections=server.max_connections,
        )

    def protocol_options(self) -> dict[str, Any]:
        """Return the options of aiohttp's protocol that hold them."""
        return {
            "access_log": None,
            "logger": _HttpLogger("afterclick.http", logging.WARNING),
            "keepalive_timeout": self.keep_alive,
            "lingering_time": _LINGER,
            "max_line_size": _LINE,
            "max_field_size": _FIELD,
            "max_headers": _HEADERS,
            # The signature is over the bytes as sent, and a small bomb unpacks to a large one.
            "auto_decompress": False,
        }

    async def read_body(self, request: web.BaseRequest) -> bytes:
        """Return the whole body.

        Raises:
            TooLarge: as soon as that is known, before the rest is read.
            Incomplete: the client broke off, or took longer than `body_timeout`.

        """
        content = request.content
        try:
            if content.is_eof():
                # It came with the headers, as nearly all do.
                body = content.read_nowait()
            else:
                async with asyncio.timeout(self.body_timeout):
                    body = await self._read_slowly(request)
        except (TimeoutError, web.RequestPayloadError, HttpProcessingError, OSError) as failure:
            raise Incomplete from failure
        if len(body) > self.max_body:
            raise TooLarge
        return body

    async def _read_slowly(self, request: web.BaseRequest) -> bytes:
        announced = request.content_length
        if announced is not None and announced > self.max_body:
            raise TooLarge
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(_CONTINUE)
            # aiohttp takes anything that was written for the beginning of the answer.
            request.writer.output_size = 0
        chunks = bytearray()
        while chunk := await request.content.readany():
            chunks += chunk
            if len(chunks) > self.max_body:
                raise TooLarge
        return bytes(chunks)


class BoundedServer(web.Server):
    """A server that answers 503 to connections beyond a number, before they have said anything."""

    def __init__(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], limits: Limits
    ) -> None:
        super().__init__(handler, **limits.protocol_options())
        self._most = limits.max_connections
        self._open: set[web.RequestHandler] = set()
        self._full = False

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Count a connection, or turn it away."""
        super().connection_made(handler, transport)
        if len(self._open) < self._most:
            self._open.add(handler)
            return
        if not self._full:
            # Once per time that it is full, not once per client.
            self._full = True
            get_logger("receiver").warning(Said.CONNECTIONS_FULL, most=self._most)
        transport.write(_FULL)
        transport.close()

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Make room for another connection."""
        self._open.discard(handler)
        self._full = self._full and len(self._open) >= self._most
        super().connection_lost(handler, exc)


class _HttpLogger(logging.Logger):
    """Takes aiohttp's own lines: they hold the client's address and, in a trace, what it sent."""

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        failure = kwargs.get("exc_info")
        log = get_logger("receiver")
        if isinstance(failure, HttpProcessingError):
            log.debug(Said.REQUEST_UNREADABLE, failure=type(failure).__name__)
        else:
            log.error(Said.REQUEST_FAILED, exc_info=failure)
