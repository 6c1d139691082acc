"""What the sales team does in an org: types in, edits, deletes, merges and converts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afterclick.sandbox import Row
from afterclick_salesforce.sandbox import attribution, samples, standard
from afterclick_salesforce.sandbox.org import Org
from afterclick_salesforce.sandbox.problems import RowError, unknown_field
from afterclick_salesforce.sandbox.schema import Field
from afterclick_salesforce.sandbox.table import SALES, Table
from afterclick_salesforce.sandbox.values import cleaner, stamp

_MAPPED = ("FirstName", "LastName", "Salutation", "Title", "Phone", "MobilePhone", "Email", "LeadSource")
"""The fields that a conversion takes over without anybody having mapped them."""


class People:
    """Acts on an org as people do, whom no field-level security and no duplicate rule stops here."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def add(self, sobject: str, values: Mapping[str, Any]) -> str:
        """Type in a record; return its id.

        Raises:
            ValueError: Salesforce does not take a value.
            afterclick.sandbox.UniqueClash: another record has one of the unique values.

        """
        table = self._org.tables[sobject]
        owner = self._org.sales[len(table.store) % len(self._org.sales)].id
        defaults = dict.fromkeys(("OwnerId", "CreatedById", standard.EDITOR), owner)
        if sobject == "Lead":
            defaults["Status"] = standard.DEFAULT_STATUS
        read = self._read(table, values)
        missing = [name for name in table.sobject.required if not read.get(name)]
        if missing:
            raise ValueError(f"Required fields are missing: [{', '.join(missing)}]")
        row, _ = table.add({**defaults, **read}, self._org.clock.now(), SALES)
        return row.id

    def add_samples(self, count: int) -> None:
        """Type in some made-up Leads."""
        for values in samples.people(count):
            self.add("Lead", values)

    def edit(self, record_id: str, values: Mapping[str, Any]) -> None:
        """Change a record; None clears.

        Raises:
            KeyError: there is none.
            ValueError: Salesforce does not take a value.

        """
        table, row = self._found(record_id)
        edited = {**self._read(table, values), standard.EDITOR: self._org.sales[0].id}
        table.change(row, edited, self._org.clock.now(), SALES)

    def call(self, record_id: str) -> None:
        """Log a call with the person; no field that anybody writes changes, the day of the activity does."""
        table, row = self._found(record_id)
        now = self._org.clock.now()
        table.change(row, {"LastActivityDate": stamp(now)[:10]}, now, SALES)

    def delete(self, record_id: str) -> None:
        """Put a record into the recycle bin."""
        table, row = self._found(record_id)
        table.bin(row, self._org.clock.now(), keep_values=self._org.options.reserve_deleted)

    def merge(self, winner_id: str, loser_id: str) -> None:
        """Merge one record into another of its kind; the loser is deleted and says into which."""
        table, winner = self._found(winner_id)
        _, loser = self._found(loser_id)
        now = self._org.clock.now()
        unique = {name for name in loser.values if table.store.is_unique(name)}
        lacking = {
            name: v for name, v in loser.values.items() if name not in winner.values and name not in unique
        }
        table.change(loser, {"MasterRecordId": winner.id}, now, SALES)
        self.delete(loser_id)
        table.change(winner, lacking, now, SALES)

    def convert(self, lead_id: str, *, contact: bool = True) -> str | None:
        """Convert a Lead to an Account and, unless it becomes a person account, a Contact; return its id.

        Custom fields come along only where an admin has mapped them (`Options.mapped_on_conversion`).
        """
        leads, lead = self._found(lead_id)
        now = self._org.clock.now()
        account, _ = self._org.tables["Account"].add({"Name": lead.values["Company"]}, now, SALES)
        made: Row | None = None
        if contact:
            values = {name: lead.values[name] for name in self._mapped() if name in lead.values}
            values |= {"AccountId": account.id, "OwnerId": lead.values.get("OwnerId")}
            made, _ = self._org.tables["Contact"].add(values, now, SALES)
        status = next(name for name, converted, _ in standard.STATUSES if converted)
        converted = {
            "IsConverted": True,
            "Status": status,
            "ConvertedAccountId": account.id,
            "ConvertedContactId": made.id if made else None,
        }
        leads.change(lead, converted, now, SALES)
        return made.id if made else None

    def define(
        self,
        sobject: str,
        name: str,
        kind: str = "string",
        *,
        length: int = 0,
        unique: bool = False,
        external_id: bool = False,
        granted: bool = True,
    ) -> Field:
        """Make a custom field; `granted` lets the integration user see and write it."""
        field = attribution.custom(name, kind, length=length, unique=unique, external_id=external_id)
        self._org.define(sobject, field)
        if granted:
            self._org.grant(attribution.PERMISSION_SET, self._org.integration, sobject, {name: True})
        return field

    def _mapped(self) -> list[str]:
        contacts = self._org.tables["Contact"].sobject.fields.values()
        own = (
            [field.name for field in contacts if field.custom]
            if self._org.options.mapped_on_conversion
            else []
        )
        return [*_MAPPED, *own]

    def _found(self, record_id: str) -> tuple[Table, Row]:
        found = self._org.by_id(record_id)
        if found is None:
            raise KeyError(record_id)
        return found

    def _read(self, table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {name: self._value(table, name, value) for name, value in values.items()}
        except RowError as error:
            raise ValueError("; ".join(problem.message for problem in error.problems)) from error

    def _value(self, table: Table, name: str, value: Any) -> Any:
        field = table.sobject.fields.get(name)
        if field is None:
            raise unknown_field(name, table.sobject.name)
        return None if value is None else cleaner(field)(value)
