"""Which property values HubSpot takes, and how it keeps them.

Sources: developers.hubspot.com "Properties" (values of date and datetime), hubspot-api-php#74 (the
midnight rule), n8n#14659 (seconds taken for milliseconds). Values travel as strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache, partial

from afterclick.sandbox import MILLISECONDS_PER_DAY, from_iso, to_iso
from afterclick_hubspot.sandbox import standard
from afterclick_hubspot.sandbox.bodies import BadValue
from afterclick_hubspot.sandbox.schema import Property, Schema

MAX_TEXT = 65_536
"""The longest text value, in characters."""

_EMAIL = re.compile(r"[^@\s,;:<>()\[\]\\\"]{1,64}@(?:[^@\s.,;:<>()\[\]\\\"/]{1,63}\.)+[^\W\d_][\w-]+")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_WHOLE = re.compile(r"-?\d{1,18}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Cleaner = Callable[[str], str]
"""Returns the value as it is kept, or raises `_Refused`."""


class _Refused(Exception):  # noqa: N818 - carries one entry of the answer's list
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Checker:
    """Reads the `properties` of a write against the account's schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._cleaners: dict[str, Cleaner] = {}
        self._read_only: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        """Follow a change of the schema."""
        active = self._schema.active.values()
        self._cleaners = {found.name: _cleaner(found) for found in active}
        self._read_only = {found.name for found in active if found.modification_metadata.read_only_value}

    def read(self, properties: Mapping[str, str]) -> tuple[dict[str, str], list[BadValue]]:
        """Return the values as HubSpot keeps them (empty ones clear), and all that it refuses."""
        kept: dict[str, str] = {}
        bad: list[BadValue] = []
        cleaners = self._cleaners
        for name, value in properties.items():
            cleaner = cleaners.get(name)
            if cleaner is None:
                bad.append(BadValue(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            elif value == "" and name not in self._read_only:
                kept[name] = ""
            else:
                try:
                    kept[name] = cleaner(value)
                except _Refused as refused:
                    bad.append(BadValue(name, refused.code, refused.message))
        return kept, bad


@lru_cache(maxsize=4096)
def instant(milliseconds: int) -> str:
    """Return a moment as HubSpot writes it: no fraction where it is a whole second."""
    text = to_iso(milliseconds)
    return text.replace(".000Z", "Z") if text.endswith(".000Z") else text


def _cleaner(found: Property) -> Cleaner:
    name = found.name
    if found.modification_metadata.read_only_value:
        return partial(_read_only, name)
    if name == "email":
        return _email
    if name in standard.OPEN_CHOICE:
        return _owner
    if found.type == "enumeration":
        several = found.field_type == "checkbox"
        return partial(_choice, frozenset(option.value for option in found.options), several)
    by_type = {"date": _date, "datetime": _moment, "number": _number, "bool": _yes_or_no}
    return by_type.get(found.type, _text)


def _read_only(name: str, value: str) -> str:
    raise _Refused("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        # The limit is documented, the code is not.
        raise _Refused("INVALID_STRING", f"Value is longer than {MAX_TEXT} characters")
    return value


def _email(value: str) -> str:
    address = value.strip().lower()
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise _Refused("INVALID_EMAIL", f"Email address {value} is invalid")
    return address


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise _Refused("INVALID_INTEGER", f"{value} was not a valid number.")
    return value


def _owner(value: str) -> str:
    if not _WHOLE.fullmatch(value):
        raise _Refused("INVALID_OPTION", f"{value} was not a valid owner id.")
    return value


def _yes_or_no(value: str) -> str:
    return _choice(frozenset({"true", "false"}), False, value)


def _choice(allowed: frozenset[str], several: bool, value: str) -> str:
    for chosen in value.split(";") if several else (value,):
        if chosen not in allowed:
            options = ", ".join(sorted(allowed))
            raise _Refused("INVALID_OPTION", f"{chosen} was not one of the allowed options: [{options}]")
    return value


def _date(value: str) -> str:
    """Take a day, or the milliseconds of a midnight in UTC; nothing else."""
    if _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError as error:
            raise _Refused("INVALID_DATE", f"{value} was not a valid date.") from error
    milliseconds = _milliseconds(value)
    if milliseconds % MILLISECONDS_PER_DAY or not _WHOLE.fullmatch(value):
        clock = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%H:%M:%S")
        raise _Refused("INVALID_DATE", f"{value} is at {clock}.{milliseconds % 1000} UTC, not midnight!")
    return to_iso(milliseconds)[:10]


def _moment(value: str) -> str:
    """Take ISO 8601 with a zone, or milliseconds; seconds are milliseconds of 1970, without a word."""
    return instant(_milliseconds(value))


@lru_cache(maxsize=4096)
def _milliseconds(value: str) -> int:
    try:
        milliseconds = int(value) if _WHOLE.fullmatch(value) else from_iso(value)
        to_iso(milliseconds)
    except (ValueError, OverflowError, OSError) as error:
        raise _Refused("INVALID_DATE", f"{value} was not a valid date.") from error
    return milliseconds
