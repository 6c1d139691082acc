"""Which values Salesforce takes for a field, and how it keeps them.

Sources: REST API Developer Guide, "Valid Date and DateTime Formats"; SOAP API Developer Guide, "create()"
(white space is trimmed); restforce#897 and verbb/formie#2790 for what is said of values that cannot be
parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from typing import Any

from afterclick.sandbox import from_iso
from afterclick_salesforce.sandbox.ids import read_id
from afterclick_salesforce.sandbox.problems import ParseError, Problem, RowError
from afterclick_salesforce.sandbox.schema import Field

_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_KINDS = {bool: "VALUE_BOOLEAN", str: "VALUE_STRING", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}

Cleaner = Callable[[Any], Any]
"""Returns a value other than None as it is kept, or raises `RowError`."""


def cleaner(field: Field) -> Cleaner:
    """Return what reads the values of a field."""
    makers: dict[str, Callable[[Field, Any], Any]] = {
        "boolean": _boolean,
        "int": _number,
        "double": _number,
        "date": _date,
        "datetime": _datetime,
        "reference": _reference,
        "id": _reference,
        "email": _email,
        "picklist": _picklist,
    }
    return partial(makers.get(field.type, _text), field)


@lru_cache(maxsize=4096)
def stamp(milliseconds: int) -> str:
    """Return a moment as Salesforce writes it: `2026-05-21T09:14:00.000+0000`."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}+0000"


@lru_cache(maxsize=4096)
def moment(text: str) -> str | None:
    """Return a moment with a zone as Salesforce keeps it, to the second; None if it is none."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return stamp(from_iso(text) // 1000 * 1000)
    except (ValueError, OverflowError):
        return None


def day(text: str) -> str | None:
    """Return a day, or None if it is none."""
    try:
        return date.fromisoformat(text).isoformat() if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _unparsable(kind: str, value: Any) -> ParseError:
    if isinstance(value, dict | list):
        found = "START_OBJECT value {" if isinstance(value, dict) else "START_ARRAY value ["
    else:
        found = f"{_KINDS[type(value)]} value {value}"
    text = f"Cannot deserialize instance of {kind} from {found} or request may be missing a required field"
    return ParseError(Problem("JSON_PARSER_ERROR", f"{text} at [line:1, column:1]"))


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _unparsable("string", value)
    text = value.strip()
    if len(text) > field.length:
        message = f"{field.label}: data value too large: {text} (max length={field.length})"
        raise RowError(Problem("STRING_TOO_LONG", message, (field.name,)))
    return text


def _email(field: Field, value: Any) -> str:
    text = _text(field, value)
    if text and not _EMAIL.fullmatch(text):
        message = f"{field.label}: invalid email address: {text}"
        raise RowError(Problem("INVALID_EMAIL_ADDRESS", message, (field.name,)))
    return text


def _picklist(field: Field, value: Any) -> str:
    """Take any value, as Salesforce does unless the picklist is restricted."""
    text = _text(field, value)
    if text and field.restricted and text not in {one.value for one in field.choices}:
        message = f"{field.label}: bad value for restricted picklist field: {text}"
        raise RowError(Problem("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,)))
    return text


def _boolean(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _unparsable("boolean", value)
    return value


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unparsable(field.type, value)
    places = field.precision - field.scale
    if places > 0 and abs(value) >= 10**places:
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise RowError(Problem("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,)))
    return int(value) if field.type == "int" else round(float(value), field.scale)


def _date(field: Field, value: Any) -> str:
    found = day(value) if isinstance(value, str) else None
    if found is None:
        raise _unparsable("date", value)
    return found


def _datetime(field: Field, value: Any) -> str:
    found = moment(value) if isinstance(value, str) else None
    if found is None:
        raise _unparsable("datetime", value)
    return found


def _reference(field: Field, value: Any) -> str:
    text = _text(field, value)
    found = read_id(text)
    if text and found is None:
        message = f"{field.label}: id value of incorrect type: {text}"
        raise RowError(Problem("MALFORMED_ID", message, (field.name,)))
    return found or ""
