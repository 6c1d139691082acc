"""Kills at random points, under load and with three CRMs on a bad day: nothing is lost, nobody is doubled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.running import RUNNING
from tests.kill.steady import steady
from tests.kill.story import Story


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    while RUNNING:
        RUNNING.pop().kill()


@pytest.mark.timeout(240)
async def test_what_was_acknowledged_is_stored_once_and_everybody_is_in_each_crm_once(tmp_path: Path) -> None:
    told = await Story(tmp_path, seed=1, rounds=4, people=15).run()

    assert told.ending.wrong() == {}
    assert told.kills.total() == 4


async def test_a_steady_load_arrives_as_a_whole(tmp_path: Path) -> None:
    """How memory grows is for `make soak`: it takes minutes to tell."""
    found = await steady(tmp_path, seconds=1, rate=100)

    assert (found.acknowledged, found.lost) == (100, 0)
    assert found.people == 20
    assert found.everybody_once
    assert found.before > 0
