"""`afterclick demo`: the main job, on this machine, in a minute, without an account.

A service and its CRM sandboxes start on free loopback ports, the story of `story.py` is sent as
signed webhooks, and what sales sees is read back from the CRM.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import Iterator
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from afterclick.cli.common import run
from afterclick.cli.output import console
from afterclick.cli.sending import Delivery, delivery
from afterclick.cli.stage import Stage, attributes_of, stage
from afterclick.cli.story import ADA, BEN, CLEO, PEOPLE, STRANGERS, TEST, Expected, Told
from afterclick.observe.log import configure

_ROWS = (
    ("lead_source", "Lead source"),
    ("campaign", "Campaign"),
    ("platform", "Platform"),
    ("token", "Link token"),
    ("install_date", "Install date"),
    ("referral_source", "Referral source"),
    ("conversion_date", "Conversion date"),
    ("minutes_to_convert", "Minutes to convert"),
)


def demo(
    once: bool = typer.Option(
        False, "--once", help="Leave when the story is told; 0 only if the CRM is right."
    ),
    base_url: str = typer.Option(None, "--sandbox", help="A sandbox that runs already, on this machine."),
    log: str = typer.Option("error", "--log", help="What the service tells: debug, info, warning, error."),
) -> None:
    """Tell a whole story on this machine: signed webhooks in, a sandbox CRM out."""
    configure(log, "console", sys.stderr)
    right = run(_demo(once=once, base_url=base_url))
    if not right:
        raise typer.Exit(1)


async def _demo(*, once: bool, base_url: str | None) -> bool:
    out = console()
    out.print(Text("Afterclick: which link did this lead click?\n", style="bold"))
    async with stage(base_url=base_url) as set_up:
        _say(out, f"service on {set_up.service.public_url}, ledger in a temporary folder")
        for name, running in set_up.sandboxes.items():
            _say(out, f"{name}: sandbox on {running.url}, its fields provisioned")
        deliveries = await _tell(out, set_up)
        await set_up.settled()
        right = True
        for name in set_up.crms:
            right = await _show(out, set_up, name) and right
        await _figures(out, set_up, deliveries)
        if once:
            return right
        _look_further(out, set_up)
        await _until_interrupted()
    return right


async def _tell(out: Console, set_up: Stage) -> list[Delivery]:
    """Send the story, then everything that goes wrong on a real day."""

    def signed(told: tuple[Told, ...]) -> list[Delivery]:
        return [delivery(one.event, one.at, one.data, set_up.secret) for one in told]

    story = signed((*ADA, *STRANGERS, *BEN, *CLEO, TEST))
    for told, words in (
        (ADA, "Ada taps a friend's link, installs, signs up, buys"),
        (STRANGERS, "two strangers tap one campaign link"),
        (BEN, "Ben does as Ada did, in the dialect of Tolinku's documentation"),
        (CLEO, "Cleo too, but her events arrive last first"),
        ((TEST,), "somebody presses the dashboard's Test button"),
    ):
        answers = await set_up.deliver(signed(told))
        _say(out, f"{words}: {len(answers)} webhook{'s' * (len(answers) > 1)}, {_counted(answers)}")
    # Let some of it reach the CRM first: a repeat must not undo or double what is there.
    await set_up.settled()
    again = list(story)
    random.Random(1).shuffle(again)  # noqa: S311 - an order, not a secret
    _say(out, f"all of it again, in another order: {_counted(await set_up.deliver(again))}")
    wrong = [delivery("referral.completed", ADA[2].at, {"token": "forged"}, "whsec_not-the-secret")]
    _say(out, f"a forged webhook: {_counted(await set_up.deliver(wrong))}")
    garbage = [Delivery(event="install.tracked", body=b"\xff\x00 not JSON", signature="0" * 64)]
    _say(out, f"garbage: {_counted(await set_up.deliver(garbage))}")
    return [*story, *again, *wrong, *garbage]


def _counted(answers: list[int]) -> str:
    if len(set(answers)) == 1:
        return f"{'each ' if len(answers) > 1 else ''}answered {answers[0]}"
    return f"answered {', '.join(map(str, answers))}"


async def _show(out: Console, set_up: Stage, name: str) -> bool:
    """Print what the sales team sees, as the CRM tells it, and say whether it is right."""
    connected = set_up.crms[name]
    found = [(record, attributes_of(connected, record)) for _, record in await set_up.read_back(name)]
    matched = [_of(person, [shown for _, shown in found]) for person in PEOPLE]
    title = f"\n{connected.plugin.info.title}, as the sales team sees it (read back from the CRM)"
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for person in PEOPLE:
        table.add_column(person.who, overflow="fold")
    for attribute, label in _ROWS:
        cells = [_cell(shown, attribute) for shown in matched]
        table.add_row(label, *cells)
    out.print(table)
    records = len(set_up.sandboxes[name].emulator.records())
    faults = list(_faults(matched))
    if len(found) != len(PEOPLE) or records != len(PEOPLE):
        faults.append(f"{records} records in the CRM, {len(found)} of them ours; expected {len(PEOPLE)}")
    for fault in faults:
        out.print(Text(f"✗ {fault}", style="red"))
    if not faults:
        out.print(Text(f"✓ {records} people, {records} records, every value as it should be", style="green"))
    return not faults


def _of(person: Expected, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the record that shows a person, told by link token and install date."""
    wanted = person.attributes
    for shown in found:
        if all(shown.get(name) == wanted[name] for name in ("token", "install_date")):
            return shown
    return {}


def _faults(matched: list[dict[str, Any]]) -> Iterator[str]:
    for person, shown in zip(PEOPLE, matched, strict=True):
        if not shown:
            yield f"{person.who} is not in the CRM"
            continue
        for name, value in person.attributes.items():
            if shown.get(name) != value:
                yield f"{person.who}: {name} is {shown.get(name)!r}, not {value!r}"


def _cell(shown: dict[str, Any], attribute: str) -> Text:
    value = shown.get(attribute)
    if value is None:
        return Text("")
    text = str(value)
    if attribute.endswith("_date"):
        text = text[:16].replace("T", " ")
    return Text(text)


async def _figures(out: Console, set_up: Stage, deliveries: list[Delivery]) -> None:
    counts = await set_up.service.ledger.event_counts()
    stored = sum(counts.values())
    refused = sum(status != 200 for status in set_up.statuses)
    repeats = len(deliveries) - stored - refused
    words = (
        f"{stored} events stored, {repeats} duplicates, {refused} refused; {set_up.calls()} calls to the CRM."
    )
    out.print(Text(f"\n{len(deliveries)} webhooks: {words}"))


def _look_further(out: Console, set_up: Stage) -> None:
    out.print(Text("\nLook around (Ctrl-C ends it):", style="bold"))
    for name, running in set_up.sandboxes.items():
        out.print(Text(f"  {name}'s records   {running.url}/"))
    out.print(Text(f"  metrics            curl {set_up.service.admin_url}/metrics"))
    out.print(Text("  a real account     README.md, “Connect a real account”"))


async def _until_interrupted() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()


def _say(out: Console, text: str) -> None:
    out.print(Text.assemble(("• ", "cyan"), text))
