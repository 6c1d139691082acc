"""What the sales team sees of a Lead or Contact: who it is, and what the org's own fields say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from afterclick.sandbox import Card, Field, RecordView, Row, Step, Write, listed
from afterclick_salesforce.sandbox import schema
from afterclick_salesforce.sandbox.standard import EDITOR
from afterclick_salesforce.sandbox.table import Table, getter

COLUMNS = (
    "Deep_Link_Campaign__c",
    "Deep_Link_Platform__c",
    "Deep_Link_Token__c",
    "Referral_Source__c",
    "Install_Date__c",
    "Conversion_Date__c",
)
"""What the table shows first, where the org has it; then its other fields, as far as they fit."""

ABOUT = ("FirstName", "LastName", "Company", "Email", "Phone", "Title", "LeadSource", "Status", "OwnerId")
SYSTEM = ("Id", "CreatedDate", "LastModifiedDate", "IsConverted", "ConvertedContactId", "MasterRecordId")

Names = Mapping[str, str]
"""The names of users, by id."""


def columns(table: Table) -> tuple[tuple[str, str], ...]:
    """Return what the table of records shows besides name, e-mail address and status."""
    own = {f.name: f.label for f in table.sobject.fields.values() if f.custom and not f.unique}
    names = [*(name for name in COLUMNS if name in own), *(name for name in own if name not in COLUMNS)]
    return tuple((name, own[name]) for name in names[: len(COLUMNS)])


def summary(table: Table, row: Row, url: str) -> dict[str, Any]:
    """Return a record as `Emulator.records` lists it."""
    return listed(
        row,
        url,
        kind=table.sobject.name.lower(),
        title=_title(table, row),
        subtitle=row.values.get("Email", ""),
        badge="Converted" if row.values.get("IsConverted") else row.values.get("Status", ""),
    )


def record(table: Table, row: Row, names: Names) -> RecordView:
    """Return a record's page: a card about the person, one for Afterclick's fields, and the record itself."""
    own = [field.name for field in table.sobject.fields.values() if field.custom]
    about = [name for name in ABOUT if name in table.sobject.fields]
    cards = [Card(f"About this {table.sobject.name}", tuple(_fields(table, row, about, names)))]
    if own:
        fields = tuple(_fields(table, row, own, names, always=True))
        cards.append(Card("Deep Link Attribution", fields, accent=True))
    cards.append(Card("Record", tuple(_fields(table, row, SYSTEM, names))))
    steps = [_step(table, write, names) for write in reversed(row.writes)]
    return RecordView(
        id=row.id,
        kind=table.sobject.name.lower(),
        title=_title(table, row),
        subtitle=row.values.get("Email", ""),
        badge="Converted" if row.values.get("IsConverted") else row.values.get("Status", ""),
        archived=row.archived,
        cards=tuple(cards),
        history=tuple(step for step in steps if step.text),
    )


def _title(table: Table, row: Row) -> str:
    name = getter(table.sobject.fields["Name"])(row)
    return name or f"{table.sobject.name} {row.id}"


def _fields(
    table: Table, row: Row, names: Iterable[str], users: Names, *, always: bool = False
) -> Iterable[Field]:
    for name in names:
        field = table.sobject.fields.get(name)
        if field is None:
            continue
        text = _words(field, getter(field)(row), users)
        write = row.origin(name) if text else None
        if text or always or name in ABOUT:
            yield Field(field.label, name, text, write.origin if write else "", write.at if write else None)


def _step(table: Table, write: Write, users: Names) -> Step:
    parts = []
    for name, value in write.values.items():
        field = table.sobject.fields.get(name)
        if field is not None and name not in ("CreatedById", EDITOR):
            parts.append(f"{field.label}: {_words(field, value, users) or 'cleared'}")
    return Step(write.at, write.origin, " · ".join(parts))


def _words(field: schema.Field, value: Any, users: Names) -> str:
    """Return a value as people read it."""
    if value is None or value is False:
        return ""
    if value is True:
        return "Yes"
    if isinstance(value, float):
        return f"{value:g}"
    return users.get(value, value) if field.refers_to == "User" else str(value)
