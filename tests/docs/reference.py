"""The generated pages of the docs. `make docs` writes them, a test compares them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tests.docs import openapi

import afterclick.checking.findings
import afterclick.folding.findings
import afterclick.syncing.findings
from afterclick.config.describe import reference_markdown
from afterclick.errors import AfterclickError
from afterclick.host.discovery import discover
from afterclick.observe.metrics import metrics_markdown
from afterclick.plugin import FindingKind

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "core" / "docs"

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


_ERRORS = """# Errors and findings

An error ends a command or answers a request.
A finding is something that an operator should know while the service goes on.
It is kept in the ledger, where `afterclick findings` lists it, and written to the log.
`afterclick_findings_total` counts how often something was found, `afterclick_open_findings` what is not over.

## Errors

{errors}
## Findings

`afterclick check` looks for them at once, whether a service runs or not, and writes nothing.
It exits with 0 if all is well or only infos were found, with 1 if there are warnings or errors.
With 2 it says that the configuration has faults, as every command does.

The service looks by itself: at its start, and every hour.
CRM accounts are asked ten seconds after the start for the first time, so that the lanes go first.

A finding counts by code, connection and subject (a lead, a field, a source), and is closed when it is over.
One that comes back after that begins anew.
Closed ones are kept for 30 days.

{findings}### Plugins

A plugin has findings of its own, which are over when a check no longer finds them.
Its page lists them: {plugins}.
"""


def all_errors() -> list[type[AfterclickError]]:
    """Return the root and every class below it."""
    found = [AfterclickError]
    for kind in found:
        found += [below for below in kind.__subclasses__() if below not in found]
    return found


def core_findings() -> dict[str, tuple[FindingKind, ...]]:
    """Return every kind of the core, by the part of it that tells."""
    return {
        "Checking": afterclick.checking.findings.KINDS,
        "Folding": afterclick.folding.findings.KINDS,
        "Syncing": afterclick.syncing.findings.KINDS,
    }


def plugin_pages() -> dict[str, tuple[FindingKind, ...]]:
    """Return the kinds of our plugins, by the path of the page that lists them."""
    found = discover().plugins
    return {
        f"plugins/{name}/README.md": found[name].info.findings
        for name in sorted(found)
        if (ROOT / "plugins" / name).is_dir()
    }


def _errors_page() -> str:
    errors = "| code | what it means | what to do |\n|---|---|---|\n"
    errors += "".join(f"| `{kind.code}` | {kind.meaning} | {kind.remedy} |\n" for kind in all_errors())
    findings = "".join(
        f"### {part}\n\n{findings_table(kinds, ends=True)}\n" for part, kinds in core_findings().items()
    )
    plugins = ", ".join(f"[{path.split('/')[1]}](../../{path}#findings)" for path in plugin_pages())
    return _ERRORS.format(errors=errors, findings=findings, plugins=plugins)


def findings_table(kinds: Iterable[FindingKind], *, ends: bool = False) -> str:
    """Return a row for each kind; `ends` adds when it is over, which is the same for all of a plugin's."""
    head = ["code", "level", "what it means", "what to do"]
    rows = [[f"`{kind.code}`", kind.level, kind.meaning, kind.remedy] for kind in kinds]
    if ends:
        head.append("over when")
        for row, kind in zip(rows, kinds, strict=True):
            row.append(kind.ends)
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, *rows]).replace(
        "\n", "\n" + "|---" * len(head) + "|\n", 1
    )


def _with_findings(path: str, kinds: Iterable[FindingKind]) -> str:
    """Return a plugin's page with the table under its heading "Findings" made anew."""
    text = (ROOT / path).read_text("utf-8")
    made, count = re.subn(
        r"(?<=\n## Findings\n\n).*?(?=\n## |\Z)", lambda _: findings_table(kinds), text, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"{path} has no part `## Findings`")
    return made


def pages() -> dict[str, str]:
    """Return the generated pages, by path from the root."""
    return {
        "core/docs/configuration.md": _CONFIGURATION + reference_markdown(),
        "core/docs/errors.md": _errors_page(),
        "core/docs/metrics.md": _METRICS + metrics_markdown(),
        "core/docs/registrations.openapi.json": openapi.text(),
        **{path: _with_findings(path, kinds) for path, kinds in plugin_pages().items()},
    }


if __name__ == "__main__":
    for path, text in pages().items():
        (ROOT / path).write_text(text, encoding="utf-8")
