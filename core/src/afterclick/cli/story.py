"""The story that the demo tells, as the deliveries Tolinku would send for it.

Five people on 21 May 2026: Ada comes through a friend's link and buys (in the dialect of Tolinku's
article), Ben does the same in the dialect of its documentation, Cleo's events arrive last first, and
two strangers tap one campaign link and stay two.
"""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick.clock import from_iso

NOW = from_iso("2026-05-21T09:45:00Z")
CODE = "Q7K2M9XWPA"
SOURCE = "tolinku"


class Told(msgspec.Struct, frozen=True):
    """One event of the story: type, time on that day, payload."""

    event: str
    time: str
    data: dict[str, Any]

    @property
    def at(self) -> int:
        """Return the time in milliseconds since 1970."""
        return from_iso(f"2026-05-21T{self.time}:00Z")


class Expected(msgspec.Struct, frozen=True):
    """What the CRM has to show of a person in the end, by lead attribute."""

    who: str
    attributes: dict[str, Any]


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
TEST = Told("test", "09:44", {"webhook_id": "wh_demo", "appspace_id": "as_demo"})

PEOPLE = (
    Expected(
        "Ada",
        {
            "lead_source": "Deep Link",
            "campaign": "instagram-story-may",
            "platform": "iOS",
            "token": "summer-promo",
            "install_date": "2026-05-21T09:14:00.000Z",
            "referral_source": "user-abc123",
            "conversion_date": "2026-05-21T09:32:00.000Z",
            "minutes_to_convert": 18,
        },
    ),
    Expected(
        "Ben",
        {
            "lead_source": "Deep Link",
            "campaign": "newsletter-may",
            "platform": "Android",
            "token": CODE,
            "install_date": "2026-05-21T09:00:00.000Z",
            "referral_source": "user-77",
            "conversion_date": "2026-05-21T09:25:00.000Z",
            "minutes_to_convert": 25,
        },
    ),
    Expected(
        "Cleo",
        {
            "lead_source": "Deep Link",
            "campaign": "podcast-41",
            "platform": "iOS",
            "token": "spring-gift",
            "install_date": "2026-05-21T09:10:00.000Z",
            "referral_source": "user-xyz789",
            "conversion_date": "2026-05-21T09:40:00.000Z",
            "minutes_to_convert": 30,
        },
    ),
    *(
        Expected(
            who,
            {
                "lead_source": "Deep Link",
                "platform": "Android",
                "token": "may-sale",
                "install_date": f"2026-05-21T{time}:00.000Z",
                "conversion_date": None,
            },
        )
        for who, time in (("a stranger", "09:16"), ("another stranger", "09:17"))
    ),
)
