"""The template of a plugin: small, installed as a stranger does it, run by the service, held by the kit."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from afterclick_acme.sandbox import API_KEY, AcmeSandbox
from tests.acceptance.running import SECRET, Process, event, inherited
from tests.acceptance.test_alone import installed, run

from afterclick.cli.sending import send
from afterclick.clock import SystemClock
from afterclick.sandbox import serve

TEMPLATE = Path(__file__).parents[1] / "template"
SMALL = {"__init__.py": 1, "plugin.py": 200, "sandbox.py": 125}
"""The most lines, blank ones left out, that each file of the template may have."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program of an environment with the core, what tests need, and the template."""
    folder = tmp_path_factory.mktemp("author")
    python = installed(folder / "venv", "afterclick", "pytest", "aioresponses", "hatchling")
    source = shutil.copytree(TEMPLATE, folder / "afterclick-acme")
    uv = Path(sys.executable).with_name("uv")
    options = ["--quiet", "--offline", "--no-deps", "--no-build-isolation", "--python", str(python)]
    subprocess.run([uv, "pip", "install", *options, source], check=True)
    return python


def test_template_is_small() -> None:
    package = TEMPLATE / "src" / "afterclick_acme"
    lines = {
        path.name: len([line for line in path.read_text().splitlines() if line.strip()])
        for path in package.glob("*.py")
    }

    assert lines.keys() == SMALL.keys()
    assert {name: count for name, count in lines.items() if count > SMALL[name]} == {}


def test_template_is_found_once_it_is_installed(python: Path, tmp_path: Path) -> None:
    said = run(python, tmp_path, {"COLUMNS": "200"}, "plugins")

    assert re.search(r"^ acme .*ACME_API_KEY", said, re.MULTILINE), said


def test_authors_run_of_the_kit_passes(python: Path, tmp_path: Path) -> None:
    shutil.copytree(TEMPLATE / "tests", tmp_path / "tests")

    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "description or one-record", "tests"],
        cwd=tmp_path,
        env={name: value for name, value in inherited().items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "2 passed" in done.stdout, done.stdout + done.stderr


async def test_template_follows_a_webhook_into_its_crm(python: Path, tmp_path: Path) -> None:
    acme, clock = AcmeSandbox(), SystemClock()
    async with serve(acme) as crm, aiohttp.ClientSession() as http:
        environ = {
            "WEBHOOK_SECRET": SECRET,
            "ACME_API_KEY": API_KEY,
            "AFTERCLICK_CONNECTIONS__ACME__BASE_URL": crm.url,
            "AFTERCLICK_LEDGER__URL": f"sqlite:///{tmp_path / 'ledger.db'}",
            "AFTERCLICK_SERVER__PORT": "0",
            "AFTERCLICK_SERVER__ADMIN_PORT": "0",
            "AFTERCLICK_SYNC__LINGER": "100ms",
            "AFTERCLICK_LOG__FORMAT": "json",
        }
        said = await asyncio.to_thread(run, python, tmp_path, environ, "provision", "acme", "--apply")
        assert said.count("created") == 5

        service = Process(tmp_path, environ, python=python)
        url = await service.started()
        signed_up = event(
            "referral.completed", clock.now(), referral_code="ada", referred_user_id="42", token="summer"
        )
        assert await send(http, f"{url}/webhooks/tolinku", signed_up) == 200
        async with asyncio.timeout(30):
            while not acme.records():
                await asyncio.wait({asyncio.ensure_future(clock.sleep(0.02))})

        assert service.stop() == 0
        [person] = acme.records()
        assert person["properties"]["afterclick_key"].startswith("user:")
        assert person["properties"]["converted_at"].endswith(".000Z")
