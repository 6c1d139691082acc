"""sObject Collections: up to 200 records in a call, each with an answer of its own.

Source: REST API Developer Guide, "sObject Collections" and its pages, "allOrNone Parameters in Composite and
Collections Requests". Which errors of a row fail the whole request is not documented; see `parse_errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

from afterclick.sandbox import Answer, Call, Refused
from afterclick_salesforce.sandbox import problems
from afterclick_salesforce.sandbox.access import Sight
from afterclick_salesforce.sandbox.desk import Desk, body, caller
from afterclick_salesforce.sandbox.ids import read_id
from afterclick_salesforce.sandbox.problems import ParseError, Problem, RowError
from afterclick_salesforce.sandbox.rows import key_field, shown
from afterclick_salesforce.sandbox.upserts import Upsert
from afterclick_salesforce.sandbox.writing import Draft

MAX_ROWS = 200
MAX_CHUNKS = 10
MAX_READ = 2_000

Result = dict[str, Any]
Write = Callable[[], Result]
"""Does what one row asks for and returns its result, or raises `RowError`."""


class Batches:
    """`/composite/sobjects`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, call: Call) -> Answer:
        """Make records."""
        manner, writer = self._desk.manner(call), self._desk.writer

        def write(sight: Sight, record: dict[str, Any], draft: Draft) -> Result:
            if _id_of(record) is not None:
                raise RowError(Problem("INVALID_FIELD", "cannot specify Id in an insert call", ("Id",)))
            return _done(writer.insert(sight, draft, manner).id)

        return self._write(call, write, creating=True)

    def update(self, call: Call) -> Answer:
        """Change records by their ids."""
        manner, writer = self._desk.manner(call), self._desk.writer

        def write(sight: Sight, record: dict[str, Any], draft: Draft) -> Result:
            row_id = _id_of(record)
            if row_id is None:
                raise RowError(Problem("MISSING_ARGUMENT", "Id not specified in an update call", ()))
            return _done(writer.update(sight, row_id, draft, manner).id)

        return self._write(call, write, creating=False)

    def upsert(self, call: Call) -> Answer:
        """Change the records that have external ids, and make those that are missing."""
        sight = self._desk.sight(call, call.params["type"])
        field = key_field(sight, call.params["field"])
        given, all_or_none = _records(call)
        upsert = Upsert(self._desk, self._desk.manner(call), sight, field, given)
        writes = [
            self._guarded(partial(upsert.prepare, record, _sobject(self._desk, call, record)))
            for record in call.heeded(given)
        ]
        return self._answer(writes, all_or_none=all_or_none)

    def delete(self, call: Call) -> Answer:
        """Put records into the recycle bin."""
        ids = [one.strip() for one in call.query.get("ids", "").split(",") if one.strip()]
        call.inputs = len(ids)
        _admit(len(ids), MAX_ROWS)
        user, org, writer = caller(call), self._desk.org, self._desk.writer

        def prepare(row_id: str) -> Write:
            known = read_id(row_id)
            found = org.by_id(known) if known else None
            sight = org.sight(user, found[0].sobject.name) if found else None
            if sight is None:
                raise RowError(Problem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ()))
            writer.check_delete(sight, row_id)
            return lambda: _done(writer.delete(sight, row_id).id)

        writes = [self._guarded(partial(prepare, row_id)) for row_id in call.heeded(ids)]
        return self._answer(writes, all_or_none=call.query.get("allOrNone") == "true")

    def read(self, call: Call) -> Answer:
        """Return records by their ids; null for those that are not there."""
        sight, given = self._desk.sight(call, call.params["type"]), body(call)
        ids, names = given.get("ids", []), given.get("fields", [])
        call.inputs = len(ids)
        _admit(len(ids), MAX_READ)
        fields = [sight.field(name) for name in names]
        for name, field in zip(names, fields, strict=True):
            if field is None:
                raise problems.refusal(
                    "INVALID_FIELD", f"No such column '{name}' on sobject of type {sight.sobject.name}"
                )
        known = [field for field in fields if field is not None]
        table, version = self._desk.table(sight), call.params["version"]
        rows = [table.get(read_id(one) or "") for one in call.heeded(ids)]
        found = [None if row is None or row.archived else shown(sight, row, known, version) for row in rows]
        return Answer(200, found, ordered=(found,))

    # Writing.

    def _write(
        self,
        call: Call,
        write: Callable[[Sight, dict[str, Any], Draft], Result],
        *,
        creating: bool,
    ) -> Answer:
        given, all_or_none = _records(call)
        sights = [_sobject(self._desk, call, record) for record in given]
        if sum(1 for _ in groupby(sights, key=lambda sight: sight.sobject.name)) > MAX_CHUNKS:
            text = "Cannot have more than 10 chunks in a single operation. Please rearrange the data."
            raise problems.refusal("LIMIT_EXCEEDED", text)

        def prepare(sight: Sight, record: dict[str, Any]) -> Write:
            draft = self._desk.writer.read(sight, record, creating=creating)
            return lambda: write(sight, record, draft)

        pairs = call.heeded(list(zip(sights, given, strict=True)))
        writes = [self._guarded(partial(prepare, *pair)) for pair in pairs]
        return self._answer(writes, all_or_none=all_or_none)

    def _guarded(self, prepare: Callable[[], Write]) -> Write:
        """Return what writes a row; one that cannot be parsed fails the request, or itself (an option).

        Raises:
            afterclick.sandbox.Refused: it fails the request.

        """
        try:
            return prepare()
        except ParseError as error:
            if self._desk.org.options.parse_errors == "batch":
                raise Refused(problems.answer(*error.problems)) from error
            return _raising(error)
        except RowError as error:
            return _raising(error)

    def _answer(self, writes: list[Write], *, all_or_none: bool) -> Answer:
        with self._desk.writer.transaction() as transaction:
            results = [self._result(write) for write in writes]
            if all_or_none and not all(result["success"] for result in results):
                transaction.roll_back()
                results = list(_rolled_back(results))
        return Answer(200, results, ordered=(results,))

    def _result(self, write: Write) -> Result:
        try:
            return write()
        except RowError as error:
            errors = [problem.row() for problem in error.problems]
            if self._desk.org.options.duplicate_rows:
                errors = [{**problem.row(), **problem.more} for problem in error.problems]
            return {"success": False, "errors": errors}


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    """Return the records of a call, and whether all are to fail if one does.

    Raises:
        afterclick.sandbox.Refused: there are none or too many, or one is none.

    """
    given = body(call)
    records = given.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise problems.refusal("INVALID_INPUT", "the body must have a list of records")
    call.inputs = len(records)
    _admit(len(records), MAX_ROWS)
    return records, given.get("allOrNone") is True


def _admit(count: int, most: int) -> None:
    if not count:
        raise problems.refusal("MISSING_ARGUMENT", "the request has no records")
    if count > most:
        text = f"record limit reached. cannot submit more than {most} records into this call"
        raise problems.refusal("EXCEEDED_ID_LIMIT", text)


def _sobject(desk: Desk, call: Call, record: dict[str, Any]) -> Sight:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise problems.refusal("INVALID_INPUT", "each record must have attributes with its type")
    sight = desk.org.sight(caller(call), name)
    if sight is None:
        raise problems.refusal("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sight


def _id_of(record: dict[str, Any]) -> Any:
    """Return the id that a record gives, in whatever case it is spelt; None if it gives none."""
    return next((record[name] for name in ("Id", "id", "ID", "iD") if name in record), None)


def _done(row_id: str) -> Result:
    return {"id": row_id, "success": True, "errors": []}


def _raising(error: RowError) -> Write:
    def write() -> Result:
        raise RowError(*error.problems)

    return write


def _rolled_back(results: list[Result]) -> Iterator[Result]:
    """Go through the results of a request that was taken back; innocent rows keep an id that is none."""
    for result in results:
        yield (
            {**result, "success": False, "errors": [problems.ROLLED_BACK.row()]}
            if result["success"]
            else result
        )
