"""Events for tests, made the way the program makes them: from a body, through the decoder."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
from tests.support.clock import moment

from afterclick.clock import to_iso
from afterclick.ledger.rows import NewEvent
from afterclick.model.decode import blank_addresses, decode
from afterclick.model.event import REGISTRATION, Event, Facts, dedupe_key

SOURCE = "tolinku"


def body_of(type: str, at: int, data: dict[str, Any]) -> bytes:
    """Return a payload as the sender would write it."""
    return json.dumps({"event": type, "timestamp": to_iso(at), "data": data}).encode()


def hash_of(ip: str | None) -> bytes | None:
    """Return what stands for an address in an event."""
    return None if ip is None else hashlib.sha256(ip.encode()).digest()[:16]


def make_delivery(
    type: str, *, at: int | str = "09:14", space: str = "main", ip: str | None = None, **data: Any
) -> NewEvent:
    """Return a delivery ready for the ledger; `data` are fields of the payload."""
    at = moment(at) if isinstance(at, str) else at
    body = body_of(type, at, data if ip is None else data | {"ip": ip})
    bucket, tie = dedupe_key(space, SOURCE, body, at)
    return NewEvent(
        space=space,
        source=SOURCE,
        type=type,
        bucket=bucket,
        tie=tie,
        occurred_at=at,
        received_at=at + 1_000,
        body=blank_addresses(body),
        ip_hash=hash_of(ip),
    )


def make_event(
    type: str, *, at: int | str = "09:14", space: str = "main", ip: str | None = None, **data: Any
) -> Event:
    """Return a decoded event; `data` are fields of the payload, in either dialect. Its id is 0."""
    return as_event(make_delivery(type, at=at, space=space, ip=ip, **data))


def as_event(delivery: NewEvent, *, id: int = 0, facts: Facts | None = None) -> Event:
    """Return a delivery as the fold sees it."""
    if facts is None:
        decoded = decode(delivery.body)
        assert decoded.problem is None
        facts = decoded.facts
    return Event(
        id=id,
        space=delivery.space,
        source=delivery.source,
        type=delivery.type,
        bucket=delivery.bucket,
        tie=delivery.tie,
        occurred_at=delivery.occurred_at,
        received_at=delivery.received_at,
        facts=facts,
        ip_hash=delivery.ip_hash,
    )


def make_registration(*, at: int | str = "09:30", space: str = "main", **facts: str) -> Event:
    """Return a registration from the user's own backend; `facts` are fields of `Facts`."""
    delivery = make_delivery(REGISTRATION, at=at, space=space, **facts)
    return as_event(delivery, facts=msgspec.convert(facts, Facts))


def in_order(*events: Event) -> list[Event]:
    """Number events as they arrived."""
    return [msgspec.structs.replace(event, id=id) for id, event in enumerate(events, start=1)]
