"""What a write asks Salesforce to do besides: give the lead to somebody, heed duplicate rules. Pure.

Salesforce runs its lead assignment rules on every create and update unless a header says otherwise, so every
enrichment could change the owner. Here they run once, when there is somebody to call. A Lead without a name
has nothing but placeholders, in which a duplicate rule can only find other placeholders, so it is
saved all the same. Source: Salesforce, "Assignment Rule Header" and "Duplicate Rule Header".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from afterclick.plugin import Change, FieldSpec
from afterclick_salesforce.fields import LEAD
from afterclick_salesforce.mapping import is_named
from afterclick_salesforce.settings import SalesforceSettings

_HOLE = re.compile(r"\{[^{}]*\}")


class Manner(NamedTuple):
    """How rows are written; rows of one call are written alike."""

    assign: bool = False
    allow_duplicates: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that say so."""
        found = {"Sforce-Auto-Assign": "TRUE" if self.assign else "FALSE"}
        if self.allow_duplicates:
            found["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
        return found


def of_create(settings: SalesforceSettings, *, nameless: bool) -> Manner:
    """Return how a new Lead is written."""
    return Manner(
        assign=settings.assignment == "named" and not nameless,
        allow_duplicates=nameless or settings.on_duplicate == "save_anyway",
    )


def of_change(settings: SalesforceSettings, change: Change, fields: Mapping[str, FieldSpec]) -> Manner:
    """Return how a change is written; `fields` are those of Lead, by attribute."""
    arrives = settings.assignment == "named" and _name_arrives(change, fields)
    return Manner(assign=arrives, allow_duplicates=settings.on_duplicate == "save_anyway")


def _name_arrives(change: Change, fields: Mapping[str, FieldSpec]) -> bool:
    """Tell whether this write turns a Lead of ours without a name into somebody.

    After it the Lead has an address, a number or a real name, so no later write is of that kind.
    """
    record = change.record
    if record.kind != LEAD or not is_named(change.lead):
        return False
    reach = [fields[name].name for name in ("email", "phone") if name in fields]
    if any(name in record.values for name in reach):
        return False
    name = fields.get("last_name")
    if name is not None and not is_placeholder(name, str(record.values.get(name.name, ""))):
        return False
    sent = set(change.fields)
    return bool(sent & {*reach, *([] if name is None else [name.name])})


def is_placeholder(spec: FieldSpec, value: str) -> bool:
    """Tell whether a value is what a new record gets that lacks the attribute: `Lead summer-promo 3f9c0d`."""
    if spec.placeholder is None:
        return not value
    parts = (" ".join(part.split()) for part in _HOLE.split(spec.placeholder))
    pattern = r"\s*.*?\s*".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, value, re.DOTALL) is not None
