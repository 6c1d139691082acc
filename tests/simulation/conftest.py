"""A bench for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from tests.simulation.bench import Bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Return a ledger, a fold lane that runs, a CRM, and the means to start lanes."""
    async with Bench(tmp_path / "ledger.db") as bench:
        yield bench


@pytest.fixture(autouse=True, scope="package")
def plain_tracebacks() -> Iterator[None]:
    """Log without the values of local variables: collecting those takes longer than the simulation."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])
    yield
    structlog.reset_defaults()
