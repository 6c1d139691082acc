"""The size of a step follows the time that the last one took."""

from __future__ import annotations

import pytest

from afterclick.ledger.steps import MOST_WRITING, Steps


@pytest.mark.parametrize(
    ("seconds", "rows", "size"),
    [
        (MOST_WRITING, 100, 100),
        (MOST_WRITING / 1.25, 100, 125),
        (MOST_WRITING * 1.25, 100, 80),
        (MOST_WRITING / 100, 100, 200),
        (MOST_WRITING * 100, 100, 50),
        (0.0, 100, 200),
    ],
)
def test_step_is_sized_by_the_last_one(seconds: float, rows: int, size: int) -> None:
    steps = Steps(100, smallest=8, largest=1000)
    steps.took(seconds, rows)

    assert steps.size == size


def test_step_keeps_within_its_bounds() -> None:
    steps = Steps(100, smallest=64, largest=128)
    sizes = []
    for seconds in (1.0, 1e-9):
        steps.took(seconds, steps.size)
        sizes.append(steps.size)

    assert sizes == [64, 128]
