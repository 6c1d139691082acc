"""The alerts with a clock of their own, where a minute lasts a second: a rehearsal need not take hours."""

from __future__ import annotations

import re
from typing import Any

import yaml
from tests.deploy.rules import RULES

FACTOR = 60
"""Prometheus must scrape and evaluate that much more often."""

_SHORTER = {"m": (1, "s"), "h": (1, "m"), "d": (24, "m")}
_DURATION = re.compile(r"\b(\d+)([mhd])\b")
_THRESHOLD = re.compile(r"\* (60|3600)\b")


def duration(text: str) -> str:
    """Return every duration of minutes, hours or days in a text as a sixtieth."""

    def shorter(found: re.Match[str]) -> str:
        times, unit = _SHORTER[found[2]]
        return f"{int(found[1]) * times}{unit}"

    return _DURATION.sub(shorter, text)


def expression(text: str) -> str:
    """Return an expression as a sixtieth: its durations, and thresholds that end in `* 60` or `* 3600`."""
    return _THRESHOLD.sub(lambda found: f"* {int(found[1]) // FACTOR}", duration(text))


def rules() -> str:
    """Return all rules, hastened, as Prometheus reads them."""
    return yaml.safe_dump({"groups": [_group(file) for file in _groups()]}, sort_keys=False, width=1000)


def _groups() -> list[dict[str, Any]]:
    files = sorted(RULES.glob("*.yml"))
    return [group for file in files for group in yaml.safe_load(file.read_text("utf-8"))["groups"]]


def _group(group: dict[str, Any]) -> dict[str, Any]:
    return {**group, "rules": [_rule(rule) for rule in group["rules"]]}


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    shorter = {"expr": expression(rule["expr"])}
    if "for" in rule:
        shorter["for"] = duration(rule["for"])
    return {**rule, **shorter}
