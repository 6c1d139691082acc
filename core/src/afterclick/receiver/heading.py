"""What the receiver itself needs of a body: what it is, when it happened, from which address.

The fold reads the facts later, from the stored body. `afterclick.model.decode` says what a body means; here
the usual one is read for a tenth of the price, and everything else is left to it.
"""

from __future__ import annotations

import msgspec

from afterclick.model.decode import decode, parse_time
from afterclick.model.event import TYPES

_TYPES = frozenset(TYPES)
_LONGEST_ADDRESS = 64


class Heading(msgspec.Struct, frozen=True):
    """The part of a delivery that decides how it is stored. `problem` tells why it is no event."""

    type: str
    timestamp: int | None
    ip: str | None
    problem: str | None = None


class _Data(msgspec.Struct):
    ip: str | None = None


class _Usual(msgspec.Struct):
    event: str
    timestamp: str
    data: _Data


_decoder = msgspec.json.Decoder(_Usual)


def read_heading(body: bytes) -> Heading:
    """Return the heading of a body; never raises, and never differs from what `decode` says."""
    return _usual(body) or _any(body)


def _usual(body: bytes) -> Heading | None:
    # Text in fields that are skipped is not looked at, so leave to `decode` what could be wrong with it.
    if not body.isascii() or b"\\" in body:
        return None
    try:
        found = _decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return None
    ip = found.data.ip
    if found.event not in _TYPES or (ip is not None and not _is_plain(ip)):
        return None
    return Heading(found.event, parse_time(found.timestamp), None if ip is None else ip.strip() or None)


def _is_plain(text: str) -> bool:
    return len(text) <= _LONGEST_ADDRESS and text.isprintable()


def _any(body: bytes) -> Heading:
    decoded = decode(body)
    return Heading(decoded.type, decoded.timestamp, decoded.ip, decoded.problem)
