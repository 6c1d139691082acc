"""Operations over the admin API: understood, counted, begun, listed, cancelled."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ledger.harness import Bench, two_halves
from tests.support.clock import NOON, FakeClock
from tests.support.events import make_event

from afterclick.console.feeding import Route
from afterclick.ledger.operations import Terms
from afterclick.ledger.rows import ConnectionRow, Settle, SyncState

from .conftest import CRM, Console


@pytest.fixture
async def bench(console: Console, clock: FakeClock) -> Bench:
    """Return a ledger with three people: the first is right, the second parked, the third held."""
    bench = Bench(console.ledger, clock)
    await console.ledger.remember_connection(ConnectionRow(name=CRM, plugin="fake", first_seen_at=NOON))
    await bench.people("ann", "ben", "cleo")
    lane = await bench.hold(CRM)
    settles = [
        Settle(connection=CRM, lead=1, synced=1, tries=0),
        Settle(connection=CRM, lead=2, state=SyncState.PARKED, code="lead-rejected", reason="no such value"),
        Settle(connection=CRM, lead=3, state=SyncState.HELD, code="record-gone", reason="deleted"),
    ]
    await console.ledger.settle(lane, settles, [])
    return bench


async def wish(console: Console, kind: str, connection: str = CRM, **selection: Any) -> tuple[int, Any]:
    body = {"kind": kind, "connection": connection, "selection": selection}
    return await console.ask("POST", "/api/operations", json=body)


@pytest.mark.parametrize(
    ("kind", "selection", "count"),
    [
        ("retry", {}, 2),
        ("retry", {"states": ["held"]}, 1),
        ("retry", {"lead": 2}, 1),
        ("resync", {}, 1),
        ("resync", {"named": True, "since": NOON}, 1),
        ("backfill", {}, 0),
    ],
)
async def test_count_changes_nothing(
    console: Console, bench: Bench, kind: str, selection: dict[str, Any], count: int
) -> None:
    body = {"kind": kind, "connection": CRM, "selection": selection}
    answer = await console.ask("POST", "/api/operations/count", json=body)

    assert answer == (200, [{"connection": CRM, "count": count}])
    assert (await console.get("/api/operations"))[1] == []


async def test_operation_is_begun_once_and_told_of_until_it_has_ended(console: Console, bench: Bench) -> None:
    status, [begun] = await wish(console, "retry")
    assert (status, begun["state"], begun["expected"], begun["changed"]) == (202, "running", 2, 0)
    assert (await wish(console, "retry"))[1] == [begun]
    await console.feeder.feed_once()
    status, ended = await console.get(f"/api/operations/{begun['id']}")

    assert (status, ended["state"], ended["changed"]) == (200, "done", 2)
    assert (await console.get("/api/operations"))[1] == [ended]
    assert (await wish(console, "retry"))[1][0]["id"] != begun["id"]


async def test_operation_tells_what_it_waits_for(console: Console, bench: Bench) -> None:
    console.routes[CRM] = Route(Terms(), 100, lambda: 0.0)
    _, [begun] = await wish(console, "retry")
    await console.feeder.feed_once()
    _, waits = await console.get(f"/api/operations/{begun['id']}")
    await console.ask("DELETE", f"/api/operations/{begun['id']}")
    _, cancelled = await console.get(f"/api/operations/{begun['id']}")

    assert "quota" in waits["waits_for"]
    assert cancelled["waits_for"] is None


async def test_operation_can_be_cancelled_again_and_again(console: Console, bench: Bench) -> None:
    _, [begun] = await wish(console, "retry")
    first = await console.ask("DELETE", f"/api/operations/{begun['id']}")

    assert (first[0], first[1]["state"]) == (200, "cancelled")
    assert await console.ask("DELETE", f"/api/operations/{begun['id']}") == first


async def test_retry_without_a_connection_is_for_all_that_have_something_to_do(
    console: Console, bench: Bench
) -> None:
    console.routes["other"] = console.routes[CRM]
    status, begun = await wish(console, "retry", "")

    assert (status, [one["connection"] for one in begun]) == (202, [CRM])


async def test_lead_that_joined_another_means_the_other(console: Console, bench: Bench) -> None:
    *parts, join = two_halves("dan", "dan@example.com")
    await bench.fold(*parts)
    await bench.fold(join)
    _, [begun] = await wish(console, "resync", lead=5)

    assert begun["selection"] == {"lead": 4}


async def test_events_belong_to_no_connection(console: Console, bench: Bench) -> None:
    await bench.fold(make_event("install.tracked"))
    body = {"kind": "events", "selection": {"events": "unattributed"}}
    _, counts = await console.ask("POST", "/api/operations/count", json=body)

    assert counts == [{"connection": "", "count": 1}]


@pytest.mark.parametrize(
    ("asked", "status", "code", "told"),
    [
        ({"kind": "retry", "connection": "hubspt"}, 404, "not-found", "hubspt"),
        ({"kind": "retry", "connection": "away"}, 409, "conflict", "not running"),
        ({"kind": "resync"}, 400, "bad-request", "one connection"),
        ({"kind": "retry", "connection": CRM, "selection": {"lead": 99}}, 404, "not-found", "lead 99"),
        ({"kind": "everything"}, 400, "bad-request", "everything"),
        ({"kind": "retry", "selection": {"led": 1}}, 400, "bad-request", "led"),
        ({"kind": "events", "selection": {"events": "new"}}, 400, "bad-request", "new"),
        ({"selection": {}}, 400, "bad-request", "kind"),
    ],
)
@pytest.mark.parametrize("path", ["/api/operations", "/api/operations/count"])
async def test_wish_that_cannot_be_is_refused_with_the_reason(
    console: Console, bench: Bench, path: str, asked: dict[str, Any], status: int, code: str, told: str
) -> None:
    await console.ledger.remember_connection(ConnectionRow(name="away", plugin="fake", first_seen_at=NOON))
    got, answer = await console.ask("POST", path, json=asked)

    assert (got, answer["error"]["code"]) == (status, code)
    assert told in answer["error"]["message"]
    assert (await console.get("/api/operations"))[1] == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("id", ["7", "999999999999999"])
async def test_unknown_operation_is_not_found(console: Console, method: str, id: str) -> None:
    status, answer = await console.ask(method, f"/api/operations/{id}")

    assert (status, answer["error"]["code"]) == (404, "not-found")


async def test_what_was_set_aside_is_told_by_reason(console: Console, bench: Bench) -> None:
    status, groups = await console.get("/api/set-aside")
    told = [(one["trouble"], one["code"], one["count"], one["lead"]) for one in groups]

    assert status == 200
    assert told == [("parked", "lead-rejected", 1, 2), ("held", "record-gone", 1, 3)]
    assert (await console.get("/api/set-aside?connection=other"))[1] == []
