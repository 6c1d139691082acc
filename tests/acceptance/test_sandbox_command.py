"""`afterclick sandbox` as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.acceptance.running import PATIENCE, inherited


def test_sandbox_tells_its_public_address_and_ends_when_told_to(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "afterclick", "sandbox", "hubspot", "--port", "0"]
    options = ["--host", "0.0.0.0", "--public-url", "http://crm.example.com:9100/"]  # noqa: S104 - as in a container
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**inherited(), "COLUMNS": "200"},
    ) as process:
        assert process.stdout is not None
        title = process.stdout.readline()
        address = next(line for line in process.stdout if "BASE_URL" in line)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=PATIENCE) == 0
    assert "http://crm.example.com:9100 " in title
    assert address.strip().endswith("=http://crm.example.com:9100")
