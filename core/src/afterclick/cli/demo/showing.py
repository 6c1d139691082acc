"""The demo's tables: people as a sales team sees them, and what it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from afterclick.cli.demo.crms import Crm, Found
from afterclick.cli.demo.judging import name_of
from afterclick.cli.demo.people import Expected
from afterclick.ledger.observations import Difference

ROWS = {
    "name": "Name",
    "email": "E-mail",
    "phone": "Phone",
    "lead_source": "Lead source",
    "campaign": "Campaign",
    "platform": "Platform",
    "token": "Link token",
    "install_date": "Install date",
    "referral_source": "Referral source",
    "conversion_date": "Conversion date",
    "minutes_to_convert": "Minutes to convert",
}
"""What is shown of a record, by lead attribute."""


def table(*columns: str) -> Table:
    """Return an empty table in the demo's dress; cells fold, and the first column does not."""
    made = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    made.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        made.add_column(column, overflow="fold")
    return made


def side_by_side(shown: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table with a column for each record, and a row for each value that one of them has."""
    made = table("", *shown)
    for attribute, label in ROWS.items():
        cells = [cell(values, attribute) for values in shown.values()]
        if any(cells):
            made.add_row(label, *cells)
    return made


def people(found: Sequence[tuple[Expected, Found | None]]) -> Table:
    """Return a table with a row for each person."""
    made = table("", "Name", "Campaign", "Minutes")
    for person, one in found:
        shown: Mapping[str, Any] = {} if one is None else one.shown
        made.add_row(person.who, *(cell(shown, name) for name in ("name", "campaign", "minutes_to_convert")))
    return made


def would_write(crm: Crm, differences: Sequence[Difference]) -> Table:
    """Return a table of what a connection would write that only observes, and of what it would leave."""
    attributes = {spec.name: spec.attribute for spec in crm.fields}
    made = table("", f"{crm.title} has", "and would get")
    for one in differences:
        label = ROWS.get(attributes.get(one.field, ""))
        if label is not None:
            present = "" if one.present is None else str(one.present)
            made.add_row(
                label, present, str(one.wanted) if one.kept is None else f"nothing (ours: {one.wanted})"
            )
    return made


def cell(shown: Mapping[str, Any], attribute: str) -> Text:
    """Return a value as a sales team reads it."""
    value = name_of(shown) if attribute == "name" else shown.get(attribute)
    text = "" if value is None else str(value)
    return Text(text[:16].replace("T", " ") if attribute.endswith("_date") else text)
