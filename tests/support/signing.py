"""Registrations as an app's backend sends them, signed by the official library of Standard Webhooks."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook
from tests.support.clock import NOON

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()


def headers_of(
    body: bytes, *, id: str = "msg_1", at: int = NOON, secrets: tuple[str, ...] = (SECRET,)
) -> dict[str, str]:
    """Return the headers of a message; `at` is the time of sending in milliseconds."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    signatures = [Webhook(secret).sign(id, moment, body.decode()) for secret in secrets]
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at // 1000),
        "webhook-signature": " ".join(signatures),
    }


def report(**fields: Any) -> bytes:
    """Return a registration's body; it names somebody unless the fields say who."""
    return json.dumps(fields or {"user_id": "u_1"}).encode()
