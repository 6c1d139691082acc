"""Every event of the log has its row in the page, with the levels at which the code tells it."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict

from tests.docs.reference import ROOT

from afterclick.observe.events import Said

PAGE = (ROOT / "core" / "docs" / "log.md").read_text("utf-8")
LEVELS = {"debug", "info", "warning", "error"}


def rows() -> list[tuple[str, str]]:
    """Return event and level of each row."""
    found = re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", PAGE, re.MULTILINE)
    return [(event, level) for events, level in found for event in re.findall(r"`([^`]+)`", events)]


def levels_in_code() -> dict[str, set[str]]:
    """Return at which levels the source tells which event."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "core" / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr=level),
                    args=[ast.Attribute(value=ast.Name(id="Said"), attr=name), *_],
                ) if level in LEVELS:
                    found[Said[name].value].add(level)
    return found


def test_page_has_each_event_once() -> None:
    assert Counter(event for event, _ in rows()) == Counter(event.value for event in Said)


def test_page_has_the_levels_of_the_code() -> None:
    told = levels_in_code()
    page = {event: set(re.findall(r"\w+", level)) for event, level in rows()}

    assert len(told) > 40
    assert {event: levels for event, levels in told.items() if not levels <= page[event]} == {}
