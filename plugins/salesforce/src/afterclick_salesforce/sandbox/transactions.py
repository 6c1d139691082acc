"""Writes that are taken back together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Undo = Callable[[], None]
"""Takes one write back."""


class Transaction:
    """What was written since it began."""

    def __init__(self) -> None:
        self.undo: list[Undo] = []

    def roll_back(self) -> None:
        """Take everything back, the newest first."""
        while self.undo:
            self.undo.pop()()


class Journal:
    """Notes how to take writes back, for as long as somebody might want to."""

    def __init__(self) -> None:
        self._open: list[Transaction] = []

    def note(self, undo: Undo) -> None:
        """Note a write."""
        if self._open:
            self._open[-1].undo.append(undo)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Begin a transaction, which is part of the one around it, if there is one."""
        begun = Transaction()
        self._open.append(begun)
        try:
            yield begun
        finally:
            self._open.pop()
            if self._open:
                self._open[-1].undo.extend(begun.undo)
