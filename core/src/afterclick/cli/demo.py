"""`afterclick demo`: the main job, on this machine, in a minute, without an account.

A service and its CRM sandboxes start on free loopback ports, the story of `story.py` is sent as
signed webhooks and registrations, and what sales sees is read back from the CRM.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import Iterable

import typer
from rich.console import Console
from rich.text import Text

from afterclick.cli.common import run
from afterclick.cli.output import console
from afterclick.cli.people import PEOPLE
from afterclick.cli.sending import Delivery, Report, delivery
from afterclick.cli.showing import BESIDE, Found, faults_of, name_of, record_of, side_by_side, strays
from afterclick.cli.stage import Stage, attributes_of, stage
from afterclick.cli.story import (
    ADA,
    BEN,
    CLEO,
    DORA_INSTALLS,
    DORA_REGISTERS,
    ENZO_CAME,
    ENZO_CONVERTS,
    ENZO_REGISTERS,
    STRANGERS,
    TEST,
    TYPED_IN,
    Told,
)
from afterclick.model.lead import attributes
from afterclick.observe.log import configure

_FIRST = (
    (ADA, "Ada taps a friend's link, installs, signs up, buys"),
    (STRANGERS, "two strangers tap one campaign link"),
    (BEN, "Ben does as Ada did, in the dialect of Tolinku's documentation"),
    (CLEO, "Cleo too, but her events arrive last first"),
    (DORA_INSTALLS, "Dora taps a campaign link and installs"),
    ((TEST,), "somebody presses the dashboard's Test button"),
)
_THEN = (
    (DORA_REGISTERS, "Dora registers, says the app's own backend"),
    (ENZO_REGISTERS, "Enzo registers under the address that sales has of him, and another name"),
    (ENZO_CAME, "how he came arrives late: he tapped Dora's link, and installed"),
    (ENZO_CONVERTS, "he buys"),
)


def demo(
    once: bool = typer.Option(
        False, "--once", help="Leave when the story is told; 0 only if the CRM is right."
    ),
    base_url: str = typer.Option(None, "--sandbox", help="A sandbox that runs already, on this machine."),
    log: str = typer.Option("error", "--log", help="What the service tells: debug, info, warning, error."),
) -> None:
    """Tell a whole story on this machine: signed webhooks and registrations in, a sandbox CRM out."""
    configure(log, "console", sys.stderr)
    right = run(_demo(once=once, base_url=base_url))
    if not right:
        raise typer.Exit(1)


async def _demo(*, once: bool, base_url: str | None) -> bool:
    out = console()
    out.print(Text("Afterclick: which link did this lead click?\n", style="bold"))
    async with stage(base_url=base_url) as set_up:
        _say(out, f"service on {set_up.service.public_url}, ledger in a temporary folder")
        for name, url in set_up.sandboxes.items():
            _say(out, f"{name}: sandbox on {url}, its fields provisioned")
        requests, nameless = await _tell(out, set_up)
        await set_up.settled()
        right = True
        for name in set_up.crms:
            right = await _show(out, set_up, name, nameless[name]) and right
        await _figures(out, set_up, requests)
        if once:
            return right
        _look_further(out, set_up)
        await _until_interrupted()
    return right


Requests = list[Delivery | Report]


async def _tell(out: Console, set_up: Stage) -> tuple[Requests, dict[str, str]]:
    """Send the story, then everything that goes wrong on a real day.

    Return what was sent, and which record Dora had in each CRM before she had a name.
    """
    story = await _send(out, set_up, _FIRST)
    await set_up.settled()
    nameless = {name: await _nameless(out, set_up, name) for name in set_up.crms}
    await set_up.type_in(TYPED_IN)
    _say(out, f"somebody in sales types in {TYPED_IN.first_name} {TYPED_IN.last_name}, after a call")
    story += await _send(out, set_up, _THEN[:2])
    await set_up.settled()
    story += await _send(out, set_up, _THEN[2:])
    # Let some of it reach the CRM first: a repeat must not undo or double what is there.
    await set_up.settled()
    again = list(story)
    random.Random(1).shuffle(again)  # noqa: S311 - an order, not a secret
    _say(out, f"all of it again, in another order: {_counted(await set_up.deliver(again))}")
    return [*story, *again, *await _attack(out, set_up)], nameless


async def _send(out: Console, set_up: Stage, scenes: Iterable[tuple[tuple[Told, ...], str]]) -> Requests:
    sent: Requests = []
    for told, words in scenes:
        requests = set_up.signed(told)
        answers = await set_up.deliver(requests)
        kind = "registration" if isinstance(requests[0], Report) else "webhook"
        _say(out, f"{words}: {len(answers)} {kind}{'s' * (len(answers) > 1)}, {_counted(answers)}")
        sent += requests
    return sent


async def _nameless(out: Console, set_up: Stage, name: str) -> str:
    """Say what the CRM shows of Dora before she registers; return her record's id."""
    dora = next(person for person in PEOPLE if person.who == "Dora")
    record, shown = record_of(dora, await _read(set_up, name))
    _say(out, f"{name} shows Dora as {name_of(shown)}")
    return "" if record is None else record.id


async def _attack(out: Console, set_up: Stage) -> Requests:
    wrong = delivery("referral.completed", ADA[2].at, {"token": "forged"}, "whsec_not-the-secret")
    _say(out, f"a forged webhook: {_counted(await set_up.deliver([wrong]))}")
    garbage = Delivery(event="install.tracked", body=b"\xff\x00 not JSON", signature="0" * 64)
    _say(out, f"garbage: {_counted(await set_up.deliver([garbage]))}")
    return [wrong, garbage]


def _counted(answers: list[int]) -> str:
    if len(set(answers)) == 1:
        return f"{'each ' if len(answers) > 1 else ''}answered {answers[0]}"
    return f"answered {', '.join(map(str, answers))}"


async def _read(set_up: Stage, name: str) -> list[Found]:
    """Return all leads with their records."""
    connected = set_up.crms[name]
    return [
        Found(attributes(row.state), record, attributes_of(connected, record))
        for row, record in await set_up.read_back(name)
    ]


async def _show(out: Console, set_up: Stage, name: str, nameless: str) -> bool:
    """Print what the sales team sees, as the CRM tells it, and say whether it is right."""
    found = await _read(set_up, name)
    matched = [record_of(person, found) for person in PEOPLE]
    title = f"{set_up.crms[name].plugin.info.title}, as the sales team sees it (read back from the CRM)"
    out.print(Text(f"\n{title}\n", style="italic"))
    columns = list(zip(PEOPLE, matched, strict=True))
    for start in range(0, len(columns), BESIDE):
        out.print(side_by_side(columns[start : start + BESIDE]))
    fields = set_up.crms[name].caller.ctx.fields
    faults = [*faults_of(matched, fields), *strays(await set_up.records(name) - set_up.others[name], found)]
    if nameless not in {one.record.id for one in found}:
        faults.append("Dora's registration did not land on the record that her install had made")
    for fault in faults:
        out.print(Text(f"✗ {fault}", style="red"))
    if not faults:
        words = f"✓ {len(PEOPLE)} people, {len(PEOPLE)} records, every value as it should be"
        out.print(Text(words, style="green"))
    return not faults


async def _figures(out: Console, set_up: Stage, requests: Requests) -> None:
    counts = await set_up.service.ledger.event_counts()
    stored = sum(counts.values())
    refused = sum(status != 200 for status in set_up.statuses)
    repeats = len(requests) - stored - refused
    words = (
        f"{stored} events stored, {repeats} duplicates, {refused} refused; {set_up.calls()} calls to the CRM."
    )
    out.print(Text(f"\n{len(requests)} requests: {words}"))


def _look_further(out: Console, set_up: Stage) -> None:
    out.print(Text("\nLook around (Ctrl-C ends it):", style="bold"))
    for name, url in set_up.sandboxes.items():
        out.print(Text(f"  {name}'s records   {url}/"))
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
