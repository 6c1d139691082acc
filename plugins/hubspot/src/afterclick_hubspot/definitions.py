"""Compares the account's contact properties with what the fields need. Pure.

Source: HubSpot, "Properties" guide. Type and the unique rule are fixed when a property is made; its
name stays taken even after archiving, since making it again brings the old definition back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from afterclick.plugin import STAGES, FieldSpec, Finding, Kind, Rule
from afterclick_hubspot import findings
from afterclick_hubspot.answers import Option, Property

Properties = Mapping[str, Property]
"""Definitions by internal name."""


class Form(NamedTuple):
    """How HubSpot spells a kind: `type` is how it is stored, `field_type` how it is edited."""

    type: str
    field_type: str


FORMS = {
    Kind.TEXT: Form("string", "text"),
    Kind.NUMBER: Form("number", "number"),
    # The editor of a moment is called `date` too.
    Kind.DATETIME: Form("datetime", "date"),
    Kind.DATE: Form("date", "date"),
    Kind.CHOICE: Form("enumeration", "select"),
}

MOST_UNIQUE = 10
"""Unique properties of an account's own that contacts may have."""


def compare(fields: Iterable[FieldSpec], properties: Properties, connection: str) -> list[Finding]:
    """Return what keeps the fields from being written, and what they lose. Errors stop the lane."""
    found: list[Finding] = []
    lacking: list[str] = []
    for spec in fields:
        definition = properties.get(spec.name)
        if definition is not None:
            found.extend(faults(spec, definition))
        elif spec.standard:
            found.append(findings.missing_standard(spec))
        else:
            lacking.append(spec.name)
    if lacking:
        found.insert(0, findings.missing(lacking, connection))
    return found


def faults(spec: FieldSpec, definition: Property) -> list[Finding]:
    """Return what is wrong with one property that is there."""
    if definition.type != FORMS[spec.kind].type:
        if is_day(spec, definition):
            return [findings.day_only(spec)]
        return [findings.wrong_type(spec, definition.type, FORMS[spec.kind].type)]
    found: list[Finding] = []
    if spec.rule is Rule.KEY and not definition.has_unique_value:
        found.append(findings.not_unique([spec.name]))
    metadata = definition.modification_metadata
    if definition.calculated or (metadata is not None and metadata.read_only_value):
        found.append(findings.read_only(spec))
    return found


def is_day(spec: FieldSpec, definition: Property) -> bool:
    """Tell whether a moment would go into a property that holds a day: accepted, without its time."""
    return spec.kind is Kind.DATETIME and definition.type == FORMS[Kind.DATE].type


def stage_faults(
    fields: Iterable[FieldSpec], properties: Properties, stages: Mapping[str, str]
) -> list[Finding]:
    """Return which of the configured stages the account does not have."""
    found: list[Finding] = []
    for spec in fields:
        if spec.attribute == "stage" and spec.name in properties:
            known = {option.value for option in properties[spec.name].options or []}
            unknown = [stage for stage in dict.fromkeys(stages.values()) if stage not in known]
            if unknown:
                found.append(findings.unknown_stages(spec, unknown))
    return found


def stage_order_faults(
    fields: Iterable[FieldSpec], properties: Properties, stages: Mapping[str, str]
) -> list[Finding]:
    """Return which stages stand the other way round in the account; `stages` in the order of leads."""
    found: list[Finding] = []
    for spec in fields:
        if spec.attribute != "stage" or spec.name not in properties:
            continue
        order = _order(properties[spec.name].options or [])
        words = [stages[stage] for stage in STAGES if stages.get(stage) in order]
        found += [
            findings.stage_order(spec, earlier, later)
            for earlier, later in pairwise(words)
            if order.index(later) < order.index(earlier)
        ]
    return found


def narrowed(fields: Sequence[FieldSpec], properties: Properties) -> tuple[FieldSpec, ...]:
    """Return the fields as the account can hold them: days for moments, its own order of stages."""
    return tuple(_narrow(spec, properties.get(spec.name)) for spec in fields)


def _narrow(spec: FieldSpec, definition: Property | None) -> FieldSpec:
    if definition is None:
        return spec
    if is_day(spec, definition):
        return msgspec.structs.replace(spec, kind=Kind.DATE)
    if spec.rule is Rule.FORWARD and definition.options:
        return msgspec.structs.replace(spec, order=_order(definition.options))
    return spec


def _order(options: Iterable[Option]) -> tuple[str, ...]:
    """Return values as people see them in order; options without a place stand at the end."""

    def place(option: Option) -> tuple[bool, int]:
        order = -1 if option.display_order is None else option.display_order
        return order < 0, order

    return tuple(option.value for option in sorted(options, key=place))


def count_unique(properties: Properties) -> int:
    """Return how many unique properties count towards HubSpot's limit: the account's own."""
    return sum(1 for found in properties.values() if found.has_unique_value and not found.hubspot_defined)


def lacks_room(fields: Iterable[FieldSpec], properties: Properties) -> bool:
    """Tell whether the unique properties that are missing would go beyond the limit."""
    needed = sum(1 for spec in fields if spec.unique and spec.name not in properties)
    return needed > 0 and count_unique(properties) + needed > MOST_UNIQUE


def key_property(fields: Iterable[FieldSpec]) -> str | None:
    """Return the property that holds the key, None if it was switched off."""
    return next((spec.name for spec in fields if spec.rule is Rule.KEY), None)
