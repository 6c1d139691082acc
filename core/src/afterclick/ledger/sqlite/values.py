"""Statements over many rows at once.

Each step of a statement lets go of the interpreter's lock and has to get it back from a busy event
loop, so that a statement per row would make a batch of rows wait as often as it has rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

MOST_VALUES = 32_766
"""Bound values that one statement may have, by SQLite's default."""


def spread(template: str, rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Return a statement whose `{rows}` stand for these rows, and its values.

    Rows of NULL fill it up to a power of two, so that a handful of prepared statements serve every
    number of rows; the statement leaves out rows whose first column is NULL.
    """
    columns = len(rows[0])
    size = padded(len(rows))
    values = [value for row in rows for value in row]
    values += (None,) * (columns * (size - len(rows)))
    return _spread(template, columns, size), values


def padded(count: int) -> int:
    """Return the next power of two."""
    return 1 << (count - 1).bit_length()


@cache
def _spread(template: str, columns: int, size: int) -> str:
    row = "(" + ",".join("?" * columns) + ")"
    return template.format(rows=",".join([row] * size))
