"""The end of the demo: everybody, one person in every CRM, and what it took."""

from __future__ import annotations

from rich.text import Text

from afterclick.cli.demo.crms import Crm, Found
from afterclick.cli.demo.judging import faults_of, found_of, strays
from afterclick.cli.demo.people import PEOPLE
from afterclick.cli.demo.play import Play, person
from afterclick.cli.demo.showing import people, side_by_side, table

TOKENS = "tokens"
"""The bucket of a CRM that sells its calls by tokens, as Pipedrive does."""


async def ending(play: Play) -> None:
    """Read everything back, show it, and judge it."""
    found = {crm.name: await play.read(crm) for crm in play.crms}
    first = play.crms[0]
    play.act(f"Everybody in {first.title}")
    play.show(people([(one, found_of(one, found[first.name])) for one in PEOPLE]))
    play.act("Enzo in every CRM")
    records = {crm.title: found_of(person("Enzo"), found[crm.name]) for crm in play.crms}
    play.show(side_by_side({title: one.shown for title, one in records.items() if one is not None}))
    play.act("What it took")
    await _calls(play)
    for crm in play.crms:
        await _judge(play, crm, found[crm.name])


async def _calls(play: Play) -> None:
    calls = await play.figures.samples("crm_calls_total", "connection")
    unanswered = await play.figures.samples("crm_calls_total", "connection", status="none")
    tokens = await play.figures.samples("crm_cost_total", "connection", bucket=TOKENS)
    made = table("", "Calls", "of these unanswered", "Tokens")
    for crm in play.crms:
        price = str(tokens[crm.name]) if crm.name in tokens else "-"
        made.add_row(crm.title, str(calls[crm.name]), str(unanswered[crm.name]), price)
    play.show(made)


async def _judge(play: Play, crm: Crm, found: list[Found]) -> None:
    faults = [
        fault
        for one in PEOPLE
        for fault in faults_of(one, found_of(one, found), crm.fields, others=crm.others)
    ]
    faults += strays(await crm.new(), found)
    if play.nameless.get(crm.name, "") not in {"", *(one.record.id for one in found)}:
        faults.append("Dora's registration did not land on the record that her install had made")
    for fault in faults:
        play.fail(f"{crm.title}: {fault}")
    if not faults:
        words = f"✓ {crm.title}: {len(PEOPLE)} people, {len(PEOPLE)} records, every value as it should be"
        play.out.print(Text(words, style="green"))
