r"""Builds queries that no value can break out of, each short enough for its address. Pure.

SOQL has no parameters over REST, so values are written into the text as literals, the backslash
escaped before the quote. Escaping quotes alone leaves a hole: `\\'` becomes an escaped backslash and a
closing quote. Names of fields cannot be escaped; only such that `describe` listed get here, and their form
is checked once more. Source: Salesforce, "SOQL and SOSL Reference" (quoted string escape sequences)
and "REST API Developer Guide" (414 and 431 from 16,384 bytes on).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote_plus

LONGEST = 14_000
"""Bytes of one encoded query, so that three keys each of two hundred people fit into two of them."""

LONGEST_VALUE = 4_000
"""Characters that Salesforce takes in one literal; a longer value is in no field that we ask for."""

_SAFE = "',:()=.@"
_UNSAFE = re.compile(rf"[^A-Za-z0-9_~{re.escape(_SAFE)}-]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ESCAPES = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
_SPECIAL = re.compile("[\\\\'\"\x00-\x1f\x7f\u2028\u2029]")


def literal(value: str) -> str:
    """Return a value as a string literal, quotes included."""
    return f"'{_SPECIAL.sub(_escaped, value)}'"


def _escaped(found: re.Match[str]) -> str:
    character = found.group()
    return _ESCAPES.get(character) or f"\\u{ord(character):04x}"


def name(raw: str) -> str:
    """Return a field's name as it is.

    Raises:
        ValueError: it is not the name of a field.

    """
    if not _NAME.fullmatch(raw):
        raise ValueError("no name of a field")
    return raw


def select(fields: Sequence[str], table: str, where: str) -> str:
    """Return a query; `where` must be made of `literal` and `name`."""
    columns = ",".join(map(name, fields))
    return f"SELECT {columns} FROM {name(table)} WHERE {where}"  # noqa: S608 - of what is checked above


def encoded(query: str) -> str:
    """Return a query as it stands in an address after `?q=`."""
    # Most of a query is keys: only what is not safe is looked at letter by letter.
    return _UNSAFE.sub(_quoted, query)


def _quoted(found: re.Match[str]) -> str:
    return quote_plus(found.group(), safe=_SAFE)


def any_of(field: str, values: Iterable[str], *, room: int) -> Iterator[str]:
    """Yield conditions `field IN (…)` that hold all values, each at most `room` encoded bytes long.

    Values that Salesforce could not take in a literal are left out: nothing holds them.
    """
    head = f"{name(field)} IN ("
    part: list[str] = []
    size = start = len(encoded(head)) + 1
    for value in values:
        if len(value) > LONGEST_VALUE or not _is_text(value):
            continue
        written = literal(value)
        length = len(encoded(written)) + 1
        if part and size + length > room:
            yield f"{head}{','.join(part)})"
            part, size = [], start
        part.append(written)
        size += length
    if part:
        yield f"{head}{','.join(part)})"


def queries(
    fields: Sequence[str], table: str, by: str, values: Iterable[str], *, also: str = ""
) -> Iterator[str]:
    """Yield queries for all rows whose field `by` has one of the values; `also` is a further condition."""
    end = f" AND {also}" if also else ""
    fixed = len(encoded(select(fields, table, end)))
    for condition in any_of(by, values, room=LONGEST - fixed):
        yield select(fields, table, condition + end)


def _is_text(value: str) -> bool:
    """Tell whether a value can be encoded; half a surrogate pair cannot."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
