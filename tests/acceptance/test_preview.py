"""`afterclick preview` shows the calls that webhooks would cause, and causes none of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.acceptance.running import Running, environment, event, running
from typer.testing import CliRunner, Result

from afterclick.cli import app
from afterclick.cli.sending import Delivery
from afterclick.ledger.rows import SyncState

FRIEND = ("--sample", "friend")


async def invoke(environ: dict[str, str], *arguments: str, stdin: bytes = b"") -> Result:
    """Run the command in a thread of its own, as it has a loop of its own.

    A service that runs beside it in this process would write its log into the output.
    """
    given = {"COLUMNS": "200", "AFTERCLICK_CONFIG": "", **environ}
    with capture_logs():
        return await asyncio.to_thread(
            CliRunner().invoke, app, ["preview", *arguments], input=stdin, env=given
        )


async def preview(folder: Path, run: Running, *deliveries: Delivery) -> Any:
    """Return what the command tells of some bodies, beside the running service."""
    files = []
    for number, one in enumerate(deliveries):
        file = folder / f"event{number}.json"
        file.write_bytes(one.body)
        files.append(str(file))
    result = await invoke(environment(folder, run.sandbox.base_url), *files, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def writes(connection: Any) -> list[dict[str, str]]:
    """Return the properties that the previewed writes would set."""
    return [
        given["properties"]
        for call in connection["calls"]
        if not call["request"]["reads"]
        for given in call["request"]["body"]["inputs"]
    ]


async def events_of(run: Running) -> int:
    """Return how many events the ledger holds."""
    return sum((await run.service.ledger.event_counts()).values())


def digest(folder: Path) -> str:
    """Return a fingerprint of what is on disk of the ledger."""
    return hashlib.sha256((folder / "ledger.db").read_bytes()).hexdigest()


async def test_what_is_shown_is_what_is_written(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        now = run.clock.now()
        installed = event("install.tracked", now - 60_000, prefix="ref", token="A1", platform="ios")
        converted = event("referral.completed", now, referral_code="A1", referred_user_id="u2")
        told = await preview(tmp_path, run, installed, converted)
        assert (await events_of(run), run.sandbox.contacts()) == (0, [])

        await run.deliver(installed, converted)
        await run.settled()
        [contact] = run.sandbox.contacts()
    [hubspot] = told["connections"]
    [announced] = writes(hubspot)
    assert (
        contact.items()
        >= {name: value for name, value in announced.items() if not name.endswith("_date")}.items()
    )
    assert announced.keys() <= contact.keys()
    assert [one["lead"] for one in told["events"]] == [1, 1]
    assert [one["writes"] for one in hubspot["leads"]] == [["create"]]


async def test_only_what_differs_is_written_to_a_known_person(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        now = run.clock.now()
        first = event("referral.completed", now - 60_000, referral_code="A1", referred_user_id="u2")
        await run.deliver(first)
        await run.settled()
        [before] = run.sandbox.contacts()
        on_disk = digest(tmp_path)
        told = await preview(
            tmp_path,
            run,
            first,
            event("install.tracked", now - 120_000, prefix="ref", token="A1", platform="ios"),
        )
        assert run.sandbox.contacts() == [before]
        assert digest(tmp_path) == on_disk

    repeat, touch = told["events"]
    assert (repeat["state"], touch["lead"]) == ("repeat", 1)
    [hubspot] = told["connections"]
    [announced] = writes(hubspot)
    assert announced.keys() == {"install_date", "first_touch_platform", "deep_link_minutes_to_convert"}
    [update] = [call for call in hubspot["calls"] if not call["request"]["reads"]]
    assert (update["hook"], update["leads"]) == ("enrich", [1])
    assert update["request"]["body"]["inputs"][0]["id"] == before["hs_object_id"]


async def test_no_secret_is_shown(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        result = await invoke(environment(tmp_path, run.sandbox.base_url), *FRIEND)

    assert result.exit_code == 0, result.output
    assert "Authorization: ***" in result.output
    assert "pat-sandbox" not in result.output
    assert "whsec_" not in result.output


async def test_offline_asks_nobody_and_needs_no_account(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    result = await invoke({"AFTERCLICK_LEDGER__URL": url}, *FRIEND, "--offline", "--json")

    assert result.exit_code == 0, result.output
    told = {one["connection"]: one for one in json.loads(result.output)["connections"]}
    hubspot = told["hubspot"]
    assert {call["request"]["url"].partition("/crm/")[0] for call in hubspot["calls"]} == {
        "https://api.hubapi.com"
    }
    assert [one["deep_link_token"] for one in writes(hubspot)] == ["H4TZ8QK2LM"]
    assert not (tmp_path / "none.db").exists()


def test_what_plugins_log_is_no_part_of_the_output(tmp_path: Path) -> None:
    """Salesforce's and Pipedrive's plugins log as they connect."""
    environ = {
        "PATH": os.environ["PATH"],
        "AFTERCLICK_LEDGER__URL": f"sqlite:///{tmp_path / 'none.db'}",
        "AFTERCLICK_CONNECTIONS__SALESFORCE__BASE_URL": "https://acme.my.salesforce.com",
    }
    told = subprocess.run(
        [sys.executable, "-m", "afterclick", "preview", *FRIEND, "--offline", "--json"],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=True,
    )

    shown = json.loads(told.stdout)["connections"]
    assert [one["connection"] for one in shown] == ["hubspot", "pipedrive", "salesforce"]
    assert told.stderr == b""


async def test_offline_takes_no_record_for_granted(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.deliver(
            event("referral.completed", run.clock.now(), referral_code="A1", referred_user_id="u2")
        )
        await run.settled()
        calls = run.sandbox.calls.total
        earlier = run.clock.now() - 60_000
        body = event("referral.completed", earlier, referral_code="B2", referred_user_id="u2").body
        result = await invoke(
            environment(tmp_path, run.sandbox.base_url), "-", "--offline", "--json", stdin=body
        )
        assert run.sandbox.calls.total == calls
    told = json.loads(result.output)
    assert [one["lead"] for one in told["events"]] == [1]
    assert [one["writes"] for one in told["connections"][0]["leads"]] == [["create"]]


async def test_a_crm_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    result = await invoke(environment(tmp_path, "http://127.0.0.1:1"), *FRIEND)

    assert result.exit_code == 1
    assert "cannot connect" in result.output
    assert "an empty ledger; there is none at" in result.output


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("--sample", "click"), b"", "link.clicked  folded: link"),
        (("-",), b"garbage", "invalid: the body is not JSON"),
        (("-",), b'{"event": "test", "data": {}}', "test  ignored: a test"),
    ],
)
async def test_events_that_concern_nobody_cause_no_call(
    tmp_path: Path, arguments: tuple[str, ...], stdin: bytes, said: str
) -> None:
    result = await invoke(environment(tmp_path, "http://127.0.0.1:1"), *arguments, stdin=stdin)

    assert result.exit_code == 0, result.output
    assert said in result.output
    assert "hubspot: 0 writes" in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "nothing to preview"),
        (("nowhere.json",), "nowhere.json cannot be read: No such file"),
        (("--sample", "sale"), "no sample 'sale'"),
    ],
)
async def test_what_cannot_be_previewed_is_named(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    result = await invoke(environment(tmp_path, "http://127.0.0.1:1"), *arguments)

    assert complaint in str(result.exception)


async def test_two_people_who_turn_out_to_be_one_are_previewed_as_one(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        now = run.clock.now()
        await run.deliver(event("referral.completed", now - 60_000, referral_code="A1"))
        await run.deliver(
            event("referral.completed", now - 50_000, referral_code="B2", referred_user_id="u2")
        )
        await run.settled()
        before = run.sandbox.contacts()
        joining = event(
            "referral.completed", now, referral_code="A1", referred_user_id="u2", milestone="more"
        )
        told = await preview(tmp_path, run, joining)
        assert run.sandbox.contacts() == before

    [hubspot] = told["connections"]
    [person] = hubspot["leads"]
    assert person["note"] is None
    assert set(person["writes"]) <= {"enrich", "absorb"}
    assert {call["leads"][0] for call in hubspot["calls"]} == {person["lead"]}
    assert len(before) == 2


async def test_a_record_that_was_deleted_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        now = run.clock.now()
        await run.deliver(event("referral.completed", now, referral_code="A1", referred_user_id="u2"))
        await run.settled()
        [contact] = run.sandbox.contacts()
        run.sandbox.archive(contact["hs_object_id"])
        earlier = event("referral.completed", now - 60_000, referral_code="A1", referred_user_id="u2")
        told = await preview(tmp_path, run, earlier)
        row = (await run.service.ledger.syncs_of([1]))[0]

    [person] = told["connections"][0]["leads"]
    assert (person["writes"], person["note"]) == ([], "HubSpot has no such contact any more")
    assert row.state is SyncState.ACTIVE, "nothing was settled"
