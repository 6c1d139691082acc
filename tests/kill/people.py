"""The people of a story: what is delivered of each, and the one record it has to come to in every CRM."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.running import SECRET

from afterclick.cli.sending import Delivery, delivery
from afterclick.clock import from_iso, to_iso

REFERRER = "referrer"
_MINUTE = 60_000
_CONVERSIONS = 4


@dataclass(slots=True)
class Person:
    """Somebody: deliveries in the order in which they are sent, and what they come to.

    `known` are the attributes that follow from what was delivered alone, moments in whole seconds.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=lambda: {"stage": "lead"})

    def happens(self, type: str, at: int, **data: Any) -> None:
        """Add an event."""
        self.deliveries.append(delivery(type, at, data, SECRET))

    def installs(self, at: int, prefix: str, token: str, campaign: str) -> None:
        """Add an install through a link."""
        self.happens("install.tracked", at, prefix=prefix, token=token, campaign=campaign, platform="ios")
        self.known |= {
            "token": token,
            "prefix": prefix,
            "campaign": campaign,
            "platform": "iOS",
            "install_date": _in_seconds(at),
        }

    def converts(self, at: int, code: str, **data: Any) -> None:
        """Add a completion; each is earlier than the one before, so that it is the new first one."""
        self.happens("referral.completed", at, referral_code=code, referrer_id=REFERRER, **data)
        self.known |= {
            "token": code,
            "prefix": "ref",
            "conversion_date": _in_seconds(at),
            "referral_source": REFERRER,
            "stage": "customer",
        }
        if "install_date" in self.known:
            minutes = (at - from_iso(self.known["install_date"])) // _MINUTE
            self.known["minutes_to_convert"] = str(minutes)


def _in_seconds(at: int) -> str:
    return f"{to_iso(at)[:19]}Z"


def _friend(person: Person, name: str, at: int, rng: random.Random) -> None:
    """Install through a referral's link, then convert, told of late and again and again."""
    person.installs(at, "ref", f"code-{name}", f"campaign-{rng.randrange(3)}")
    for number in range(_CONVERSIONS):
        earlier = at + (30 - number) * _MINUTE
        person.converts(earlier, f"code-{name}", referred_user_id=name, milestone=f"m{number}")


def _stranger(person: Person, name: str, at: int, rng: random.Random) -> None:
    """Install and claim, and never give a name."""
    person.installs(at, "promo", f"link-{name}", f"campaign-{rng.randrange(3)}")
    claimed = {"deep_link_path": f"/promo/link-{name}", "method": "token"}
    person.happens("deferred_link.claimed", at + _MINUTE, **claimed)


def _two_in_one(person: Person, name: str, at: int, rng: random.Random) -> None:
    """Convert with two codes, of which only a later event tells that one person did it."""
    first, second = f"code-{name}-a", f"code-{name}-b"
    person.converts(at + 30 * _MINUTE, second)
    person.converts(at + 29 * _MINUTE, first, referred_user_id=name)
    person.converts(at + 28 * _MINUTE, second, referred_user_id=name, milestone="more")
    person.converts(at + 27 * _MINUTE, first, referred_user_id=name, milestone="most")


def crowd(count: int, *, now: int, rng: random.Random) -> list[Person]:
    """Return people who did it all before `now` (ms)."""
    found = []
    for number in range(count):
        person = Person()
        act = rng.choice((_friend, _friend, _stranger, _two_in_one))
        act(person, f"p{number}", now - 90 * _MINUTE + number * 4_019, rng)
        found.append(person)
    return found


def parcels(people: Sequence[Person], count: int, rng: random.Random) -> list[list[Delivery]]:
    """Split all deliveries into so many parts, each person's in order, some of them repeated."""
    found: list[list[Delivery]] = [[] for _ in range(count)]
    for person in people:
        places = sorted(rng.choices(range(count), k=len(person.deliveries)))
        for place, one in zip(places, person.deliveries, strict=True):
            for repeat in {place, rng.choice((place, rng.randrange(place, count)))}:
                found[repeat] += [one] * rng.choice((1, 1, 2))
    for part in found:
        rng.shuffle(part)
    return found
