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
from afterclick.model.event import REGISTRATION, Event, dedupe_key
from afterclick.model.registration import decode_registration, registration_key

SOURCE, APP = "tolinku", "app"


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


def make_report(*, at: int | str = "09:30", space: str = "main", **fields: Any) -> NewEvent:
    """Return a registration ready for the ledger; `fields` are those of its body."""
    at = moment(at) if isinstance(at, str) else at
    body = json.dumps({**fields, "registered_at": to_iso(at)}).encode()
    # The id a careful backend would give it: the same for the same report.
    bucket, tie = registration_key(space, APP, hashlib.sha256(body).hexdigest())
    return NewEvent(
        space=space,
        source=APP,
        type=REGISTRATION,
        bucket=bucket,
        tie=tie,
        occurred_at=at,
        received_at=at + 1_000,
        body=body,
    )


def as_event(delivery: NewEvent, *, id: int = 0) -> Event:
    """Return a delivery as the fold sees it."""
    registered = delivery.type == REGISTRATION
    decoded = decode_registration(delivery.body) if registered else decode(delivery.body)
    assert decoded.problem is None
    return Event(
        id=id,
        space=delivery.space,
        source=delivery.source,
        type=delivery.type,
        bucket=delivery.bucket,
        tie=delivery.tie,
        occurred_at=delivery.occurred_at,
        received_at=delivery.received_at,
        facts=decoded.facts,
        ip_hash=delivery.ip_hash,
    )


def make_registration(
    *, at: int | str = "09:30", space: str = "main", user: str | None = None, **fields: Any
) -> Event:
    """Return a decoded registration; `user` is its `user_id`, `fields` further ones of its body."""
    if user is not None:
        fields["user_id"] = user
    return as_event(make_report(at=at, space=space, **fields))


def in_order(*events: Event) -> list[Event]:
    """Number events as they arrived."""
    return [msgspec.structs.replace(event, id=id) for id, event in enumerate(events, start=1)]
