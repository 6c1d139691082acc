"""An upsert of many records by one external id.

Source: SOAP API Developer Guide, "upsert()".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from afterclick_salesforce.sandbox.access import Sight
from afterclick_salesforce.sandbox.desk import Desk
from afterclick_salesforce.sandbox.problems import Problem, RowError
from afterclick_salesforce.sandbox.schema import Field
from afterclick_salesforce.sandbox.table import folder
from afterclick_salesforce.sandbox.values import cleaner
from afterclick_salesforce.sandbox.writing import Manner

Result = dict[str, Any]


class Upsert:
    """One request. An external id that is in it twice is refused both times."""

    def __init__(
        self, desk: Desk, manner: Manner, sight: Sight, field: Field, records: list[dict[str, Any]]
    ) -> None:
        self._desk = desk
        self._manner = manner
        self._sight = sight
        self._field = field
        self._fold = folder(field)
        self._clean = cleaner(field)
        keys = (record.get(field.name) for record in records)
        self._counts = Counter(self._fold(key.strip()) for key in keys if isinstance(key, str))

    def prepare(self, record: dict[str, Any], sight: Sight) -> Callable[[], Result]:
        """Read a row, and return what writes it.

        Raises:
            ParseError: it cannot be read.

        """
        name, writer = self._field.name, self._desk.writer
        given = record.get(name)
        key = "" if given is None else self._clean(given)
        creating = not self._desk.table(self._sight).lookup(self._field, [key])
        draft = writer.read(self._sight, record, creating=creating, skip=name)
        draft.values.pop(name, None)

        def write() -> Result:
            self._check(record, sight, key)
            rows = self._desk.table(self._sight).lookup(self._field, [key]) or []
            if len(rows) > 1:
                ids = ", ".join(row.id for row in rows)
                text = f"{name}: more than one record found for external id field: [{ids}]"
                raise RowError(Problem("DUPLICATE_EXTERNAL_ID", text, (name,)))
            if rows:
                row = writer.update(self._sight, rows[0].id, draft, self._manner)
            else:
                draft.values[name] = key
                row = writer.insert(self._sight, draft, self._manner)
            return {"id": row.id, "success": True, "errors": [], "created": not rows}

        return write

    def _check(self, record: dict[str, Any], sight: Sight, key: str) -> None:
        name = self._field.name
        if sight is not self._sight:
            raise RowError(Problem("INVALID_TYPE", "all records of an upsert must be of one type", ()))
        if any(given.lower() == "id" for given in record):
            raise RowError(Problem("INVALID_FIELD", "cannot specify Id in an upsert call", ("Id",)))
        if not key:
            raise RowError(Problem("MISSING_ARGUMENT", f"{name} not specified", (name,)))
        if self._counts[self._fold(key)] > 1:
            raise RowError(Problem("DUPLICATE_VALUE", f"Duplicate external id specified: {key}", (name,)))
        options = self._desk.org.options
        allowed = self._field.unique or self._field.id_lookup or self._manner.user.admin
        if not allowed and not options.view_all_data:
            raise RowError(Problem("INSUFFICIENT_ACCESS", f"upsert on {name} needs View All Data", (name,)))
