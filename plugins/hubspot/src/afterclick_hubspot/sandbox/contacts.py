"""The endpoints of single contacts: create, read, list, update, archive, merge, erase.

Source: developers.hubspot.com "Contacts" (reference, 2026-03 and 2026-09).
"""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick.sandbox import Answer, Call, Row
from afterclick_hubspot.sandbox import records
from afterclick_hubspot.sandbox.bodies import Problem
from afterclick_hubspot.sandbox.portal import Portal
from afterclick_hubspot.sandbox.writes import Draft, Wish

MAX_PAGE = 100


class Properties(msgspec.Struct, frozen=True):
    properties: dict[str, str]


class Merge(msgspec.Struct, frozen=True, rename="camel"):
    primary_object_id: str
    object_id_to_merge: str


class Erasure(msgspec.Struct, frozen=True, rename="camel"):
    object_id: str
    id_property: str | None = None


class Contacts:
    """`/crm/objects/{version}/contacts` and below, batches and search apart."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def create(self, call: Call) -> Answer:
        """Make a contact: 201, or 409 if its e-mail address is taken."""
        call.inputs = 1
        wish = Wish("create", self._portal.body(call, Properties).properties)
        draft = self._portal.writer.plan([wish], call.params["version"])[0]
        if draft.problem is not None:
            return self._refused_create(draft.problem)
        row = self._portal.writer.carry_out(draft)
        return Answer(201, self._portal.as_object(row, records.after_create(row)))

    def read(self, call: Call) -> Answer:
        """Return a contact by id, or by a unique value with `?idProperty=`; what it lacks is null."""
        call.inputs = 1
        row = self._find(call, archived=call.query.get("archived") == "true")
        if isinstance(row, Answer):
            return row
        names = self._portal.wanted(_listed(call, "properties"))
        body = self._portal.as_object(row, records.asked(row, names))
        if with_history := _listed(call, "propertiesWithHistory"):
            body["propertiesWithHistory"] = records.history(row, with_history)
        return Answer(200, body)

    def list(self, call: Call) -> Answer:
        """Return a page of contacts, oldest first. The list shows writes at once, unlike search."""
        text = call.query.get("limit", "10")
        if not text.isdecimal() or not 0 < int(text) <= MAX_PAGE:
            return self._portal.bodies.invalid(f"The limit must be between 1 and {MAX_PAGE}")
        store = self._portal.book.store
        rows = store.archived() if call.query.get("archived") == "true" else iter(store)
        after = call.query.get("after", "0")
        start = int(after) if after.isdecimal() else 0
        ordered = sorted((row for row in rows if int(row.id) >= start), key=lambda row: int(row.id))
        page = ordered[: int(text)]
        names = self._portal.wanted(_listed(call, "properties"))
        results = [self._portal.as_object(row, records.asked(row, names)) for row in page]
        body: dict[str, Any] = {"results": results}
        if len(page) < len(ordered):
            body["paging"] = {"next": {"after": ordered[len(page)].id}}
        return Answer(200, body, lists=(results,))

    def update(self, call: Call) -> Answer:
        """Write to a contact by id, or by a unique value with `?idProperty=`."""
        call.inputs = 1
        wanted = self._portal.body(call, Properties)
        wish = Wish("update", wanted.properties, call.params["id"], call.query.get("idProperty"))
        draft = self._portal.writer.plan([wish], call.params["version"])[0]
        if draft.problem is not None:
            return self._refused_update(draft, draft.problem)
        row = self._portal.writer.carry_out(draft)
        return Answer(200, self._portal.as_object(row, records.after_update(row, draft.sent)))

    def archive(self, call: Call) -> Answer:
        """Put a contact into the bin; 204 whether or not there was one."""
        call.inputs = 1
        row = self._portal.book.locate(call.params["id"])
        if row is not None:
            self._portal.book.archive(row)
        return Answer(204)

    def merge(self, call: Call) -> Answer:
        """Unite two contacts for good and return the survivor, under a new id."""
        call.inputs = 2
        wanted = self._portal.body(call, Merge)
        rows = []
        for row_id in (wanted.primary_object_id, wanted.object_id_to_merge):
            row = self._portal.book.locate(row_id)
            if row is None:
                return self._portal.bodies.not_found(row_id)
            rows.append(row)
        if rows[0] is rows[1]:
            return self._portal.bodies.invalid("A record cannot be merged with itself")
        survivor = self._portal.book.merge(rows[0], rows[1])
        if isinstance(survivor, Problem):
            return self._portal.refuse(survivor)
        return Answer(200, self._portal.as_object(survivor, records.after_create(survivor)))

    def erase(self, call: Call) -> Answer:
        """Delete a contact for good (`gdpr-delete`); 204 whether or not there was one."""
        call.inputs = 1
        wanted = self._portal.body(call, Erasure)
        name = wanted.id_property
        if name is not None and (problem := self._portal.book.not_a_key(name)):
            return self._portal.refuse(problem)
        row = self._portal.book.locate(wanted.object_id, name)
        row = row or self._portal.book.locate(wanted.object_id, archived=True)
        if row is not None:
            self._portal.book.erase(row)
        return Answer(204)

    def _find(self, call: Call, *, archived: bool) -> Row | Answer:
        key, name = call.params["id"], call.query.get("idProperty")
        if name is not None and (problem := self._portal.book.not_a_key(name)):
            return self._portal.refuse(problem)
        row = self._portal.book.locate(key, name, archived=archived)
        return row or self._portal.bodies.not_found(None if name else key)

    def _refused_create(self, problem: Problem) -> Answer:
        if problem.status != 409:
            return self._portal.refuse(problem)
        if not self._portal.options.identity_conflicts:
            return self._portal.refuse(problem._replace(context={}))
        # The other shape seen for the same thing (PipedreamHQ/pipedream#11236).
        return self._portal.bodies.error(
            409,
            problem.message,
            "OBJECT_ALREADY_EXISTS",
            error="CONTACT_EXISTS",
            identityProfile={"vid": int(problem.context["existingId"][0]), "isNew": False},
            errors=[{"message": problem.message, "in": "email"}],
        )

    def _refused_update(self, draft: Draft, problem: Problem) -> Answer:
        if problem.status != 404:
            return self._portal.refuse(problem)
        return self._portal.bodies.not_found(None if draft.wish.id_property else draft.wish.key)


def _listed(call: Call, name: str) -> list[str]:
    """Return a comma-separated query parameter."""
    return [part.strip() for part in call.query.get(name, "").split(",") if part.strip()]
