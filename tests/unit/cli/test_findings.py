"""What `afterclick findings` shows of a ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOON, FakeClock
from typer.testing import CliRunner

from afterclick.cli import app
from afterclick.ledger.sqlite import SqliteLedger
from afterclick.ledger.told import FindingRow
from afterclick.plugin import FindingKind
from afterclick.plugin.findings import Level

Shown = Callable[..., str]


def row(code: str, level: Level, *, connection: str = "", subject: str = "", at: int = NOON) -> FindingRow:
    kind = FindingKind(code=code, meaning="So.", remedy=f"Mend {code}.", level=level)
    found = kind.found(f"{code} is wrong", subject=subject)
    return FindingRow.of(found, connection=connection, now=at)


@pytest.fixture
async def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Return a function that runs the command on a ledger with four findings, one of them closed."""
    path = tmp_path / "ledger.db"
    ledger = await SqliteLedger.open(path, FakeClock())
    await ledger.note_findings(
        [
            row("skew", "info", connection="hubspot"),
            row("held", "warning", connection="hubspot", subject="lead 7"),
            row("field", "error", connection="other", at=NOON - 60_000),
            row("gone", "error"),
        ]
    )
    await ledger.replace_findings("", ["gone"], [], now=NOON + 1000)
    await ledger.close()
    monkeypatch.setenv("AFTERCLICK_LEDGER__URL", f"sqlite:///{path}")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["findings", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    return run


def codes(text: str) -> list[Any]:
    return [one["code"] for one in json.loads(text)]


def test_the_worst_stands_first_with_its_remedy(shown: Shown) -> None:
    text = shown()

    assert text.index("field is wrong") < text.index("held is wrong") < text.index("skew is wrong")
    assert "→ Mend held." in text
    assert "hubspot lead 7" in text
    assert "2026-05-21 12:00:00" in text
    assert "gone" not in text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["field", "held", "skew"]),
        (["--all"], ["gone", "field", "held", "skew"]),
        (["--level", "warning"], ["field", "held"]),
        (["--connection", "hubspot"], ["held", "skew"]),
        (["--code", "skew", "--code", "field"], ["field", "skew"]),
        (["--limit", "1"], ["field"]),
    ],
)
def test_findings_are_filtered(shown: Shown, arguments: list[str], expected: list[str]) -> None:
    assert codes(shown("--json", *arguments)) == expected


def test_a_cut_list_says_so(shown: Shown) -> None:
    assert "2 more" in shown("--limit", "1")


def test_nothing_found_is_said(shown: Shown) -> None:
    assert "Nothing was found." in shown("--code", "none")
