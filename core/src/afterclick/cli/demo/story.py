"""The story that the demo tells, as what Tolinku and the app's own backend would send for it.

Seven people on 21 May 2026: Ada comes through a friend's link and buys (in the dialect of Tolinku's
article), Ben does the same in the dialect of its documentation, Cleo's events arrive last first, and
two strangers tap one campaign link and stay two. Dora is as nameless as they are until she registers.
Enzo is in the CRM already, typed in by sales, when he registers and becomes Dora's friend.
"""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick.clock import from_iso, to_iso
from afterclick.model.event import REGISTRATION
from afterclick.sandbox import Person

NOW = from_iso("2026-05-21T09:45:00Z")
CODE = "Q7K2M9XWPA"
SOURCE = "tolinku"


class Told(msgspec.Struct, frozen=True):
    """One event of the story: type, time on that day, payload; of a registration, its fields."""

    event: str
    time: str
    data: dict[str, Any]

    @property
    def at(self) -> int:
        """Return the time in milliseconds since 1970."""
        return from_iso(f"2026-05-21T{self.time}:00Z")


def registered(time: str, **fields: Any) -> Told:
    """Return a registration at that time."""
    return Told(REGISTRATION, time, {**fields, "registered_at": to_iso(from_iso(f"2026-05-21T{time}:00Z"))})


ADA = (
    Told(
        "install.tracked",
        "09:14",
        {
            "prefix": "ref",
            "token": "summer-promo",
            "campaign": "instagram-story-may",
            "platform": "ios",
        },
    ),
    Told(
        "referral.created",
        "09:20",
        {"prefix": "ref", "token": "summer-promo", "referrer_token": "user-abc123"},
    ),
    Told("referral.completed", "09:32", {"token": "summer-promo"}),
)
STRANGERS = (
    Told("install.tracked", "09:16", {"prefix": "promo", "token": "may-sale", "platform": "android"}),
    Told("install.tracked", "09:17", {"prefix": "promo", "token": "may-sale", "platform": "android"}),
)
BEN = (
    Told(
        "referral.created",
        "08:00",
        {
            "referral_code": CODE,
            "referrer_id": "user-77",
            "referral_url": f"https://go.example.com/ref/{CODE}",
        },
    ),
    Told(
        "link.clicked",
        "08:58",
        {"prefix": "ref", "token": CODE, "hostname": "go.example.com", "platform": "android"},
    ),
    Told(
        "install.tracked",
        "09:00",
        {
            "hostname": "go.example.com",
            "ip": "203.0.113.9",
            "platform": "android",
            "device_type": "mobile",
            "campaign": "newsletter-may",
        },
    ),
    Told(
        "deferred_link.claimed",
        "09:01",
        {"deep_link_path": f"/ref/{CODE}", "method": "signals", "ip": "203.0.113.9"},
    ),
    Told(
        "referral.completed",
        "09:25",
        {
            "referral_code": CODE,
            "referrer_id": "user-77",
            "referred_user_id": "user-4711",
            "milestone": "first_purchase",
        },
    ),
)
CLEO = (
    Told("referral.completed", "09:40", {"token": "spring-gift"}),
    Told(
        "referral.created",
        "09:30",
        {"prefix": "ref", "token": "spring-gift", "referrer_token": "user-xyz789"},
    ),
    Told(
        "install.tracked",
        "09:10",
        {"prefix": "ref", "token": "spring-gift", "campaign": "podcast-41", "platform": "ios"},
    ),
)
DORA_INSTALLS = (
    Told(
        "install.tracked",
        "08:40",
        {"prefix": "promo", "token": "launch-week", "campaign": "launch-may", "platform": "ios"},
    ),
)
DORA_REGISTERS = (
    registered(
        "08:50",
        user_id="user-5150",
        email="dora@example.com",
        first_name="Dora",
        last_name="Quist",
        deep_link_path="/promo/launch-week",
        platform="ios",
    ),
)
DORA = (*DORA_INSTALLS, *DORA_REGISTERS)
FRIENDS_CODE = "M4R8T2KQZB"
TYPED_IN = Person(
    first_name="Enzo",
    last_name="Marchetti",
    email="enzo@example.com",
    phone="+1 555 0142",
    company="Studio Marchetti",
)
"""What sales knows of Enzo, from a telephone call."""

ENZO_REGISTERS = (
    registered(
        "09:15",
        user_id="user-6001",
        email="Enzo@Example.com",
        first_name="Vincenzo",
        last_name="M.",
        phone="+39 055 0100",
        company="Studio Marchetti",
        referral_code=FRIENDS_CODE,
    ),
)
ENZO_CONVERTS = (
    Told(
        "referral.completed",
        "09:35",
        {
            "referral_code": FRIENDS_CODE,
            "referrer_id": "user-5150",
            "referred_user_id": "user-6001",
            "milestone": "first_purchase",
        },
    ),
)
ENZO_CAME = (
    Told(
        "deferred_link.claimed",
        "09:12",
        {"deep_link_path": f"/ref/{FRIENDS_CODE}", "method": "signals", "ip": "203.0.113.20"},
    ),
    Told(
        "install.tracked",
        "09:11",
        {
            "hostname": "go.example.com",
            "ip": "203.0.113.20",
            "platform": "android",
            "campaign": "friends-of-may",
        },
    ),
)
ENZO = (*ENZO_REGISTERS, *ENZO_CAME, *ENZO_CONVERTS)
TEST = Told("test", "09:44", {"webhook_id": "wh_demo", "appspace_id": "as_demo"})
