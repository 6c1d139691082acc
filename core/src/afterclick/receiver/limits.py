"""What one request may cost: bytes and time, all bounded before a secret is known."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from afterclick.config.model import Server

RETRY_AFTER = "5"
"""Seconds after which a client that was turned away may come back; senders that ignore it lose nothing."""

MAX_LINE = 4096
MAX_FIELD = 8190
MAX_HEADERS = 64
LINGER = 1.0
"""Seconds for which what is left of a refused body is read, so that the client sees the answer."""

_READ_AHEAD = 64 * 1024
"""Bytes of one body that are buffered before the client has to wait for us."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BodyRefused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """A body that is not read to its end."""


class TooLarge(BodyRefused):
    """It is, or says that it is, larger than allowed."""


class Incomplete(BodyRefused):
    """It broke off, is no valid HTTP, or took too long."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes, seconds and connections of a port.

    `body_timeout` is how long a body may take to arrive, and so may the head before it. `unread` is how
    long a client may leave answers unread once no buffer takes more of them.
    """

    max_body: int = 256 * 1024
    body_timeout: float = 10.0
    keep_alive: float = 75.0
    max_connections: int = 900
    unread: float = 0.0

    @classmethod
    def of(cls, server: Server) -> Limits:
        """Return the limits of the public port; its answers are so short that nobody leaves them unread."""
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
            "keepalive_timeout": self.keep_alive,
            "lingering_time": LINGER,
            "max_line_size": MAX_LINE,
            "max_field_size": MAX_FIELD,
            "max_headers": MAX_HEADERS,
            "read_bufsize": _READ_AHEAD,
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
