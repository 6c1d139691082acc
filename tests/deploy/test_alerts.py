"""The alerts ask for what the service has, and each has its entry in the runbook."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from tests.deploy.program import DEPLOY, ROOT
from tests.deploy.promql import faults
from tests.deploy.rules import RULES

GROUPS = [
    group
    for file in sorted(RULES.glob("*.yml"))
    for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
]
ALERTS: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
NAMES = [alert["alert"] for alert in ALERTS]
PAGE = "core/docs/runbook.md"
RUNBOOK = (ROOT / PAGE).read_text(encoding="utf-8")
CASES = (DEPLOY / "prometheus" / "tests" / "afterclick.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_asks_for_what_the_service_has(alert: dict[str, Any]) -> None:
    assert faults(alert["expr"]) == []


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    annotations = alert["annotations"]
    anchor = alert["alert"].lower()

    assert alert["labels"]["severity"] in ("critical", "warning")
    assert set(annotations) == {"summary", "description", "runbook"}
    assert annotations["runbook"] == f"{PAGE}#{anchor}"
    assert re.search(rf"^## {alert['alert']}\n\n\S", RUNBOOK, re.MULTILINE)


def test_the_runbook_has_no_entry_without_an_alert() -> None:
    assert re.findall(r"^## (Afterclick\w+)$", RUNBOOK, re.MULTILINE) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_has_a_case_in_which_it_fires(name: str) -> None:
    assert re.search(rf'alertname="{name}"', CASES)


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("afterclick_due_sinks > 0", "there is no metric afterclick_due_sinks"),
        ('afterclick_due_syncs{crm="hubspot"}', "afterclick_due_syncs has no label crm"),
        ("sum by (crm) (afterclick_due_syncs)", "it groups by crm, which nothing has"),
        ("sum by (le) (afterclick_due_syncs)", "it groups by le, which nothing has"),
        (
            "afterclick_due_syncs unless on (source) increase(afterclick_leads_synced_total[5m]) > 0",
            "it groups by source, which nothing has",
        ),
        (
            'rate(afterclick_deliveries_total{result=~"accepted|duplicated"}[5m])',
            "result of afterclick_deliveries_total is never duplicated",
        ),
        ("afterclick_due_syncs_count", "there is no metric afterclick_due_syncs_count"),
        ("vector(1) > 3", "it asks for no metric"),
    ],
)
def test_a_query_for_what_is_not_there_is_found(query: str, fault: str) -> None:
    assert faults(query) == [fault]
