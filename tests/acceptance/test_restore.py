"""A ledger that is lost: the backup is put back, the sender repeats, and the CRM is as it was."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from tests.acceptance.running import event, running, unlimited

from afterclick.cli.sending import Delivery
from afterclick.clock import SystemClock
from afterclick_hubspot.sandbox import HubSpotSandbox

MINUTE = 60_000
PEOPLE = 12


def journeys(now: int, people: Sequence[int]) -> list[Delivery]:
    """Return what each of these people did: a click, an install and a sign-up."""
    return [
        one
        for number in people
        for one in (
            event("link.clicked", now - 9 * MINUTE, prefix="ref", token=f"t{number}", campaign="may"),
            event(
                "install.tracked", now - 8 * MINUTE + number, prefix="ref", token=f"t{number}", platform="ios"
            ),
            event(
                "referral.completed",
                now - 7 * MINUTE,
                referral_code=f"t{number}",
                referred_user_id=f"u{number}",
            ),
        )
    ]


def ask(folder: Path, command: str, backup: Path) -> None:
    """Run `afterclick backup` or `afterclick restore` as an operator would."""
    environ = {**os.environ, "AFTERCLICK_LEDGER__URL": f"sqlite:///{folder / 'ledger.db'}"}
    arguments = [sys.executable, "-m", "afterclick", command, str(backup)]
    done = subprocess.run(arguments, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def contacts(sandbox: HubSpotSandbox) -> Mapping[str, Mapping[str, str]]:
    """Return what the CRM says of each lead, by record; the times of its own bookkeeping left out."""
    own = {"lastmodifieddate", "hs_lastmodifieddate"}
    return {
        row["hs_object_id"]: {name: value for name, value in row.items() if name not in own}
        for row in sandbox.contacts()
    }


async def test_a_restored_backup_and_the_senders_repeats_make_the_crm_what_it_was(tmp_path: Path) -> None:
    now = SystemClock().now()
    sandbox = unlimited()
    backup = tmp_path / "backup.db"
    before, after = journeys(now, range(PEOPLE)), journeys(now, range(PEOPLE, 2 * PEOPLE))
    # One lead that the backup knows, and that went on after it.
    after.append(event("referral.completed", now - MINUTE, referral_code="x", referred_user_id="u0"))
    async with running(tmp_path, sandbox=sandbox) as one:
        await one.deliver(*before)
        await one.settled()
        await asyncio.to_thread(ask, tmp_path, "backup", backup)
        await one.deliver(*after)
        await one.settled()
        written = contacts(sandbox)

    for lost in tmp_path.glob("ledger.db*"):
        lost.unlink()
    ask(tmp_path, "restore", backup)
    async with running(tmp_path, sandbox=sandbox) as one:
        assert set(await one.deliver(*after)) == {200}
        await one.settled()
        leads = await one.service.ledger.leads(limit=100)

    assert len(written) == len(leads) == 2 * PEOPLE
    assert contacts(sandbox) == written


async def test_a_backup_that_is_taken_under_load_is_whole(tmp_path: Path) -> None:
    now = SystemClock().now()
    async with running(tmp_path) as one:
        await one.deliver(*journeys(now, range(PEOPLE)))
        await asyncio.to_thread(ask, tmp_path, "backup", tmp_path / "backup.db")
        await one.settled()

    with closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        assert backup.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        # Every delivery had its 200 before the copy began.
        assert backup.execute("SELECT count(*) FROM events").fetchone() == (3 * PEOPLE,)
