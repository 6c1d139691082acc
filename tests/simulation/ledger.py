"""The real SQLite ledger, its two threads replaced by the event loop, so that a run can be repeated."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from afterclick.clock import Clock
from afterclick.ledger.rows import FoldCommit, NewEvent
from afterclick.ledger.signal import Signals
from afterclick.ledger.sqlite import SqliteLedger

T = TypeVar("T")
Step = Callable[[], Awaitable[None]]


async def _at_once() -> None:
    """Let others act, as a thread would."""
    await asyncio.sleep(0)


class InlineWorker:
    """Stands in for a thread. `step` is awaited before and after each piece of work."""

    def __init__(
        self, name: str, store: Callable[[Sequence[NewEvent]], list[bool]] | None = None, **_: Any
    ) -> None:
        self.name = name
        self.step: Step = _at_once
        self._store = store

    async def do(self, job: Callable[[], T]) -> T:
        await self.step()
        result = job()
        await self.step()
        return result

    def append(self, event: NewEvent) -> asyncio.Future[bool]:
        assert self._store is not None
        store = self._store

        async def append() -> bool:
            return await self.do(lambda: store([event])[0])

        return asyncio.ensure_future(append())

    async def close(self) -> None:
        return


class InlineLedger(SqliteLedger):
    """A ledger whose work happens in the event loop, at points that the test controls."""

    def seen_by(self, holder: str, step: Step) -> InlineLedger:
        """Return the same ledger as another process sees it, with its own signals."""
        other = copy.copy(self)
        other.holder = holder
        other.signals = Signals()
        for name in ("_writer", "_reader"):
            worker = copy.copy(getattr(self, name))
            worker.step = step
            setattr(other, name, worker)
        return other

    async def commit_fold(self, commit: FoldCommit) -> float:
        # The size of the next batch follows the time this took; a run must not depend on it.
        await super().commit_fold(commit)
        return 0.001


def open_ledger(path: Path, clock: Clock) -> InlineLedger:
    """Open a ledger that does its work inline and leaves the disk in peace."""
    with (
        patch("afterclick.ledger.sqlite.store.Writer", InlineWorker),
        patch("afterclick.ledger.sqlite.reader.Worker", InlineWorker),
    ):
        ledger = InlineLedger(path, clock)
    # Abandoned processes are simulated, power cuts are not.
    ledger._write._db.pragma("synchronous", "OFF")
    return ledger
