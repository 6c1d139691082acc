"""Faults with a name: what networks and CRMs do on a bad day, for every emulator alike."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from afterclick.sandbox.faults import Rule


class Preset(msgspec.Struct, frozen=True):
    """Rules under one name, and what they are like."""

    summary: str
    rules: tuple[Rule, ...]


PRESETS: Mapping[str, Preset] = {
    "slow": Preset(
        "every call takes its time, and some far longer",
        (
            Rule(kind="delay", seconds=0.3),
            Rule(kind="delay", seconds=2.0, probability=0.1, late=True),
        ),
    ),
    "flaky": Preset(
        "errors and cut connections, one call in eight",
        (
            Rule(kind="status", status=503, probability=0.04),
            Rule(kind="status", status=502, probability=0.03, late=True),
            Rule(kind="cut_before", probability=0.03),
            Rule(kind="cut_after", probability=0.03),
        ),
    ),
    "rough": Preset(
        "everything at once: late, lost, doubled and shuffled answers, errors, limits, cut connections",
        (
            Rule(kind="delay", seconds=0.1, probability=0.2),
            Rule(kind="delay", seconds=0.3, probability=0.1, late=True),
            Rule(kind="cut_before", probability=0.04),
            Rule(kind="cut_after", probability=0.04),
            Rule(kind="cut_within", probability=0.02),
            Rule(kind="status", status=500, probability=0.03),
            Rule(kind="status", status=503, probability=0.03, late=True),
            Rule(kind="status", status=429, probability=0.02),
            Rule(kind="forget", probability=0.05),
            Rule(kind="overlook", probability=0.05),
            Rule(kind="shuffle", probability=0.5),
            Rule(kind="duplicate", probability=0.1),
            Rule(kind="empty", probability=0.02),
            Rule(kind="ignore", probability=0.02),
            Rule(kind="lag", seconds=10.0, probability=0.5),
        ),
    ),
    "down": Preset(
        "every connection is cut before anything is done",
        (Rule(kind="cut_before"),),
    ),
}


def preset(name: str) -> tuple[Rule, ...]:
    """Return the rules of a preset.

    Raises:
        ValueError: there is none of that name; the text names those that there are.

    """
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[name].rules
