"""`afterclick findings`: what the service found that an operator should know, and what to do about it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import typer
from rich.text import Text

from afterclick.cli.common import reading, run
from afterclick.cli.output import AsJson, ConfigFile, moment, print_json, print_table
from afterclick.ledger.told import FindingRow
from afterclick.plugin.findings import LEVELS, Level


class AtLeast(enum.StrEnum):
    """What `--level` takes."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


STYLES: dict[Level, str] = {"error": "red", "warning": "yellow", "info": "cyan"}


def findings(
    connection: str = typer.Option(None, "--connection", help="Only of this connection."),
    code: list[str] = typer.Option([], "--code", help="Only these codes; may be given several times."),
    level: AtLeast = typer.Option(AtLeast.INFO, "--level", "-l", help="Only this level and worse ones."),
    closed: bool = typer.Option(False, "--all", help="Show those too that are over; they are kept a month."),
    limit: int = typer.Option(50, "--limit", "-n", min=1, max=100_000),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List what the service found, the worst first; each with its remedy.

    Meanings of all codes: core/docs/errors.md and the plugins' pages.
    """

    def wanted(row: FindingRow) -> bool:
        return (
            (closed or row.closed_at is None)
            and connection in (None, row.connection)
            and (not code or row.code in code)
            and badness(row) <= LEVELS.index(level.value)
        )

    rows = sorted(filter(wanted, run(_read(config))), key=badness)
    shown = rows[:limit]
    if as_json:
        print_json(shown)
        return
    print_table(
        "Findings",
        ("Level", "Code", "Where", "Times", "Since", "Last", "What, and what to do"),
        [_line(row) for row in shown],
        empty="Nothing was found.",
    )
    if len(rows) > limit:
        typer.echo(f"{len(rows) - limit} more; show them with --limit {len(rows)}.")


async def _read(config: str | None) -> Sequence[FindingRow]:
    async with reading(config) as ledger:
        return await ledger.findings()


def badness(row: FindingRow) -> int:
    """Return 0 for an error, more for what is less bad."""
    return LEVELS.index(row.level)


def _line(row: FindingRow) -> tuple[Any, ...]:
    over = "" if row.closed_at is None else f"\nover since {moment(row.closed_at)}"
    return (
        Text(row.level, style=STYLES[row.level]),
        row.code,
        where(row),
        row.count,
        moment(row.first_at),
        moment(row.last_at),
        told(row, after=over),
    )


def where(row: FindingRow) -> str:
    """Return what a finding is about."""
    return " ".join(part for part in (row.connection, row.subject) if part)


def told(row: FindingRow, *, after: str = "") -> Text:
    """Return what is wrong, with the remedy on a line of its own."""
    return Text.assemble(row.message, (f"\n→ {row.remedy}", "dim"), after)
