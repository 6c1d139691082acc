"""The alerts as a PrometheusRule. Its only source is deploy/prometheus/rules; `make docs` writes it."""

from __future__ import annotations

import yaml
from tests.deploy.program import DEPLOY

RULES = DEPLOY / "prometheus" / "rules"
TARGET = DEPLOY / "kubernetes" / "components" / "monitoring" / "prometheusrule.yaml"

_HEAD = """# Made from deploy/prometheus/rules by `make docs`.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: afterclick
  labels:
    app.kubernetes.io/name: afterclick
spec:
"""


def prometheus_rule() -> str:
    """Return the object; without rules it has no groups."""
    files = sorted(RULES.glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    body = yaml.safe_dump({"groups": groups}, sort_keys=False, allow_unicode=True, width=110)
    return _HEAD + "".join(f"  {line}\n" for line in body.splitlines())


if __name__ == "__main__":
    TARGET.write_text(prometheus_rule(), encoding="utf-8")
