"""A pass that is cut at any of its awaits, by a kill or by a stop, costs nothing but time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.simulation.cuts import Cut, End, Place, Stand, WatchedPass, awaits, run
from tests.simulation.scenarios import SCENARIOS, UNSHOWN

from afterclick.syncing import lane
from afterclick.syncing.person import Person


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shown = Person.lead

    def show(person: Person, **how: bool) -> Any:
        if person.id in UNSHOWN:
            UNSHOWN.remove(person.id)
            raise ValueError("the template cannot be filled in")
        return shown(person, **how)

    monkeypatch.setattr(lane, "Pass", WatchedPass)
    monkeypatch.setattr(Person, "lead", show)
    with structlog.testing.capture_logs():
        yield


SETTLING, SEEING_THROUGH = "await asyncio.shield(task)", "await asyncio.wait({task})"


def place_of(text: str) -> Place:
    """Return where an await of this text is; there must be exactly one."""
    (place,) = (place for place, found in awaits().items() if found == text)
    return place


THOROUGH = "AFTERCLICK_SIMULATION_RUNS" in os.environ
"""Whether every end is tried at every suspension, and not only at the first of its kind in a scenario."""


def cuts(stood: list[Stand], tried: set[Place]) -> Iterator[Cut]:
    """Choose where and how to end the passes of a scenario: in every way at an await that is new."""
    here: set[Stand] = set()
    for at, stand in enumerate(stood, start=1):
        if THOROUGH or stand.places[-1] not in tried:
            ends = stand.ends
        else:
            ends = () if stand in here else (stand.ends[at % len(stand.ends)],)
        here.add(stand)
        tried.add(stand.places[-1])
        yield from (Cut(at, end) for end in ends)


@pytest.fixture(scope="module")
def tried() -> set[Place]:
    """Return the awaits at which passes were ended in every way, over all scenarios."""
    return set()


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_pass_that_ends_at_any_await_costs_only_time(
    tmp_path: Path, name: str, tried: set[Place]
) -> None:
    stood, wrong = await run(tmp_path, SCENARIOS[name])
    assert wrong == []
    for cut in cuts(stood, tried):
        _, wrong = await run(tmp_path, SCENARIOS[name], cut)
        where = awaits()[stood[cut.at - 1].places[-1]]
        assert wrong == [], f"{cut.end} at {cut.at} of {len(stood)}: {where}"


async def test_a_pass_that_is_killed_while_it_sees_a_settle_through_costs_only_time(tmp_path: Path) -> None:
    """It was cancelled while settling: the settle is finished all the same, or the kill comes before that."""
    stood, _ = await run(tmp_path, SCENARIOS["new"])
    settling = [at for at, stand in enumerate(stood, start=1) if stand.places[-1] == place_of(SETTLING)]
    assert len(settling) == 2
    for at in settling:
        for end in (End.LOST, End.DONE):
            after, wrong = await run(tmp_path, SCENARIOS["new"], Cut(at, End.CANCELLED), Cut(at + 1, end))
            assert after[at].places[-1] == place_of(SEEING_THROUGH)
            assert wrong == []


async def test_no_await_of_a_pass_is_left_out(tmp_path: Path) -> None:
    """For a new await, add the scenario in which a pass waits there."""
    reached = {place_of(SEEING_THROUGH)}
    for scenario in SCENARIOS.values():
        stood, _ = await run(tmp_path, scenario)
        reached |= {place for stand in stood for place in stand.places}

    assert {text for place, text in awaits().items() if place not in reached} == set()
