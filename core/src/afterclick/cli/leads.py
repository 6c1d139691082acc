"""`afterclick leads`: who came, by which link, and what each CRM has of them."""

from __future__ import annotations

from typing import Any

import msgspec
import typer
from rich.text import Text

from afterclick.cli.common import reading, run
from afterclick.cli.journey import read_journey
from afterclick.cli.output import AsJson, ConfigFile, console, moment, print_json, print_table
from afterclick.errors import AfterclickError
from afterclick.ledger.rows import LeadRow, StoredEvent, SyncRow
from afterclick.model.fields import Scalar
from afterclick.model.lead import attributes

app = typer.Typer(help="Show leads and what the CRMs have of them.", invoke_without_command=True)

_COLUMNS = ("campaign", "platform", "token", "install_date", "conversion_date", "stage")


@app.callback()
def listed(
    context: typer.Context,
    search: str = typer.Option(
        None, "--search", "-s", help="A user id, e-mail, referral code, key or lead id."
    ),
    limit: int = typer.Option(20, "--limit", "-n", min=1, max=10_000),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List leads, newest change first."""
    if context.invoked_subcommand is None:
        run(_list(config, search, limit, as_json))


async def _list(config: str | None, search: str | None, limit: int, as_json: bool) -> None:
    async with reading(config) as ledger:
        rows = await ledger.leads(limit=limit, search=search)
        syncs = await ledger.syncs_of([row.id for row in rows])
    if as_json:
        print_json([_as_dict(row, [sync for sync in syncs if sync.lead == row.id]) for row in rows])
        return
    print_table(
        "Leads",
        ("Lead", "Who", "Campaign", "Platform", "Token", "Installed", "Converted", "Stage", "In the CRM"),
        [_line(row, [sync for sync in syncs if sync.lead == row.id]) for row in rows],
        empty="No lead yet. Send a test event with `afterclick send test`, or run `afterclick demo`.",
    )


def _line(row: LeadRow, syncs: list[SyncRow]) -> tuple[Any, ...]:
    known = attributes(row.state)
    places = ", ".join(f"{sync.connection} {_state(sync)}" for sync in syncs)
    return (row.id, who(row), *(_short(known.get(name)) for name in _COLUMNS), places)


def who(row: LeadRow) -> str:
    """Return how people call a lead: by its address, by its user id, else whether anybody has named it."""
    known = attributes(row.state)
    return str(known.get("email") or known.get("user_id") or ("named" if row.state.named else "stub"))


def _short(value: Scalar | None) -> str:
    """Return a time to the minute, as a table has room for; anything else as it is."""
    text = "" if value is None else str(value)
    return text[:16].replace("T", " ") if len(text) == 24 and text.endswith("Z") else text


def _state(sync: SyncRow) -> str:
    if sync.state != "active":
        return str(sync.state)
    if sync.synced >= sync.wanted:
        return "✓"
    return "observed" if sync.observed >= sync.wanted else "due"


def _as_dict(row: LeadRow, syncs: list[SyncRow]) -> dict[str, Any]:
    return {
        "id": row.id,
        "space": row.space,
        "version": row.version,
        "named": row.state.named,
        "keys": row.keys,
        "attributes": attributes(row.state),
        "syncs": [msgspec.to_builtins(sync) for sync in syncs],
    }


@app.command()
def show(
    lead: int = typer.Argument(..., help="The lead's number."),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show one lead: what happened and when, every value and its origin, events, its state in each CRM."""
    run(_show(config, lead, as_json))


async def _show(config: str | None, lead: int, as_json: bool) -> None:
    async with reading(config) as ledger:
        rows = await ledger.leads(limit=1, search=str(lead))
        row = next(iter(rows), None)
        if row is None:
            raise AfterclickError(f"there is no lead {lead}", hint="List them with `afterclick leads`.")
        events = await ledger.events(limit=1000, lead=row.id)
        syncs = await ledger.syncs_of([row.id])
        story = await read_journey(ledger, row, events)
    if as_json:
        shown = {**_as_dict(row, list(syncs)), **story.as_dict()}
        print_json({**shown, "events": [_event(event) for event in events]})
        return
    title = f"Lead {row.id}" + ("" if row.id == lead else f" (lead {lead} joined it)")
    story.print(title)
    print_table(
        "Events",
        ("Time", "Type", "How it was matched", "Of", "Event"),
        [_event_line(event) for event in events],
        empty="No event is kept.",
    )
    for sync in syncs:
        _print_sync(sync)


def _event(event: StoredEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "occurred_at": event.occurred_at,
        "state": event.state,
        "decision": None if event.decision is None else msgspec.to_builtins(event.decision),
    }


def _event_line(event: StoredEvent) -> tuple[Any, ...]:
    decision = event.decision
    how = decision.how if decision else str(event.state)
    candidates = decision.candidates if decision else None
    return (moment(event.occurred_at), event.type, how, candidates, event.id)


def _print_sync(sync: SyncRow) -> None:
    lines = [
        ("State", _state(sync)),
        ("Record", sync.record.url or sync.record.id if sync.record else "none yet"),
        ("Version", f"{sync.synced} of {sync.wanted}"),
        ("Last synced", moment(sync.synced_at)),
        ("Due", moment(sync.due_at) if sync.synced < sync.wanted else ""),
        ("Reason", sync.reason or ""),
    ]
    console().print(Text(f"\n{sync.connection}", style="bold"))
    for name, value in lines:
        if value:
            console().print(Text(f"  {name:12} {value}"))
