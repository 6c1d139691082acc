"""Whoever keeps the event loop to itself is named while it lasts."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest
from tests.support.clock import until

from afterclick.observe.metrics import Metrics
from afterclick.service.stalls import StallWatch


class Log:
    """A log that tells when it was written to."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.written = threading.Event()

    def warning(self, event: str, **values: Any) -> None:
        """Keep a line."""
        self.lines.append({"event": event, **values})
        self.written.set()


@pytest.fixture
def log() -> Log:
    return Log()


def hold_the_loop(log: Log) -> bool:
    """Block as a plugin would, until it was noticed."""
    return log.written.wait(10)


async def test_blocked_loop_is_told_with_what_blocks_it(log: Log) -> None:
    watching = asyncio.create_task(StallWatch(Metrics(), cast("Any", log), patience=0.01).run())
    await asyncio.sleep(0)

    assert hold_the_loop(log)
    watching.cancel()
    [line] = log.lines[:1]
    assert line["event"] == "loop-blocked"
    assert any("test_stalls.py" in frame and "hold_the_loop" in frame for frame in line["at"])


async def test_lateness_of_a_loop_that_turns_is_measured_and_not_told(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterclick.service.stalls.BEAT", 0.001)
    metrics, measured = Metrics(), list[float]()
    monkeypatch.setattr(metrics.loop_lag_seconds, "observe", measured.append)
    watching = asyncio.create_task(StallWatch(metrics, cast("Any", log), patience=30).run())
    await until(lambda: len(measured) >= 3)
    watching.cancel()

    assert min(measured) >= 0
    assert log.lines == []


async def test_watch_ends_with_the_service(log: Log) -> None:
    before = set(threading.enumerate())
    watching = asyncio.create_task(StallWatch(Metrics(), cast("Any", log)).run())
    await asyncio.sleep(0)
    [thread] = set(threading.enumerate()) - before
    watching.cancel()
    await asyncio.wait([watching])
    thread.join(10)

    assert not thread.is_alive()
