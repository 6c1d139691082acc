"""What a custom field takes, by its type. v2 converts nothing: a number in quotes is not a number.

Sources: pipedrive.readme.io "API v2 migration guide" (30 April 2026); the message about single options
from client-php#227, the others in its style.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, time
from typing import Any, Final

from afterclick_pipedrive.sandbox.fields import Field

MAX_VARCHAR = 255
MAX_TEXT = 65_000
MAX_DIGITS = 14

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class BadValue(ValueError):  # noqa: N818 - named for what it is about; the caller turns it into an answer
    """A field does not take a value; the text says why."""


class _Empty:
    """Stands for an empty text, which Pipedrive keeps, in a store that would clear it."""

    def __repr__(self) -> str:
        return '""'


EMPTY: Final = _Empty()


def kept(field: Field, value: Any) -> Any:
    """Return `value` as it is stored in `field`; None clears.

    Raises:
        BadValue: the field does not take it.

    """
    if value is None:
        return None
    taken = _TAKERS[field.field_type](field, value)
    return EMPTY if taken == "" else taken


def shown(value: Any) -> Any:
    """Return a stored value as the API shows it."""
    return "" if value is EMPTY else value


def words(field: Field, value: Any) -> str:
    """Return a stored value as people read it."""
    if field.field_type in ("enum", "set"):
        labels = {choice.id: choice.label for choice in field.options or ()}
        chosen = value if isinstance(value, list) else [value]
        return ", ".join(labels.get(one, str(one)) for one in chosen)
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if part is not None)
    return str(shown(value))


def _text(field: Field, value: Any) -> str:
    longest = MAX_TEXT if field.field_type == "text" else MAX_VARCHAR
    if not isinstance(value, str):
        raise BadValue("Expected 'string' as value")
    if len(value) > longest:
        raise BadValue(f"String must contain at most {longest} character(s)")
    return value


def _number(field: Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue("Expected 'number' as value for numeric custom field")
    if abs(value) >= 10**MAX_DIGITS:
        raise BadValue(f"Number must have at most {MAX_DIGITS} digits")
    return value


def _whole(field: Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue("Expected 'number' as value")
    return value


def day(value: Any) -> str:
    """Return a day if it is one: `2026-05-21`.

    Raises:
        BadValue: it is none; a moment is none either.

    """
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value).isoformat()
    raise BadValue("Expected date in format YYYY-MM-DD")


def _day(field: Field, value: Any) -> str:
    return day(value)


def _clock(field: Field, value: Any) -> str:
    if isinstance(value, str):
        with suppress(ValueError):
            return time.fromisoformat(value).isoformat()
    raise BadValue("Expected time in format HH:MM:SS")


def _choice(field: Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue("Expected 'number' as value for single option custom field")
    if value not in {choice.id for choice in field.options or ()}:
        raise BadValue(f"Option {value} does not exist")
    return value


def _choices(field: Field, value: Any) -> list[int]:
    if not isinstance(value, list) or not value:
        raise BadValue("Expected non-empty array of numbers for multiple option custom field")
    return [_choice(field, one) for one in value]


def _parts(field: Field, value: Any) -> dict[str, Any]:
    """Take an object, with each of its parts in the form that the type wants."""
    takers = _PARTS[field.field_type]
    if not isinstance(value, dict) or "value" not in value:
        raise BadValue("Expected 'object' with 'value'")
    unknown = ", ".join(sorted(set(value) - set(takers)))
    if unknown:
        raise BadValue(f"Unrecognized key(s) in object: {unknown}")
    return {name: None if part is None else takers[name](field, part) for name, part in value.items()}


_Taker = Callable[[Field, Any], Any]
_ADDRESS = (
    "value",
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
)
_ZONED = {"timezone_name": _text, "timezone_id": _whole}
_PARTS: dict[str, dict[str, _Taker]] = {
    "monetary": {"value": _number, "currency": _text},
    "daterange": {"value": _day, "until": _day},
    "time": {"value": _clock, **_ZONED},
    "timerange": {"value": _clock, "until": _clock, **_ZONED},
    "address": dict.fromkeys(_ADDRESS, _text),
}
_TAKERS: dict[str, _Taker] = {
    **dict.fromkeys(("varchar", "varchar_auto", "text", "phone"), _text),
    "double": _number,
    "date": _day,
    **dict.fromkeys(("user", "org", "people"), _whole),
    "enum": _choice,
    "set": _choices,
    **dict.fromkeys(_PARTS, _parts),
}
