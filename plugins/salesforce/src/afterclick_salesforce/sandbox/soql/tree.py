"""A query that has been read, and not yet been looked at with a schema in hand."""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec


class Path(msgspec.Struct, frozen=True):
    """A field, by its own name or through relationships: `Owner.Name`."""

    names: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        """Return it as it is written."""
        return ".".join(self.names)


class Literal(msgspec.Struct, frozen=True):
    """A value: a string, number, date, datetime, or a word such as `null`, `TRUE` and `LAST_N_DAYS:3`."""

    kind: OneOf["string", "number", "date", "datetime", "word"]
    text: str
    at: int


class Compare(msgspec.Struct, frozen=True):
    """One comparison; IN and NOT IN have any number of values, the others one."""

    path: Path
    operator: str
    values: tuple[Literal, ...]


class Logic(msgspec.Struct, frozen=True):
    """Conditions that hold together (AND), or of which one holds (OR)."""

    operator: OneOf["AND", "OR"]
    parts: tuple[Condition, ...]


class Not(msgspec.Struct, frozen=True):
    """A condition that does not hold."""

    part: Condition


Condition = Compare | Logic | Not


class Order(msgspec.Struct, frozen=True):
    """One key to sort by."""

    path: Path
    descending: bool = False
    nulls_last: bool = False


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A whole query; no `paths` means COUNT()."""

    text: str
    paths: tuple[Path, ...]
    sobject: str
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
