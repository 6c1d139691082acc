"""`afterclick operations`: what was started at an operator's word, and how far it is."""

from __future__ import annotations

from typing import Any

import typer
from rich.text import Text

from afterclick.cli.admin import AdminUrl, administering
from afterclick.cli.common import run
from afterclick.cli.output import AsJson, ConfigFile, console, moment, print_json, print_table

app = typer.Typer(help="Show operations, and cancel one.", invoke_without_command=True)


@app.callback()
def listed(
    context: typer.Context,
    limit: int = typer.Option(20, "--limit", "-n", min=1, max=1000),
    admin: AdminUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List operations, newest first: retries, resyncs, back-fills and the like."""
    if context.invoked_subcommand is None:
        rows = run(_list(config, admin, limit))
        if as_json:
            print_json(rows)
            return
        print_table(
            "Operations",
            ("Operation", "What", "Connection", "State", "Done", "Of", "Since", "Waits for"),
            [_line(row) for row in rows],
            empty="Nothing was started yet.",
        )


async def _list(config: str | None, url: str | None, limit: int) -> Any:
    async with administering(config, url) as admin:
        return await admin.get("operations", {"limit": str(limit)})


def _line(row: Any) -> tuple[Any, ...]:
    return (
        row["id"],
        row["kind"],
        row["connection"],
        row["state"],
        row["changed"],
        row["expected"],
        moment(row["created_at"]),
        row["waits_for"],
    )


@app.command()
def cancel(
    operation: int = typer.Argument(..., help="The operation's number."),
    admin: AdminUrl = None,
    config: ConfigFile = None,
) -> None:
    """End an operation. What it did stays done; what it has not reached stays as it is."""
    row = run(_cancel(config, admin, operation))
    console().print(Text(f"operation {operation}: {row['state']}, {row['changed']:,} changed"))


async def _cancel(config: str | None, url: str | None, id: int) -> Any:
    async with administering(config, url) as admin:
        return await admin.delete(f"operations/{id}")
