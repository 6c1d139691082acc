"""The vocabulary of log lines: no name for a line that nobody writes."""

from __future__ import annotations

import re
from pathlib import Path

import afterclick
from afterclick.observe.events import Said


def test_every_name_is_that_of_some_line() -> None:
    source = "".join(path.read_text("utf-8") for path in Path(afterclick.__file__).parent.rglob("*.py"))

    assert [one.name for one in Said if not re.search(rf"\bSaid\.{one.name}\b", source)] == []
