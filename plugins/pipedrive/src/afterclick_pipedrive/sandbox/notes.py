"""The endpoints of notes: `/v1/notes`. A note sent twice is two notes.

Source: the v1 specification.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from afterclick.sandbox import Answer, Call, Refused, Row
from afterclick_pipedrive.sandbox import bodies, paging
from afterclick_pipedrive.sandbox.company import Company
from afterclick_pipedrive.sandbox.limits import Caller
from afterclick_pipedrive.sandbox.times import plain
from afterclick_pipedrive.sandbox.users import BY_ID

Flag = Literal[0, 1]

_UNSAFE = re.compile(r"<(script|style|iframe)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_LINKS = ("person_id", "deal_id", "lead_id", "org_id")
_FLAGS = ("pinned_to_person_flag", "pinned_to_deal_flag", "pinned_to_lead_flag")


class NotePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    content: str | UnsetType = UNSET
    person_id: int | UnsetType = UNSET
    deal_id: int | UnsetType = UNSET
    lead_id: uuid.UUID | UnsetType = UNSET
    org_id: int | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    add_time: str | UnsetType = UNSET
    pinned_to_person_flag: Flag | UnsetType = UNSET
    pinned_to_deal_flag: Flag | UnsetType = UNSET
    pinned_to_lead_flag: Flag | UnsetType = UNSET


class Notes:
    """The endpoints of single notes and of their list."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def create(self, call: Call) -> Answer:
        """Make a note on a person, a deal, a lead or an organization."""
        call.inputs = 1
        given = self._read(call)
        if not given.get("content"):
            raise Refused(bodies.error(400, "content is required"))
        if not any(name in given for name in _LINKS):
            raise Refused(bodies.error(400, "A note must be linked to a deal, lead, person or organization"))
        caller: Caller = call.notes["caller"]
        values = {"user_id": caller.user_id, **given}
        note_id, now = str(self._company.new_id()), self._company.clock.now()
        row = self._company.notes.add(note_id, values, now, self._company.origin(call))
        return Answer(200, self._one(row, caller))

    def read(self, call: Call) -> Answer:
        """Return one note."""
        return Answer(200, self._one(self._live(call), call.notes["caller"]))

    def list(self, call: Call) -> Answer:
        """Return notes, oldest first. Pages go by `start`, and the envelope is another than that of leads."""
        wanted: dict[str, Any] = {
            name: paging.whole(call, name) for name in ("person_id", "deal_id", "org_id")
        }
        wanted["lead_id"] = call.query.get("lead_id")
        found = [
            self._as_object(row, call.notes["caller"])
            for row in self._company.listed(self._company.notes)
            if all(value in (None, row.values.get(name)) for name, value in wanted.items())
        ]
        shown, start, limit = paging.numbered(call, found)
        pagination: dict[str, Any] = {"start": start, "limit": limit, "more_items_in_collection": False}
        if start + limit < len(found):
            pagination |= {"more_items_in_collection": True, "next_start": start + limit}
        return Answer(200, {"success": True, "data": shown, "additional_data": {"pagination": pagination}})

    def update(self, call: Call) -> Answer:
        """Write to a note."""
        call.inputs = 1
        given = self._read(call)
        row = self._live(call)
        self._company.notes.change(row, given, self._company.clock.now(), self._company.origin(call))
        return Answer(200, self._one(row, call.notes["caller"]))

    def delete(self, call: Call) -> Answer:
        """Delete a note."""
        call.inputs = 1
        self._company.notes.archive(self._live(call), self._company.clock.now())
        return Answer(200, {"success": True, "data": True})

    def _live(self, call: Call) -> Row:
        return self._company.live(self._company.notes, call.params["id"], "Note")

    def _read(self, call: Call) -> dict[str, Any]:
        wanted = msgspec.structs.asdict(self._company.body(call, NotePatch))
        given = {name: value for name, value in wanted.items() if value is not UNSET}
        if "content" in given:
            given["content"] = _UNSAFE.sub("", given["content"])
        if "lead_id" in given:
            given["lead_id"] = str(given["lead_id"])
        if "add_time" in given:
            given["add_time"] = _moment(given["add_time"])
        self._check_links(given)
        return given

    def _check_links(self, given: dict[str, Any]) -> None:
        company = self._company
        for name, store, what in (
            ("person_id", company.persons, "Person"),
            ("deal_id", company.deals, "Deal"),
            ("lead_id", company.leads, "Lead"),
        ):
            if name in given:
                company.live(store, given[name], what)

    def _one(self, row: Row, caller: Caller) -> dict[str, Any]:
        return {"success": True, "data": self._as_object(row, caller)}

    def _as_object(self, row: Row, caller: Caller) -> dict[str, Any]:
        given = row.values
        user = BY_ID[given["user_id"]]
        person = self._company.persons.get(str(given.get("person_id")))
        deal = self._company.deals.get(str(given.get("deal_id")))
        org_id = given.get("org_id")
        return {
            "id": int(row.id),
            "active_flag": not row.archived,
            "add_time": plain(given.get("add_time", row.created)),
            "update_time": plain(row.updated),
            "content": given["content"],
            "person_id": given.get("person_id"),
            "person": None if person is None else {"name": person.values["name"]},
            "deal_id": given.get("deal_id"),
            "deal": None if deal is None else {"title": deal.values["title"]},
            "lead_id": given.get("lead_id"),
            "org_id": org_id,
            "organization": None if org_id is None else {"name": self._company.organizations.get(org_id, "")},
            "user_id": user.id,
            "last_update_user_id": None,
            "user": {
                "email": user.email,
                "icon_url": None,
                "is_you": user.id == caller.user_id,
                "name": user.name,
            },
            **{name: bool(given.get(name)) for name in _FLAGS},
        }


def _moment(text: str) -> int:
    """Return the milliseconds since 1970 of v1's form, which is in UTC without saying so."""
    try:
        return round(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError as bad:
        raise Refused(bodies.error(400, "add_time must be in format YYYY-MM-DD HH:MM:SS")) from bad
