"""Reads a query."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from afterclick_salesforce.sandbox.soql.problems import QueryError, at_place, malformed
from afterclick_salesforce.sandbox.soql.tokens import Token, tokens, unquote
from afterclick_salesforce.sandbox.soql.tree import (
    Compare,
    Condition,
    Literal,
    Logic,
    Not,
    Order,
    Path,
    Query,
)

MAX_STRING = 4_000
"""The longest string in a WHERE, in characters."""

MAX_DEPTH = 50
"""How deep conditions may be nested: a limit of the emulator, far above anything sensible."""

T = TypeVar("T")

_COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})


def parse(text: str) -> Query:
    """Return the query that `text` is.

    Raises:
        QueryError: it is none; the code is MALFORMED_QUERY.

    """
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0

    def query(self) -> Query:
        self._expect("SELECT")
        paths = self._selected()
        self._expect("FROM")
        sobject = self._word().text
        where = self._condition() if self._accept("WHERE") else None
        order = self._order() if self._accept("ORDER") else ()
        limit = self._whole() if self._accept("LIMIT") else None
        offset = self._whole() if self._accept("OFFSET") else 0
        if self._peek.kind != "end":
            raise self._unexpected()
        return Query(
            text=self._text,
            paths=paths,
            sobject=sobject,
            where=where,
            order=order,
            limit=limit,
            offset=offset,
        )

    def _selected(self) -> tuple[Path, ...]:
        if self._peek.text.upper() == "COUNT" and self._tokens[self._next + 1].text == "(":
            self._next += 2
            self._expect(")")
            return ()
        return self._several(self._path)

    def _several(self, one: Callable[[], T]) -> tuple[T, ...]:
        found = [one()]
        while self._accept(","):
            found.append(one())
        return tuple(found)

    # Conditions.

    def _condition(self) -> Condition:
        """Read conditions joined by one operator: SOQL wants parentheses where AND meets OR."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise malformed("the query is too complicated")
        parts = [self._negated()]
        operator = self._peek.text.upper()
        while operator in ("AND", "OR") and self._accept(operator):
            parts.append(self._negated())
        self._depth -= 1
        if self._peek.text.upper() in ("AND", "OR"):
            raise self._unexpected()
        if len(parts) == 1:
            return parts[0]
        return Logic("AND" if operator == "AND" else "OR", tuple(parts))

    def _negated(self) -> Condition:
        if self._accept("NOT"):
            return Not(self._primary())
        return self._primary()

    def _primary(self) -> Condition:
        if self._accept("("):
            inside = self._condition()
            self._expect(")")
            return inside
        path = self._path()
        operator = self._operator()
        if operator not in ("IN", "NOT IN"):
            return Compare(path, operator, (self._literal(like=operator == "LIKE"),))
        self._expect("(")
        values = self._several(self._literal)
        self._expect(")")
        return Compare(path, operator, values)

    def _operator(self) -> str:
        token = self._take()
        operator = token.text.upper()
        if token.kind == "sign" and operator in _COMPARISONS:
            return "!=" if operator == "<>" else operator
        if operator in ("LIKE", "IN"):
            return operator
        if operator == "NOT":
            self._expect("IN")
            return "NOT IN"
        self._next -= 1
        raise self._unexpected()

    def _literal(self, *, like: bool = False) -> Literal:
        token = self._take()
        if token.kind == "string":
            text = unquote(token, like=like)
            if len(text) > MAX_STRING:
                raise malformed(f"a string in a WHERE clause cannot be longer than {MAX_STRING} characters")
            return Literal("string", text, token.at)
        if token.kind == "word" and "." not in token.text:
            return Literal("word", token.text.upper(), token.at)
        if token.kind in ("number", "date", "datetime"):
            return Literal(token.kind, token.text, token.at)  # type: ignore[arg-type] # the test above
        self._next -= 1
        raise self._unexpected()

    # The rest of the clauses.

    def _order(self) -> tuple[Order, ...]:
        self._expect("BY")
        return self._several(self._sort_key)

    def _sort_key(self) -> Order:
        path = self._path()
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        nulls_last = False
        if self._accept("NULLS"):
            nulls_last = self._accept("LAST")
            if not nulls_last:
                self._expect("FIRST")
        return Order(path, descending, nulls_last)

    def _whole(self) -> int:
        token = self._take()
        if not token.text.isdecimal():
            self._next -= 1
            raise self._unexpected()
        return int(token.text)

    def _path(self) -> Path:
        token = self._word()
        return Path(tuple(token.text.split(".")), token.at)

    # Words.

    @property
    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        if token.kind == "end":
            raise self._unexpected()
        self._next += 1
        return token

    def _accept(self, word: str) -> bool:
        token = self._tokens[self._next]
        if token.kind in ("word", "sign") and token.text.upper() == word:
            self._next += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._unexpected()

    def _word(self) -> Token:
        token = self._peek
        if token.kind != "word" or ":" in token.text:
            raise self._unexpected()
        self._next += 1
        return token

    def _unexpected(self) -> QueryError:
        token = self._peek
        shown = "<EOF>" if token.kind == "end" else token.text
        return at_place("MALFORMED_QUERY", self._text, token.at, f"unexpected token: '{shown}'")
