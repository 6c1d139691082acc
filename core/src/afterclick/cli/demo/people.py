"""Who the demo's story is about, and what a CRM has to show of each in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from afterclick.cli.demo.story import CODE, FRIENDS_CODE


class Expected(msgspec.Struct, frozen=True):
    """What is known of a person in the end, by lead attribute; `kept` is what sales typed instead."""

    who: str
    attributes: dict[str, Any]
    kept: dict[str, Any] = {}

    @property
    def shown(self) -> dict[str, Any]:
        """Return what the CRM has to show."""
        return self.attributes | self.kept

    def has(self, known: Mapping[str, Any]) -> bool:
        """Tell whether a lead is this person's, by what the ledger knows: a CRM may keep the day alone."""
        return all(known.get(name) == self.attributes[name] for name in ("token", "install_date"))


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
    Expected(
        "Dora",
        {
            "lead_source": "Deep Link",
            "first_name": "Dora",
            "last_name": "Quist",
            "email": "dora@example.com",
            "campaign": "launch-may",
            "platform": "iOS",
            "token": "launch-week",
            "install_date": "2026-05-21T08:40:00.000Z",
            "conversion_date": None,
        },
    ),
    Expected(
        "Enzo",
        {
            "lead_source": "Deep Link",
            "first_name": "Vincenzo",
            "last_name": "M.",
            "email": "enzo@example.com",
            "phone": "+39 055 0100",
            "company": "Studio Marchetti",
            "campaign": "friends-of-may",
            "platform": "Android",
            "token": FRIENDS_CODE,
            "install_date": "2026-05-21T09:11:00.000Z",
            "referral_source": "user-5150",
            "conversion_date": "2026-05-21T09:35:00.000Z",
            "minutes_to_convert": 24,
        },
        kept={"first_name": "Enzo", "last_name": "Marchetti", "phone": "+1 555 0142"},
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
