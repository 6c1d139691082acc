"""Which field of Pipedrive each field of ours is. Pure.

A custom field has a random code of 40 digits in each account, and a display name that need not be
unique: a name is looked for among custom fields, whatever its case and blanks, and two of one name are
nobody's choice. Only a field of Pipedrive's own is found under its plain code. Source: Pipedrive,
"Custom fields" and "Fields API v2".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from afterclick.plugin import STAGES, FieldSpec, Finding, Kind, Rule
from afterclick_pipedrive import findings
from afterclick_pipedrive.answers import Field
from afterclick_pipedrive.fields import EMAIL, LABEL, NAME, PHONE, TOP_LEVEL, VARCHAR

Place = Literal["name", "emails", "phones", "labels", "top", "custom"]

_OWN: Mapping[str, Place] = {NAME: "name", EMAIL: "emails", PHONE: "phones", LABEL: "labels"}
_LABELS = frozenset({"label", "label_ids"})
_HASH = re.compile(r"[0-9a-f]{40}")

TYPES: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("varchar", "varchar_auto", "text", "enum"),
    Kind.NUMBER: ("double",),
    Kind.DATE: ("date",),
    # Pipedrive knows no moment: a day, or the moment as text for who wants it.
    Kind.DATETIME: ("date", "varchar", "varchar_auto", "text"),
    Kind.CHOICE: ("enum", "varchar", "varchar_auto", "text"),
}
"""Types of custom fields that can hold a kind; the first is what provisioning makes."""

_KEY_TYPES = ("varchar", "varchar_auto", "text")
"""Types that the search looks into and that hold a text as it is."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """Where one of our fields stands in a person. `options` are the choices by their label."""

    spec: FieldSpec
    place: Place
    code: str
    type: str = ""
    options: Mapping[str, int] = {}


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """All fields of a connection as the account has them."""

    columns: tuple[Column, ...]
    key: Column

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """Return the specs, as the account can hold them."""
        return tuple(column.spec for column in self.columns)

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes of all custom fields, for reads."""
        return tuple(dict.fromkeys(one.code for one in self.columns if one.place == "custom"))

    def column(self, name: str) -> Column | None:
        """Return the column of a field by our name of it."""
        return next((column for column in self.columns if column.spec.name == name), None)

    def name_of(self, code: str) -> str | None:
        """Return our name of a custom field or of Pipedrive's own."""
        return next((one.spec.name for one in self.columns if code in (one.code, one.spec.name)), None)


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What of the fields was found; `lacking` could be made, `faults` need somebody."""

    columns: tuple[Column, ...] = ()
    lacking: tuple[FieldSpec, ...] = ()
    faults: tuple[Finding, ...] = ()

    @property
    def table(self) -> Table | None:
        """Return the table of what was found; None without the key."""
        key = next((column for column in self.columns if column.spec.rule is Rule.KEY), None)
        return None if key is None else Table(columns=self.columns, key=key)


def resolve(specs: Iterable[FieldSpec], fields: Sequence[Field], stages: Mapping[str, str]) -> Resolved:
    """Return where each field stands in the account; `stages` are the account's words for stages."""
    columns: list[Column] = []
    lacking: list[FieldSpec] = []
    faults: list[Finding] = []
    for spec in specs:
        found = _own(spec, fields, stages) or _custom(spec, fields)
        if isinstance(found, Column):
            columns.append(found)
        elif isinstance(found, Finding):
            faults.append(found)
        elif not spec.standard or _HASH.fullmatch(spec.name):
            lacking.append(spec)
        else:
            faults.append(findings.unknown(spec))
    return Resolved(columns=tuple(columns), lacking=tuple(lacking), faults=tuple(faults))


def _own(spec: FieldSpec, fields: Sequence[Field], stages: Mapping[str, str]) -> Column | None:
    if spec.name in TOP_LEVEL:
        return Column(spec=spec, place="top", code=spec.name)
    place = _OWN.get(spec.name)
    if place is None:
        return None
    if place != "labels":
        return Column(spec=spec, place=place, code=spec.name)
    labels = next((field for field in fields if field.field_code in _LABELS), None)
    options = {} if labels is None else _options(labels)
    words = tuple(dict.fromkeys(stages[stage] for stage in STAGES if stage in stages))
    ordered = msgspec.structs.replace(spec, order=tuple(word for word in words if word in options))
    return Column(spec=ordered, place=place, code=spec.name, options=options)


def _custom(spec: FieldSpec, fields: Sequence[Field]) -> Column | Finding | None:
    found = named(spec.name, fields)
    if not found:
        return None
    if len(found) > 1:
        return findings.twice(spec.name, [field.field_code for field in found])
    (field,) = found
    allowed = _KEY_TYPES if spec.rule is Rule.KEY else TYPES[spec.kind]
    if field.field_type not in allowed:
        return findings.wrong_type(spec.name, field.field_type, allowed)
    return Column(
        spec=_fitted(spec, field),
        place="custom",
        code=field.field_code,
        type=field.field_type,
        options=_options(field) if field.field_type == "enum" else {},
    )


def named(name: str, fields: Sequence[Field]) -> list[Field]:
    """Return the custom fields that a name, or a code, speaks of."""
    wanted = _folded(name)
    custom = [field for field in fields if field.is_custom_field]
    by_code = [field for field in custom if field.field_code == wanted]
    return by_code or [field for field in custom if _folded(field.field_name) == wanted]


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _options(field: Field) -> dict[str, int]:
    return {option.label: option.id for option in field.options or [] if isinstance(option.id, int)}


def _fitted(spec: FieldSpec, field: Field) -> FieldSpec:
    """Return the spec as the field can hold it: a day for a moment, no more characters than fit."""
    if spec.kind is Kind.DATETIME and field.field_type == "date":
        return msgspec.structs.replace(spec, kind=Kind.DATE)
    if field.field_type.startswith("varchar"):
        return msgspec.structs.replace(spec, max_length=min(spec.max_length or VARCHAR, VARCHAR))
    return spec


def unknown_labels(table: Table, stages: Mapping[str, str]) -> list[Finding]:
    """Return which stages are mapped to labels that the account lacks: those are not written."""
    column = table.column(LABEL)
    if column is None:
        return []
    unknown = [word for word in dict.fromkeys(stages.values()) if word not in column.options]
    return [findings.unknown_labels(unknown)] if unknown else []
