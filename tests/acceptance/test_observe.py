"""A user looks first: what `afterclick observe` announces is what is written after going live."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.acceptance.running import PATIENCE, Running, environment, event, running, unlimited
from tests.support.clock import moment
from typer.testing import CliRunner, Result

from afterclick.cli import app

OBSERVE = {"AFTERCLICK_CONNECTIONS__HUBSPOT__MODE": "observe"}


async def invoke(folder: Path, run: Running, *arguments: str, **more: str) -> Result:
    """Run `afterclick observe` beside the service, in a thread of its own, as it has a loop of its own."""
    environ = environment(folder, run.sandbox.base_url, **more) | {"COLUMNS": "200"}
    return await asyncio.to_thread(CliRunner().invoke, app, ["observe", *arguments], env=environ)


async def tells(folder: Path, run: Running, *arguments: str) -> Any:
    """Return what `afterclick observe --json` tells of the one connection."""
    result = await invoke(folder, run, "--json", *arguments, **OBSERVE)
    assert result.exit_code == 0, result.output
    [report] = json.loads(result.output)
    return report


async def looked_at(run: Running, leads: int) -> None:
    """Return when so many leads were looked at."""
    async with asyncio.timeout(PATIENCE):
        while sum(one.leads for one in await run.service.ledger.observation_counts()) < leads:
            await asyncio.wait({asyncio.ensure_future(run.clock.sleep(0.02))})


def contacts(run: Running) -> dict[str, dict[str, str]]:
    """Return the CRM's contacts by id, without what HubSpot counts itself."""
    return {
        one["hs_object_id"]: {name: value for name, value in one.items() if name != "lastmodifieddate"}
        for one in run.sandbox.contacts()
    }


def written(observation: Any) -> dict[str, str]:
    """Return what was announced, as HubSpot shows it: all is text, and whole seconds have no fraction."""
    return {
        one["field"]: str(one["wanted"]).replace(".000Z", "Z")
        for one in observation["differences"]
        if "kept" not in one
    }


async def test_what_is_announced_is_what_is_written(tmp_path: Path) -> None:
    crm = unlimited()
    async with running(tmp_path, now=moment("10:00"), sandbox=crm) as run:
        await run.deliver(
            event("referral.completed", moment("09:32"), referral_code="A1", referred_user_id="ada")
        )
        await run.settled()
        [(ada, _)] = contacts(run).items()
        crm.edit_contact(ada, {"deep_link_lead_source": "Trade fair"})

    async with running(tmp_path, now=moment("10:05"), sandbox=crm, **OBSERVE) as run:
        before = contacts(run)
        await run.deliver(
            event("install.tracked", moment("09:14"), prefix="ref", token="A1", platform="ios"),
            event("install.tracked", moment("09:20"), prefix="promo", token="may-sale", campaign="may"),
        )
        await looked_at(run, 2)
        report = await tells(tmp_path, run)
        narrowed = await tells(tmp_path, run, "--kept")
        shown = await invoke(tmp_path, run, **OBSERVE)
        assert contacts(run) == before

    change, create = report["observations"]
    assert (change["operation"], change["record_id"], create["operation"]) == ("change", ada, "create")
    assert [one["field"] for seen in narrowed["observations"] for one in seen["differences"]] == [
        "deep_link_lead_source"
    ]
    assert "somebody else wrote it" in shown.output
    assert "would create 1 record, change 3 fields in 1 record" in shown.output

    async with running(tmp_path, now=moment("10:10"), sandbox=crm) as run:
        await run.settled()
        after = contacts(run)
        told = await invoke(tmp_path, run, "hubspot")
    assert after.pop(ada).items() >= (before[ada] | written(change)).items()
    [stranger] = after.values()
    assert stranger.items() >= written(create).items()
    assert "hubspot is live" in told.output


async def test_a_connection_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        wrong = await invoke(tmp_path, run, "sales")
        none = await invoke(tmp_path, run)

    assert "there is no connection 'sales'" in str(wrong.exception)
    assert "no connection observes" in str(none.exception)
