"""The demo's people as a sales team sees them in a CRM, and what of it is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from afterclick.cli.people import PEOPLE, Expected
from afterclick.model.fields import FieldSpec, Rule
from afterclick.plugin.types import Record

BESIDE = 4
"""People in one table."""

_ROWS = (
    ("name", "Name"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("lead_source", "Lead source"),
    ("campaign", "Campaign"),
    ("platform", "Platform"),
    ("token", "Link token"),
    ("install_date", "Install date"),
    ("referral_source", "Referral source"),
    ("conversion_date", "Conversion date"),
    ("minutes_to_convert", "Minutes to convert"),
)

Shown = tuple[Record | None, dict[str, Any]]
"""A record and its values by lead attribute; nothing of somebody who is not in the CRM."""


def side_by_side(columns: list[tuple[Expected, Shown]]) -> Table:
    """Return a table with a column for each person."""
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for person, _ in columns:
        table.add_column(person.who, overflow="fold")
    for attribute, label in _ROWS:
        table.add_row(label, *(_cell(shown, attribute) for _, (_, shown) in columns))
    return table


def record_of(person: Expected, found: list[Shown]) -> Shown:
    """Return the record that shows a person, told by link token and install date."""
    for record, shown in found:
        if all(shown.get(name) == person.attributes[name] for name in ("token", "install_date")):
            return record, shown
    return None, {}


def faults_of(matched: list[Shown], fields: Iterable[FieldSpec]) -> Iterator[str]:
    """Go through what is wrong with the people of the story, given in its order.

    What `fields` write on a new record only does not come to somebody whom sales typed in.
    """
    new_only = {spec.attribute for spec in fields if spec.rule is Rule.CREATE}
    for person, (record, shown) in zip(PEOPLE, matched, strict=True):
        if record is None:
            yield f"{person.who} is not in the CRM"
            continue
        for name, value in person.shown.items():
            if shown.get(name) != value and not (person.kept and name in new_only):
                yield f"{person.who}: {name} is {shown.get(name)!r}, not {value!r}"


def strays(new: set[str], found: list[Shown]) -> Iterator[str]:
    """Tell of records beyond one a person; `new` are the ids of those that the demo brought."""
    ours = {record.id for record, _ in found if record is not None}
    if len(found) != len(PEOPLE) or len(ours) != len(PEOPLE):
        yield f"{len(found)} leads with {len(ours)} records; expected {len(PEOPLE)} of each"
    if new - ours:
        yield f"{len(new - ours)} records too many in the CRM"


def name_of(shown: dict[str, Any]) -> str:
    """Return the name that the CRM shows."""
    return " ".join(filter(None, (shown.get("first_name"), shown.get("last_name")))) or "nobody"


def _cell(shown: dict[str, Any], attribute: str) -> Text:
    value = name_of(shown) if attribute == "name" else shown.get(attribute)
    if value is None:
        return Text("")
    text = str(value)
    if attribute.endswith("_date"):
        text = text[:16].replace("T", " ")
    return Text(text)
