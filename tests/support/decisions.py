"""One link, one code, and what people do with them: events whose person has to be decided."""

from __future__ import annotations

from typing import Any

from tests.support.events import make_event, make_registration
from tests.support.memory_store import MemoryStore

from afterclick.model.event import CLAIM, COMPLETED, INSTALL, Event
from afterclick.model.journey import Policy
from afterclick.model.view import Decision

AUTUMN = {"prefix": "menu", "token": "autumn"}
CODE = {"prefix": "ref", "token": "CODE"}
IP, OTHER_IP = "198.51.100.7", "198.51.100.8"


def tap(at: str = "09:00", **data: Any) -> Event:
    return make_event(INSTALL, at=at, **{**AUTUMN, **data})


def claimed(at: str = "09:05", **data: Any) -> Event:
    return make_event(CLAIM, at=at, **{**AUTUMN, **data})


def joins_in(at: str = "09:30", user: str = "ann", **facts: str) -> Event:
    return make_registration(at=at, user=user, **{**AUTUMN, **facts})


def completed(at: str = "10:00", **data: Any) -> Event:
    return make_event(COMPLETED, at=at, referral_code="CODE", **data)


def folded(*events: Event, policy: Policy | None = None) -> MemoryStore:
    """Fold events one by one."""
    return MemoryStore(policy).fold_all([event] for event in events)


def same(store: MemoryStore, *events: Event) -> bool:
    return len({store.lead_of(event) for event in events}) == 1


def decision(store: MemoryStore, event: Event) -> Decision:
    return store.decisions[event.name]
