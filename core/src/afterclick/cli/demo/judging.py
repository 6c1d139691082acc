"""What is wrong with the demo's people in a CRM; nothing, when all went well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from afterclick.cli.demo.crms import Found
from afterclick.cli.demo.people import PEOPLE, Expected
from afterclick.model.fields import FieldSpec, Rule, canonical


def found_of(person: Expected, found: Sequence[Found]) -> Found | None:
    """Return a person's record, told by what the ledger knows of its lead."""
    return next((one for one in found if person.has(one.known)), None)


def faults_of(
    person: Expected, found: Found | None, fields: Collection[FieldSpec], *, others: Collection[str]
) -> Iterator[str]:
    """Go through what is wrong with a person's record.

    What is written on a new record only does not come to those that `others` made.
    """
    if found is None:
        yield f"{person.who} is not in the CRM"
        return
    expected = _expected(person)
    for spec in fields:
        name = spec.attribute
        if name not in expected or (found.record.id in others and spec.rule is Rule.CREATE):
            continue
        wanted = canonical(spec.kind, expected[name])
        if found.shown.get(name) != wanted:
            yield f"{person.who}: {name} is {found.shown.get(name)!r}, not {wanted!r}"


def _expected(person: Expected) -> dict[str, Any]:
    """Return what is to be shown; somebody's whole name besides, for a CRM that has one field for it."""
    whole = whole_name(person.shown)
    return person.shown | ({"name": whole} if whole else {})


def strays(new: Collection[str], found: Sequence[Found]) -> Iterator[str]:
    """Tell of records beyond one a person; `new` are the ids of those that the demo brought."""
    ours = {one.record.id for one in found}
    if len(found) != len(PEOPLE) or len(ours) != len(PEOPLE):
        yield f"{len(found)} leads with {len(ours)} records; expected {len(PEOPLE)} of each"
    if extra := set(new) - ours:
        yield f"{len(extra)} records too many in the CRM"


def name_of(shown: Mapping[str, Any]) -> str:
    """Return the name that the CRM shows."""
    return shown.get("name") or whole_name(shown) or "nobody"


def whole_name(values: Mapping[str, Any]) -> str:
    """Return first and last name as one."""
    return " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
