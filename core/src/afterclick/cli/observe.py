"""`afterclick observe`: what would be written to a CRM, for a connection that only looks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.text import Text

from afterclick.cli.common import plan, run
from afterclick.cli.leads import who
from afterclick.cli.output import AsJson, ConfigFile, console, print_json, print_table
from afterclick.clock import SystemClock
from afterclick.config.connections import ResolvedConnection
from afterclick.config.load import load
from afterclick.errors import AfterclickError
from afterclick.host.discovery import discover
from afterclick.ledger.observations import Asked, Difference, Observation, ObservationCount, Operation
from afterclick.ledger.sqlite import SqliteReader
from afterclick.model.fields import Kept

_WHY = {
    Kept.EDITED: "somebody else wrote it",
    Kept.FILLED: "only filled where empty",
    Kept.AHEAD: "only moves forward",
}
_HELD = {
    Operation.AMBIGUOUS: "with several records",
    Operation.GONE: "deleted in the CRM",
    Operation.SHARED: "with another person's record",
}
_STYLES = {
    Operation.CREATE: "cyan",
    Operation.CHANGE: "yellow",
    Operation.RETIRE: "red",
    Operation.NONE: "dim",
}


class Report(msgspec.Struct, kw_only=True):
    """What is shown of one connection; `waiting` leads were not looked at since they changed."""

    connection: str
    mode: str
    summary: str
    counts: Mapping[Operation, int]
    waiting: int
    paused: str | None
    observations: list[Observation]
    who: Mapping[int, str]


def observe(
    connection: str = typer.Argument(None, help="A connection; default: all that observe."),
    lead: int = typer.Option(None, "--lead", "-l", help="Only this lead."),
    operation: list[Operation] = typer.Option([], "--operation", "-o", help="Only these operations."),
    field: str = typer.Option(None, "--field", "-f", help="Only this field, by the CRM's name."),
    kept: bool = typer.Option(False, "--kept", help="Only fields whose value in the CRM would stay."),
    limit: int = typer.Option(50, "--limit", "-n", min=1, max=10_000, help="Leads to show."),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what would be written to a CRM, for connections with `mode = "observe"`, which write nothing."""
    asked = Asked(lead=lead, operations=tuple(operation), field=field, kept=kept, limit=limit)
    reports = run(_reports(config, connection, asked))
    if as_json:
        print_json(reports)
        return
    for report in reports:
        _print(report, asked)


async def _reports(config: str | None, name: str | None, asked: Asked) -> list[Report]:
    settings = load(config, os.environ)
    ready = plan(settings, discover()).ready
    chosen = [one for one in ready if one.name == name or (name is None and one.mode == "observe")]
    if not chosen:
        raise _nothing_observes(name, ready)
    ledger = await SqliteReader.open_reader(Path(settings.ledger.path))
    try:
        counts = await ledger.observation_counts()
        return [await _report(ledger, one, asked, counts) for one in chosen]
    finally:
        await ledger.close()


def _nothing_observes(name: str | None, ready: Sequence[ResolvedConnection]) -> AfterclickError:
    names = ", ".join(one.name for one in ready) or "none; see `afterclick plugins`"
    if name is not None:
        return AfterclickError(f"there is no connection {name!r}", hint=f"Ready: {names}.")
    return AfterclickError(
        "no connection observes",
        hint=f'Set mode = "observe" for one and start the service anew. Ready: {names}.',
    )


async def _report(
    ledger: SqliteReader, one: ResolvedConnection, asked: Asked, counts: Sequence[ObservationCount]
) -> Report:
    seen = [_narrowed(observation, asked) for observation in await ledger.observations(one.name, asked)]
    people = await ledger.lead_states([observation.lead for observation in seen])
    now = SystemClock().now()
    totals = await ledger.totals([one.name], now=now)
    lanes = [lane for lane in await ledger.lanes() if lane.name == f"sync:{one.name}"]
    own = [count for count in counts if count.connection == one.name]
    return Report(
        connection=one.name,
        mode=one.mode,
        summary=summary_of(own),
        counts={count.operation: count.leads for count in own},
        waiting=totals.due.get(one.name, 0),
        paused=next((lane.reason for lane in lanes if (lane.paused_until or 0) > now), None),
        observations=seen,
        who={lead: who(row) for lead, row in people.items()},
    )


def _narrowed(observation: Observation, asked: Asked) -> Observation:
    """Return the observation with the differences that are asked for."""
    left = tuple(
        one
        for one in observation.differences
        if asked.field in (None, one.field) and (one.kept is not None or not asked.kept)
    )
    return msgspec.structs.replace(observation, differences=left)


def summary_of(counts: Sequence[ObservationCount]) -> str:
    """Say in a sentence what a live connection would do."""
    leads = {count.operation: count.leads for count in counts}
    fields = sum(count.changes for count in counts if count.operation is Operation.CHANGE)
    retired = leads.get(Operation.RETIRE, 0)
    absorbed = sum(count.absorbed for count in counts)
    parts = [
        f"create {_many(leads.get(Operation.CREATE, 0), 'record')}",
        f"change {_many(fields, 'field')} in {_many(leads.get(Operation.CHANGE, 0), 'record')}",
        *([f"take {_many(absorbed, 'record')} into others"] if absorbed else []),
        *([f"take away {_many(retired, 'record')} that nobody claimed"] if retired else []),
        f"leave {_many(leads.get(Operation.NONE, 0), 'lead')} alone",
        *(f"hold {_many(leads[held], 'lead')} {words}" for held, words in _HELD.items() if held in leads),
    ]
    return "would " + ", ".join(parts)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _print(report: Report, asked: Asked) -> None:
    print_table(
        f"{report.connection}: what would be written",
        ("Lead", "Who", "Operation", "Field", "In the CRM", "Would become", "Kept because"),
        [line for one in report.observations for line in _lines(one, report.who.get(one.lead, ""))],
        empty=f"{report.connection}: nothing to show.",
    )
    out = console()
    if report.mode != "live":
        out.print(Text(f"{report.connection} {report.summary}.", style="bold"))
    shown, known = len(report.observations), sum(report.counts.values())
    if shown == asked.limit < known:
        out.print(Text(f"Shown: {shown} of {_many(known, 'lead')}; --limit shows more."))
    if report.waiting:
        out.print(Text(f"{_many(report.waiting, 'lead')} not looked at since the last change."))
    if report.paused:
        out.print(Text(f"The lane is paused: {report.paused}", style="red"))
    if report.mode == "live":
        out.print(Text(f"{report.connection} is live: it writes, and observes nothing.", style="yellow"))


def _lines(seen: Observation, person: str) -> Iterator[tuple[Any, ...]]:
    """Go through a lead's lines, whose it is in the first: one per field, then what else is to be said."""
    operation = " ".join(filter(None, (seen.operation, seen.record_kind, seen.record_id)))
    first: tuple[Any, ...] = (seen.lead, person, Text(operation, style=_STYLES.get(seen.operation, "red")))
    for rest in [*map(_cells, seen.differences), *(("", "", "", note) for note in _notes(seen))] or [()]:
        yield (*first, *rest)
        first = ("", "", "")


def _cells(one: Difference) -> tuple[Any, ...]:
    if one.kept is None:
        return (one.field, one.present, one.wanted, "")
    return (one.field, one.present, "", f"{_WHY[one.kept]} (ours: {one.wanted})")


def _notes(seen: Observation) -> Iterator[str]:
    if seen.reason:
        yield seen.reason
    if seen.pending:
        yield f"further steps: {', '.join(seen.pending)}"
    if seen.absorbed:
        yield f"takes in: {', '.join(seen.absorbed)}"
    if seen.further:
        yield f"further records: {', '.join(seen.further)}"
