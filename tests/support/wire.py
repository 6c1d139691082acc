"""HTTP byte by byte: signed requests as they go over the wire, and answers as they come back."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress

SECRET = "whsec_3f9c0d51b7a84e62"
PATH = "/webhooks/tolinku"
PATIENCE = 10.0


def signature(body: bytes, secret: str = SECRET) -> str:
    """Return what the sender would put into the header."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def payload(
    event: object = "install.tracked", at: object = "2026-05-21T09:14:00.000Z", **data: object
) -> bytes:
    """Return a body; `data` are its fields."""
    return json.dumps({"event": event, "timestamp": at, "data": data}).encode()


def request_bytes(
    body: bytes = b"", *, method: str = "POST", path: str = PATH, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a signed request as it goes over the wire; `headers` replace its own."""
    lines = {
        "Host": "localhost",
        "Content-Length": str(len(body)),
        "X-Webhook-Signature": signature(body),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class Answer:
    """An HTTP answer as it came over the wire."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        pairs = (line.partition(":") for line in lines)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.body = body


class Wire:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """Read one answer."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n")
            found = Answer(head, b"")
            found.body = await self.reader.readexactly(int(found.headers.get("content-length", "0")))
        return found

    async def closed(self) -> bool:
        """Wait for the end and tell whether nothing more came."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True

    def pause(self) -> None:
        """Read nothing more, so that answers pile up at the other end."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()
