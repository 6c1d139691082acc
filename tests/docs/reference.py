"""The generated pages of the docs. `make docs` writes them, a test compares them."""

from __future__ import annotations

from pathlib import Path

from tests.docs import openapi

from afterclick.config.describe import reference_markdown
from afterclick.observe.metrics import metrics_markdown

DOCS = Path(__file__).parents[2] / "core" / "docs"

_CONFIGURATION = """# Configuration

Everything can be set in the environment, in a file `afterclick.toml`, or in both; the environment wins.
`afterclick config show` checks the configuration and prints what is in force, secrets masked.
All faults are reported at once, each with its path and its remedy, and unknown keys are faults.
A secret may be written as `env:NAME` or `file:/path`; a file is read again when it changes.

`WEBHOOK_SECRET` alone makes a source named `tolinku`; a plugin's own variables (`HUBSPOT_ACCESS_TOKEN`) make
its connection.

"""

_METRICS = """# Metrics

`GET /metrics` on the admin port (9090 unless set otherwise), in Prometheus' text format.
Look first at `afterclick_oldest_due_sync_age_seconds`: while it is small, every lead is in its CRM.

"""


def pages() -> dict[str, str]:
    """Return the generated pages, by file name."""
    return {
        "configuration.md": _CONFIGURATION + reference_markdown(),
        "metrics.md": _METRICS + metrics_markdown(),
        "registrations.openapi.json": openapi.text(),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
