"""Metrics: their names, their labels, and that nothing a stranger sends makes a new series."""

from __future__ import annotations

import re
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from afterclick.observe.metrics import (
    MOST_VALUES,
    LaneState,
    Metrics,
    metrics_markdown,
    status_label,
)


def samples(metrics: Metrics) -> dict[str, float]:
    """Return all samples by the name and labels that Prometheus shows."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_names_follow_the_rule() -> None:
    for metric in Metrics().catalogue():
        assert re.fullmatch(r"afterclick_[a-z]+(_[a-z]+)*", metric.name)
        assert metric.name.endswith("_total") is (metric.type == "counter")
        assert metric.help.endswith(".")


def test_catalogue_is_what_the_registry_holds() -> None:
    registry = CollectorRegistry()
    catalogue = Metrics(registry).catalogue()
    families = {family.name: (family.type, family.documentation) for family in registry.collect()}

    assert families == {one.name.removesuffix("_total"): (one.type, one.help) for one in catalogue}


def test_every_metric_of_the_class_is_in_the_catalogue() -> None:
    metrics = Metrics()
    held = [one for one in vars(metrics).values() if isinstance(one, Counter | Gauge | Histogram)]

    assert len(held) == len(metrics.catalogue()) > 20
    assert {family.name for one in held for family in one.collect()} == {
        one.name.removesuffix("_total") for one in metrics.catalogue()
    }


def test_every_metric_is_in_the_docs() -> None:
    text = metrics_markdown()

    assert all(f"| `{one.name}` | {one.type} |" in text for one in Metrics().catalogue())


def test_times_of_creation_are_left_out() -> None:
    metrics = Metrics()
    metrics.deliveries.labels("tolinku", "accepted").inc()

    assert "_created" not in metrics.render().decode()


@pytest.mark.parametrize(
    ("status", "label"),
    [
        (200, "200"),
        (207, "207"),
        (429, "429"),
        (418, "4xx"),
        (599, "5xx"),
        (101, "1xx"),
        (0, "none"),
        (999, "none"),
    ],
)
def test_statuses_are_bounded(status: int, label: str) -> None:
    assert status_label(status) == label


def test_call_is_counted_and_timed() -> None:
    metrics = Metrics()
    metrics.crm_call("hubspot", 207, 0.2, {"burst": 1, "tokens": 20})
    found = samples(metrics)

    assert found["afterclick_crm_calls_total{connection=hubspot,status=207}"] == 1
    assert found["afterclick_crm_call_seconds_sum{connection=hubspot}"] == 0.2
    assert found["afterclick_crm_cost_total{bucket=tokens,connection=hubspot}"] == 20


def test_hook_is_timed_and_its_outcomes_counted() -> None:
    metrics = Metrics()
    metrics.hook("hubspot", "create", 0.5, ["Synced", "Synced", "Rejected"])
    found = samples(metrics)

    assert found["afterclick_hook_outcomes_total{connection=hubspot,hook=create,outcome=Synced}"] == 2
    assert found["afterclick_hook_seconds_count{connection=hubspot,hook=create}"] == 1


def test_lane_is_in_one_state() -> None:
    metrics = Metrics()
    metrics.lane("fold", LaneState.WAITING)
    metrics.lane("fold", LaneState.RUNNING)
    found = samples(metrics)

    assert {state: found[f"afterclick_lane_state{{lane=fold,state={state}}}"] for state in LaneState} == {
        LaneState.RUNNING: 1,
        LaneState.WAITING: 0,
        LaneState.PAUSED: 0,
        LaneState.OBSERVING: 0,
        LaneState.STOPPED: 0,
    }


def test_figures_of_the_ledger_are_shown() -> None:
    metrics = Metrics()
    metrics.backlog(unfolded=3, oldest_age=-1, size_bytes=4096, free_bytes=8192)
    metrics.syncs("hubspot", due=2, oldest_age=7.5, set_aside={"parked": 1, "held": 0})
    found = samples(metrics)

    assert found["afterclick_unfolded_events"] == 3
    assert found["afterclick_oldest_unfolded_age_seconds"] == 0
    assert found["afterclick_ledger_size_bytes"] == 4096
    assert found["afterclick_ledger_free_bytes"] == 8192
    assert found["afterclick_due_syncs{connection=hubspot}"] == 2
    assert found["afterclick_oldest_due_sync_age_seconds{connection=hubspot}"] == 7.5
    assert found["afterclick_set_aside_syncs{connection=hubspot,state=parked}"] == 1


@pytest.mark.parametrize(
    ("note", "name"),
    [
        (lambda metrics, value: metrics.finding(value, "hubspot"), "afterclick_findings_total"),
        (lambda metrics, value: metrics.headroom("hubspot", value, 0.5), "afterclick_limit_headroom_ratio"),
    ],
)
def test_words_that_plugins_choose_are_bounded(note: Any, name: str) -> None:
    metrics = Metrics()
    for number in range(MOST_VALUES + 50):
        note(metrics, f"word-{number}")
    found = [sample for sample in samples(metrics) if sample.startswith(f"{name}{{")]

    assert len(found) == MOST_VALUES + 1
    assert any("other" in sample for sample in found)


def test_findings_are_counted() -> None:
    metrics = Metrics()
    metrics.finding("field-missing", "hubspot")
    metrics.finding("field-missing", "hubspot")

    assert samples(metrics)["afterclick_findings_total{code=field-missing,connection=hubspot}"] == 2


def test_a_finding_that_is_over_is_shown_no_more() -> None:
    metrics = Metrics()
    metrics.standing({("held", "hubspot", "warning"): 2, ("skew", "hubspot", "warning"): 1})
    metrics.standing({("held", "hubspot", "warning"): 1})
    shown = {name: value for name, value in samples(metrics).items() if "open_findings" in name}

    assert shown == {"afterclick_open_findings{code=held,connection=hubspot,level=warning}": 1}


def test_state_of_a_plugin_is_shown() -> None:
    metrics = Metrics()
    metrics.plugin("hubspot", "ready")

    assert samples(metrics)["afterclick_plugins{plugin=hubspot,state=ready}"] == 1
