"""Who reports a registration: Standard Webhooks signatures, against the secrets of all sources of kind `app`.

The scheme (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, keyed with what
stands in base64 behind `whsec_`. The library makes the signature; the headers are read here, since its
own `verify` reads the machine's clock and raises whatever its parts do on a header that is no such thing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from standardwebhooks import Webhook as Scheme

from afterclick.clock import Clock
from afterclick.config.model import Source
from afterclick.receiver.intake import tell_rotation
from afterclick.receiver.keys import KeyRing

HEADERS = ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = 300
"""Seconds that a signature may be old, or a clock ahead: what the scheme recommends."""

MOST_SIGNATURES = 16
LONGEST_ID = 256
_VERSION = "v1,"
_DIGITS = re.compile(r"[0-9]{1,12}")
_DIGEST = 32

Headers = Mapping[str, Sequence[str]]
"""The values of each of `HEADERS`: none where it is missing."""


class Signed(NamedTuple):
    """Who sent a message, and under which id."""

    source: str
    id: str


class NotSignedError(Exception):
    """A message that nobody we know has signed; the text tells its sender why and quotes nothing."""


class _Headers(NamedTuple):
    id: str
    timestamp: int
    signatures: tuple[bytes, ...]


class StandardVerifier:
    """Finds the source whose secret signed a message; secrets in files are followed."""

    def __init__(self, sources: Mapping[str, Source], clock: Clock) -> None:
        self._clock = clock
        self._rings = {
            name: KeyRing(source.secrets, clock, Scheme, partial(tell_rotation, name))
            for name, source in sources.items()
        }

    def verify(self, headers: Headers, body: bytes) -> Signed:
        """Return who signed a message.

        Raises:
            NotSignedError: nobody did, its headers are malformed, or it is too old.

        """
        for ring in self._rings.values():
            ring.current()
        found = _read(headers)
        if abs(self._clock.now() / 1000 - found.timestamp) > TOLERANCE:
            raise NotSignedError(f"{TIMESTAMP} is more than {TOLERANCE // 60} minutes from the time here")
        try:
            text = body.decode()
        except UnicodeDecodeError as failure:
            raise NotSignedError("the body is not UTF-8") from failure
        source = self._signer(found, text)
        if source is None and self._changed():
            source = self._signer(found, text)
        if source is None:
            raise NotSignedError("no signature matches; is it made of the very bytes of the body?")
        return Signed(source, found.id)

    def _changed(self) -> bool:
        # Not `any` over them: every ring has to look.
        return sum(ring.look() for ring in self._rings.values()) > 0

    def _signer(self, found: _Headers, text: str) -> str | None:
        signer = None
        at = datetime.fromtimestamp(found.timestamp, UTC)
        for source, ring in self._rings.items():
            for scheme in ring.keys:
                expected = base64.b64decode(scheme.sign(found.id, at, text).removeprefix(_VERSION))
                # Every key and every signature, in the same time, whichever matches.
                for signature in found.signatures:
                    if hmac.compare_digest(expected, signature):
                        signer = source
        return signer


def _read(headers: Headers) -> _Headers:
    id, timestamp, signatures = (_only(headers, name) for name in (ID, TIMESTAMP, SIGNATURE))
    if not (1 <= len(id) <= LONGEST_ID and id.isascii() and id.isprintable()):
        raise NotSignedError(f"{ID} is not 1 to {LONGEST_ID} printable ASCII characters")
    if not _DIGITS.fullmatch(timestamp):
        raise NotSignedError(f"{TIMESTAMP} is not in whole seconds since 1970")
    offered = [part.removeprefix(_VERSION) for part in signatures.split() if part.startswith(_VERSION)]
    read = [digest for part in offered[:MOST_SIGNATURES] if (digest := _digest(part)) is not None]
    if not read:
        raise NotSignedError(f"{SIGNATURE} holds no `{_VERSION}` and 44 characters of base64")
    return _Headers(id, int(timestamp), tuple(read))


def _only(headers: Headers, name: str) -> str:
    values = headers[name]
    if len(values) != 1:
        raise NotSignedError(f"{name} is {'there more than once' if values else 'missing'}")
    return values[0].strip(" \t")


def _digest(text: str) -> bytes | None:
    try:
        digest = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return digest if len(digest) == _DIGEST else None
