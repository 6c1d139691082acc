"""Figures are judged and kept as they were measured."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.benchmarks.figures import REFERENCE, Goal, figure, ratio, save, scaled


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (Goal("≥", 1.6, 2.0), 2.0, "good"),
        (Goal("≥", 1.6, 2.0), 1.6, "ok"),
        (Goal("≥", 1.6, 2.0), 1.59, "below"),
        (Goal("≤", 3.0, 2.0), 2.0, "good"),
        (Goal("≤", 3.0, 2.0), 3.0, "ok"),
        (Goal("≤", 3.0, 2.0), 3.01, "below"),
    ],
)
def test_value_is_judged_by_its_goal(goal: Goal, value: float, verdict: str) -> None:
    assert figure("x", [value], goal=goal).verdict == verdict


def test_ratio_compares_within_each_round() -> None:
    # The machine was half as fast in the second round; the ratio is not.
    assert ratio("x", [100, 50, 90], [50, 25, 30]).rounds == (2, 2, 3)


def test_scaled_figure_tells_what_a_faster_machine_would_do() -> None:
    assert "2,000" in scaled("x", [1_000], [REFERENCE / 2], "events/s").note


def test_figures_are_saved_with_their_rounds(tmp_path: Path) -> None:
    file = tmp_path / "dist" / "bench.json"
    save(file, [figure("x", [3, 1, 2], "ms", goal=Goal("≤", 2, 1))], {"rounds": 3})

    (kept,) = msgspec.json.decode(file.read_bytes())["figures"]
    assert (kept["value"], kept["rounds"], kept["verdict"]) == (2, [3, 1, 2], "ok")
