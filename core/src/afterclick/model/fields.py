"""From a lead's attributes to CRM fields, and the three-way merge that keeps what people typed.

Values cross the line to a plugin in a *canonical* form that JSON can hold and `==` can compare:
text without surrounding blanks, numbers, `2026-05-21T09:14:00.000Z` for a moment and `2026-05-21` for
a day. An empty value has no form: it is left out, and never sent.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from afterclick.clock import from_iso, to_iso

Scalar = str | int | float | bool


class Kind(enum.StrEnum):
    """What a CRM field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATETIME = "datetime"
    DATE = "date"
    CHOICE = "choice"


class Rule(enum.StrEnum):
    """When a field is written.

    `merge`: the three-way merge. `fill`: only where the CRM has nothing. `create`: only on a new
    record. `forward`: a choice that only moves along `FieldSpec.order`. `key`: the record's key,
    written on create and never again.
    """

    MERGE = "merge"
    FILL = "fill"
    CREATE = "create"
    FORWARD = "forward"
    KEY = "key"


class Kept(enum.StrEnum):
    """Why a value in the CRM stays although ours differs.

    `edited`: it is not what we wrote last, so somebody else put it there. `filled`: the field is
    written only where it is empty. `ahead`: the choice only moves forward.
    """

    EDITED = "edited"
    FILLED = "filled"
    AHEAD = "ahead"


class FieldSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One CRM field and the lead attribute it shows.

    `name` is the CRM's own name of the field, `title` what people read. `placeholder` is a template
    (`"Lead {token}"`) for a new record whose lead lacks the attribute. `kinds` are the record kinds
    that have the field, empty for all. A `standard` field belongs to the CRM and is not provisioned.
    """

    attribute: str
    name: str
    title: str
    kind: Kind = Kind.TEXT
    rule: Rule = Rule.MERGE
    max_length: int | None = None
    order: tuple[str, ...] = ()
    placeholder: str | None = None
    unique: bool = False
    standard: bool = False
    kinds: tuple[str, ...] = ()
    description: str = ""


def canonical(kind: Kind, raw: object) -> Scalar | None:
    """Return `raw`, as some CRM spells it, in canonical form; None if it is empty.

    Reads a moment from ISO 8601 text or epoch milliseconds, a day from either or `YYYY-MM-DD`. What
    cannot be read comes back as text: it differs from anything of ours, so it is left alone.
    """
    if raw is None:
        return None
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip()
    if not text or kind is Kind.TEXT or (kind is Kind.DATETIME and _CANONICAL.fullmatch(text)):
        return text or None
    try:
        if kind is Kind.NUMBER and math.isfinite(number := float(text)):
            return int(number) if number.is_integer() else number
        if kind is Kind.DATETIME:
            return to_iso(_milliseconds(text))
        if kind is Kind.DATE:
            return text if _is_day(text) else to_iso(_milliseconds(text))[:10]
    except (ValueError, OverflowError, OSError):
        return text
    return text


_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def _milliseconds(text: str) -> int:
    return int(text) if text.lstrip("-").isdigit() else from_iso(text)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def render(
    specs: Iterable[FieldSpec],
    attributes: Mapping[str, Scalar],
    *,
    zone: str = "UTC",
    creating: bool = False,
    stages: Mapping[str, str] | None = None,
) -> dict[str, Scalar]:
    """Return what a record should hold, by CRM field name.

    `creating` adds what only a new record gets: the key, constants and placeholders. `stages` maps
    the lead's stage to the CRM's word for it; a stage without a word is left out.
    """
    values: dict[str, Scalar] = {}
    for spec in specs:
        if spec.rule in (Rule.KEY, Rule.CREATE) and not creating:
            continue
        raw: Scalar | None = attributes.get(spec.attribute)
        if spec.attribute == "stage" and stages is not None and raw is not None:
            raw = stages.get(str(raw))
        if raw is None and creating and spec.placeholder is not None:
            raw = _fill_in(spec.placeholder, attributes)
        value = None if raw is None else _in_kind(spec, raw, zone)
        if value is not None:
            values[spec.name] = value
    return values


def _in_kind(spec: FieldSpec, raw: Scalar, zone: str) -> Scalar | None:
    if spec.kind is Kind.DATE and isinstance(raw, str) and len(raw) > 10:
        # A field may be mapped to text that anybody can type; that is the CRM's to refuse.
        with suppress(ValueError, OverflowError):
            return datetime.fromtimestamp(from_iso(raw) / 1000, ZoneInfo(zone)).date().isoformat()
    value = canonical(spec.kind, raw)
    if spec.kind is Kind.DATETIME and isinstance(value, str):
        # Some CRMs keep no parts of seconds; what reads back otherwise would look typed by a person.
        return _PARTS.sub(".000Z", value)
    if isinstance(value, str) and spec.max_length is not None and len(value) > spec.max_length:
        return value[: spec.max_length - 1].rstrip() + "…"
    return value


_PARTS = re.compile(r"(?<=T\d\d:\d\d:\d\d)\.\d{3}Z$")


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""


def _fill_in(template: str, attributes: Mapping[str, Scalar]) -> str:
    # Brackets around something that the lead lacks go with it.
    return " ".join(template.format_map(_Blank(attributes)).replace("()", " ").split())


def differences(
    specs: Iterable[FieldSpec],
    wanted: Mapping[str, Scalar],
    current: Mapping[str, Scalar],
    written: Mapping[str, Scalar],
    *,
    record_kind: str = "",
) -> dict[str, Scalar]:
    """Return the fields to write: the three-way merge of ours, theirs and what we wrote last.

    A field that is empty in the CRM, or still holds what we last wrote, takes our value. Anything
    else was typed by a person (or another tool) and stays. Without a known base only an empty field
    is filled.
    """
    changed: dict[str, Scalar] = {}
    for spec in specs:
        ours = wanted.get(spec.name)
        theirs = current.get(spec.name)
        if ours is None or ours == theirs or not _has_field(spec, record_kind):
            continue
        if spec.rule is Rule.FORWARD:
            if _is_ahead(spec.order, str(ours), theirs):
                changed[spec.name] = ours
        elif theirs is None or (spec.rule is Rule.MERGE and theirs == written.get(spec.name)):
            changed[spec.name] = ours
    return changed


def kept(
    specs: Iterable[FieldSpec],
    wanted: Mapping[str, Scalar],
    current: Mapping[str, Scalar],
    changed: Mapping[str, Scalar],
    *,
    record_kind: str = "",
) -> dict[str, Kept]:
    """Return the fields that differ and stay as they are, with the reason: what is not in `changed`."""
    return {
        spec.name: _REASONS.get(spec.rule, Kept.EDITED)
        for spec in specs
        if spec.name not in changed
        and wanted.get(spec.name) not in (None, current.get(spec.name))
        and _has_field(spec, record_kind)
    }


_REASONS = {Rule.FILL: Kept.FILLED, Rule.FORWARD: Kept.AHEAD}


def _has_field(spec: FieldSpec, record_kind: str) -> bool:
    return not spec.kinds or not record_kind or record_kind in spec.kinds


def _is_ahead(order: tuple[str, ...], ours: str, theirs: Scalar | None) -> bool:
    """Tell whether `ours` lies further along; a stage that the order does not know is a person's own."""
    if theirs is None:
        return True
    if ours not in order or str(theirs) not in order:
        return False
    return order.index(ours) > order.index(str(theirs))
