"""The clients in the docs, run as they stand there against a real service, and `afterclick send`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.running import Running, running
from tests.support.signing import SECRET

PAGE = Path(__file__).parents[2] / "core" / "docs" / "registrations.md"
APP: dict[str, Any] = {"AFTERCLICK_SOURCES__APP__KIND": "app", "AFTERCLICK_SOURCES__APP__SECRETS": SECRET}
COMMANDS = {"sh": ["sh", "-eu"], "python": [sys.executable, "-I"], "js": ["node", "--input-type=module"]}
TOOLS = {"sh": ("curl", "openssl"), "python": (), "js": ("node",)}


def client(language: str) -> str:
    """Return the docs' client in a language."""
    text = PAGE.read_text("utf-8")
    [found] = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return str(found)


def need(tool: str) -> None:
    """Skip where a tool of somebody else's is not installed; a build that nobody watches may not."""
    if shutil.which(tool) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{tool} is not installed: the build has to run every client of the docs")
        pytest.skip(f"{tool} is not installed, so its client in the docs is not run here")


async def run(language: str, service: Running, **environ: str) -> tuple[int, str]:
    """Run a client; return its exit code and what it printed."""
    settings = {"AFTERCLICK_URL": service.service.public_url, "AFTERCLICK_SECRET": SECRET}
    process = await asyncio.create_subprocess_exec(
        *COMMANDS[language],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], **settings, **environ},
    )
    printed, _ = await process.communicate(client(language).encode())
    return await process.wait(), printed.decode()


@pytest.mark.parametrize("language", COMMANDS)
async def test_client_of_the_docs_reports_a_person_who_reaches_the_crm(tmp_path: Path, language: str) -> None:
    for tool in TOOLS[language]:
        need(tool)
    async with running(tmp_path, **APP) as service:
        first = await run(language, service)
        again = await run(language, service)
        forged = await run(language, service, AFTERCLICK_SECRET=SECRET.replace("A", "B"))
        await service.settled()
        [contact] = service.sandbox.contacts()

    assert first[0] == again[0] == 0, first
    assert json.loads(first[1]) == {"status": "stored", "event": 1}
    assert json.loads(again[1]) == {"status": "duplicate", "event": 1}
    assert forged[0] != 0
    assert "401" in forged[1]
    assert contact["email"] == "ada@example.com"


async def send(service: Running, *options: str, **environ: str) -> tuple[int, str]:
    """Run `afterclick send registration`; return its exit code and what it printed."""
    url = f"{service.service.public_url}/v1/registrations"
    command = [sys.executable, "-m", "afterclick", "send", "registration", "--to", url, *options]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "COLUMNS": "300", **APP, **environ},
    )
    printed, _ = await process.communicate()
    return await process.wait(), printed.decode()


async def test_command_reports_a_registration_and_tells_what_is_wrong_with_one(tmp_path: Path) -> None:
    async with running(tmp_path, **APP) as service:
        who = ("--user-id", "u_1", "--email", "Ada@Example.com", "--property", "plan=pro", "--id", "one")
        stored = await send(service, *who)
        again = await send(service, *who, "--json")
        wrong = await send(service, "--email", "ada", "--platform", "iphone")
        nobody = await send(service, "--token", "may")
        conflict = await send(service, "--user-id", "u_2", "--id", "one")
        unknown = await send(service, "--user-id", "u_2", "--source", "shop")
        [event] = await service.service.ledger.events(limit=10)

    assert (stored[0], "200, stored, event 1" in stored[1]) == (0, True)
    assert json.loads(again[1])["answer"] == {"status": "duplicate", "event": 1}
    assert "email must be an e-mail address" in wrong[1]
    assert "platform must be ios, android, desktop or web" in wrong[1]
    assert "must name somebody" in nobody[1]
    assert "Another registration came under this --id" in conflict[1]
    assert "Name one with --source: app" in unknown[1]
    assert [code for code, _ in (wrong, nobody, conflict, unknown)] == [1] * 4
    assert json.loads(event.body)["properties"] == {"plan": "pro"}


async def test_command_without_an_app_says_how_to_make_one(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        code, printed = await send(service, "--user-id", "u_1", AFTERCLICK_SOURCES__APP__KIND="tolinku")

    assert code == 1
    assert "[sources.app]" in printed
