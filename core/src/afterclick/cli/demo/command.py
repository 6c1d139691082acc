"""`afterclick demo`: tells the story of `story.py`, act by act, and says whether the CRMs are right.

A service and its CRM sandboxes start on free loopback ports, the story is sent as signed webhooks and
registrations, and what is shown is read back: from the CRMs through their APIs, from the service through
its own.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

import typer
from rich.console import Console
from rich.text import Text

from afterclick.cli.common import run
from afterclick.cli.demo.acts import arrivals, going_live, names, outage, repeats
from afterclick.cli.demo.cast import Cast
from afterclick.cli.demo.ending import ending
from afterclick.cli.demo.play import Play
from afterclick.cli.demo.stage import Stage, performers, stage
from afterclick.cli.output import complain, console
from afterclick.errors import AfterclickError
from afterclick.host.discovery import Discovery, discover
from afterclick.observe.log import configure

Act = Callable[[Play], Awaitable[None]]

ACTS: tuple[Act, ...] = (arrivals, names, outage, going_live, repeats, ending)


def demo(
    once: bool = typer.Option(
        False, "--once", help="Leave when the story is told; 0 only if the CRMs are right."
    ),
    base_url: str = typer.Option(None, "--sandbox", help="A sandbox that runs already, on this machine."),
    log: str = typer.Option("error", "--log", help="What the service tells: debug, info, warning, error."),
) -> None:
    """Tell a whole story on this machine: signed webhooks and registrations in, sandbox CRMs out."""
    configure(log, "console", sys.stderr)
    faults = run(tell(discover(), console(), once=once, base_url=base_url))
    if faults:
        told = "\n".join(["the story did not end as it should:", *(f"  {fault}" for fault in faults)])
        complain(AfterclickError(told, hint="Run it again with --log debug."))
        raise typer.Exit(1)


async def tell(
    found: Discovery,
    out: Console,
    *,
    once: bool = True,
    base_url: str | None = None,
    acts: Sequence[Act] = ACTS,
) -> list[str]:
    """Tell the story with the plugins that are there; return what was wrong."""
    out.print(Text("Afterclick: which link did this lead click?\n", style="bold"))
    cast = Cast.of(performers(found), borrowed=base_url is not None)
    async with stage(found, cast.careful, base_url=base_url) as set_up:
        play = Play(out, set_up, cast)
        _tell_where(out, set_up)
        for act in acts:
            await act(play)
        if not once:
            _look_further(out, set_up)
            await _until_interrupted()
        return play.faults


def _tell_where(out: Console, set_up: Stage) -> None:
    out.print(Text(f"The service is at {set_up.service.public_url}, its ledger in a temporary folder."))
    out.print(Text("The CRMs are sandboxes on this machine, and their fields are made:"))
    for crm in set_up.crms.values():
        out.print(Text(f"  {crm.title:<12}{crm.url}/"))


def _look_further(out: Console, set_up: Stage) -> None:
    out.print(Text("\nLook around (Ctrl-C ends it):", style="bold"))
    for crm in set_up.crms.values():
        out.print(Text(f"  {crm.title:<17}{crm.url}/"))
    out.print(Text(f"  {'metrics':<17}curl {set_up.service.admin_url}/metrics"))
    out.print(Text(f"  {'a real account':<17}README.md, “Connect a real account”"))


async def _until_interrupted() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
