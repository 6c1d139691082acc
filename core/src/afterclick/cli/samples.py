"""Webhooks as Tolinku sends them, for those who have none at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from afterclick.clock import to_iso
from afterclick.errors import AfterclickError

_MINUTE = 60_000
Said = tuple[str, int, Mapping[str, Any]]
"""A type, how many minutes ago it happened, and its data."""

_LINK = {"prefix": "promo", "token": "may-sale", "platform": "ios"}
_INSTALL: Said = ("install.tracked", 18, {**_LINK, "campaign": "may"})
_CONVERSION: Said = (
    "referral.completed",
    0,
    {
        "referral_code": "H4TZ8QK2LM",
        "referrer_id": "u_1",
        "referred_user_id": "u_2",
        "milestone": "first_purchase",
    },
)
_FRIEND: Said = ("install.tracked", 18, {"prefix": "ref", "token": "H4TZ8QK2LM", "platform": "android"})

SAMPLES: Mapping[str, Sequence[Said]] = {
    "click": [("link.clicked", 20, {**_LINK, "campaign": "may"})],
    "install": [_INSTALL],
    "claim": [("deferred_link.claimed", 17, {"deep_link_path": "/promo/may-sale", "method": "token"})],
    "conversion": [_CONVERSION],
    "friend": [_FRIEND, _CONVERSION],
}


def sample(name: str, now: int) -> list[bytes]:
    """Return the bodies of a sample, the last of which happens `now` or not long before.

    Raises:
        AfterclickError: there is no sample of that name.

    """
    if name not in SAMPLES:
        raise AfterclickError(f"there is no sample {name!r}", hint=f"There are: {', '.join(SAMPLES)}.")
    return [
        msgspec.json.encode({"event": type, "timestamp": to_iso(now - ago * _MINUTE), "data": data})
        for type, ago, data in SAMPLES[name]
    ]
