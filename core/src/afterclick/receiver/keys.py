"""The secrets of a source as keys; those in files follow their files.

Senders rotate without an overlap, so a signature that matches nothing makes a receiver look at the
files before it says no.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from afterclick.clock import Clock
from afterclick.config.secrets import SecretSource

K = TypeVar("K")

LOOK_EVERY = 1.0
"""Seconds between two looks at the files of secrets, as long as signatures match."""


class KeyRing(Generic[K]):
    """The keys in force, made of secrets by `make`.

    `changed` is told of a source whose values changed, or whose file can no longer be used
    (`SecretSource.problem`).
    """

    def __init__(
        self,
        sources: Sequence[SecretSource],
        clock: Clock,
        make: Callable[[str], K],
        changed: Callable[[SecretSource], None] = lambda source: None,
    ) -> None:
        self._sources = tuple(sources)
        self._files = tuple(source for source in sources if source.follows_a_file)
        self._clock = clock
        self._make = make
        self._changed = changed
        self._looked_at = clock.elapsed()
        self.keys = self._made()

    def current(self) -> tuple[K, ...]:
        """Return the keys, after a look at the files where the last one is a while ago.

        A secret that was taken out of its file must stop to count.
        """
        if self._files and self._clock.elapsed() - self._looked_at >= LOOK_EVERY:
            self.look()
        return self.keys

    def look(self) -> bool:
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
            self.keys = self._made()
        return different

    def _made(self) -> tuple[K, ...]:
        return tuple(self._make(secret.reveal()) for source in self._sources for secret in source.values)
