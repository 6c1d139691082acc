"""One org put together: schema, records, users, and what happens with records whoever writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

from afterclick.sandbox import Clock, Row
from afterclick_salesforce.sandbox import attribution, samples, setup, standard
from afterclick_salesforce.sandbox.access import Security, Sight, User
from afterclick_salesforce.sandbox.ids import record_id
from afterclick_salesforce.sandbox.options import Options
from afterclick_salesforce.sandbox.row_faults import RowFaults
from afterclick_salesforce.sandbox.schema import Field
from afterclick_salesforce.sandbox.table import SALES, Table
from afterclick_salesforce.sandbox.transactions import Undo

LATEST = "68.0"


class Org:
    """The state of one org."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """Start with an org as it comes; whoever holds this one sees the new state."""
        rng = Random(self.options.seed)
        self.id = record_id("00D", rng.randrange(62**8, 62**9))
        self.tables = {found.name: Table(found, rng) for found in (*standard.objects(), *setup.objects())}
        self.definitions = {found.name: Table(found, rng) for found in setup.definitions()}
        """What the Tooling API knows."""
        self._by_lower = {name.lower(): table for name, table in self.tables.items()}
        self.security = Security(self.options, {**self.definitions, **self.tables})
        for name in ("Lead", "Contact"):
            source = self.tables[name].sobject.fields["LeadSource"]
            source.restricted = self.options.restricted_lead_source
        self.assignments: Counter[str] = Counter()
        self.row_faults = RowFaults(self.options.row_faults, self.options.seed)
        self._found()
        if self.options.provisioned:
            self._provision()

    def _provision(self) -> None:
        """Make the fields that Afterclick adds, and let the integration user see and write them."""
        for sobject in attribution.SOBJECTS:
            made = attribution.fields()
            for field in made:
                self.define(sobject, field)
            seen = {field.name: True for field in made}
            self.grant(attribution.PERMISSION_SET, self.integration, sobject, seen)

    def _found(self) -> None:
        """Put in what every org has: the organization, its users, the values of Lead.Status."""
        at, who = self.clock.now(), "Salesforce"
        self.tables["Organization"].add(
            {
                "Name": "Afterclick Sandbox",
                "OrganizationType": "Developer Edition",
                "IsSandbox": not self.options.production,
            },
            at,
            who,
        )
        for order, (name, converted, default) in enumerate(standard.STATUSES, 1):
            status = {"ApiName": name, "MasterLabel": name, "SortOrder": order}
            self.tables["LeadStatus"].add({**status, "IsConverted": converted, "IsDefault": default}, at, who)
        self.integration = self._user(self.options.username, "Afterclick Integration")
        self.admin = self._user("admin@example.com", "Org Admin", admin=True)
        self.sales = [self._user(f"{first}@example.com".lower(), name) for first, name in samples.SALES]

    def _user(self, username: str, name: str, *, admin: bool = False) -> User:
        values = {"Username": username, "Name": name, "Email": username, "IsActive": True}
        row, _ = self.tables["User"].add(values, self.clock.now(), "Salesforce")
        return User(row.id, username, name, admin)

    # What is there.

    def table(self, name: str) -> Table | None:
        """Return the records of an sObject, whatever the case of its name."""
        return self._by_lower.get(name.lower())

    def sight(self, user: User, name: str, *, tooling: bool = False) -> Sight | None:
        """Return what a user sees of an sObject, whatever the case of its name; None for nothing."""
        table = self.definitions.get(name) if tooling else self.table(name)
        return None if table is None else self.security.sight(user, table.sobject.name)

    def by_id(self, row_id: str) -> tuple[Table, Row] | None:
        """Return a record, deleted or not, by its id alone: the first three characters tell its kind."""
        for table in self.tables.values():
            if row_id.startswith(table.sobject.prefix):
                row = table.get(row_id)
                return None if row is None else (table, row)
        return None

    def users(self) -> dict[str, User]:
        """Return those who may log in, by username."""
        return {user.username: user for user in (self.integration, self.admin)}

    # What changes it.

    def define(self, sobject: str, field: Field) -> None:
        """Make a custom field, or change one; nobody sees a new one until a permission set grants it."""
        table = self.tables[sobject]
        if field.custom and table.sobject.field(field.name) is None:
            values = {"DeveloperName": field.name.removesuffix("__c"), "TableEnumOrId": sobject}
            self.definitions["CustomField"].add(values, self.clock.now(), SALES)
        table.sobject.add(field)
        table.follow(field)
        self.security.forget()

    def undefine(self, sobject: str, name: str) -> None:
        """Delete a custom field."""
        definitions = self.definitions["CustomField"]
        row = definitions.get(self.definition(sobject, name))
        if row is not None:
            definitions.bin(row, self.clock.now(), keep_values=False)
        self.tables[sobject].sobject.remove(name)
        self.security.forget()

    def definition(self, sobject: str, name: str) -> str:
        """Return the id that the Tooling API has for a custom field."""
        wanted = (sobject, name.removesuffix("__c"))
        for row in self.definitions["CustomField"]:
            if (row.values["TableEnumOrId"], row.values["DeveloperName"]) == wanted:
                return row.id
        raise KeyError(f"{sobject}.{name}")

    def grant(self, permission_set: str, user: User, sobject: str, fields: Mapping[str, bool]) -> None:
        """Let a user see fields, and write those that are True, through a permission set of this name."""
        at, who = self.clock.now(), SALES
        sets = self.tables["PermissionSet"]
        row = sets.store.find("Name", permission_set)
        if row is None:
            row, _ = sets.add({"Name": permission_set, "Label": permission_set}, at, who)
            assigned = {"AssigneeId": user.id, "PermissionSetId": row.id}
            self.tables["PermissionSetAssignment"].add(assigned, at, who)
        for name, editable in fields.items():
            values: dict[str, Any] = {
                "ParentId": row.id,
                "SobjectType": sobject,
                "Field": f"{sobject}.{name}",
            }
            values |= {"PermissionsRead": True, "PermissionsEdit": editable}
            self.tables["FieldPermissions"].add(values, at, who)
        self.security.forget()

    def assign(self, lead: Row) -> Undo:
        """Run the assignment rule: the Lead goes to the next of the sales people."""
        self.assignments[lead.id] += 1
        owner = self.sales[self.assignments.total() % len(self.sales)]
        return self.tables["Lead"].change(lead, {"OwnerId": owner.id}, self.clock.now(), "Assignment rule")
