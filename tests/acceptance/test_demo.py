"""`afterclick demo`: what a newcomer sees first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from afterclick.cli.stage import Secrets, environment
from afterclick.errors import AfterclickError


def _demo(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "afterclick", "demo", "--once", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "120", **more},
        check=False,
    )


def test_the_demo_shows_the_right_people_whatever_credentials_the_shell_has() -> None:
    told = _demo(
        # A real account's: an attempt to use it would leave this machine, which fails.
        HUBSPOT_ACCESS_TOKEN="pat-na1-a-real-one",
        WEBHOOK_SECRET="changeme",
        AFTERCLICK_CONNECTIONS__HUBSPOT__BASE_URL="https://api.hubapi.com",
        AFTERCLICK_LEDGER__URL="sqlite:////nowhere/at/all.db",
    )

    assert told.returncode == 0, told.stdout + told.stderr
    for shown in ("instagram-story-may", "summer-promo", "2026-05-21 09:14", "user-abc123", "18"):
        assert shown in told.stdout
    assert "Enzo Marchetti" in told.stdout
    assert "Vincenzo" not in told.stdout
    assert "7 people, 7 records" in told.stdout


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
