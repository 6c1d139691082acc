"""The demo's people as a sales team sees them in a CRM, and what of it is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from afterclick.cli.people import PEOPLE, Expected
from afterclick.model.fields import FieldSpec, Rule, canonical
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


class Found(NamedTuple):
    """A lead and its record: what the ledger knows of it, and what the CRM shows, by lead attribute."""

    known: Mapping[str, Any]
    record: Record
    shown: dict[str, Any]


def side_by_side(columns: list[tuple[Expected, Shown]]) -> Table:
    """Return a table with a column for each person."""
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for person, _ in columns:
        table.add_column(person.who, overflow="fold")
    for attribute, label in _ROWS:
        table.add_row(label, *(_cell(shown, attribute) for _, (_, shown) in columns))
    return table


def record_of(person: Expected, found: list[Found]) -> Shown:
    """Return what the CRM shows of a person, whose lead is told by link token and time of install.

    The ledger's word for these, since a CRM may keep the day alone.
    """
    for one in found:
        if all(one.known.get(name) == person.attributes[name] for name in ("token", "install_date")):
            return one.record, one.shown
    return None, {}


def faults_of(matched: list[Shown], fields: Collection[FieldSpec]) -> Iterator[str]:
    """Go through what is wrong with the people of the story, given in its order, in the CRM's `fields`.

    What they write on a new record only does not come to somebody whom sales typed in.
    """
    for person, (record, shown) in zip(PEOPLE, matched, strict=True):
        if record is None:
            yield f"{person.who} is not in the CRM"
            continue
        expected = _expected(person)
        for spec in fields:
            name = spec.attribute
            if name not in expected or (person.kept and spec.rule is Rule.CREATE):
                continue
            wanted = canonical(spec.kind, expected[name])
            if shown.get(name) != wanted:
                yield f"{person.who}: {name} is {shown.get(name)!r}, not {wanted!r}"


def _expected(person: Expected) -> dict[str, Any]:
    """Return what is to be shown; somebody's whole name besides, for a CRM that has one field for it."""
    whole = _whole_name(person.shown)
    return person.shown | ({"name": whole} if whole else {})


def strays(new: set[str], found: list[Found]) -> Iterator[str]:
    """Tell of records beyond one a person; `new` are the ids of those that the demo brought."""
    ours = {one.record.id for one in found}
    if len(found) != len(PEOPLE) or len(ours) != len(PEOPLE):
        yield f"{len(found)} leads with {len(ours)} records; expected {len(PEOPLE)} of each"
    if new - ours:
        yield f"{len(new - ours)} records too many in the CRM"


def name_of(shown: dict[str, Any]) -> str:
    """Return the name that the CRM shows."""
    return shown.get("name") or _whole_name(shown) or "nobody"


def _whole_name(values: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))


def _cell(shown: dict[str, Any], attribute: str) -> Text:
    value = name_of(shown) if attribute == "name" else shown.get(attribute)
    if value is None:
        return Text("")
    text = str(value)
    if attribute.endswith("_date"):
        text = text[:16].replace("T", " ")
    return Text(text)
