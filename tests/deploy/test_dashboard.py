"""The dashboard asks for what the service has, shows all of it, and is imported without an edit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml
from tests.deploy import dashboard
from tests.deploy.program import DEPLOY
from tests.deploy.promql import CATALOGUE, faults, metrics

TEXT = dashboard.TARGET.read_text(encoding="utf-8")
FILE: dict[str, Any] = json.loads(TEXT)
PANELS: list[dict[str, Any]] = FILE["panels"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel.get("targets") or ()]
PROVISIONING = DEPLOY / "grafana" / "provisioning"


def test_the_file_is_current() -> None:
    assert dashboard.text() == TEXT, "run `make docs`"


@pytest.mark.parametrize(("title", "query"), QUERIES)
def test_a_query_asks_for_what_the_service_has(title: str, query: str) -> None:
    assert faults(query) == []


def test_every_metric_has_its_place() -> None:
    shown = {metric for _, query in QUERIES for metric in metrics(query)}

    assert set(CATALOGUE) - shown == set(), "give it a panel in tests/deploy/panels.py"


def test_nothing_ties_it_to_one_grafana() -> None:
    named = [value for key, value in _walk(FILE) if key == "datasource"]

    assert named
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in named)
    assert FILE["templating"]["list"][0]["type"] == "datasource"
    assert FILE["uid"] == "afterclick"
    assert "id" not in FILE


def test_choices_are_made_of_labels_that_metrics_have() -> None:
    asked = [one["query"] for one in FILE["templating"]["list"] if one["type"] == "query"]
    parts = [re.fullmatch(r"label_values\((.+), (\w+)\)", query) for query in asked]

    assert [part and faults(f"count by ({part[2]}) ({part[1]})") for part in parts] == [[], []]


def test_panels_say_what_they_show_and_lie_side_by_side() -> None:
    places = [set(_cells(panel["gridPos"])) for panel in PANELS]

    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert all(panel.get("description") for panel in PANELS if panel["type"] != "row")
    assert not any(one & other for one, other in combinations(places, 2))
    assert max(x for place in places for x, _ in place) == 23


def test_grafana_finds_the_file_and_prometheus() -> None:
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "afterclick.yml").read_text())["providers"]
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())["datasources"]
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    scraping = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    folders = dict(mount.split(":")[:2] for mount in compose["grafana"]["volumes"])
    (target,) = scraping["scrape_configs"][0]["static_configs"][0]["targets"]

    assert provider["options"]["path"] == folders["./grafana/dashboards"]
    assert source["url"] == "http://prometheus:9090"
    assert source["jsonData"]["timeInterval"] == scraping["global"]["scrape_interval"]
    assert {"prometheus", target.split(":")[0]} <= set(compose)


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            yield x, y


def _walk(node: Any) -> Iterator[tuple[str, Any]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        yield str(key), value
        yield from _walk(value)
