"""The batch endpoints of contacts.

Sources: developers.hubspot.com "Using object APIs" and "Error handling" (multi-status errors); the
recordings of batch create and update by the Ampersand connectors; rudder-transformer's live suite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from afterclick.sandbox import Answer, Call, Row
from afterclick_hubspot.sandbox import records
from afterclick_hubspot.sandbox.bodies import NOT_FOUND_IN_BATCH, Problem, batch_item
from afterclick_hubspot.sandbox.book import address
from afterclick_hubspot.sandbox.portal import Portal
from afterclick_hubspot.sandbox.writes import Draft, Wish


class ReadInput(msgspec.Struct, frozen=True):
    id: str


class ReadBatch(msgspec.Struct, frozen=True, rename="camel"):
    inputs: list[ReadInput]
    properties: list[str] = []
    properties_with_history: list[str] = []
    id_property: str | None = None


class CreateInput(msgspec.Struct, frozen=True, rename="camel"):
    properties: dict[str, str]
    object_write_trace_id: str | None = None


class CreateBatch(msgspec.Struct, frozen=True):
    inputs: list[CreateInput]


class KeyedInput(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    properties: dict[str, str]
    id_property: str | None = None
    object_write_trace_id: str | None = None


class KeyedBatch(msgspec.Struct, frozen=True):
    inputs: list[KeyedInput]


class Batches:
    """`/crm/objects/{version}/contacts/batch/…`."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def read(self, call: Call) -> Answer:
        """Return contacts by id or unique value; all the missing ones are in a single error item."""
        asked = self._portal.body(call, ReadBatch)
        started = self._portal.now()
        self._portal.admit_batch(call, len(asked.inputs), with_history=bool(asked.properties_with_history))
        name = asked.id_property
        if name is not None and (problem := self._portal.book.not_a_key(name)):
            return self._portal.refuse(problem)
        archived = call.query.get("archived") == "true"
        found: dict[str, Row] = {}
        missing: list[str] = []
        for given in call.heeded(asked.inputs):
            row = self._portal.book.locate(given.id, name, archived=archived)
            if row is None:
                missing.append(given.id)
            else:
                found[row.id] = row
        wanted = self._portal.wanted(asked.properties)
        results = []
        for row in reversed(found.values()):
            result = self._portal.as_object(row, records.asked(row, wanted))
            if asked.properties_with_history:
                result["propertiesWithHistory"] = records.history(row, asked.properties_with_history)
            results.append(result)
        return self._portal.envelope(200, started, results, _not_found(missing))

    def create(self, call: Call) -> Answer:
        """Make contacts."""
        batch = self._portal.body(call, CreateBatch)
        inputs = call.heeded(batch.inputs)
        wishes = [Wish("create", i.properties, trace_id=i.object_write_trace_id) for i in inputs]
        return self._write(call, wishes, 201)

    def update(self, call: Call) -> Answer:
        """Write to contacts that are there."""
        return self._keyed(call, "update")

    def upsert(self, call: Call) -> Answer:
        """Write to contacts, or make those whose unique value nobody has."""
        return self._keyed(call, "upsert")

    def archive(self, call: Call) -> Answer:
        """Put contacts into the bin; ids that nobody has are passed over."""
        batch = self._portal.body(call, ReadBatch)
        self._portal.admit_batch(call, len(batch.inputs))
        for given in call.heeded(batch.inputs):
            row = self._portal.book.locate(given.id)
            if row is not None:
                self._portal.book.archive(row)
        return Answer(204)

    def _keyed(self, call: Call, verb: Literal["update", "upsert"]) -> Answer:
        inputs = call.heeded(self._portal.body(call, KeyedBatch).inputs)
        wishes = [Wish(verb, i.properties, i.id, i.id_property, i.object_write_trace_id) for i in inputs]
        repeated = _repeated([_compared(i.id, i.id_property) for i in inputs])
        if repeated:
            message = f"Duplicate IDs found in batch input: [{', '.join(repeated)}]. IDs must be unique"
            return self._portal.bodies.invalid(message, context={"ids": repeated})
        return self._write(call, wishes, 200)

    def _write(self, call: Call, wishes: Sequence[Wish], success: int) -> Answer:
        """Write in parts if every wish has a trace id of its own, else all or nothing."""
        started = self._portal.now()
        self._portal.admit_batch(call, len(wishes))
        traces = [wish.trace_id for wish in wishes if wish.trace_id is not None]
        if repeated := _repeated(traces):
            return self._portal.bodies.invalid(f"Duplicate objectWriteTraceId: [{', '.join(repeated)}]")
        drafts = self._portal.writer.plan(wishes, call.params["version"])
        if len(traces) < len(wishes) and any(draft.problem for draft in drafts):
            return self._refuse_all(drafts)
        done = [draft for draft in drafts if draft.problem is None]
        for draft in done:
            self._portal.writer.carry_out(draft)
        # Each record once, whoever asked for it, and deliberately not in the order of the inputs.
        results = list({d.row_id: self._result(d) for d in done}.values())
        return self._portal.envelope(success, started, results[::-1], self._errors(drafts))

    def _result(self, draft: Draft) -> dict[str, Any]:
        assert draft.row is not None  # noqa: S101 - carried out
        row = draft.row
        properties = records.after_create(row) if draft.new else records.after_update(row, draft.sent)
        result = self._portal.as_object(row, properties)
        if draft.wish.verb == "upsert":
            result["new"] = draft.new
        if self._portal.options.echo_trace_ids and draft.wish.trace_id is not None:
            result["objectWriteTraceId"] = draft.wish.trace_id
        return result

    def _errors(self, drafts: Sequence[Draft]) -> list[dict[str, Any]]:
        """Name the failed inputs: by trace id, but those that were not found by their key alone."""
        echo = self._portal.options.echo_trace_ids
        return [
            batch_item(
                draft.problem,
                None if draft.problem.category == "OBJECT_NOT_FOUND" and not echo else draft.wish.trace_id,
            )
            for draft in drafts
            if draft.problem is not None
        ]

    def _refuse_all(self, drafts: Sequence[Draft]) -> Answer:
        problems = [draft.problem for draft in drafts if draft.problem is not None]
        first = problems[0]
        if first.status == 409:
            # Recorded without the id of the contact that is in the way.
            return self._portal.refuse(first._replace(message="Contact already exists", context={}))
        if first.status == 404:
            return self._portal.refuse(_all_missing(self._portal, drafts))
        same = [problem for problem in problems if problem.errors and first.errors]
        return self._portal.refuse(_joined(same) if len(same) > 1 else first)


def _compared(key: str, id_property: str | None) -> str:
    return address(key) if id_property == "email" else key


def _repeated(values: Sequence[str]) -> list[str]:
    if len(set(values)) == len(values):
        return []
    return [value for value, count in Counter(values).items() if count > 1]


def _not_found(ids: list[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    return [batch_item(Problem(404, "OBJECT_NOT_FOUND", NOT_FOUND_IN_BATCH, {"ids": ids}), None)]


def _all_missing(portal: Portal, drafts: Sequence[Draft]) -> Problem:
    """Name all the missing records; by value where they were asked for by a unique property."""
    missing = [d.wish for d in drafts if d.problem is not None and d.problem.status == 404]
    keyed = [f"0-1-{wish.id_property}:{wish.key}" for wish in missing if wish.id_property]
    context = {"ids": [wish.key or "" for wish in missing if not wish.id_property]}
    if keyed:
        context["missingObjectPropertyValueCoordinates"] = keyed
    return Problem(404, "OBJECT_NOT_FOUND", NOT_FOUND_IN_BATCH, {k: v for k, v in context.items() if v})


def _joined(problems: Sequence[Problem]) -> Problem:
    """Put the value errors of several records into one problem, in `message` and in `errors`."""
    first = problems[0]
    errors = [error for problem in problems for error in problem.errors]
    unique = list({msgspec.json.encode(error): error for error in errors}.values())
    head, bracket, _ = first.message.partition("[")
    if not bracket:
        return first._replace(errors=unique)
    listed = [problem.message.removeprefix(head)[1:-1] for problem in problems]
    return first._replace(message=f"{head}[{','.join(listed)}]", errors=unique)
