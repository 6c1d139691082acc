"""Spans of time and sizes as people write them: `10m`, `3d`, `500ms`, `256KiB`."""

from __future__ import annotations

import re

_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_BYTES = {"b": 1, "kib": 1024, "mib": 1024**2, "gib": 1024**3, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_SHOWN_SIZES = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024))
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_SIZE = re.compile(r"(\d+)\s*([kmg]i?b|b)?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def parse_duration(text: str) -> float:
    """Return seconds for a number of seconds or a text like `90s`, `10m`, `1h30m`, `3d`.

    Raises:
        ValueError: the text is no span of time.

    """
    text = text.strip().lower()
    if _NUMBER.fullmatch(text):
        return float(text)
    parts = list(_SPAN.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text.replace(" ", ""):
        raise ValueError(f"{text!r} is no span of time")
    return sum(float(part[1]) * _MILLISECONDS[part[2]] for part in parts) / 1000


def show_duration(seconds: float) -> str:
    """Return the shortest text that `parse_duration` reads as the same number of milliseconds."""
    milliseconds = round(seconds * 1000)
    # Nobody sets or reads weeks; seven days say it better.
    for unit in ("d", "h", "m", "s"):
        if milliseconds and milliseconds % _MILLISECONDS[unit] == 0:
            return f"{milliseconds // _MILLISECONDS[unit]}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


def parse_size(text: str) -> int:
    """Return bytes for a number of bytes or a text like `256KiB` or `1MB`.

    Raises:
        ValueError: the text is no size.

    """
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is no size")
    return int(found[1]) * _BYTES[found[2] or "b"]


def show_size(count: int) -> str:
    """Return the shortest text that `parse_size` reads as the same number of bytes."""
    for unit, factor in _SHOWN_SIZES:
        if count and count % factor == 0:
            return f"{count // factor}{unit}"
    return f"{count}B"
