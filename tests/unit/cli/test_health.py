"""`afterclick health` against a real admin port."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner, Result

from afterclick.cli import app
from afterclick.errors import AfterclickError, LedgerError
from afterclick.observe.metrics import Metrics
from afterclick.receiver.admin import admin_app


async def can_store() -> bool:
    return True


async def cannot_store() -> bool:
    raise LedgerError("the disk is full")


async def ask(folder: Path, server: web.Application | None, *options: str) -> Result:
    """Run the command with a configuration that names the server's port, or one that nobody holds."""
    async with TestServer(server or web.Application(), host="127.0.0.1") as running:
        port = running.port
        if server is None:
            await running.close()
        file = folder / "afterclick.toml"
        file.write_text(f'[server]\nadmin_host = "0.0.0.0"\nadmin_port = {port}\n')
        arguments = ["health", "--config", str(file), *options]
        return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def test_a_service_that_can_store_is_healthy(tmp_path: Path) -> None:
    result = await ask(tmp_path, admin_app(metrics=Metrics(), ready=can_store))

    assert (result.exit_code, result.output) == (0, "ok\n")


async def test_a_service_that_cannot_store_is_not_healthy_and_says_where_to_look(tmp_path: Path) -> None:
    result = await ask(tmp_path, admin_app(metrics=Metrics(), ready=cannot_store))

    assert isinstance(result.exception, AfterclickError)
    assert "nothing can be stored" in str(result.exception)
    assert "disk of the ledger" in str(result.exception)


async def test_a_service_that_cannot_store_is_still_alive(tmp_path: Path) -> None:
    result = await ask(tmp_path, admin_app(metrics=Metrics(), ready=cannot_store), "--live")

    assert (result.exit_code, result.output) == (0, "ok\n")


@pytest.mark.parametrize("options", [(), ("--live",)])
async def test_nobody_there_is_told_with_the_address_and_the_remedy(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    result = await ask(tmp_path, None, *options)

    assert isinstance(result.exception, AfterclickError)
    assert "nobody answers at http://127.0.0.1:" in str(result.exception)
    assert "afterclick serve" in str(result.exception)
