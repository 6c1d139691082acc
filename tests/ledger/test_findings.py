"""What an operator is told: counted while it lasts, closed when it is over, and forgotten after a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from tests.ledger.harness import CRM, OTHER, Bench
from tests.support.clock import NOON, FakeClock

from afterclick.ledger.api import Ledger
from afterclick.ledger.rows import Fence, KnownRecord, SyncState
from afterclick.ledger.told import FindingRow, Outdated
from afterclick.plugin import FindingKind

DAY = 86_400

RULES = Outdated(
    parked=frozenset({"parked"}),
    held=frozenset({"held"}),
    doubled=frozenset({"doubled"}),
    rejected=frozenset({"rejected"}),
    passing=frozenset({"passing"}),
    since=NOON - 7 * DAY * 1000,
    connections=frozenset({CRM, OTHER}),
)


def finding(
    code: str = "held", subject: str = "", *, at: int = NOON, connection: str = CRM, message: str = "told"
) -> FindingRow:
    kind = FindingKind(code=code, meaning="It is so.", remedy="Look.")
    return FindingRow.of(kind.found(message, subject=subject), connection=connection, now=at)


async def still_open(ledger: Ledger) -> list[tuple[str, str]]:
    return sorted((row.code, row.subject) for row in await ledger.findings() if row.closed_at is None)


async def test_equal_findings_are_counted_not_repeated(ledger: Ledger) -> None:
    await ledger.note_findings([finding(subject="lead 1"), finding(subject="lead 2", at=NOON + 1)])
    await ledger.note_findings([finding(subject="lead 1", at=NOON + 9, message="new")])
    first, second = await ledger.findings()

    assert (first.subject, first.message, first.count) == ("lead 1", "new", 2)
    assert (first.first_at, first.last_at) == (NOON, NOON + 9)
    assert (second.subject, second.count) == ("lead 2", 1)


async def test_what_a_look_no_longer_finds_is_closed(ledger: Ledger) -> None:
    codes = ["field", "limit"]
    began = await ledger.replace_findings(CRM, codes, [finding("field"), finding("limit")], now=NOON)
    later = await ledger.replace_findings(CRM, codes, [finding("limit", at=NOON + 5)], now=NOON + 5)

    assert [row.code for row in began.opened] == ["field", "limit"]
    assert ([row.code for row in later.opened], [row.code for row in later.closed]) == ([], ["field"])
    rows = {row.code: row for row in await ledger.findings()}
    assert (rows["field"].closed_at, rows["limit"].closed_at) == (NOON + 5, None)
    assert rows["limit"].count == 2


async def test_a_look_leaves_alone_what_it_could_not_judge(ledger: Ledger) -> None:
    others = [finding("lane"), finding("field", connection=OTHER), finding("field", connection="")]
    await ledger.note_findings(others)
    changes = await ledger.replace_findings(CRM, ["field"], [], now=NOON)

    assert changes.closed == ()
    assert len(await still_open(ledger)) == 3


async def test_one_that_comes_back_begins_anew(ledger: Ledger) -> None:
    await ledger.note_findings([finding(), finding(at=NOON + 1)])
    await ledger.replace_findings(CRM, ["held"], [], now=NOON + 2)
    changes = await ledger.replace_findings(CRM, ["held"], [finding(at=NOON + 9)], now=NOON + 9)
    (row,) = await ledger.findings()

    assert len(changes.opened) == 1
    assert (row.first_at, row.count, row.closed_at) == (NOON + 9, 1, None)


async def test_totals_count_what_is_open(ledger: Ledger) -> None:
    await ledger.note_findings([finding("held", f"lead {n}") for n in range(3)])
    await ledger.note_findings([finding("field")])
    await ledger.replace_findings(CRM, ["field"], [], now=NOON)

    assert (await ledger.totals([CRM], now=NOON)).findings == {("held", CRM, "warning"): 3}


# What the ledger can judge by itself


@dataclass(frozen=True)
class Case:
    """A finding, and the settle that makes it true. The settle `back` makes it untrue."""

    code: str
    subject: str
    so: dict[str, Any]
    back: dict[str, Any]


CASES = [
    Case("parked", "lead 1", {"state": SyncState.PARKED}, {"state": SyncState.ACTIVE}),
    Case("held", "lead 1", {"state": SyncState.HELD}, {"state": SyncState.ACTIVE}),
    Case("rejected", "campaign", {"rejected": {"campaign": "x"}}, {"rejected": {}}),
    Case(
        "doubled",
        "lead 1",
        {"doubles": (KnownRecord(kind="contact", id="2"),)},
        {"doubles": (), "seen": frozenset({"2"})},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
async def test_a_finding_lasts_as_long_as_its_sync_is_so(bench: Bench, lane: Fence, case: Case) -> None:
    await bench.people("ann", "bob")
    record = KnownRecord(kind="contact", id="1")
    await bench.settle(lane, 1, record=record, **case.so)
    await bench.ledger.note_findings([finding(case.code, case.subject)])
    assert await bench.ledger.close_outdated(RULES, now=NOON) == []

    await bench.settle(lane, 1, record=record, **case.back)
    (over,) = await bench.ledger.close_outdated(RULES, now=NOON + 7)
    assert (over.code, over.subject) == (case.code, case.subject)
    assert await still_open(bench.ledger) == []


async def test_a_joined_lead_is_told_of_no_more(bench: Bench, lane: Fence) -> None:
    await bench.people("ann")
    await bench.settle(lane, 1, state=SyncState.HELD)
    await bench.ledger.note_findings([finding("held", "lead 1"), finding("held", "lead 99")])
    over = await bench.ledger.close_outdated(RULES, now=NOON)

    assert [row.subject for row in over] == ["lead 99"]


async def test_what_passes_is_over_after_its_time(ledger: Ledger) -> None:
    week = 7 * DAY * 1000
    await ledger.note_findings([finding("passing", "old", at=NOON - week - 1), finding("passing", "new")])
    over = await ledger.close_outdated(RULES, now=NOON)

    assert [row.subject for row in over] == ["old"]


async def test_findings_of_a_connection_that_went_away_are_over(ledger: Ledger) -> None:
    await ledger.note_findings([finding("lane", connection="gone"), finding("lane", connection="")])
    over = await ledger.close_outdated(RULES, now=NOON)

    assert [row.connection for row in over] == ["gone"]


async def test_many_findings_are_gone_through_page_by_page(bench: Bench) -> None:
    await bench.ledger.note_findings([finding("held", f"lead {n}") for n in range(1200)])
    over = await bench.ledger.close_outdated(RULES, now=NOON)

    assert len(over) == 1200
    assert await still_open(bench.ledger) == []


async def test_closed_findings_are_forgotten_after_a_month(ledger: Ledger, clock: FakeClock) -> None:
    await ledger.note_findings([finding("held"), finding("stays")])
    await ledger.replace_findings(CRM, ["held"], [], now=clock.now())
    await clock.advance(29 * DAY)
    assert await ledger.tidy() == 0
    await clock.advance(2 * DAY)
    assert await ledger.tidy() == 1

    assert [row.code for row in await ledger.findings()] == ["stays"]
