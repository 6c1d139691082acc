"""Options of an emulator, as people give them on a command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def parse_options(options: Mapping[str, str], of: type[T]) -> T:
    """Return the struct `of` from texts: `{"daily": "100000", "samples": "3"}`.

    Lists and tables are JSON: `{"contacts": '[{"lastname": "Lovelace"}]'}`.

    Raises:
        ValueError: an option is unknown or has a wrong value; the text names it.

    """
    given: dict[str, Any] = {}
    for name, text in options.items():
        try:
            given[name] = msgspec.json.decode(text) if text.lstrip().startswith(("[", "{")) else text
        except msgspec.DecodeError as error:
            raise ValueError(f"{name}: {error}") from error
    try:
        return msgspec.convert(given, of, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
