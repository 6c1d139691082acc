"""`afterclick demo`: what a newcomer sees first."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from afterclick.cli.demo.acts import arrivals
from afterclick.cli.demo.command import ACTS, Act, tell
from afterclick.cli.demo.ending import ending
from afterclick.cli.demo.play import Play
from afterclick.cli.demo.setting import Secrets, environment
from afterclick.cli.sandbox import emulator_of
from afterclick.errors import AfterclickError
from afterclick.host.discovery import Discovery, discover
from afterclick.sandbox import Person, serve


def _demo(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "afterclick", "demo", "--once", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "120", **more},
        check=False,
    )


def _with(*names: str) -> Discovery:
    """Return what would be found if only these plugins were installed."""
    found = discover()
    return Discovery({name: found.plugins[name] for name in names})


async def _told(found: Discovery, acts: Sequence[Act] = ACTS) -> tuple[list[str], str]:
    """Let the demo be told here; return what was wrong, and what was shown."""
    shown = StringIO()
    faults = await tell(found, Console(file=shown, width=120), acts=acts)
    return faults, shown.getvalue()


def _line(told: str, label: str) -> list[str]:
    """Return the cells of the last table row that begins with a label."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in told.splitlines()]
    return [row for row in rows if row[0] == label][-1][1:]


def test_the_demo_tells_the_story_whatever_credentials_the_shell_has() -> None:
    done = _demo(
        # A real account's: an attempt to use it would leave this machine, which fails.
        HUBSPOT_ACCESS_TOKEN="pat-na1-a-real-one",
        WEBHOOK_SECRET="changeme",
        AFTERCLICK_CONNECTIONS__HUBSPOT__BASE_URL="https://api.hubapi.com",
        AFTERCLICK_LEDGER__URL="sqlite:////nowhere/at/all.db",
    )
    told = done.stdout

    assert done.returncode == 0, told + done.stderr
    for shown in (
        "HubSpot has 5 records",
        "Pipedrive got nothing",
        "Salesforce got no record",
        "Salesforce: added to 2 records of others, made none",
        "2 people wait for HubSpot",
        "HubSpot caught up",
        "nothing (ours: Vincenzo M.)",
        "Pipedrive caught up",
        "20 events stored, 20 repeats known as such, 2 refused",
    ):
        assert shown in told
    assert _line(told, "Ada")[-2:] == ["instagram-story-may", "18"]
    assert _line(told, "Name") == ["Enzo Marchetti"] * 3
    assert _line(told, "Install date") == ["2026-05-21 09:11", "2026-05-21", "2026-05-21 09:11"]
    assert int(_line(told, "HubSpot")[1]) >= 2
    assert int(_line(told, "Pipedrive")[2]) > 0
    assert told.count("7 people, 7 records, every value as it should be") == 3


async def test_with_fewer_plugins_the_acts_that_apply_are_told() -> None:
    acts = {
        ("salesforce",): ["Salesforce is down"],
        ("hubspot", "salesforce"): ["HubSpot is down", "All go live"],
        ("hubspot", "pipedrive"): ["HubSpot is down", "All go live"],
    }
    ends = await asyncio.gather(*(_told(_with(*names)) for names in acts))

    for (names, expected), (faults, told) in zip(acts.items(), ends, strict=True):
        assert faults == []
        assert re.findall(r"^\d\. ((?:All|\w+ is down).*?) ─", told, re.MULTILINE) == [
            *expected,
            "All of it again, and what is none of ours",
        ]
        assert told.count("7 people, 7 records, every value as it should be") == len(names)


async def test_an_end_that_is_wrong_is_told() -> None:
    async def meddling(play: Play) -> None:
        crm = play.stage.crms["hubspot"]
        await crm.type_in(Person(last_name="Nobody", email="nobody@example.com"))
        crm.others.clear()

    faults, told = await _told(_with("hubspot"), acts=(arrivals, meddling, ending))

    assert "HubSpot: Enzo is not in the CRM" in faults
    assert "HubSpot: Dora: email is None, not 'dora@example.com'" in faults
    assert "HubSpot: 1 records too many in the CRM" in faults
    assert "✗ HubSpot: Enzo is not in the CRM" in told


async def test_a_sandbox_that_runs_already_is_told_twice_into_and_not_broken() -> None:
    found = _with("hubspot")
    async with serve(emulator_of("hubspot", {}, found.plugins)) as running:
        for _ in range(2):
            shown = StringIO()
            assert await tell(found, Console(file=shown, width=120), base_url=running.url) == []
            assert "HubSpot is down" not in shown.getvalue()

        assert len(running.emulator.records()) == 7


def test_the_demo_refuses_an_address_beyond_this_machine() -> None:
    told = _demo("--sandbox", "https://api.hubapi.com")

    assert told.returncode == 1
    assert "not to api.hubapi.com" in told.stderr


@pytest.mark.parametrize(
    "address", ["https://api.hubapi.com", "http://127.0.0.1.example.com", "http://10.0.0.8:9000", ""]
)
def test_no_connection_of_the_demo_leads_away_from_this_machine(tmp_path: Path, address: str) -> None:
    with pytest.raises(AfterclickError, match="sandboxes on this machine only"):
        environment(tmp_path, Secrets.new(), {"hubspot": {"base_url": address}})
