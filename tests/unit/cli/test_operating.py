"""Commands that work on many leads: they count, ask, begin, and tell how it ended."""

from __future__ import annotations

import json

import pytest
from tests.ledger.harness import Bench
from tests.support.clock import NOON, FakeClock
from tests.support.events import make_event
from tests.unit.cli.conftest import Command
from tests.unit.console.conftest import CRM, Console

from afterclick.console.feeding import Route
from afterclick.errors import AfterclickError
from afterclick.ledger.operations import Terms
from afterclick.ledger.rows import ConnectionRow, KnownRecord, Settle, SyncState


@pytest.fixture(autouse=True)
async def bench(console: Console, clock: FakeClock) -> Bench:
    """Return a ledger with three people: the first is right, the second parked, the third held."""
    bench = Bench(console.ledger, clock)
    await console.ledger.remember_connection(ConnectionRow(name=CRM, plugin="fake", first_seen_at=NOON))
    await bench.people("ann", "ben", "cleo")
    settles = [
        Settle(connection=CRM, lead=1, synced=1, tries=0),
        Settle(connection=CRM, lead=2, state=SyncState.PARKED, code="lead-rejected", reason="bad phone"),
        Settle(connection=CRM, lead=3, state=SyncState.HELD, code="record-gone", reason="deleted"),
    ]
    await console.ledger.settle(await bench.hold(CRM), settles, [])
    return bench


async def states(bench: Bench) -> list[SyncState]:
    return [(await bench.sync(lead)).state for lead in (2, 3)]


HELD, PARKED, ACTIVE = SyncState.HELD, SyncState.PARKED, SyncState.ACTIVE


async def test_leads_are_retried_after_a_yes(command: Command, bench: Bench) -> None:
    result = await command("retry", "--all", answer="y\n")

    assert "2 leads (crm 2) to retry. Go on?" in result.output
    assert "retry crm: 2 leads, done (operation 1)" in result.output
    assert await states(bench) == [ACTIVE, ACTIVE]


async def test_nothing_is_done_after_a_no(command: Command, console: Console, bench: Bench) -> None:
    result = await command("retry", "--all", answer="n\n")

    assert result.exit_code == 1
    assert await states(bench) == [PARKED, HELD]
    assert await console.ledger.operations(limit=9) == []


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (["2"], [ACTIVE, HELD]),
        (["--state", "held"], [PARKED, ACTIVE]),
        (["--reason", "PHONE"], [ACTIVE, HELD]),
        (["--code", "record-gone"], [PARKED, ACTIVE]),
        (["--recreate"], [PARKED, ACTIVE]),
        (["--connection", CRM], [ACTIVE, ACTIVE]),
    ],
)
async def test_retry_is_for_the_leads_that_were_named(
    command: Command, bench: Bench, words: list[str], after: list[SyncState]
) -> None:
    result = await command("retry", *words, "--yes")

    assert result.exit_code == 0
    assert await states(bench) == after


async def test_retry_of_nobody_in_particular_is_refused(command: Command, bench: Bench) -> None:
    result = await command("retry", "--yes")

    assert result.exit_code == 2
    assert "say which" in result.output
    assert await states(bench) == [PARKED, HELD]


async def test_forget_tells_what_there_is_and_where_records_stay(
    command: Command, console: Console, bench: Bench
) -> None:
    record = KnownRecord(kind="contact", id="9", url="https://crm.example.com/9")
    await bench.settle(await bench.hold(CRM), 2, record=record)
    result = await command("forget", "2", "--dry-run")

    assert " ".join(result.output.split()) == (
        "1 lead, 1 event, 1 record in crm (cannot be erased from here: do it by hand) to erase."
    )
    console.routes[CRM] = Route(Terms(), 100, lambda: 1.0, erases=True)
    result = await command("forget", "2", answer="n\n")

    assert "1 lead, 1 event, 1 record in crm to erase. Go on?" in result.output
    assert await console.ledger.operations(limit=9) == []


async def test_nobody_is_forgotten_who_is_not_there(command: Command) -> None:
    result = await command("forget", "99", "--yes")

    assert isinstance(result.exception, AfterclickError)
    assert "there is no lead 99" in str(result.exception)


async def test_refold_tells_how_many_leads_it_would_read(command: Command, console: Console) -> None:
    result = await command("refold", "--dry-run", "--named-only")

    assert result.output == "3 leads to compute anew.\n"
    assert await console.ledger.operations(limit=9) == []


async def test_dry_run_only_counts(command: Command, console: Console, bench: Bench) -> None:
    result = await command("retry", "--all", "--dry-run")

    assert result.output == "2 leads (crm 2) to retry.\n"
    assert await states(bench) == [PARKED, HELD]
    assert await console.ledger.operations(limit=9) == []


async def test_nothing_to_do_is_no_question(command: Command) -> None:
    result = await command("retry", "--code", "lead-parked")

    assert (result.exit_code, result.output) == (0, "There are no leads to retry.\n")


async def test_event_that_was_set_aside_is_folded_again(command: Command, bench: Bench) -> None:
    await bench.fold(make_event("install.tracked"))
    result = await command("retry", "--events", "--event-state", "unattributed", "--yes")

    assert "events: 1 event, done" in result.output
    assert len(await bench.ledger.unfolded(10)) == 1


async def test_resync_compares_and_backfill_brings(command: Command, console: Console, bench: Bench) -> None:
    console.routes["new"] = console.routes[CRM]
    compared = await command("resync", CRM, "--yes", "--json")
    brought = await command("backfill", "new", "--named-only", "--since", "2026-05-21", "--yes", "--json")
    told = [json.loads(result.stdout)[0] for result in (compared, brought)]

    assert [(one["kind"], one["changed"], one["state"]) for one in told] == [
        ("resync", 1, "done"),
        ("backfill", 3, "done"),
    ]
    assert (await bench.sync(1)).synced < (await bench.sync(1)).wanted
    assert (await bench.sync(3, "new")).wanted == 1


async def test_operation_that_waits_is_shown_and_can_be_cancelled(
    command: Command, console: Console, bench: Bench
) -> None:
    console.routes[CRM] = type(console.routes[CRM])(console.routes[CRM].terms, 100, lambda: 0.0)
    begun = await command("retry", "--all", "--yes", "--detach")
    await console.feeder.feed_once()
    [shown] = json.loads((await command("operations", "--json")).stdout)
    cancelled = await command("operations", "cancel", "1")

    assert "running (operation 1)" in begun.output
    assert "quota" in shown["waits_for"]
    assert cancelled.output == "operation 1: cancelled, 0 changed\n"
    assert await states(bench) == [PARKED, HELD]


async def test_leads_that_were_set_aside_are_shown_by_reason(command: Command) -> None:
    result = await command("parked", "--json")
    groups = json.loads(result.stdout)

    assert [(one["trouble"], one["reason"], one["lead"]) for one in groups] == [
        ("parked", "bad phone", 2),
        ("held", "deleted", 3),
    ]
    assert "bad phone" in (await command("parked")).output


async def test_what_the_service_refuses_is_told_with_its_remedy(command: Command) -> None:
    result = await command("resync", "hubspt")

    assert isinstance(result.exception, AfterclickError)
    assert "hubspt" in result.exception.message
    assert CRM in result.exception.hint


async def test_nobody_at_the_admin_port_is_told_with_the_remedy(command: Command, console: Console) -> None:
    await console.server.close()
    result = await command("resync", CRM)

    assert isinstance(result.exception, AfterclickError)
    assert "afterclick serve" in result.exception.hint


async def test_port_of_something_else_is_told(command: Command, console: Console) -> None:
    result = await command("resync", CRM, "--admin", str(console.server.make_url("/metrics?")))

    assert isinstance(result.exception, AfterclickError)
    assert "no Afterclick" in result.exception.message
