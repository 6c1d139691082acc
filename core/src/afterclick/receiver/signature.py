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

HEADER = "X-Webhook-Signature"
LOOK_EVERY = 1.0
"""Seconds between two looks at the files of secrets, as long as signatures match."""

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
    """Checks deliveries of one source.

    Secrets in files are followed: the sender rotates without an overlap, so a signature that matches
    nothing makes it look at the files before it says no. `changed` is told of a source whose values
    changed, or whose file can no longer be used (`SecretSource.problem`).
    """

    def __init__(
        self,
        sources: Sequence[SecretSource],
        clock: Clock,
        changed: Callable[[SecretSource], None] = lambda source: None,
    ) -> None:
        self._sources = tuple(sources)
        self._files = tuple(source for source in sources if source.follows_a_file)
        self._clock = clock
        self._changed = changed
        self._looked_at = clock.elapsed()
        self._keys = self._make_keys()

    def verify(self, header: Sequence[str], body: bytes) -> bool:
        """Tell whether one of the secrets signed the body. Never raises."""
        if self._files and self._clock.elapsed() - self._looked_at >= LOOK_EVERY:
            # A secret that was taken out of its file must stop to count.
            self._look()
        signature = read_header(header)
        if signature is None:
            return False
        if self._matches(signature, body):
            return True
        return bool(self._files) and self._look() and self._matches(signature, body)

    def _matches(self, signature: bytes, body: bytes) -> bool:
        matched = False
        for key in self._keys:
            # Every key, in the same time, whichever it is that matches.
            matched |= hmac.compare_digest(key.sign(body), signature)
        return matched

    def _look(self) -> bool:
        """Read changed files again, and all of them once in a while; tell whether a secret changed.

        The look itself is one `stat` a file, so that a flood of forged signatures costs little and
        the first true one after a rotation is not refused. The reading of a file that seems unchanged
        (file systems count time coarsely) is what is rationed.
        """
        now = self._clock.elapsed()
        overdue = now - self._looked_at >= LOOK_EVERY
        different = False
        for source in self._files:
            if not overdue and not source.changed():
                continue
            before = source.problem
            if source.refresh():
                different = True
                self._changed(source)
            elif source.problem != before:
                self._changed(source)
        if overdue:
            self._looked_at = now
        if different:
            self._keys = self._make_keys()
        return different

    def _make_keys(self) -> tuple[Key, ...]:
        return tuple(Key(secret.reveal().encode()) for source in self._sources for secret in source.values)
