"""Figures: what was measured, what it should reach, as a table and as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.table import Table

ORDER = ("≥", "≤")


class Goal(msgspec.Struct, frozen=True):
    """What a figure should reach: at least (`≥`) or at most (`≤`) `floor`, better `good`."""

    sign: str
    floor: float
    good: float

    def judge(self, value: float) -> str:
        """Return `good`, `ok` or `below`."""
        if self._reaches(value, self.good):
            return "good"
        return "ok" if self._reaches(value, self.floor) else "below"

    def _reaches(self, value: float, bound: float) -> bool:
        return value >= bound if self.sign == "≥" else value <= bound


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured value; `rounds` are the values whose median it is, `note` what they rest on."""

    name: str
    value: float
    unit: str = ""
    goal: Goal | None = None
    rounds: tuple[float, ...] = ()
    note: str = ""

    @property
    def verdict(self) -> str:
        """Return how it stands to its goal, empty without one."""
        return "" if self.goal is None else self.goal.judge(self.value)


def figure(
    name: str, rounds: Sequence[float], unit: str = "", *, goal: Goal | None = None, note: str = ""
) -> Figure:
    """Return the median of some rounds as a figure."""
    return Figure(name=name, value=median(rounds), unit=unit, goal=goal, rounds=tuple(rounds), note=note)


def ratio(
    name: str, ours: Sequence[float], theirs: Sequence[float], *, goal: Goal | None = None, note: str = ""
) -> Figure:
    """Return the median of the ratios of each round: what differs between rounds cancels out."""
    return figure(name, [one / other for one, other in zip(ours, theirs, strict=True)], goal=goal, note=note)


REFERENCE = 25_000
"""Events/s of the bare handler on the machine on which the goals were set."""


def scaled(
    name: str, rounds: Sequence[float], bare: Sequence[float], unit: str, *, goal: Goal | None = None
) -> Figure:
    """Return a figure with a note of what it would be where the bare handler answers `REFERENCE`.

    Figures that are no ratios differ between machines as their speed does; `bare` is what the bare
    handler answered here, by round.
    """
    there = median(one / yardstick * REFERENCE for one, yardstick in zip(rounds, bare, strict=True))
    note = f"{_short(there)} where bare aiohttp answers {REFERENCE:,} (here {_short(median(bare))})"
    return figure(name, rounds, unit, goal=goal, note=note)


_STYLES = {"good": "green", "ok": "yellow", "below": "red", "": ""}


def table(found: Iterable[Figure]) -> Table:
    """Return the figures as people read them."""
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading, side in (
        ("what", "left"),
        ("measured", "right"),
        ("floor", "right"),
        ("good", "right"),
        ("", "left"),
        ("rounds", "left"),
    ):
        shown.add_column(heading, justify=side)  # type: ignore[arg-type]
    for one in found:
        goal = one.goal
        bounds = ("", "") if goal is None else (f"{goal.sign} {_short(goal.floor)}", _short(goal.good))
        rounds = " ".join(_short(value) for value in one.rounds) if len(one.rounds) > 1 else ""
        note = " · ".join(filter(None, (rounds, one.note)))
        style = _STYLES[one.verdict]
        shown.add_row(
            one.name, f"{_short(one.value)} {one.unit}".strip(), *bounds, one.verdict, note, style=style
        )
    return shown


def _short(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }


def save(file: Path, found: Sequence[Figure], options: dict[str, Any]) -> None:
    """Write all figures as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**msgspec.to_builtins(one), "verdict": one.verdict} for one in found]
    content = {"machine": machine(), "options": options, "figures": rows}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2))
