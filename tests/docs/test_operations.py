"""Every example on the page about operating runs as it stands there, against a service with people in it."""

from __future__ import annotations

import re
import shlex

import pytest
from tests.docs.reference import DOCS
from tests.ledger.harness import FOLD, Bench, person
from tests.support.clock import NOON, FakeClock
from tests.support.events import make_event, make_registration
from tests.unit.cli.conftest import Command, command
from tests.unit.console.conftest import Console, console, ledger, start

from afterclick.console.feeding import Route
from afterclick.ledger.operations import Kind, Selection, Terms
from afterclick.ledger.rows import ConnectionRow, EventState, Settle, SyncState
from afterclick.model.event import INSTALL

__all__ = ["command", "console", "ledger", "start"]

PAGE = (DOCS / "operations.md").read_text("utf-8")
STANDS_FOR = {"42": "1", "1207": "4", "7": "1"}
"""The lead, the event and the operation of the page, and what they are here."""

CHANGING = {"retry", "resync", "backfill", "refold", "forget"}
CONNECTIONS = ("hubspot", "pipedrive")


def examples() -> list[str]:
    """Return the commands of the page's blocks; what stands two blanks behind one explains it."""
    blocks = re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [re.split(r"\s{2,}", line)[0] for line in lines if line.startswith("afterclick ")]


@pytest.fixture(autouse=True)
async def people(console: Console, clock: FakeClock) -> None:
    """Put three leads, an event that failed and an operation there."""
    bench = Bench(console.ledger, clock, connections=CONNECTIONS)
    for name in CONNECTIONS:
        await console.ledger.remember_connection(ConnectionRow(name=name, plugin=name, first_seen_at=NOON))
        console.routes[name] = Route(Terms(), 100, lambda: 1.0)
    await bench.fold(make_registration(user="ann", email="ada@example.com"), person("ben"), person("cleo"))
    parked = Settle(
        connection="hubspot", lead=1, state=SyncState.PARKED, code="lead-rejected", reason="PHONE_INVALID"
    )
    await console.ledger.settle(await bench.hold("sync:hubspot"), [parked], [])
    (failed,) = await bench.store(make_event(INSTALL, token="summer"))
    await console.ledger.mark_events(await bench.hold(FOLD), [failed.id], EventState.FAILED, "no")
    await console.ledger.begin_operation(
        Kind.BACKFILL, "pipedrive", Selection(), expected=None, now=clock.now()
    )


@pytest.mark.parametrize("example", examples())
async def test_example_runs(command: Command, example: str) -> None:
    _, *words = [STANDS_FOR.get(word, word) for word in shlex.split(example)]
    if words[0] in CHANGING:
        # Nobody is there to be asked, and no lane to wait for.
        words += ["--yes", "--detach"]
    result = await command(*words)

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("name", sorted(CHANGING | {"parked", "operations"}))
def test_page_has_an_example_of_every_command_that_changes_something(name: str) -> None:
    assert any(example.split()[1] == name for example in examples())
