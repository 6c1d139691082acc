"""The three forms in which Pipedrive writes a moment, and the one in which it takes it."""

from __future__ import annotations

import re

from afterclick.sandbox import from_iso, to_iso

_WHOLE_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def instant(milliseconds: int) -> str:
    """Return a moment as v2 writes it: `2026-05-21T09:14:00Z`."""
    return f"{to_iso(milliseconds)[:19]}Z"


def precise(milliseconds: int) -> str:
    """Return a moment as v1 writes it at leads: `2026-05-21T09:14:00.000Z`."""
    return to_iso(milliseconds)


def plain(milliseconds: int) -> str:
    """Return a moment as v1 writes it elsewhere, in UTC without saying so: `2026-05-21 09:14:00`."""
    return to_iso(milliseconds)[:19].replace("T", " ")


def read(text: str) -> int:
    """Return the milliseconds since 1970 of an RFC 3339 moment in whole seconds.

    Raises:
        ValueError: it is none; fractions of a second are refused, as `updated_since` does (airbytehq/airbyte,
            source-pipedrive).

    """
    if not _WHOLE_SECONDS.fullmatch(text):
        raise ValueError("must be in RFC 3339 format, in whole seconds")
    return from_iso(text)
