"""The alerts in Kubernetes are those of Prometheus."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml
from tests.deploy import rules
from tests.deploy.custom import PrometheusRule


def test_the_prometheus_rule_is_current() -> None:
    assert rules.TARGET.read_text(encoding="utf-8") == rules.prometheus_rule(), "run `make docs`"


def test_rules_become_groups_of_the_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = {"alert": "Late", "expr": "afterclick_due_syncs > 0", "for": "5m", "annotations": {"summary": "…"}}
    (tmp_path / "afterclick.yml").write_text(yaml.safe_dump({"groups": [{"name": "one", "rules": [late]}]}))
    monkeypatch.setattr(rules, "RULES", tmp_path)
    made = yaml.safe_load(rules.prometheus_rule())
    made["metadata"]["namespace"] = "afterclick"

    assert made["spec"]["groups"] == [{"name": "one", "rules": [late]}]
    msgspec.convert(made, PrometheusRule)


@pytest.mark.parametrize(
    "wrong", [{"alert": "Late"}, {"alert": "Late", "expr": "1", "fro": "5m"}, {"expr": "1"}]
)
def test_a_rule_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    groups = {"groups": [{"name": "one", "rules": [wrong]}]}
    made = {"apiVersion": "v1", "kind": "PrometheusRule", "metadata": {"name": "a", "namespace": "b"}}

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**made, "spec": groups}, PrometheusRule)
