"""`afterclick leads show` tells a lead's journey, beside the service that wrote it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.acceptance.running import Running, environment, event, running
from tests.support.clock import moment
from typer.testing import CliRunner

from afterclick.cli import app


async def show(folder: Path, run: Running, lead: int, *options: str) -> str:
    """Run the command in a thread of its own, as it has a loop of its own."""
    environ = environment(folder, run.sandbox.base_url)
    arguments = ["leads", "show", str(lead), *options]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env={**environ, "COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    return result.output


async def test_the_journey_of_a_referred_friend(tmp_path: Path) -> None:
    async with running(tmp_path, now=moment("10:00")) as run:
        await run.deliver(
            event("link.clicked", moment("09:12"), prefix="ref", token="A1", campaign="may"),
            event("referral.created", moment("08:00"), referral_code="A1", referrer_id="u1"),
            event("referral.completed", moment("07:00"), referral_code="Z9", referred_user_id="u1"),
        )
        await run.settled()
        await run.deliver(event("install.tracked", moment("09:14"), prefix="ref", token="A1", platform="ios"))
        await run.settled()
        await run.deliver(
            event("referral.completed", moment("09:32"), referral_code="A1", referred_user_id="u2")
        )
        await run.settled()

        told: dict[str, Any] = json.loads(await show(tmp_path, run, 2, "--json"))
        text = await show(tmp_path, run, 2)

    happened = [(one["what"], one.get("after")) for one in told["timeline"]]
    assert happened == [
        ("referred", None),
        ("clicked", 72 * 60_000),
        ("installed", 2 * 60_000),
        ("converted: completed", 18 * 60_000),
    ]
    assert told["origins"]["campaign"]["how"] == "inferred"
    assert told["origins"]["conversion_date"] == {"how": "observed", "match": "probable", "of": 1}
    assert told["referrer"]["lead"] == 1
    assert "18 min" in text
    assert "/contacts/" in text, "the record's address"
