"""The words of a query."""

from __future__ import annotations

import re
from typing import NamedTuple

from afterclick_salesforce.sandbox.soql.problems import at_place, malformed

MAX_QUERY = 100_000
"""The longest query, in characters."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'[^'\\]*(?:\\.[^'\\]*)*')
  | (?P<sign><=|>=|!=|<>|[=<>(),])
  | (?P<word>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*(?::\d+)?)
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<number>[+-]?\d+(?:\.\d+)?)
  | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "n": "\n",
    "N": "\n",
    "r": "\r",
    "R": "\r",
    "t": "\t",
    "T": "\t",
    "b": "\b",
    "B": "\b",
    "f": "\f",
    "F": "\f",
}


class Token(NamedTuple):
    """One word: its kind (a group of the pattern), its text as written, and where it begins."""

    kind: str
    text: str
    at: int


def tokens(query: str) -> list[Token]:
    """Cut a query into words; the last one is the end.

    Raises:
        QueryError: it is too long, or something in it is no word.

    """
    if len(query) > MAX_QUERY:
        raise malformed(f"SOQL statements cannot be longer than {MAX_QUERY} characters.")
    found: list[Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(query, at)
        if match is None or match.lastgroup is None:
            raise _unreadable(query, at)
        kind = match.lastgroup
        found.append(Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return found


def unquote(token: Token, *, like: bool = False) -> str:
    r"""Return what a string literal means; in a LIKE `\_` and `\%` stay as they are, for the pattern.

    Raises:
        QueryError: it has an escape sequence that SOQL does not know.

    """
    inner = token.text[1:-1]
    if "\\" not in inner:
        return inner

    def meant(match: re.Match[str]) -> str:
        sequence = match[1]
        if sequence in _ESCAPED:
            # A backslash that the pattern of a LIKE must not take for the beginning of an escape.
            return "\\\\" if like and sequence == "\\" else _ESCAPED[sequence]
        if len(sequence) > 1:
            return chr(int(sequence[1:], 16))
        if like and sequence in "_%":
            return match[0]
        raise malformed(f"Illegal escape sequence in string literal: \\{sequence}")

    return _ESCAPE.sub(meant, inner)


def _unreadable(query: str, at: int) -> Exception:
    rest = query[at:].lstrip()
    at = len(query) - len(rest)
    if rest.startswith("'"):
        return malformed(f"line 1:{len(query)} mismatched character '<EOF>' expecting '''")
    return at_place("MALFORMED_QUERY", query, at, f"unexpected token: '{rest[:1]}'")
