"""A real Prometheus that scrapes one service, with the alerts hastened."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from tests.deploy import hastened
from tests.deploy.buildah import RehearsalError
from tests.deploy.rehearsing import expect, free_port

from afterclick.clock import SystemClock

INTERVAL = "500ms"
"""Thirty seconds of which each minute lasts a second."""

_PATIENCE = 20.0


class Prometheus:
    """What a rehearsal asks of it."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer of its API."""
        async with self._http.get(f"{self._url}/api/v1/{path}", params=parameters) as answer:
            told = await answer.json()
        expect(told["status"] == "success", f"{path} {parameters}: {told.get('error')}")
        return told["data"]

    async def firing(self) -> set[str]:
        """Return the alerts that fire now."""
        alerts = (await self.ask("alerts"))["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    async def ready(self) -> bool:
        """Tell whether it answers."""
        try:
            async with self._http.get(self._url + "/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[Prometheus]:
    """Run a Prometheus that scrapes `target` (host:port) while the block runs.

    Raises:
        RehearsalError: it is missing, or does not start.

    """
    if shutil.which("prometheus") is None:
        raise RehearsalError("prometheus is missing: apt-get install prometheus")
    (folder / "rules.yml").write_text(hastened.rules())
    (folder / "prometheus.yml").write_text(yaml.safe_dump(_configuration(target)))
    listens = f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address={listens}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        async with aiohttp.ClientSession() as http:
            started = Prometheus(http, f"http://{listens}")
            async with asyncio.timeout(_PATIENCE):
                while not await started.ready():
                    expect(process.poll() is None, (folder / "prometheus.log").read_text())
                    await SystemClock().sleep(0.1)
            yield started
    finally:
        process.terminate()
        process.wait()


def _configuration(target: str) -> dict[str, Any]:
    job = {"job_name": "afterclick", "static_configs": [{"targets": [target]}]}
    return {
        "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": ["rules.yml"],
        "scrape_configs": [job],
    }
