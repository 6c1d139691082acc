"""Single records: `/sobjects/{type}`, by id and by external id.

Source: REST API Developer Guide, "sObject Basic Information", "sObject Rows", "sObject Rows by External ID".
"""

from __future__ import annotations

import re
from typing import Any

from afterclick.sandbox import Answer, Call, Refused, Row
from afterclick_salesforce.sandbox import problems
from afterclick_salesforce.sandbox.access import Sight
from afterclick_salesforce.sandbox.desk import Desk, body, caller, record_url, refused
from afterclick_salesforce.sandbox.ids import read_id
from afterclick_salesforce.sandbox.problems import RowError
from afterclick_salesforce.sandbox.schema import Field
from afterclick_salesforce.sandbox.table import getter
from afterclick_salesforce.sandbox.values import cleaner

UPDATE_ONLY_SINCE = 61.0
_LIKE_A_FILE = re.compile(r".*\.(inc|json|xml)", re.IGNORECASE | re.DOTALL)
"""Values that the server in front takes for a file: `.inc` is documented, the others were suffixes once."""


class Rows:
    """The endpoints of single records."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, call: Call) -> Answer:
        """Make a record."""
        sight, given = self._sight(call), body(call)
        call.inputs = 1
        if any(name.lower() == "id" for name in given):
            raise problems.refusal("INVALID_FIELD", "cannot specify Id in an insert call")
        try:
            draft = self._desk.writer.read(sight, given, creating=True)
            row = self._desk.writer.insert(sight, draft, self._desk.manner(call))
        except RowError as error:
            return refused(error)
        return Answer(201, {"id": row.id, "success": True, "errors": []})

    def read(self, call: Call) -> Answer:
        """Return a record by its id."""
        sight = self._sight(call)
        return self._shown(call, sight, self._by_id(call, sight))

    def update(self, call: Call) -> Answer:
        """Change a record by its id."""
        sight = self._sight(call)
        row, given = self._by_id(call, sight), body(call)
        call.inputs = 1
        try:
            draft = self._desk.writer.read(sight, given, creating=False)
            self._desk.writer.update(sight, row.id, draft, self._desk.manner(call))
        except RowError as error:
            return refused(error)
        return Answer(204)

    def post(self, call: Call) -> Answer:
        """Take a POST for the PATCH that it says it is; some proxies let no PATCH through."""
        if call.query.get("_HttpMethod", "").upper() != "PATCH":
            raise problems.refusal("METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed.", 405)
        return self.upsert(call) if "field" in call.params else self.update(call)

    def delete(self, call: Call) -> Answer:
        """Put a record into the recycle bin."""
        sight = self._sight(call)
        try:
            self._desk.writer.delete(sight, self._by_id(call, sight).id)
        except RowError as error:
            return refused(error)
        return Answer(204)

    def read_by_key(self, call: Call) -> Answer:
        """Return a record by an external id."""
        sight = self._sight(call)
        rows = self._by_key(call, sight)
        if len(rows) > 1:
            return self._several(call, sight, rows)
        if not rows:
            return problems.answer(problems.not_found())
        return self._shown(call, sight, rows[0])

    def upsert(self, call: Call) -> Answer:
        """Change the record that has an external id, or make one."""
        sight = self._sight(call)
        given, manner = body(call), self._desk.manner(call)
        call.inputs = 1
        rows = self._by_key(call, sight)
        field = key_field(sight, call.params["field"])
        if any(name.lower() == field.name.lower() for name in given):
            text = f"The {field.name} field should not be specified in the sobject data."
            raise problems.refusal("INVALID_FIELD", text)
        if len(rows) > 1:
            return self._several(call, sight, rows)
        if not rows and self._update_only(call):
            return problems.answer(problems.not_found())
        writer = self._desk.writer
        try:
            draft = writer.read(sight, given, creating=not rows)
            if rows:
                row = writer.update(sight, rows[0].id, draft, manner)
            else:
                draft.values[field.name] = cleaner(field)(call.params["value"])
                row = writer.insert(sight, draft, manner)
        except RowError as error:
            return refused(error)
        return Answer(
            200 if rows else 201, {"id": row.id, "success": True, "errors": [], "created": not rows}
        )

    # Steps.

    def _sight(self, call: Call) -> Sight:
        return self._desk.sight(call, call.params["type"])

    def _by_id(self, call: Call, sight: Sight) -> Row:
        known = read_id(call.params["id"])
        row = None if known is None else self._desk.table(sight).get(known)
        if row is None:
            raise problems.refusal("NOT_FOUND", "The requested resource does not exist", 404)
        if row.archived:
            raise Refused(problems.answer(problems.DELETED))
        return row

    def _by_key(self, call: Call, sight: Sight) -> list[Row]:
        value: str = call.params["value"]
        if _LIKE_A_FILE.fullmatch(value):
            raise problems.refusal("NOT_FOUND", "The requested resource does not exist", 404)
        field = key_field(sight, call.params["field"])
        self._see_all(call, field)
        return self._desk.table(sight).lookup(field, [value.strip()]) or []

    def _see_all(self, call: Call, field: Field) -> None:
        options = self._desk.org.options
        if field.unique or field.id_lookup or caller(call).admin or options.view_all_data:
            return
        text = "insufficient access: an external id that is not unique needs View All Data"
        raise problems.refusal("INSUFFICIENT_ACCESS", text, 403)

    def _update_only(self, call: Call) -> bool:
        return call.query.get("updateOnly") == "true" and float(call.params["version"]) >= UPDATE_ONLY_SINCE

    def _several(self, call: Call, sight: Sight, rows: list[Row]) -> Answer:
        version = call.params["version"]
        return Answer(300, [record_url(sight.sobject.name, row.id, version) for row in rows])

    def _shown(self, call: Call, sight: Sight, row: Row) -> Answer:
        names = call.query.get("fields", "")
        fields = list(sight.fields.values())
        if names:
            fields = [_visible(sight, name.strip()) for name in names.split(",")]
        return Answer(200, shown(sight, row, fields, call.params["version"]))


def shown(sight: Sight, row: Row, fields: list[Field], version: str) -> dict[str, Any]:
    """Return some fields of a record as a read answers them; the id comes along."""
    url = record_url(sight.sobject.name, row.id, version)
    made: dict[str, Any] = {"attributes": {"type": sight.sobject.name, "url": url}}
    return {**made, **{field.name: getter(field)(row) for field in fields}, "Id": row.id}


def key_field(sight: Sight, name: str) -> Field:
    """Return the field that an upsert goes by.

    Raises:
        afterclick.sandbox.Refused: it is none, or the caller does not see it; that looks the same.

    """
    field = sight.field(name)
    if field is None or not (field.external_id or field.id_lookup):
        text = f"Provided external ID field does not exist or is not accessible: {name}"
        raise problems.refusal("NOT_FOUND", text, 404)
    return field


def _visible(sight: Sight, name: str) -> Field:
    field = sight.field(name)
    if field is None:
        text = f"No such column '{name}' on sobject of type {sight.sobject.name}"
        raise problems.refusal("INVALID_FIELD", text)
    return field
