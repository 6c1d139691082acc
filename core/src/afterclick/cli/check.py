"""`afterclick check`: is everything right, and if not, what to do? Looks only, writes nothing anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator

import typer
from rich.padding import Padding
from rich.text import Text

from afterclick.checking.ledger import rounded
from afterclick.cli.checkup import ConnectionFacts, LedgerFacts, Report, SourceFacts, examine
from afterclick.cli.common import run
from afterclick.cli.findings import STYLES, badness, told, where
from afterclick.cli.output import AsJson, ConfigFile, console, moment, print_json
from afterclick.clock import SystemClock
from afterclick.config.units import show_duration
from afterclick.ledger.told import FindingRow

FOUND = 1
"""The exit code where an error or a warning was found."""


def check(
    connection: str = typer.Argument(None, help="Only this connection; default: everything."),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check configuration, sources, ledger and CRM accounts, while the service runs or not.

    Exits with 0 if all is well (or only remarks of level info were found), with 1 if there are errors
    or warnings, and with 2 if the configuration cannot be read.
    """
    report = run(examine(config, connection, SystemClock()))
    if as_json:
        print_json(report)
    else:
        _print(report, whole=connection is None)
    if any(row.level != "info" for row in report.findings):
        raise typer.Exit(FOUND)


def _print(report: Report, *, whole: bool) -> None:
    out = console()
    for line in _lines(report, whole=whole):
        out.print(line)
    for row in sorted(report.findings, key=badness):
        out.print(_heading(row))
        out.print(Padding(told(row), (0, 0, 1, 2)))
    if not report.findings:
        out.print(Text("Nothing is wrong.", style="green"))
    if whole and report.noted:
        noted = ", ".join(f"{code} ({count})" for code, count in report.noted.items())
        out.print(Text(f"The service noted besides: {noted}. See `afterclick findings`."))


def _heading(row: FindingRow) -> Text:
    about = where(row)
    return Text.assemble(
        (row.level, STYLES[row.level]), " ", (row.code, "bold"), f" ({about})" if about else ""
    )


def _lines(report: Report, *, whole: bool) -> Iterator[Text]:
    if whole:
        yield Text("Sources", style="bold")
        for source in report.sources:
            yield Text(f"  {source.name:12} {last_delivery(source, report.now)}")
        if not report.sources:
            yield Text("  none")
    yield Text("Connections", style="bold")
    for one in report.connections:
        yield Text(f"  {one.name:12} {one.base_url}")
        for remark in _remarks(one, report.now):
            yield Text(f"  {'':12} {remark}", style="dim")
    if not report.connections:
        yield Text("  none")
    if whole:
        yield Text("Ledger", style="bold")
        yield Text(f"  {report.ledger.path}: {_ledger(report.ledger)}")
    yield Text("")


def last_delivery(source: SourceFacts, now: int) -> str:
    """Say what came last and how long ago."""
    if source.received_at is None:
        return "nothing yet"
    return f"{source.type} received {ago(source.received_at, now)} ago"


def ago(at: int, now: int) -> str:
    """Return a span of time as people say it: the two largest units at most."""
    seconds = max(0, now - at) // 1000
    for unit, smaller in ((86_400, 3600), (3600, 60), (60, 1)):
        if seconds >= unit:
            seconds -= seconds % smaller
            break
    days, rest = divmod(seconds, 86_400)
    parts = [f"{days}d"] if days else []
    for unit, name in ((3600, "h"), (60, "m"), (1, "s")):
        count, rest = divmod(rest, unit)
        parts += [f"{count}{name}"] if count else []
    return " ".join(parts) or "0s"


def _remarks(one: ConnectionFacts, now: int) -> Iterator[str]:
    if one.mode != "live":
        yield f"mode {one.mode}: it is read and never written"
    if one.waits_until is not None:
        yield f"its lane waits until {moment(one.waits_until)}: {one.reason}"
    if one.due:
        age = "" if one.oldest_due_at is None else f", the oldest for {ago(one.oldest_due_at, now)}"
        yield f"{one.due} leads are due{age}"
    for limit in one.limits:
        told_by_crm = "" if limit.told is None else f"; the CRM allows {limit.told:g}"
        span = show_duration(limit.seconds)
        # Without an end where the plugin itself keeps the account's share.
        configured = f"{limit.configured:g}" if math.isfinite(limit.configured) else "as the plugin counts"
        yield f"limit {limit.bucket}: {configured} in {span}{told_by_crm}"
    if one.daily_budget is not None:
        yield f"budget: {one.daily_budget} calls a day"


def _ledger(ledger: LedgerFacts) -> str:
    room = ledger.room
    parts = [rounded(room.size_bytes) if room.exists else "not there yet, made at the first start"]
    if room.free_bytes is not None:
        parts.append(f"{rounded(room.free_bytes)} free")
    parts.append("a service runs" if ledger.serving else "no service runs")
    return ", ".join(parts)
