"""Kills at random points, under load and with a CRM on a bad day: nothing is lost, nobody is doubled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.running import RUNNING
from tests.kill.pipedrive import PipedriveStory
from tests.kill.steady import steady
from tests.kill.story import Story


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    while RUNNING:
        RUNNING.pop().kill()


@pytest.mark.timeout(240)
async def test_what_was_acknowledged_is_stored_once_and_everybody_is_in_the_crm_once(tmp_path: Path) -> None:
    told = await Story(tmp_path, seed=1, rounds=3, people=20).run()

    assert told.ending.wrong() == {}
    assert told.kills.total() == 3


async def test_a_steady_load_arrives_as_a_whole(tmp_path: Path) -> None:
    """How memory grows is for `make soak`: it takes minutes to tell."""
    found = await steady(tmp_path, seconds=1, rate=100)

    assert (found.acknowledged, found.lost) == (100, 0)
    assert found.contacts == found.people == 20
    assert found.before > 0


@pytest.mark.timeout(240)
async def test_no_person_and_no_deal_is_doubled_where_the_crm_refuses_no_second_one(tmp_path: Path) -> None:
    told = await PipedriveStory(tmp_path, seed=1, rounds=3, people=12).run()

    assert told.ending.wrong() == {}
    assert told.kills.total() == 3
