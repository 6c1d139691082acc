"""The standard duplicate rules: they look at Leads and Contacts, whichever of the two is written.

Salesforce's matching is fuzzy; here two records match if they have one e-mail address, or the same names and
company. Source: REST API Developer Guide, "Duplicate Rule Header"; jsforce#1055 (Allow + Alert fails through
the API, too); forrest#176 (the rules run on upsert).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from afterclick.sandbox import Row
from afterclick_salesforce.sandbox.options import Options
from afterclick_salesforce.sandbox.problems import Problem
from afterclick_salesforce.sandbox.table import Table

MATCHED = frozenset({"Email", "FirstName", "LastName", "Company"})
"""The fields that are compared: a change of others wakes no rule."""


class DuplicateRules:
    """The rules of one org. `url` gives the address of a record by its kind and id."""

    def __init__(self, options: Options, tables: Mapping[str, Table], url: Callable[[str, str], str]) -> None:
        self._options = options
        self._tables = tables
        self._url = url

    def verdict(
        self, sobject: str, values: Mapping[str, Any], row: Row | None, *, allow_save: bool, details: bool
    ) -> Problem | None:
        """Return why a write of `values` (to `row`, or a new record) is refused; None if it may go on."""
        rule = self._options.duplicate_rule
        if rule == "off" or (rule == "alert" and allow_save) or MATCHED.isdisjoint(values):
            return None
        whole = {**(row.values if row else {}), **values}
        matches = [found for found in self._matches(sobject, whole) if found[1] is not row]
        return self._problem(sobject, matches, details=details) if matches else None

    def _matches(self, sobject: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
        for name in ("Lead", "Contact"):
            seen = set()
            for row in self._similar(name, values, by_names=name == sobject):
                if row.id not in seen and not row.values.get("IsConverted"):
                    seen.add(row.id)
                    yield name, row

    def _similar(self, name: str, values: Mapping[str, Any], *, by_names: bool) -> Iterator[Row]:
        table = self._tables[name]
        fields = table.sobject.fields
        if values.get("Email"):
            yield from table.lookup(fields["Email"], [values["Email"]]) or ()
        if by_names and values.get("FirstName"):
            for row in table.lookup(fields["LastName"], [values["LastName"]]) or ():
                if all(_alike(row, values, word) for word in ("FirstName", "Company")):
                    yield row

    def _problem(self, sobject: str, matches: list[tuple[str, Row]], *, details: bool) -> Problem:
        allowed = self._options.duplicate_rule == "alert"
        key = "duplicateResut" if self._options.misspelled_duplicates else "duplicateResult"
        kinds = dict.fromkeys(kind for kind, _ in matches)
        result = {
            "allowSave": allowed,
            "duplicateRule": f"Standard_{sobject}_Duplicate_Rule",
            "duplicateRuleEntityType": sobject,
            "errorMessage": "Use one of these records?",
            "matchResults": [
                self._group(kind, [row for other, row in matches if other == kind], details=details)
                for kind in kinds
            ],
        }
        return Problem("DUPLICATES_DETECTED", "Use one of these records?", None, more={key: result})

    def _group(self, kind: str, rows: list[Row], *, details: bool) -> dict[str, Any]:
        return {
            "entityType": kind,
            "errors": [],
            "matchEngine": "FuzzyMatchEngine",
            "rule": f"Standard_{kind}_Match_Rule_v1_0",
            "size": len(rows),
            "success": True,
            "matchRecords": [
                {
                    "additionalInformation": [],
                    "fieldDiffs": [],
                    "matchConfidence": 100.0,
                    "record": {
                        "attributes": {"type": kind, "url": self._url(kind, row.id)},
                        "Id": row.id,
                        **(row.values if details else {}),
                    },
                }
                for row in rows
            ],
        }


def _alike(row: Row, values: Mapping[str, Any], name: str) -> bool:
    return (row.values.get(name) or "").lower() == (values.get(name) or "").lower()
