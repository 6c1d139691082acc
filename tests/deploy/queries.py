"""Queries of the dashboard, each with what its series are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Query:
    """A query, and what its series are called."""

    expr: str
    legend: str


def one(metric: str, *matchers: str) -> str:
    """Return the selector of a metric, of the instances that are chosen."""
    chosen = ", ".join(('instance=~"$instance"', *matchers))
    return f"afterclick_{metric}{{{chosen}}}"


def crm(metric: str, *matchers: str) -> str:
    """Return the selector of a metric, of the connections that are chosen."""
    return one(metric, 'connection=~"$connection"', *matchers)


def highest(expr: str, *by: str) -> Query:
    """Return the highest of each group."""
    return Query(f"max by ({_list(by)}) ({expr})", _legend(by))


def lowest(expr: str, *by: str) -> Query:
    """Return the lowest of each group."""
    return Query(f"min by ({_list(by)}) ({expr})", _legend(by))


def added(expr: str, *by: str) -> Query:
    """Return the sum of each group."""
    return Query(f"sum by ({_list(by)}) ({expr})", _legend(by))


def rate(counter: str, *by: str) -> Query:
    """Return how much a counter rises in a second."""
    return added(f"rate({counter}[$__rate_interval])", *by)


def risen(counter: str, *by: str) -> Query:
    """Return how much a counter rose in the time that is shown."""
    return added(f"increase({counter}[$__range])", *by)


def share(part: str, whole: str, *by: str) -> Query:
    """Return which part of a counter another one is."""
    return Query(f"{rate(part, *by).expr} / {rate(whole, *by).expr}", _legend(by))


def quantiles(buckets: str, *by: str, shares: Sequence[float] = (0.5, 0.99)) -> list[Query]:
    """Return quantiles of a histogram."""
    rates = rate(buckets, *by, "le").expr
    return [
        Query(f"histogram_quantile({one}, {rates})", f"{_legend(by)} {one * 100:g} %".strip())
        for one in shares
    ]


def _list(labels: Sequence[str]) -> str:
    return ", ".join(labels)


def _legend(labels: Sequence[str]) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in labels)
