"""Two friends on one code, seven deliveries in all: told in any order, they have to end as two people."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

from tests.support.clock import moment
from tests.support.events import as_event, make_event, make_report

from afterclick.model.event import CLAIM, COMPLETED, INSTALL, REGISTRATION, Event

ORDERS = tuple(itertools.permutations(range(7)))
"""Every order in which seven deliveries may arrive."""


class Said(NamedTuple):
    """One delivery: what it is about, when it happened, and its fields."""

    type: str
    at: int
    fields: dict[str, Any]

    @property
    def event(self) -> Event:
        """Return it as the fold sees it."""
        if self.type == REGISTRATION:
            return as_event(make_report(at=self.at, **self.fields))
        return make_event(self.type, at=self.at, **self.fields)


class Friends:
    """Ann, who is known by her user id, and Ben, who is known by his address.

    Each came by a journey of their own, one of which begins with an install that says nothing of the link.
    The number keeps one pair of friends from another.
    """

    def __init__(self, number: int = 0) -> None:
        code = f"CODE{number}"
        self.ann, self.ben = f"ann-{number}", f"ben-{number}@example.com"
        one, other = (f"2001:db8::{number:x}:{host}" for host in (1, 2))
        link, path = {"prefix": "ref", "token": code}, {"deep_link_path": f"/ref/{code}"}
        self.said = (
            Said(INSTALL, moment("09:00"), {"ip": one, **link}),
            Said(CLAIM, moment("09:02"), {"ip": one, **path}),
            Said(INSTALL, moment("09:10"), {"ip": other, "platform": "ios"}),
            Said(CLAIM, moment("09:12"), {"ip": other, **path}),
            Said(REGISTRATION, moment("09:20"), {"user_id": self.ann, "referral_code": code}),
            Said(REGISTRATION, moment("09:30"), {"email": self.ben, **path}),
            Said(COMPLETED, moment("10:00"), {"referral_code": code, "referred_user_id": self.ann}),
        )
