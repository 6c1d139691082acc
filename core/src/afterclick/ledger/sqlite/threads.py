"""The two threads of the ledger: one writes, one reads.

Whoever has a delivery to store waits while a commit runs, and is in the next one: group commit
without a timer. Between two groups the writer does at most one other piece of work, so ingest is
never kept waiting for longer than that piece takes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, TypeVar

from afterclick.errors import LedgerError
from afterclick.ledger.rows import NewEvent

T = TypeVar("T")
_Job = tuple["asyncio.Future[Any]", Callable[[], Any]]


class Worker:
    """A thread that runs functions one after another and answers on the event loop."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake: SimpleQueue[bool] = SimpleQueue()
        self._jobs: deque[_Job] = deque()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def do(self, job: Callable[[], T]) -> T:
        """Run a function in the thread and return its result."""
        if self._closed:
            raise LedgerError("the ledger is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.append((future, job))
        self._wake.put(True)
        # A caller that is cancelled must not cancel the work: it may be half done.
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Finish what was given and end the thread."""
        self._closed = True
        self._wake.put(False)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        go_on = True
        while go_on or self._has_work():
            if go_on:
                go_on = self._wake.get()
            while self._has_work():
                self._turn()

    def _has_work(self) -> bool:
        return bool(self._jobs)

    def _turn(self) -> None:
        if self._jobs:
            future, job = self._jobs.popleft()
            try:
                result = job()
            except BaseException as failure:
                # It is raised where the result is awaited.
                self._answer(_set_exception, future, failure)
            else:
                self._answer(_set_result, future, result)

    def _answer(self, how: Callable[..., None], *values: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(how, *values)
        except RuntimeError:
            # The loop is closed: nobody waits any more, and the work is done.
            return


class Writer(Worker):
    """The thread that writes, with a door of its own for deliveries."""

    def __init__(
        self,
        name: str,
        store: Callable[[Sequence[NewEvent]], list[bool]],
        *,
        batch: int,
        committed: Callable[[int, float], None] | None = None,
    ) -> None:
        self._store = store
        self._committed = committed
        self._batch = batch
        self._arrived: deque[tuple[NewEvent, asyncio.Future[bool]]] = deque()
        self._signalled = False
        super().__init__(name)

    def append(self, event: NewEvent) -> asyncio.Future[bool]:
        """Give a delivery to the next group; the future tells whether it is new."""
        future: asyncio.Future[bool] = self._loop.create_future()
        if self._closed:
            future.set_exception(LedgerError("the ledger is closed"))
            return future
        self._arrived.append((event, future))
        # Appended first, flag read second; the thread clears the flag first and looks second. So
        # whichever comes first, the delivery is seen.
        if not self._signalled:
            self._signalled = True
            self._wake.put(True)
        return future

    def _has_work(self) -> bool:
        return bool(self._jobs) or bool(self._arrived)

    def _turn(self) -> None:
        self._signalled = False
        group: list[tuple[NewEvent, asyncio.Future[bool]]] = []
        while self._arrived and len(group) < self._batch:
            group.append(self._arrived.popleft())
        if group:
            self._commit(group)
        super()._turn()

    def _commit(self, group: list[tuple[NewEvent, asyncio.Future[bool]]]) -> None:
        futures = [future for _, future in group]
        started = time.perf_counter()
        try:
            fresh = self._store([event for event, _ in group])
        except Exception as failure:
            reason = failure.message if isinstance(failure, LedgerError) else failure
            error = LedgerError(f"the deliveries could not be stored: {reason}")
            error.__cause__ = failure
            self._answer(_set_all, futures, [error] * len(futures))
        else:
            self._answer(_set_all, futures, fresh)
            if self._committed is not None:
                self._committed(len(group), time.perf_counter() - started)


def _set_result(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _set_exception(future: asyncio.Future[Any], failure: BaseException) -> None:
    if not future.done():
        future.set_exception(failure)


def _set_all(futures: Sequence[asyncio.Future[Any]], results: Sequence[Any]) -> None:
    for future, result in zip(futures, results, strict=True):
        if isinstance(result, Exception):
            _set_exception(future, result)
        else:
            _set_result(future, result)
