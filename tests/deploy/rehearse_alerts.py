"""`make rehearse-alerts`: Prometheus' own tool judges the rules, runs their cases and reads our metrics.

For any machine with `promtool`, on Debian in the package `prometheus`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import yaml
from tests.deploy.buildah import RehearsalError
from tests.deploy.program import DEPLOY
from tests.deploy.rehearsing import expect, seen
from tests.deploy.rules import RULES

from afterclick.observe.metrics import Delivery, Metrics

PROMETHEUS = DEPLOY / "prometheus"


def main() -> int:
    """Run every step and tell what was seen."""
    if shutil.which("promtool") is None:
        raise RehearsalError("promtool is missing: apt-get install prometheus")
    files = [str(file) for file in sorted(RULES.glob("*.yml"))]
    found = re.search(r"(\d+) rules found", promtool("check", "rules", "--lint-fatal", *files))
    expect(found is not None, "promtool found no rules")
    assert found is not None
    seen(f"{found[1]} rules without a fault")
    promtool("check", "config", "--syntax-only", str(PROMETHEUS / "prometheus.yml"))
    seen("prometheus.yml without a fault")
    for cases in sorted((PROMETHEUS / "tests").glob("*.yml")):
        promtool("test", "rules", str(cases))
        seen(f"{len(yaml.safe_load(cases.read_text(encoding='utf-8'))['tests'])} cases went as they should")
    promtool("check", "metrics", text=exposition())
    seen("the names, units and help of all metrics are as Prometheus wants them")
    return 0


def exposition() -> str:
    """Return every metric as a service shows it, each with a series."""
    metrics = Metrics()
    metrics.deliveries.labels("tolinku", Delivery.ACCEPTED.value).inc()
    metrics.crm_call("hubspot", 200, 0.1)
    metrics.hook("hubspot", "match", 0.1, ["match"])
    return metrics.render().decode()


def promtool(*arguments: str, text: str | None = None) -> str:
    """Run promtool and return what it prints.

    Raises:
        RehearsalError: it finds a fault.

    """
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    expect(done.returncode == 0, f"promtool {' '.join(arguments[:2])} finds:\n{told}")
    return told


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RehearsalError as failure:
        sys.exit(f"✗ {failure}")
