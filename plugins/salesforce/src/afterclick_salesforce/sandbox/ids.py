"""Record ids: three characters for the kind of record, twelve for the record, three that check the case.

Source: help.salesforce.com on record ids of 15 and 18 characters; Object Reference, "ID field type".
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_uppercase, digits

_SHORT = re.compile(r"[0-9A-Za-z]{15}")
_LONG = re.compile(r"[0-9A-Za-z]{18}")
_ALPHABET = digits + ascii_uppercase + ascii_uppercase.lower()
_SUFFIXES = ascii_uppercase + "012345"


def record_id(prefix: str, number: int) -> str:
    """Return the id of the `number`th record of a kind, 18 characters long."""
    text = ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        text = _ALPHABET[digit] + text
    return long_id(prefix + text.rjust(12, "0"))


def long_id(short: str) -> str:
    """Return an id of 15 characters with its suffix: five upper-case flags in each character."""
    return short + "".join(_flags(short[start : start + 5]) for start in (0, 5, 10))


@lru_cache(maxsize=4096)
def _flags(part: str) -> str:
    """Return the character that tells which of five are upper case; most ids differ in the last five only."""
    return _SUFFIXES[sum(1 << place for place, letter in enumerate(part) if letter.isupper())]


def read_id(text: str) -> str | None:
    """Return an id of 15 or 18 characters in its long form, or None if it has no id's form."""
    if _SHORT.fullmatch(text):
        return long_id(text)
    return text if _LONG.fullmatch(text) else None
