"""A bench for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.simulation.bench import Bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Return a ledger, a fold lane that runs, a CRM, and the means to start lanes."""
    async with Bench(tmp_path / "ledger.db") as bench:
        yield bench
