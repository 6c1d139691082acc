"""Who sent it: HMAC-SHA256 over the raw body, against every secret of a source.

The key is the whole secret as UTF-8, `whsec_` included; the header is 64 hex digits, bare or after
`sha256=` (the sender's pages show both forms).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence

from afterclick.clock import Clock
from afterclick.config.secrets import SecretSource
from afterclick.receiver.keys import KeyRing

HEADER = "X-Webhook-Signature"
_PREFIX = "sha256="
_HEX_DIGITS = 64
_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class Key:
    """A secret, fed into both halves of the HMAC once: half the price of `hmac.digest` per body."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: bytes) -> None:
        if len(secret) > _BLOCK:
            secret = hashlib.sha256(secret).digest()
        block = secret.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def sign(self, body: bytes) -> bytes:
        """Return the 32 bytes of the body's HMAC."""
        inner = self._inner.copy()
        inner.update(body)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


def read_header(values: Sequence[str]) -> bytes | None:
    """Return the signature in the header's values; None if there is none, or several, or no such thing."""
    if len(values) != 1:
        return None
    text = values[0].strip(" \t")
    if text[: len(_PREFIX)].lower() == _PREFIX:
        text = text[len(_PREFIX) :]
    if len(text) != _HEX_DIGITS:
        return None
    try:
        signature = bytes.fromhex(text)
    except ValueError:
        return None
    # `fromhex` skips blanks inside.
    return signature if len(signature) == _HEX_DIGITS // 2 else None


class Verifier:
    """Checks deliveries of one source; its keys follow their files."""

    def __init__(
        self,
        sources: Sequence[SecretSource],
        clock: Clock,
        changed: Callable[[SecretSource], None] = lambda source: None,
    ) -> None:
        self._ring = KeyRing(sources, clock, lambda secret: Key(secret.encode()), changed)

    def verify(self, header: Sequence[str], body: bytes) -> bool:
        """Tell whether one of the secrets signed the body. Never raises."""
        keys = self._ring.current()
        signature = read_header(header)
        if signature is None:
            return False
        return _matches(keys, signature, body) or (
            self._ring.look() and _matches(self._ring.keys, signature, body)
        )


def _matches(keys: Sequence[Key], signature: bytes, body: bytes) -> bool:
    matched = False
    for key in keys:
        # Every key, in the same time, whichever it is that matches.
        matched |= hmac.compare_digest(key.sign(body), signature)
    return matched
