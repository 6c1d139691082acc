"""`afterclick preview`: the exact CRM calls that webhooks would cause; nothing is written anywhere."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import typer
from rich.text import Text

from afterclick.cli.common import plan, run
from afterclick.cli.offline import settings_with, stand_in
from afterclick.cli.output import AsJson, ConfigFile, console, print_json
from afterclick.cli.samples import SAMPLES, sample
from afterclick.clock import Clock, SystemClock
from afterclick.config.connections import ResolvedConnection
from afterclick.config.load import load
from afterclick.config.model import Settings
from afterclick.errors import AfterclickError
from afterclick.host.connection import open_connection
from afterclick.host.discovery import Discovery, discover
from afterclick.host.gates import Taken
from afterclick.host.showing import Curtain
from afterclick.ledger.sqlite import SqliteLedger, SqliteReader
from afterclick.observe.metrics import Metrics
from afterclick.service.preview import Folded, Previewer
from afterclick.service.previewed import CallPreview, ConnectionPreview, EventPreview, LeadPreview


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of all webhooks and all connections."""

    ledger: str
    events: tuple[EventPreview, ...]
    connections: tuple[ConnectionPreview, ...]


def preview(
    files: list[str] = typer.Argument(
        None, help="Files with the body of a webhook each; `-` is standard input."
    ),
    samples: list[str] = typer.Option(
        [], "--sample", "-s", help=f"A made-up webhook instead: {', '.join(SAMPLES)}."
    ),
    source: str = typer.Option("tolinku", "--source", help="The source that would receive it."),
    empty: bool = typer.Option(False, "--empty", help="As if nothing had been received before."),
    offline: bool = typer.Option(False, "--offline", help="Ask no CRM: each account is taken to be empty."),
    writes: bool = typer.Option(False, "--writes", help="Leave out the calls that only read."),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the CRM calls that webhooks would cause, all of them together. Nothing is written anywhere."""
    clock = SystemClock()
    bodies = [_body(name) for name in files or []]
    bodies += [body for name in samples for body in sample(name, clock.now())]
    if not bodies:
        raise AfterclickError(
            "there is nothing to preview",
            hint=f"Name files, `-` for standard input, or --sample: {', '.join(SAMPLES)}.",
        )
    report = run(_report(config, bodies, clock, source, empty=empty, offline=offline))
    if writes:
        report = _without_reads(report)
    if as_json:
        print_json(report)
    else:
        _print(report)
    if any(one.problem for one in report.connections):
        raise typer.Exit(1)


def _without_reads(report: Report) -> Report:
    return msgspec.structs.replace(
        report,
        connections=tuple(
            msgspec.structs.replace(one, calls=tuple(call for call in one.calls if not call.request.reads))
            for one in report.connections
        ),
    )


def _body(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as failure:
        raise AfterclickError(f"{name} cannot be read: {failure.strerror}") from failure


async def _report(
    config: str | None,
    bodies: Sequence[bytes],
    clock: Clock,
    source: str,
    *,
    empty: bool,
    offline: bool,
) -> Report:
    found = discover()
    if offline:
        settings, connections = settings_with(config, os.environ, found)
    else:
        settings = load(config, os.environ)
        connections = plan(settings, found)
    if not connections.ready:
        raise AfterclickError("no connection is ready", hint="See `afterclick plugins`, or try --offline.")
    async with _ledger(settings, clock, empty=empty) as (ledger, where):
        work = Previewer(settings, ledger, clock, connections, source=source, blank=offline)
        folded = await work.fold(bodies)
        told = [
            await _connection(work, folded, one, found, clock, offline=offline) for one in connections.ready
        ]
    return Report(ledger=where, events=folded.events, connections=tuple(told))


@asynccontextmanager
async def _ledger(
    settings: Settings, clock: Clock, *, empty: bool
) -> AsyncIterator[tuple[SqliteReader, str]]:
    """Open the ledger for reading, or an empty one that goes away again; and tell which."""
    path = Path(settings.ledger.path)
    if not empty and await asyncio.to_thread(path.exists):
        reader = await SqliteReader.open_reader(path)
        try:
            yield reader, str(path)
        finally:
            await reader.close()
        return
    with TemporaryDirectory(prefix="afterclick-preview-") as folder:
        ledger = await SqliteLedger.open(Path(folder) / "empty.db", clock)
        try:
            yield ledger, "an empty ledger" if empty else f"an empty ledger; there is none at {path} yet"
        finally:
            await ledger.close()


async def _connection(
    work: Previewer, folded: Folded, one: ResolvedConnection, found: Discovery, clock: Clock, *, offline: bool
) -> ConnectionPreview:
    async with AsyncExitStack() as stack:
        asked = await stand_in(stack, one, found, clock) if offline else one
        if asked is None:
            problem = f"the plugin {one.plugin} brings no emulator to ask instead"
            return ConnectionPreview(connection=one.name, mode=one.mode, problem=problem)
        taken = Taken()
        curtain = Curtain(asked, sent_to=asked.base_url, goes_to=one.base_url)
        opened = open_connection(asked, found.plugins[one.plugin], clock=clock, metrics=Metrics(), gate=taken)
        connected = await stack.enter_async_context(opened)
        return await work.calls(folded, connected, taken, curtain)


def _print(report: Report) -> None:
    out = console()
    for event in report.events:
        out.print(Text.assemble((event.type, "bold"), f"  {_became(event)}"))
    for one in report.connections:
        out.print()
        _print_connection(one)
    out.print()
    out.print(Text(f"Folded beside {report.ledger}. Nothing was written.", style="dim"))


def _became(event: EventPreview) -> str:
    if event.lead is None:
        return ": ".join(filter(None, (event.state, event.reason or event.how)))
    which = f"a new lead, {event.lead}" if event.new else f"lead {event.lead}"
    among = f", of {event.candidates} candidates" if (event.candidates or 0) > 1 else ""
    return f"→ {which} ({event.how}{among})"


def _print_connection(one: ConnectionPreview) -> None:
    out = console()
    writes = sum(not call.request.reads for call in one.calls)
    out.print(Text(f"{one.connection}: {_many(writes, 'write')}", style="bold"))
    if not one.leads and one.problem is None:
        out.print(Text("  Nothing that it shows would change."))
    for lead in one.leads:
        out.print(Text(f"  {_lead(lead)}"))
    for call in one.calls:
        _print_call(call)
    if one.mode == "observe":
        out.print(Text('  It would be noted only: its mode is "observe".', style="yellow"))
    if one.problem:
        out.print(Text(f"  {one.problem}", style="red"))


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _lead(lead: LeadPreview) -> str:
    what = ", ".join(lead.writes) or lead.note or "not asked about"
    return f"lead {lead.lead}, after {lead.due_in / 1000:g} s: {what}"


def _print_call(call: CallPreview) -> None:
    out, request = console(), call.request
    leads = ", ".join(map(str, call.leads))
    out.print()
    out.print(
        Text.assemble(
            (f"  {request.method}", "cyan" if request.reads else "bold yellow"),
            f" {request.url}",
            (f"  {'reads' if request.reads else 'writes'}: {call.hook}, lead {leads}", "dim"),
        ),
        soft_wrap=True,
    )
    for name, value in request.headers.items():
        out.print(Text(f"  {name}: {value}", style="dim"), soft_wrap=True)
    if request.body is not None:
        text = request.body if isinstance(request.body, str) else _pretty(request.body)
        out.print(Text("\n".join(f"    {line}" for line in text.splitlines())), soft_wrap=True)


def _pretty(body: object) -> str:
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
