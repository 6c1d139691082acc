"""What a query of PromQL asks for, held to the metrics that the service has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import promql_parser as promql

from afterclick.host.limits import BUDGET
from afterclick.ledger.rows import EventState, SyncState
from afterclick.observe.metrics import Delivery, LaneState, Metrics
from afterclick_hubspot.limits import DAILY

CATALOGUE = {one.name: one for one in Metrics().catalogue()}

TARGET = {"instance"}
"""Labels that Prometheus itself adds wherever it scrapes."""

_PARTS = ("_bucket", "_sum", "_count")
_VALUES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("afterclick_deliveries_total", "result"): tuple(Delivery),
    ("afterclick_events_folded_total", "result"): tuple(EventState),
    ("afterclick_set_aside_syncs", "state"): (SyncState.PARKED, SyncState.HELD),
    ("afterclick_lane_state", "state"): tuple(LaneState),
    ("afterclick_lane_state", "lane"): ("fold", "sync:hubspot"),
    ("afterclick_limit_headroom_ratio", "bucket"): (BUDGET, DAILY),
}
"""The values of labels that are ours to name."""


def faults(query: str) -> list[str]:
    """Return what a query asks for that the service does not have; a query that cannot be parsed raises."""
    tree = _parsed(query)
    selectors = [part for part in _parts(tree) if isinstance(part, promql.VectorSelector)]
    if not selectors:
        return ["it asks for no metric"]
    found = [fault for selector in selectors for fault in _of_selector(selector)]
    known = TARGET.union(*(_labels(selector.name or "") for selector in selectors))
    unknown = {label for part in _parts(tree) for label in _grouped(part)} - known
    return found + [f"it groups by {label}, which nothing has" for label in sorted(unknown)]


def metrics(query: str) -> set[str]:
    """Return the metrics that a query asks for, by their names in the catalogue."""
    tree = _parsed(query)
    return {_family(part.name or "") for part in _parts(tree) if isinstance(part, promql.VectorSelector)}


def _parsed(query: str) -> promql.Expr:
    return promql.parse(re.sub(r"\$__(rate_interval|range)", "5m", query))


def _of_selector(selector: promql.VectorSelector) -> Iterator[str]:
    name = selector.name or ""
    if _family(name) not in CATALOGUE:
        yield f"there is no metric {name}"
        return
    for matcher in selector.matchers.matchers:
        if matcher.name not in _labels(name) | TARGET:
            yield f"{name} has no label {matcher.name}"
        values = _VALUES.get((_family(name), matcher.name))
        if values is not None and not matcher.value.startswith("$"):
            yield from _never(name, matcher, values)


def _never(name: str, matcher: promql.Matcher, values: tuple[str, ...]) -> Iterator[str]:
    """Tell of every word of a matcher that no value fits, so that a misspelled one is found."""
    for word in matcher.value.split("|"):
        if not any(re.fullmatch(word, value) for value in values):
            yield f"{matcher.name} of {name} is never {word}"


def _family(name: str) -> str:
    """Return the metric that a series belongs to: a histogram has several."""
    for part in _PARTS:
        family = name.removesuffix(part)
        if family != name and family in CATALOGUE and CATALOGUE[family].type == "histogram":
            return family
    return name


def _labels(name: str) -> set[str]:
    family = CATALOGUE.get(_family(name))
    return set() if family is None else {*family.labels, *(["le"] if name.endswith("_bucket") else [])}


def _grouped(part: promql.Expr) -> list[str]:
    if isinstance(part, promql.AggregateExpr) and part.modifier is not None:
        return part.modifier.labels
    if isinstance(part, promql.BinaryExpr) and part.modifier is not None:
        matching = part.modifier.matching
        return [*(matching.labels if matching else ()), *(part.modifier.group_labels or ())]
    return []


def _parts(tree: promql.Expr) -> list[promql.Expr]:
    found: list[promql.Expr] = []

    def note(part: promql.Expr) -> bool:
        found.append(part)
        return True

    promql.walk(tree, note)
    return found
