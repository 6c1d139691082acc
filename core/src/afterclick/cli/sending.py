"""Making and sending deliveries the way Tolinku does: JSON body, HMAC over its bytes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from afterclick.clock import to_iso

TIMEOUT = aiohttp.ClientTimeout(total=10)
"""The sender's own: https://tolinku.com/docs/user-guide/webhooks/testing-and-deliveries/."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery: what is sent, and with which signature."""

    event: str
    body: bytes
    signature: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that the sender sets."""
        return {
            "Content-Type": "application/json",
            "User-Agent": "Tolinku/1.0",
            "X-Webhook-Event": self.event,
            "X-Webhook-Signature": self.signature,
        }


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One registration of an app's own backend, signed."""

    body: bytes
    headers: Mapping[str, str]


def sign(secret: str, body: bytes) -> str:
    """Return the signature: hex HMAC-SHA256, keyed with the whole secret as it is shown."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def delivery(event: str, at: int, data: Mapping[str, Any], secret: str) -> Delivery:
    """Return a signed delivery of an event that happened at `at` (milliseconds since 1970)."""
    body = msgspec.json.encode({"event": event, "timestamp": to_iso(at), "data": data})
    return Delivery(event=event, body=body, signature=sign(secret, body))


async def send(session: aiohttp.ClientSession, url: str, one: Delivery | Report) -> int:
    """Send one request, following no redirect, and return the status.

    Raises:
        aiohttp.ClientError: nobody answers there.

    """
    async with session.post(
        url, data=one.body, headers=one.headers, timeout=TIMEOUT, allow_redirects=False
    ) as answer:
        await answer.read()
        return answer.status
