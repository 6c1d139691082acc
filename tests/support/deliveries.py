"""The sample deliveries of `tests/data/deliveries.json`: the shapes of every page of the sender's docs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

FILE = Path(__file__).parents[1] / "data" / "deliveries.json"


class Delivery(msgspec.Struct, frozen=True):
    """One HTTP request: `type` is the unsigned event header, `mac` the signature header, `raw` the body."""

    id: str
    type: str
    mac: str
    raw: str

    @property
    def body(self) -> bytes:
        """Return the bytes that were signed."""
        return self.raw.encode()


class _File(msgspec.Struct, frozen=True):
    secret: str
    deliveries: tuple[Delivery, ...]


@cache
def _read() -> _File:
    return msgspec.json.decode(FILE.read_bytes(), type=_File)


def secret() -> str:
    """Return the secret that signed them all."""
    return _read().secret


def deliveries() -> tuple[Delivery, ...]:
    """Return all of them, in the order of the file."""
    return _read().deliveries


def delivery(id: str) -> Delivery:
    """Return one by its id."""
    return next(one for one in deliveries() if one.id == id)
