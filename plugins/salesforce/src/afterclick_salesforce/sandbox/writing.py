"""Writes records: what is read from a row of a request, what is refused, and what follows from it.

Source: SOAP API Developer Guide, "create()", "update()", "upsert()"; Object Reference, "Lead"; what reports
add is told where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from afterclick.sandbox import Row, UniqueClash
from afterclick_salesforce.sandbox import permissions, problems, standard
from afterclick_salesforce.sandbox.access import Sight, User
from afterclick_salesforce.sandbox.duplicates import DuplicateRules
from afterclick_salesforce.sandbox.ids import read_id
from afterclick_salesforce.sandbox.org import Org
from afterclick_salesforce.sandbox.problems import ParseError, Problem, RowError
from afterclick_salesforce.sandbox.table import INTEGRATION, Table
from afterclick_salesforce.sandbox.transactions import Journal


class Manner(msgspec.Struct, frozen=True):
    """Who writes, and what the headers of the call ask for."""

    user: User
    auto_assign: bool = True
    allow_save: bool = False
    details: bool = False


class Draft(NamedTuple):
    """What a row of a request asks for: its values as they are kept (None: cleared), and what is wrong."""

    values: dict[str, Any]
    problems: list[Problem]


class Writer(Journal):
    """Creates, changes and deletes records for those who call the API."""

    def __init__(self, org: Org, rules: DuplicateRules) -> None:
        super().__init__()
        self._org = org
        self._rules = rules

    def read(self, sight: Sight, record: Mapping[str, Any], *, creating: bool, skip: str = "") -> Draft:
        """Return what a row asks for; `skip` is a field that was read already.

        Raises:
            ParseError: a field is unknown or not visible, or a value has the wrong type.

        """
        draft = Draft({}, [])
        cleaners = sight.on_create if creating else sight.on_update
        closed: list[str] = []
        for name, value in record.items():
            clean = cleaners.get(name)
            if clean is None:
                self._read_oddly_named(sight, name, value, draft, closed, creating=creating, skip=skip)
            elif value is None:
                draft.values[name] = None
            else:
                try:
                    draft.values[name] = clean(value)
                except ParseError:
                    raise
                except RowError as error:
                    draft.problems.extend(error.problems)
        if closed:
            draft.problems.append(problems.read_only(closed))
        return draft

    def _read_oddly_named(
        self,
        sight: Sight,
        name: str,
        value: Any,
        draft: Draft,
        closed: list[str],
        *,
        creating: bool,
        skip: str,
    ) -> None:
        """Take a field that is none, may not be written, or is written in another case."""
        if name in ("attributes", skip) or name.lower() == "id":
            return
        field = sight.field(name)
        if field is None:
            raise problems.unknown_field(name, sight.sobject.name)
        if field.name == name:
            closed.append(name)
            return
        more = self.read(sight, {field.name: value}, creating=creating)
        draft.values.update(more.values)
        draft.problems.extend(more.problems)

    # Records.

    def insert(self, sight: Sight, draft: Draft, manner: Manner) -> Row:
        """Make a record.

        Raises:
            RowError: it is refused.

        """
        table, values = self._org.tables[sight.sobject.name], draft.values
        self._need(sight, "Create")
        missing = [name for name in table.sobject.required if values.get(name) in (None, "")]
        found = [*draft.problems, *([_missing(missing)] if missing else [])]
        self._refuse(found)
        self._check(table, values, None, manner, "insert")
        defaults = self._defaults(table, manner)
        try:
            given = {name: value for name, value in values.items() if value not in (None, "")}
            row, undo = table.add({**defaults, **given}, self._org.clock.now(), INTEGRATION)
        except UniqueClash as clash:
            raise RowError(problems.taken(clash.field, clash.holder.id)) from clash
        self.note(undo)
        self._follow(table, row, manner)
        return row

    def update(self, sight: Sight, row_id: object, draft: Draft, manner: Manner) -> Row:
        """Change a record.

        Raises:
            RowError: it is refused.

        """
        table, values = self._org.tables[sight.sobject.name], draft.values
        self._need(sight, "Edit")
        row = self._row(table, row_id)
        emptied = [name for name in table.sobject.required if name in values and values[name] in (None, "")]
        self._refuse([*draft.problems, *([_missing(emptied)] if emptied else [])])
        if row.values.get("IsConverted") and not self._org.options.edit_converted:
            raise RowError(problems.CONVERTED)
        self._check(table, values, row, manner, "update")
        if standard.EDITOR in row.values:
            values = {**values, standard.EDITOR: manner.user.id}
        try:
            undo = table.change(row, values, self._org.clock.now(), INTEGRATION)
        except UniqueClash as clash:
            raise RowError(problems.taken(clash.field, clash.holder.id)) from clash
        self.note(undo)
        self._follow(table, row, manner)
        return row

    def delete(self, sight: Sight, row_id: object) -> Row:
        """Put a record into the recycle bin; one of Setup is gone for good.

        Raises:
            RowError: it is refused.

        """
        row = self.check_delete(sight, row_id)
        table = self._org.tables[sight.sobject.name]
        self.note(table.bin(row, self._org.clock.now(), keep_values=self._org.options.reserve_deleted))
        if table.sobject.setup:
            self._org.security.forget()
        return row

    def check_delete(self, sight: Sight, row_id: object) -> Row:
        """Return the record that may be deleted.

        Raises:
            RowError: it may not.

        """
        self._need(sight, "Delete")
        return self._row(self._org.tables[sight.sobject.name], row_id)

    # Steps.

    def _need(self, sight: Sight, power: str) -> None:
        if power not in sight.powers:
            raise RowError(
                Problem("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", (), 403)
            )

    def _row(self, table: Table, row_id: object) -> Row:
        """Return a live record by the id that a request gives.

        Raises:
            RowError: it has no id's form, there is none, or it is deleted.

        """
        known = read_id(row_id) if isinstance(row_id, str) else None
        if known is None:
            raise RowError(Problem("MALFORMED_ID", f"malformed id {row_id}", ("Id",)))
        row = table.get(known)
        if row is None:
            raise RowError(Problem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (), 404))
        if row.archived:
            raise RowError(problems.DELETED)
        return row

    def _refuse(self, found: list[Problem]) -> None:
        if found:
            raise RowError(*found)

    def _check(
        self, table: Table, values: Mapping[str, Any], row: Row | None, manner: Manner, operation: str
    ) -> None:
        """Look at what other records have to do with a write.

        Raises:
            RowError: a reference leads nowhere, a rule objects, or the row is to fail on purpose.

        """
        name = table.sobject.name
        for field in table.sobject.references:
            target = values.get(field.name)
            if target and self._org.by_id(target) is None:
                raise RowError(
                    Problem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))
                )
        if row is None and table.sobject.setup:
            permissions.check(self._org.tables, name, values)
        fault = self._org.row_faults.strike(name, operation, values)
        if fault is not None:
            raise RowError(fault)
        if name in ("Lead", "Contact"):
            objection = self._rules.verdict(
                name, values, row, allow_save=manner.allow_save, details=manner.details
            )
            self._refuse([objection] if objection else [])

    def _defaults(self, table: Table, manner: Manner) -> dict[str, Any]:
        name = table.sobject.name
        if name not in ("Lead", "Contact"):
            return {}
        owner = dict.fromkeys(("OwnerId", "CreatedById", standard.EDITOR), manner.user.id)
        return {**owner, "Status": standard.DEFAULT_STATUS} if name == "Lead" else owner

    def _follow(self, table: Table, row: Row, manner: Manner) -> None:
        if table.sobject.setup:
            self._org.security.forget()
            self.note(self._org.security.forget)
        if table.sobject.name == "Lead" and manner.auto_assign and self._org.options.assignment_rule:
            self.note(self._org.assign(row))


def _missing(names: list[str]) -> Problem:
    return Problem(
        "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(names)}]", tuple(names)
    )
