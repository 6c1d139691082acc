"""Pages of v2, which a cursor leads through, and the parameters of queries."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from afterclick.sandbox import Answer, Call, Refused, Row
from afterclick_pipedrive.sandbox import bodies
from afterclick_pipedrive.sandbox.times import read

T = TypeVar("T")

DEFAULT_LIMIT = 100
MAX_LIMIT = 500

Orders = Mapping[str, Callable[[T], int]]
"""What a list can be sorted by: a name, and the place of a record in that order."""

ROWS: Orders[Row] = {
    "id": lambda row: int(row.id),
    "update_time": lambda row: row.updated,
    "add_time": lambda row: row.values.get("add_time", row.created),
}
"""The orders of lists of records."""


def page(call: Call, found: Iterable[T], orders: Orders[T], show: Callable[[T], Any]) -> Answer:
    """Return a page of `found`, sorted as the call asks; `show` gives a record the form of the API.

    The cursor is the last record's place in the order: what was written meanwhile shifts no page.

    Raises:
        Refused: a parameter is wrong.

    """
    key, down = _sorting(call, orders)
    limit = limited(call, MAX_LIMIT)
    after = _decoded(call)
    record_id = orders["id"]

    def place(record: T) -> tuple[int, int]:
        return key(record), record_id(record)

    left = (one for one in found if after is None or (place(one) < after if down else place(one) > after))
    ordered = sorted(left, key=place, reverse=down)
    shown = ordered[:limit]
    more = _encoded(place(shown[-1])) if len(shown) < len(ordered) else None
    data = [show(record) for record in shown]
    return Answer(200, {"success": True, "data": data, "additional_data": {"next_cursor": more}})


def window(call: Call, found: Sequence[T], maximum: int = MAX_LIMIT) -> tuple[list[T], str | None]:
    """Return the part of `found` that the call asks for, in its order, and the cursor of the next.

    Raises:
        Refused: a parameter is wrong.

    """
    limit = limited(call, maximum)
    start = _decoded(call) or (0, 0)
    end = start[1] + limit
    return list(found[start[1] : end]), _encoded((0, end)) if end < len(found) else None


def numbered(call: Call, found: Sequence[T]) -> tuple[list[T], int, int]:
    """Return the part of `found` that a v1 call asks for, where it starts, and how long it may be.

    Raises:
        Refused: a parameter is wrong.

    """
    start, limit = whole(call, "start") or 0, limited(call, MAX_LIMIT)
    return list(found[start : start + limit]), start, limit


def limited(call: Call, maximum: int) -> int:
    """Return the `limit` of a call.

    Raises:
        Refused: it is no number from 1 to `maximum`.

    """
    limit = whole(call, "limit")
    if limit is None:
        return min(DEFAULT_LIMIT, maximum)
    if not 0 < limit <= maximum:
        raise Refused(bodies.invalid(("limit", f"Number must be between 1 and {maximum}")))
    return limit


def whole(call: Call, name: str) -> int | None:
    """Return a whole number from the query, or None.

    Raises:
        Refused: it is something else.

    """
    text = call.query.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise Refused(bodies.invalid((name, "Expected number, received string")))
    return int(text)


def moment(call: Call, name: str) -> int | None:
    """Return a moment from the query in milliseconds since 1970, or None.

    Raises:
        Refused: it is none, or has fractions of a second.

    """
    text = call.query.get(name)
    try:
        return None if text is None else read(text)
    except ValueError as bad:
        raise Refused(bodies.invalid((name, str(bad)))) from bad


def choice(call: Call, name: str, allowed: Collection[str], default: str) -> str:
    """Return one of the words that the query may have.

    Raises:
        Refused: it has another.

    """
    text = call.query.get(name, default)
    if text not in allowed:
        raise Refused(bodies.invalid((name, f"Invalid value. Expected {' | '.join(sorted(allowed))}")))
    return text


def several(call: Call, name: str, maximum: int) -> list[str] | None:
    """Return the parts of a comma-separated parameter, or None.

    Raises:
        Refused: there are too many.

    """
    if name not in call.query:
        return None
    parts = [part.strip() for part in call.query[name].split(",") if part.strip()]
    if len(parts) > maximum:
        raise Refused(bodies.invalid((name, f"Array must contain at most {maximum} element(s)")))
    return parts


def _sorting(call: Call, orders: Orders[T]) -> tuple[Callable[[T], int], bool]:
    name = choice(call, "sort_by", orders, "id")
    return orders[name], choice(call, "sort_direction", ("asc", "desc"), "asc") == "desc"


def _encoded(place: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def _decoded(call: Call) -> tuple[int, int] | None:
    if "cursor" not in call.query:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(call.query["cursor"]), type=tuple[int, int])
    except (msgspec.DecodeError, binascii.Error, ValueError) as bad:
        raise Refused(bodies.invalid(("cursor", "Invalid cursor"))) from bad
