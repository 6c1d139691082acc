"""A running admin port for commands to ask, and a way to run them beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.support.clock import FakeClock
from tests.unit.console.conftest import Console, console, ledger, start
from typer.testing import CliRunner, Result

from afterclick.cli import app
from afterclick.ledger.signal import OPERATIONS

__all__ = ["console", "ledger", "start"]

Command = Callable[..., Awaitable[Result]]


@pytest.fixture
async def command(console: Console, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Command]:
    """Return a function that runs a command against the running service, whose operations go on."""
    file = tmp_path / "afterclick.toml"
    port = console.server.port
    file.write_text(f'[ledger]\nurl = "sqlite:///{tmp_path / "ledger.db"}"\n[server]\nadmin_port = {port}\n')

    async def feed() -> None:
        while True:
            await console.ledger.signals.wait(OPERATIONS, clock, 1.0)
            await console.feeder.feed_once()

    feeding = asyncio.create_task(feed())

    async def invoked(*words: str, answer: str = "") -> Result:
        arguments = [*words, "--config", str(file)]
        return await asyncio.to_thread(CliRunner().invoke, app, arguments, input=answer)

    # The service in this process would write its log between a command's lines.
    with capture_logs():
        yield invoked
    feeding.cancel()
    with suppress(asyncio.CancelledError):
        await feeding
