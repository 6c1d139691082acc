"""Files of signed deliveries, ready to be sent: whole HTTP requests, no two alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from afterclick.cli.sending import Delivery, delivery
from afterclick.clock import SystemClock

SECRET = "whsec_benchmarks-3d8c1f60a94b"
PATH = "/webhooks/tolinku"
_HOST = "go.example.com"
_CAMPAIGNS = ("instagram-story-may", "newsletter-may", "podcast-41", "spring-sale")


def bursts(*, start: int = 0) -> Iterator[Delivery]:
    """Yield five events a person, click to conversion, in both of the sender's dialects, without end."""
    now = SystemClock().now()
    person = start
    while True:
        yield from _five(person, now - 3_600_000 + person % 3_000_000)
        person += 1


def singles() -> Iterator[Delivery]:
    """Yield one event a person, which names it, without end."""
    now = SystemClock().now()
    person = 0
    while True:
        yield _completed(person, now - 3_600_000 + person % 3_000_000)
        person += 1


def _five(person: int, at: int) -> Iterable[Delivery]:
    code = _code(person)
    ip = f"10.{person >> 16 & 255}.{person >> 8 & 255}.{person & 255}"
    seen = {
        "prefix": "ref",
        "token": code,
        "hostname": _HOST,
        "ip": ip,
        "platform": "ios" if person % 2 else "android",
        "device_type": "mobile",
        "campaign": _CAMPAIGNS[person % len(_CAMPAIGNS)],
    }
    clicked = {**seen, "url": f"https://{_HOST}/ref/{code}?utm_campaign={seen['campaign']}", "country": "NL"}
    claimed = {"deep_link_path": f"/ref/{code}", "method": "token", "ip": ip, "hostname": _HOST}
    created = {"prefix": "ref", "token": code, "referrer_token": _referrer(person)}
    return (
        _event("link.clicked", at, clicked),
        _event("install.tracked", at + 40_000, seen),
        _event("deferred_link.claimed", at + 60_000, claimed),
        _event("referral.created", at + 90_000, created),
        _completed(person, at + 400_000),
    )


def _completed(person: int, at: int) -> Delivery:
    code = _code(person)
    data = {
        "referral_code": code,
        "referrer_id": _referrer(person),
        "referred_user_id": f"user-{person}",
        "milestone": "first_purchase",
    }
    return _event("referral.completed", at, data)


def _code(person: int) -> str:
    return f"Q7{person:08X}"


def _referrer(person: int) -> str:
    return f"user-{person // 7}"


def _event(type: str, at: int, data: dict[str, Any]) -> Delivery:
    return delivery(type, at, data, SECRET)


def write(file: Path, deliveries: Iterable[Delivery], count: int) -> Path:
    """Write so many of them as HTTP requests, the form that `loadgen.c` sends."""
    with file.open("wb") as out:
        for one in islice(deliveries, count):
            out.write(as_request(one))
    return file


def as_request(one: Delivery) -> bytes:
    """Return a delivery as the sender puts it on the wire."""
    lines = [f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(one.body)}"]
    lines += [f"{name}: {value}" for name, value in one.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + one.body
