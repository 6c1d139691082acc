"""`afterclick sandbox` as a process of its own, broken on purpose."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
import trustme
from typer.testing import CliRunner

from afterclick.cli import app

FAULT = "kind=status,status=429,reason=daily,probability=0.5,path=/crm/"


@contextmanager
def sandbox(folder: Path, *arguments: str) -> Iterator[tuple[str, list[str]]]:
    """Run a sandbox on a free port; return its address and what it says at the start."""
    command = [sys.executable, "-u", "-m", "afterclick", "sandbox", "hubspot", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            url = lines[0].split()[3]
            lines += [process.stdout.readline() for _ in range(3)]
            if any(argument.startswith("--fault") for argument in arguments):
                lines += [process.stdout.readline() for _ in range(2)]
            yield url, lines
        finally:
            process.kill()


async def statuses(url: str) -> list[int]:
    """Return what 20 calls come to."""
    headers = {"Authorization": "Bearer pat-sandbox"}
    async with aiohttp.ClientSession(headers=headers) as http:
        found = []
        for _ in range(20):
            async with http.get(f"{url}/crm/objects/2026-09/contacts") as answer:
                found.append(answer.status)
        return found


async def test_a_sandbox_breaks_as_it_was_told_and_again_with_the_same_seed(tmp_path: Path) -> None:
    runs, said = [], ""
    for _ in range(2):
        with sandbox(tmp_path, "--fault", FAULT, "--seed", "7") as (url, lines):
            runs.append(await statuses(url))
            said = "".join(lines)

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 429}
    assert "repeatable with --seed 7" in said
    assert "status 429 (daily), 50 % of the calls with /crm/ in their path" in said


async def test_faults_of_a_running_sandbox_are_changed_over_http(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--faults", "down") as (url, _):
        with pytest.raises(aiohttp.ClientConnectionError):
            await statuses(url)
        async with aiohttp.ClientSession() as http, http.delete(f"{url}/_sandbox/faults") as answer:
            assert answer.status == 200

        assert set(await statuses(url)) == {200}


async def test_a_sandbox_speaks_https_with_a_certificate(tmp_path: Path) -> None:
    authority = trustme.CA()
    pem = tmp_path / "cert.pem"
    pem.write_bytes(authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes())
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    with sandbox(tmp_path, "--tls", str(pem)) as (url, _):
        assert url.startswith("https://")
        async with aiohttp.ClientSession() as http, http.get(f"{url}/_sandbox/calls", ssl=trusting) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--faults", "ruff"], "there are: slow, flaky, rough, down"),
        (["--fault", "kind=earthquake"], "there is no fault 'earthquake'"),
        (["--fault", "kind=status,status=429,reason=dialy"], "has no reason 'dialy'"),
        (["--tls", "nowhere.pem"], "nowhere.pem cannot be used"),
        (["-o", "burst=many"], "cannot be set up: Expected `int`"),
    ],
)
def test_a_wrong_order_is_refused_with_what_there_is(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["sandbox", "hubspot", "--port", "0", *arguments])

    assert result.exit_code != 0
    assert told in f"{' '.join(result.output.split())} {result.exception}"
