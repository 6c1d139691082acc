"""`afterclick events`: what was received, and what became of it."""

from __future__ import annotations

from typing import Any

import typer
from rich.text import Text

from afterclick.cli.common import reading, run
from afterclick.cli.output import AsJson, ConfigFile, console, moment, print_json, print_table
from afterclick.errors import AfterclickError
from afterclick.ledger.rows import EventState, StoredEvent
from afterclick.observe.redact import scrub

app = typer.Typer(help="Show events and what became of them.", invoke_without_command=True)


@app.callback()
def listed(
    context: typer.Context,
    state: EventState = typer.Option(None, "--state", help="Only events in this state."),
    limit: int = typer.Option(20, "--limit", "-n", min=1, max=10_000),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List events, newest first."""
    if context.invoked_subcommand is None:
        run(_list(config, state, limit, as_json))


async def _list(config: str | None, state: EventState | None, limit: int, as_json: bool) -> None:
    async with reading(config) as ledger:
        rows = await ledger.events(limit=limit, state=state)
        counts = await ledger.event_counts()
    if as_json:
        print_json([_as_dict(row) for row in rows])
        return
    print_table(
        "Events",
        ("Event", "Occurred", "Source", "Type", "State", "Lead", "How", "Reason"),
        [_line(row) for row in rows],
        empty="No event yet. Send one with `afterclick send test`.",
    )
    total = sum(counts.values())
    console().print(Text(f"{total} in all" + _by_state(counts), style="dim"))


def _by_state(counts: Any) -> str:
    sums: dict[str, int] = {}
    for (_, state), count in counts.items():
        sums[state] = sums.get(state, 0) + count
    return "".join(f", {count} {state}" for state, count in sorted(sums.items()))


def _line(row: StoredEvent) -> tuple[Any, ...]:
    how = row.decision.how if row.decision else ""
    return (row.id, moment(row.occurred_at), row.source, row.type, row.state.value, row.lead, how, row.reason)


def _as_dict(row: StoredEvent) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "space": row.space,
        "type": row.type,
        "occurred_at": row.occurred_at,
        "received_at": row.received_at,
        "time_replaced": row.time_replaced,
        "state": row.state.value,
        "lead": row.lead,
        "decision": row.decision,
        "reason": row.reason,
    }


@app.command()
def show(
    event: int = typer.Argument(..., help="The event's number."),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show one event with its stored body."""
    run(_show(config, event, as_json))


async def _show(config: str | None, id: int, as_json: bool) -> None:
    async with reading(config) as ledger:
        row = await ledger.event(id)
    if row is None:
        raise AfterclickError(f"there is no event {id}", hint="List them with `afterclick events`.")
    body = row.body.decode("utf-8", "replace")
    if as_json:
        print_json({**_as_dict(row), "body": body})
        return
    print_table(f"Event {id}", ("", ""), [(name, value) for name, value in _as_dict(row).items()], empty="")
    console().print(Text(scrub(body)))
