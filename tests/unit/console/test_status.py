"""What the admin API tells of a service."""

from __future__ import annotations

from typing import Literal

import pytest
from tests.ledger.harness import FOLD, Bench, person
from tests.support.clock import NOON, FakeClock
from tests.support.events import make_delivery

from afterclick.ledger.rows import ConnectionRow, Settle, SyncState
from afterclick.ledger.told import FindingRow
from afterclick.observe.metrics import Delivery

from .conftest import CRM, Console


def finding(number: int, level: Literal["error", "warning", "info"] = "warning") -> FindingRow:
    return FindingRow(
        code="lead-parked",
        connection=CRM,
        subject=f"lead {number}",
        message="no",
        remedy="do",
        level=level,
        first_at=NOON + number,
        last_at=NOON + number,
    )


async def test_empty_service_has_a_status(console: Console) -> None:
    status, told = await console.get("/api/status")

    assert status == 200
    assert (told["now"], told["started_at"], told["unfolded"], told["connections"]) == (NOON, NOON, 0, [])
    assert told["ledger_bytes"] > 0
    assert told["sources"] == [
        {"name": "tolinku", "kind": "tolinku", "space": "main", "last_delivery_at": None, "requests": {}}
    ]


async def test_status_tells_sources_backlog_connections_lanes_and_findings(
    console: Console, clock: FakeClock
) -> None:
    ledger, bench = console.ledger, Bench(console.ledger, clock)
    for name in (CRM, "gone"):
        await ledger.remember_connection(ConnectionRow(name=name, plugin="fake", first_seen_at=NOON))
    await bench.people("ann", "ben", "cleo")
    await clock.advance(5)
    lane = await bench.hold(CRM)
    await bench.take(lane)
    settles = [
        Settle(connection=CRM, lead=1, synced=1),
        Settle(connection=CRM, lead=2, state=SyncState.PARKED, reason="no"),
    ]
    await ledger.settle(lane, settles, [])
    await ledger.append(make_delivery("install.tracked", at=NOON, token="t"))
    console.metrics.deliveries.labels("tolinku", Delivery.UNVERIFIED.value).inc(2)
    await ledger.note_findings([finding(2), finding(3, "error")])
    _, told = await console.get("/api/status")

    assert (told["unfolded"], told["oldest_unfolded_at"]) == (1, NOON + 1_000)
    [source] = told["sources"]
    assert (source["last_delivery_at"], source["requests"]) == (NOON + 1_000, {"unverified": 2})
    assert {row["name"]: row["running"] for row in told["connections"]} == {CRM: True, "gone": False}
    crm = told["connections"][0]
    assert (crm["due"], crm["parked"], crm["held"], crm["plugin"]) == (1, 1, 0, "fake")
    assert crm["oldest_due_at"] == NOON + 1_000
    assert [row["name"] for row in told["lanes"]] == [CRM, FOLD]
    assert told["findings"] == {"warning": 1, "error": 1}


async def test_findings_are_listed_newest_first(console: Console) -> None:
    await console.ledger.note_findings([finding(number) for number in range(5)])
    status, told = await console.get("/api/findings?limit=2")

    assert status == 200
    assert [row["subject"] for row in told] == ["lead 4", "lead 3"]
    assert (told[0]["code"], told[0]["remedy"]) == ("lead-parked", "do")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many", "", "²"])
async def test_limit_that_makes_no_sense_is_refused(console: Console, limit: str) -> None:
    status, told = await console.get(f"/api/findings?limit={limit}")

    assert (status, told["error"]["code"]) == (400, "bad-request")


async def test_ledger_that_fails_answers_503(console: Console, clock: FakeClock) -> None:
    await Bench(console.ledger, clock).fold(person("ann"))
    await console.ledger._reader.close()
    status, told = await console.get("/api/status")

    assert (status, told["error"]["code"]) == (503, "ledger")
