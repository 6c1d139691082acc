"""A user moves from the how-to's own code to Afterclick: its records are taken over, and none is doubled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.acceptance.running import Running, environment, event, running, unlimited
from tests.support.clock import moment
from typer.testing import CliRunner, Result

from afterclick.cli import app
from afterclick.errors import AfterclickError

CONNECTION = "AFTERCLICK_CONNECTIONS__HUBSPOT__"
OBSERVE = {f"{CONNECTION}MODE": "observe"}
ONLY_MATCH = {f"{CONNECTION}CREATES": "false"}
SHARED = "summer-promo"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    # The service in this process would write its log between a command's lines.
    with capture_logs():
        yield


async def adopt(folder: Path, run: Running, *words: str) -> Result:
    """Run `afterclick adopt hubspot` beside the service, in a thread of its own, as it has its own loop."""
    environ = environment(folder, run.sandbox.base_url) | {"COLUMNS": "200"}
    arguments = ["adopt", "hubspot", "--admin", run.service.admin_url, *words]
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environ)


async def told(folder: Path, run: Running, *words: str) -> Any:
    """Return what `--json` tells."""
    result = await adopt(folder, run, "--json", *words)
    assert result.exit_code == 0, result.exception
    return json.loads(result.output)


def made_by_the_article(run: Running, token: str, at: str, **more: str) -> str:
    """Make a contact as the how-to's code does, on an event of that time."""
    values = {"deep_link_token": token, "deep_link_prefix": "promo", "first_touch_platform": "ios"}
    return run.sandbox.add_contact(values | {"install_date": f"2026-05-21T{at}:00.000Z"} | more)


async def installs(run: Running, *links: tuple[str, str]) -> None:
    """Let people install through links; wait until they are folded."""
    await run.deliver(
        *(
            event("install.tracked", moment(at), prefix="promo", token=token, platform="ios")
            for token, at in links
        )
    )
    await run.folded()


def keys(run: Running) -> dict[str, str]:
    """Return the key of every contact, by id; empty for one without."""
    return {one["hs_object_id"]: one.get("deep_link_key", "") for one in run.sandbox.contacts()}


LINKS = ((SHARED, "09:14"), (SHARED, "09:20"), ("ann-only", "09:30"), ("brand-new", "09:40"))


async def test_records_of_other_code_are_taken_over_and_none_is_doubled(tmp_path: Path) -> None:
    crm = unlimited()
    async with running(tmp_path, now=moment("10:00"), sandbox=crm, **OBSERVE) as run:
        first = made_by_the_article(run, SHARED, "09:14")
        second = made_by_the_article(run, SHARED, "09:20")
        own = made_by_the_article(run, "ann-only", "09:30", lastname="Ann of sales")
        rival = made_by_the_article(run, "brand-new", "09:40")
        twin = made_by_the_article(run, "brand-new", "09:40")
        stranger = made_by_the_article(run, "never-heard-of", "08:00")
        await installs(run, *LINKS)
        before = run.sandbox.contacts()

        plan = await told(tmp_path, run)
        assert {one["id"] for one in plan["pairs"]} == {first, second, own}
        assert {one["id"] for one in plan["doubts"]} == {rival, twin}
        assert all(one["reason"].endswith("has 2 records that could be its own") for one in plan["doubts"])
        assert (plan["strangers"], plan["observes"], plan["applied"]) == (1, True, False)
        shown = await adopt(tmp_path, run)
        assert "3 records to give away: afterclick adopt hubspot --apply" in shown.output

        done = await adopt(tmp_path, run, "--apply")
        assert "3 records given to their leads." in done.output
        assert "hubspot only observes: the CRM learns of it once it is live." in done.output
        again = await told(tmp_path, run, "--apply")
        assert (again["given"], again["pairs"]) == (3, [])
        assert run.sandbox.contacts() == before

    async with running(tmp_path, now=moment("10:30"), sandbox=crm) as run:
        await run.settled()
        keyed = {id: key for id, key in keys(run).items() if key}
        # Whoever is in doubt is a person without a record of ours: they get one, and a person may merge it.
        assert keyed.keys() > {first, second, own}
        assert len(keyed) == 4
        assert len(set(keyed.values())) == 4
        assert keys(run)[stranger] == ""
        contact = run.sandbox.contact(own)
        assert contact is not None
        assert contact["lastname"] == "Ann of sales"
        assert contact["deep_link_lead_source"] == "Deep Link"
        after = await told(tmp_path, run)
        assert (after["pairs"], after["given"]) == ([], 0)


async def test_a_connection_that_creates_none_writes_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, now=moment("10:00"), sandbox=unlimited(), **ONLY_MATCH) as run:
        own = made_by_the_article(run, "ann-only", "09:30")
        await installs(run, ("ann-only", "09:30"))
        await told(tmp_path, run, "--apply")
        await run.settled()

        assert keys(run)[own].startswith("event:")
        assert len(keys(run)) == 1


async def test_records_that_were_not_looked_at_may_be_rivals(tmp_path: Path) -> None:
    async with running(tmp_path, now=moment("10:00"), sandbox=unlimited(), **OBSERVE) as run:
        for _ in range(101):
            made_by_the_article(run, "never-heard-of", "08:00")
        made_by_the_article(run, "ann-only", "09:30")
        await installs(run, ("ann-only", "09:30"))

        plan = await adopt(tmp_path, run, "--calls", "1")
        assert "Not all of them: 2 calls were made, and there is more." in plan.output
        refused = await adopt(tmp_path, run, "--calls", "1", "--apply")
        assert isinstance(refused.exception, AfterclickError)
        assert "not all records were looked at" in refused.exception.message
        assert (await told(tmp_path, run, "--apply"))["pairs"][0]["refused"] is None


async def test_a_connection_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        environ = environment(tmp_path, run.sandbox.base_url)
        words = ["adopt", "sales", "--admin", run.service.admin_url]
        result = await asyncio.to_thread(CliRunner().invoke, app, words, env=environ)

    with pytest.raises(AfterclickError, match="there is no connection 'sales'"):
        raise result.exception or AssertionError
