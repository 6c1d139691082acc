"""`make soak`: kills by the hundred, then a long steady load. What it holds is told in the architecture."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer
from rich.console import Console
from tests.acceptance.running import RUNNING
from tests.kill.crms import CRMS
from tests.kill.steady import steady
from tests.kill.story import Story, Told

DIST = Path(__file__).parents[2] / "dist"
MOST_GROWTH = 0.05
"""By what part memory may grow under steady load."""

out = Console(soft_wrap=True)


def main(
    rounds: Annotated[int, typer.Option(help="Kills; 0 for none.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the first story; the next ones count on.")] = 1,
    story: Annotated[int, typer.Option(help="Kills of one ledger.")] = 10,
    people: Annotated[int, typer.Option(help="People of one story.")] = 60,
    crm: Annotated[list[str] | None, typer.Option(help=f"Of the stories: {', '.join(CRMS)}. All.")] = None,
    minutes: Annotated[float, typer.Option(help="Of steady load; 0 for none.")] = 10.0,
    rate: Annotated[int, typer.Option(help="Events a second of the steady load.")] = 100,
) -> None:
    """Kill the service under load again and again, then watch its memory under steady load."""
    DIST.mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix="soak-", dir=DIST))
    good = True
    try:
        if rounds:
            crms = tuple(crm or CRMS)
            good = asyncio.run(_stories(folder, rounds, seed, story=story, people=people, crms=crms))
        if minutes:
            good = asyncio.run(_steady(folder, minutes, rate)) and good
    finally:
        while RUNNING:
            RUNNING.pop().kill()
    if not good:
        out.print(f"ledgers and logs are in {folder}")
        raise typer.Exit(1)
    shutil.rmtree(folder)


async def _stories(
    base: Path, rounds: int, seed: int, *, story: int, people: int, crms: Sequence[str]
) -> bool:
    counts: Counter[str] = Counter()
    kills: Counter[str] = Counter()
    for number, begin in enumerate(range(0, rounds, story)):
        folder = base / f"seed-{seed + number}"
        folder.mkdir()
        kills_here = min(story, rounds - begin)
        told = await Story(folder, seed + number, rounds=kills_here, people=people, crms=crms).run()
        _tell(told)
        counts.update(told.ending.counts())
        kills.update(told.kills)
        if not told.ending.wrong():
            shutil.rmtree(folder)
    out.print(f"{kills.total()} kills: {_listed(kills)}")
    out.print(f"wrong in the end: {_listed(counts)}")
    return not counts.total()


def _tell(told: Told) -> None:
    out.print(
        f"seed {told.seed}: {told.kills.total()} kills, {told.sent} sent, {told.acknowledged} events, "
        f"calls: {_listed(told.calls)}, at rest after {told.seconds:.0f} s of its time"
    )
    for kind, found in told.ending.wrong().items():
        for one in found:
            out.print(f"  {kind}: {one}", markup=False)


async def _steady(base: Path, minutes: float, rate: int) -> bool:
    folder = base / "steady"
    folder.mkdir()
    found = await steady(folder, seconds=minutes * 60, rate=rate)
    out.print(
        f"{minutes:g} min of steady load: {found.acknowledged} acknowledged "
        f"({found.acknowledged / found.seconds:.0f}/s), {found.lost} lost, "
        f"records of {found.people} people: {_listed(Counter(found.records))}, "
        f"memory {found.before:.1f} → {found.after:.1f} MB ({found.growth:+.1%})"
    )
    return found.lost == 0 and found.everybody_once and found.growth <= MOST_GROWTH


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))


typer.run(main)
