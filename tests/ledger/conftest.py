"""Every store there is, behind one fixture: a store that is added here must pass the whole suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.ledger.harness import CRM, OTHER, Bench, OpenLedger
from tests.support.clock import FakeClock

from afterclick.errors import LedgerError
from afterclick.ledger.api import Ledger
from afterclick.ledger.rows import Fence
from afterclick.ledger.sqlite import SqliteLedger


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    """Return where an embedded ledger lies."""
    return tmp_path / "ledger.db"


@pytest.fixture(params=["sqlite"])
async def open_ledger(
    request: pytest.FixtureRequest, ledger_path: Path, clock: FakeClock
) -> AsyncIterator[OpenLedger]:
    """Return a function that opens the test's ledger; what it opened is closed in the end."""
    opened: list[Ledger] = []

    async def open_sqlite() -> Ledger:
        ledger: Ledger = await SqliteLedger.open(ledger_path, clock)
        opened.append(ledger)
        return ledger

    yield {"sqlite": open_sqlite}[request.param]
    for ledger in opened:
        # A test may have closed it.
        with suppress(LedgerError):
            await ledger.close()


@pytest.fixture
async def ledger(open_ledger: OpenLedger) -> Ledger:
    """Return an empty ledger."""
    return await open_ledger()


@pytest.fixture
async def sqlite(ledger_path: Path, clock: FakeClock) -> AsyncIterator[SqliteLedger]:
    """Return an embedded ledger, for what only that store promises."""
    ledger = await SqliteLedger.open(ledger_path, clock)
    yield ledger
    with suppress(LedgerError):
        await ledger.close()


@pytest.fixture
def bench(ledger: Ledger, clock: FakeClock) -> Bench:
    """Return a ledger with one connection, and what the lanes do with it."""
    return Bench(ledger, clock)


@pytest.fixture
def both(ledger: Ledger, clock: FakeClock) -> Bench:
    """Return a ledger with two connections."""
    return Bench(ledger, clock, connections=(CRM, OTHER))


@pytest.fixture
async def lane(bench: Bench) -> Fence:
    """Return the proof of holding the connection's lane."""
    return await bench.hold(CRM)
