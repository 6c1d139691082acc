"""The acts of the demo, in order. Each tells what happens, and shows what the CRMs hold then."""

from __future__ import annotations

import random

from rich.text import Text

from afterclick.cli.demo.cast import Tables
from afterclick.cli.demo.crms import Crm
from afterclick.cli.demo.judging import found_of, name_of
from afterclick.cli.demo.people import PEOPLE
from afterclick.cli.demo.play import Play, counted, person
from afterclick.cli.demo.setting import lines
from afterclick.cli.demo.showing import side_by_side, would_write
from afterclick.cli.demo.story import (
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
)
from afterclick.cli.sending import Delivery, delivery
from afterclick.ledger.observations import Operation
from afterclick.sandbox import Person

_MEANING = {
    'mode = "observe"': ": looks, and writes nothing",
    "creates = false": ": adds to records of others, makes none",
}

ARRIVALS, NAMED, CAUGHT = 5, 2, 2
"""People of whom the first act tells, who have a name after the second, and whom the outage concerns."""

_FIRST = (
    (ADA, "Ada taps a friend's link, installs, signs up, buys"),
    (STRANGERS, "two strangers tap one campaign link"),
    (BEN, "Ben does as Ada did, as Tolinku's documentation tells it"),
    (DORA_INSTALLS, "Dora taps a campaign link and installs"),
    ((TEST,), "somebody presses the dashboard's Test button"),
)
_NAMES = (
    (DORA_REGISTERS, "Dora registers, says the app's own backend"),
    (ENZO_REGISTERS, "Enzo registers, under another name"),
)
_MEANWHILE = (
    (CLEO, "Cleo does as Ada did, but her events arrive last first"),
    (ENZO_CAME, "how Enzo came arrives late: by Dora's link"),
    (ENZO_CONVERTS, "Enzo buys"),
)


async def arrivals(play: Play) -> None:
    """People come, and each CRM is connected in its own way."""
    play.act("People arrive")
    _settings(play, play.stage.tables)
    await play.send(_FIRST)
    await play.settled()
    for crm in play.crms:
        await _after_arrivals(play, crm)


async def _after_arrivals(play: Play, crm: Crm) -> None:
    made = len(await crm.new())
    if crm.name == play.cast.observer:
        counts = {one.operation: one.leads for one in await play.figures.observed(crm)}
        play.hold(
            made == 0 and counts == {Operation.CREATE: ARRIVALS},
            f"{crm.title} got nothing: it is only looked at, which finds {ARRIVALS} people missing",
            f"{crm.title}: {made} records made while it is only looked at; found: {counts}",
        )
    elif crm.name == play.cast.filled:
        waiting = await play.figures.waiting(crm)
        play.hold(
            made == 0 and waiting == ARRIVALS,
            f"{crm.title} got no record: {waiting} people wait until another system makes theirs",
            f"{crm.title}: {made} records made in spite of creates = false, {waiting} people wait",
        )
    else:
        found = await play.read(crm)
        dora = found_of(person("Dora"), found)
        play.hold(
            len(found) == ARRIVALS and dora is not None,
            f"{crm.title} has {len(found)} records; Dora's says {name_of(dora.shown) if dora else 'nobody'}",
            f"{crm.title}: {len(found)} records for {ARRIVALS} people",
        )
        play.nameless[crm.name] = dora.record.id if dora else ""


async def names(play: Play) -> None:
    """People get names: typed in by sales, told by the app's backend, copied by another system."""
    play.act("They get names")
    for crm in play.crms:
        await crm.type_in(TYPED_IN)
    play.say(f"sales types in {TYPED_IN.first_name} {TYPED_IN.last_name} everywhere, after a call")
    await play.send(_NAMES)
    await play.settled()
    filler, filled = play.crm(play.cast.filler), play.crm(play.cast.filled)
    if filler is not None and filled is not None:
        await _copied(play, filler, filled)


async def _copied(play: Play, filler: Crm, filled: Crm) -> None:
    """Let another system copy Dora, as the connection between two CRMs does, and add what we know."""
    dora = await play.read_one(filler, "Dora")
    copied = {name: dora.shown.get(name) or "" for name in Person.__struct_fields__} if dora else {}
    await filled.type_in(Person(**copied))
    play.say(f"{filler.title}'s own link to {filled.title} copies Dora (the demo plays it)")
    await play.figures.resync(filled)
    play.say(f"afterclick resync {filled.name}: look now, rather than within a minute")
    await play.settled()
    after = await play.read_one(filled, "Dora")
    if after is None:
        play.fail(f"{filled.title}: Dora's record was not found")
        return
    play.show(side_by_side({f"{filled.title} before": copied, "and now": after.shown}))
    made = len(await filled.new())
    added = {one.record.id for one in await play.read(filled)} & filled.others
    complete = all(after.shown.get(name) for name in ("campaign", "token", "install_date"))
    play.hold(
        made == 0 and complete and len(added) == NAMED,
        f"{filled.title}: added to {len(added)} records of others, made none",
        f"{filled.title}: {made} records made in spite of creates = false; Dora's holds {after.shown}",
    )


async def outage(play: Play) -> None:
    """More happens while a CRM fails; nobody else notices, and it catches up."""
    down = play.crm(play.cast.down)
    if down is None:
        play.act("More happens")
        await play.send(_MEANWHILE)
        await play.settled()
        return
    play.act(f"{down.title} is down")
    await down.go_down()
    play.say(f"{down.title} cuts every connection")
    await play.send(_MEANWHILE)
    await play.settled(without=down)
    for crm in play.crms:
        if crm is not down and crm.name != play.cast.observer:
            await _knows(play, crm, "knows already that Enzo bought")
    await play.figures.fails(down, CAUGHT)
    for reason, count in (await play.figures.failing(down)).items():
        play.say(f"{count} people wait for {down.title} ({reason})")
    await down.come_back()
    play.say(f"{down.title} is back")
    seconds = await play.settled()
    await _knows(play, down, f"caught up {seconds:.1f} s later, and knows it too")


async def _knows(play: Play, crm: Crm, words: str) -> None:
    """Tell whether a CRM knows of the purchase."""
    enzo = await play.read_one(crm, "Enzo")
    bought = None if enzo is None else enzo.shown.get("conversion_date")
    play.hold(bought is not None, f"{crm.title} {words}", f"{crm.title} does not know that Enzo bought")


async def going_live(play: Play) -> None:
    """The careful connections become like the others: all that waited is written."""
    if not play.cast.careful:
        return
    play.act("All go live")
    await _noted(play)
    _settings(play, play.cast.live)
    await play.stage.restart(play.cast.live)
    play.say("the service stopped, and started again on the same ledger")
    seconds = await play.settled()
    for name in play.cast.careful:
        crm = play.stage.crms[name]
        made, found = len(await crm.new()), {one.record.id for one in await play.read(crm)}
        play.hold(
            len(found) == len(PEOPLE),
            f"{crm.title} caught up in {seconds:.1f} s: {made} records made, "
            f"{len(found & crm.others)} of others added to",
            f"{crm.title}: {len(found)} records for {len(PEOPLE)} people",
        )


async def _noted(play: Play) -> None:
    """Show what would be written of Enzo where nothing was written yet."""
    observer = play.crm(play.cast.observer)
    lead = await play.lead("Enzo")
    if observer is not None and lead is not None:
        play.say(f"afterclick observe {observer.name} --lead {lead}: what it would get of Enzo")
        play.show(would_write(observer, await play.figures.differences(observer, lead)))


async def repeats(play: Play) -> None:
    """All of it again, and what nobody signed: nothing new comes of it."""
    play.act("All of it again, and what is none of ours")
    again = list(play.told)
    random.Random(1).shuffle(again)  # noqa: S311 - an order, not a secret
    play.say(f"all {len(again)} again, in another order {counted(await play.stage.deliver(again))}")
    forged = delivery("referral.completed", ADA[2].at, {"token": "forged"}, "whsec_not-the-secret")
    play.say(f"a forged webhook {counted(await play.stage.deliver([forged]))}")
    garbage = Delivery(event="install.tracked", body=b"\xff\x00 not JSON", signature="0" * 64)
    play.say(f"garbage {counted(await play.stage.deliver([garbage]))}")
    await play.settled()
    results = await play.figures.samples("deliveries_total", "result")
    stored, repeated = results["accepted"] + results["ignored"], results["duplicate"]
    play.hold(
        stored == repeated == len(again) and results["unverified"] == 2,
        f"{stored} events stored, {repeated} repeats known as such, 2 refused",
        f"of {len(again)} requests, sent twice, and 2 that nobody signed: {dict(results)}",
    )


def _settings(play: Play, tables: Tables) -> None:
    """Show what `afterclick.toml` says; a connection without a table does everything at once."""
    for crm in play.crms:
        words = ", ".join(lines(tables.get(crm.name, {}))) or "writes at once"
        play.show(Text.assemble(f"{crm.title:<12}", (words, "bold"), _MEANING.get(words, "")))
