"""The copy of the alerts that is rehearsed is the alerts, sixty times as fast."""

from __future__ import annotations

import pytest
import yaml
from tests.deploy import hastened
from tests.deploy.test_alerts import GROUPS


@pytest.mark.parametrize(
    ("slow", "fast"),
    [
        ("increase(a_total[30m]) > 0", "increase(a_total[30s]) > 0"),
        ("a[1h] offset 1d", "a[1m] offset 24m"),
        ("a > 15 * 60", "a > 15 * 1"),
        ("time() - a > 24 * 3600", "time() - a > 24 * 60"),
        ("a < 512 * 1024 * 1024", "a < 512 * 1024 * 1024"),
        ("histogram_quantile(0.99, a) > 1", "histogram_quantile(0.99, a) > 1"),
        ("rate(a[30s])", "rate(a[30s])"),
    ],
)
def test_times_of_an_expression_are_a_sixtieth(slow: str, fast: str) -> None:
    assert hastened.expression(slow) == fast


def test_nothing_but_times_differs() -> None:
    copied = yaml.safe_load(hastened.rules())["groups"]
    pairs = [
        (one, other)
        for group, copy in zip(GROUPS, copied, strict=True)
        for one, other in zip(group["rules"], copy["rules"], strict=True)
    ]

    assert all({**one, "expr": "", "for": ""} == {**other, "expr": "", "for": ""} for one, other in pairs)
    assert all(("for" in one) is ("for" in other) for one, other in pairs)
