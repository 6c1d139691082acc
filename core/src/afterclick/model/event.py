"""An event: a delivery that was verified, decoded and stored."""

from __future__ import annotations

import hashlib

import msgspec

from afterclick.clock import MILLISECONDS_PER_DAY, from_iso

INSTALL = "install.tracked"
CLAIM = "deferred_link.claimed"
CREATED = "referral.created"
COMPLETED = "referral.completed"
CLICK = "link.clicked"
TEST = "test"
REGISTRATION = "registration"

ECOMMERCE = tuple(
    f"ecommerce.{name}"
    for name in (
        "purchase",
        "refund",
        "cart_abandoned",
        "add_to_cart",
        "begin_checkout",
        "add_to_wishlist",
        "fraud_flagged",
    )
)
TYPES = (CLICK, INSTALL, CLAIM, CREATED, COMPLETED, TEST, *ECOMMERCE)
"""The types the sender documents. The set is open: another type is stored and ignored."""

FOLDED_TYPES = frozenset({CLICK, INSTALL, CLAIM, CREATED, COMPLETED, REGISTRATION})

OLDEST = 31 * MILLISECONDS_PER_DAY
NEWEST = 10 * 60 * 1000
_FIRST_BUCKET = from_iso("2020-01-01T00:00:00Z") // MILLISECONDS_PER_DAY
_LAST_BUCKET = from_iso("2100-01-01T00:00:00Z") // MILLISECONDS_PER_DAY


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event says, under one name each, whichever dialect it came in. Absent means None.

    `token` names the link and is shared by everyone who taps it; `code` is the token of a referral
    link; `campaign` the UTM campaign; `source` the UTM source. Person fields come with
    registrations only. `further` are values by the attribute `data.…` or `properties.…`, as JSON text.
    """

    prefix: str | None = None
    token: str | None = None
    code: str | None = None
    campaign: str | None = None
    source: str | None = None
    platform: str | None = None
    device: str | None = None
    country: str | None = None
    host: str | None = None
    url: str | None = None
    method: str | None = None
    milestone: str | None = None
    referrer: str | None = None
    names_referrer_as: str | None = None
    referred_user: str | None = None
    user: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    company: str | None = None
    further: dict[str, str] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One stored event as the fold sees it. Times are milliseconds since 1970.

    `tie` is the dedupe hash: equal times are ordered by it, never by arrival.
    """

    id: int
    space: str
    source: str
    type: str
    bucket: int
    tie: bytes
    occurred_at: int
    received_at: int
    facts: Facts
    ip_hash: bytes | None = None

    @property
    def name(self) -> str:
        """Return the event's own name, from which its `event` key is made."""
        return f"{self.bucket}:{self.tie.hex()}"


def dedupe_key(space: str, source: str, body: bytes, timestamp: int | None) -> tuple[int, bytes]:
    """Return (bucket, hash16): equal for a delivery and its retries, which repeat its bytes.

    The bucket is the day of the payload's own time, so that inserts stay in today's part of the
    index; a time that is missing or absurd gives bucket 0. The rule is frozen: changing it would
    let every retry in flight count twice.
    """
    digest = hashlib.sha256(b"%b\x00%b\x00" % (space.encode(), source.encode()))
    digest.update(body)
    day = 0 if timestamp is None else timestamp // MILLISECONDS_PER_DAY
    bucket = day if _FIRST_BUCKET <= day < _LAST_BUCKET else 0
    return bucket, digest.digest()[:16]


def occurred(timestamp: int | None, received_at: int) -> tuple[int, bool]:
    """Return when the event counts as having happened, and whether the payload's time was replaced.

    One event of 1970 or 2099 would be the earliest or latest touch for ever.
    """
    if timestamp is None or not received_at - OLDEST <= timestamp <= received_at + NEWEST:
        return received_at, True
    return timestamp, False
