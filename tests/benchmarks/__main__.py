"""`make bench`: measure, print a table, write JSON. How to read it: `core/docs/performance.md`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from tests.benchmarks import (
    folding_benchmarks,
    isolating_benchmarks,
    receiving_benchmarks,
    resolving_benchmarks,
    scraping_benchmarks,
    syncing_benchmarks,
)
from tests.benchmarks.figures import Figure, save, table
from tests.benchmarks.options import Options
from tests.benchmarks.processes import Broken, command_of

ALL = {
    "ingest": receiving_benchmarks.ingest,
    "busy": receiving_benchmarks.busy,
    "single": receiving_benchmarks.single,
    "memory": receiving_benchmarks.memory,
    "fold": folding_benchmarks.fold,
    "take": folding_benchmarks.take,
    "resolve": resolving_benchmarks.resolve,
    "scrape": scraping_benchmarks.scrape,
    "lane": syncing_benchmarks.lane,
    "end-to-end": syncing_benchmarks.end_to_end,
    "latency": syncing_benchmarks.latency,
    "calls": syncing_benchmarks.calls,
    "isolation": isolating_benchmarks.isolation,
}
ROOT = Path(__file__).parents[2]


def main(
    only: Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(ALL)}. All of them.")] = None,
    rounds: Annotated[int, typer.Option(help="Rounds of each; figures are medians.")] = 3,
    seconds: Annotated[float, typer.Option(help="Seconds of load a round.")] = 4.0,
    peer: Annotated[list[str] | None, typer.Option(help="Another receiver, as NAME=COMMAND.")] = None,
    crm: Annotated[str, typer.Option(help="Whose sandbox is written to.")] = "hubspot",
    people: Annotated[int, typer.Option(help="People of the benchmarks of the whole way.")] = 4_000,
    large: Annotated[
        bool, typer.Option("--large", help="10 million stored events, 5 million identities.")
    ] = False,
    json: Annotated[Path, typer.Option(help="Where the figures go.")] = ROOT / "dist" / "bench.json",
) -> None:
    """Measure the service beside what it is compared with."""
    out = Console()
    folder = ROOT / "dist" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    options = Options(
        folder,
        rounds=rounds,
        seconds=seconds,
        peers=_peers(peer or []),
        crm=crm,
        people=people,
        large=large,
    )
    found: list[Figure] = []
    try:
        for name in only or ALL:
            if name not in ALL:
                raise typer.BadParameter(f"{name!r} is none of {', '.join(ALL)}")
            out.print(f"[bold]{name}[/]: {ALL[name].__doc__}")
            found += ALL[name](options)
    except Broken as failure:
        out.print(f"[red]{failure}[/]")
        raise typer.Exit(1) from failure
    finally:
        if found:
            out.print(table(found))
            save(json, found, options.shown)
            out.print(f"written to {json}")


def _peers(texts: list[str]) -> dict[str, list[str]]:
    pairs = [text.partition("=") for text in texts]
    return {name: command_of(command) for name, _, command in pairs}


typer.run(main)
