"""Crashes and faults at random: at rest, everybody is in the CRM exactly once and up to date.

`AFTERCLICK_SIMULATION_RUNS` says how many seeds are run. Rules that are left out on purpose must give
a wrong end, or the simulation would prove nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tests.simulation.bench import Bench
from tests.simulation.fakecrm import FINE, Fault
from tests.simulation.ledger import InlineLedger
from tests.simulation.world import REST, wrong_end

from afterclick.ledger.lease import Lease
from afterclick.ledger.rows import Fence, Sending
from afterclick.ledger.sqlite import lanes
from afterclick.ledger.sqlite.records import Holders

RUNS = int(os.environ.get("AFTERCLICK_SIMULATION_RUNS", "12"))
ENOUGH = 60
"""Seeds after which a rule that is left out must have shown itself."""


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.timeout(0)
async def test_at_rest_everybody_is_in_the_crm_once_with_the_newest_values(
    tmp_path: Path, keyed: bool
) -> None:
    for seed in range(RUNS):
        assert await wrong_end(tmp_path, seed, keyed=keyed) == [], f"seed {seed}"


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.timeout(0)
async def test_at_rest_no_record_of_ours_is_left_beside_another_where_doubles_are_absorbed(
    tmp_path: Path, keyed: bool
) -> None:
    for seed in range(RUNS):
        assert await wrong_end(tmp_path, seed, keyed=keyed, absorbs=True) == [], f"seed {seed}"


def _made(path: Path) -> Path:
    path.mkdir()
    return path


async def _first_wrong_seed(path: Path, *, settle: float | None = None) -> int:
    """Return the first seed with a wrong end: without unique keys, the CRM does not help."""
    _made(path)
    for seed in range(ENOUGH):
        if await wrong_end(path, seed, keyed=False, settle=settle):
            return seed
    pytest.fail(f"all is well in {ENOUGH} runs")


async def test_without_the_wait_for_late_writes_something_goes_wrong(tmp_path: Path) -> None:
    """And in the same words each time: a seed repeats a run."""
    seed = await _first_wrong_seed(tmp_path / "runs", settle=0.0)
    first = await wrong_end(_made(tmp_path / "first"), seed, keyed=False, settle=0.0)
    again = await wrong_end(_made(tmp_path / "again"), seed, keyed=False, settle=0.0)

    assert first == again != []


async def test_without_the_mark_before_a_write_something_goes_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unmarked(
        self: InlineLedger, fence: Fence, connection: str, leads: Mapping[int, Sending], **_: object
    ) -> Sequence[int]:
        return list(leads)

    monkeypatch.setattr(InlineLedger, "note_sending", unmarked)

    await _first_wrong_seed(tmp_path / "runs")


async def _milestone_after_a_late_update(file: Path) -> object:
    """Let an update land after its process was killed and somebody else wrote a newer value."""
    async with Bench(file, connections=["fake"]) as bench:
        bench.lane()
        await bench.converts("ann", milestone="m1")
        await bench.clock.advance(5)
        bench.crm.plan = lambda hook, refs: Fault(effect=6) if hook == "enrich" else FINE
        await bench.converts("ann", milestone="m2", ago=-1)
        await bench.clock.until(lambda: bool(bench.crm.named("enrich")))
        bench.tasks[-1].cancel()
        bench.crm.plan = lambda hook, refs: FINE
        await bench.converts("ann", milestone="m3", ago=-2)
        bench.lane()
        await bench.clock.advance(REST)
        [record] = bench.crm.living()
        return record.values["milestone"]


async def test_a_mark_before_creates_alone_is_not_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes wrong in one of a hundred runs, so it is told here and not looked for."""
    note = InlineLedger.note_sending

    async def creates(
        self: InlineLedger,
        fence: Fence,
        connection: str,
        leads: Mapping[int, Sending],
        *,
        operation: str,
        now: int,
    ) -> Sequence[int]:
        if operation != "create":
            return list(leads)
        return await note(self, fence, connection, leads, operation=operation, now=now)

    assert await _milestone_after_a_late_update(tmp_path / "marked.db") == "m3"
    monkeypatch.setattr(InlineLedger, "note_sending", creates)
    assert await _milestone_after_a_late_update(tmp_path / "creates.db") == "m2"


async def test_without_the_fence_something_goes_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A holder that does not notice that it is one no longer goes on, and the ledger lets it."""

    def unlimited(lease: Lease) -> Fence:
        return lease.last_fence

    monkeypatch.setattr(Lease, "fence", property(unlimited))
    monkeypatch.setattr(lanes, "check", lambda db, fence: None)
    monkeypatch.setattr(lanes, "holds", lambda db, fence: True)

    await _first_wrong_seed(tmp_path / "runs")


async def _two_people_with_one_record(bench: Bench) -> list[str | None]:
    """Let a person in the CRM merge the records of two; return the record of each afterwards."""
    bench.lane()
    await bench.converts("ann")
    await bench.converts("bob")
    await bench.clock.advance(5)
    bench.crm.rows["r2"].merged_into = "r1"
    await bench.converts("bob", milestone="more", ago=-1)
    await bench.clock.advance(60)
    records = [(await bench.sync(lead)).record for lead in (1, 2)]
    return [None if record is None else record.id for record in records]


async def test_two_people_never_write_to_one_record(bench: Bench) -> None:
    assert await _two_people_with_one_record(bench) == ["r1", "r2"]
    assert bench.crm.named("enrich") == []
    assert await bench.codes() == ["record-shared"]


async def test_without_unique_records_two_people_write_to_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Holders, "clash", lambda *_: None)

    assert await _two_people_with_one_record(bench) == ["r1", "r1"]


async def test_a_late_create_is_found_although_the_person_got_a_record_by_joining(bench: Bench) -> None:
    """Lead 1's own create is of unknown fate when lead 2, which has a record, joins it."""
    bench.crm.keyed = False
    bench.crm.plan = lambda hook, refs: Fault(broken="cut") if hook == "create" else Fault()
    bench.lane()
    await bench.happens("referral.completed", referral_code="c2")
    await bench.clock.advance(5)
    bench.crm.plan = lambda hook, refs: Fault()
    await bench.converts("ann")
    await bench.clock.advance(5)
    await bench.converts("ann", referral_code="c2")
    await bench.clock.advance(120)

    assert len(await bench.leads()) == 1
    sync = await bench.sync(1)
    assert sync.record is not None
    assert {sync.record.id, *(double.id for double in sync.doubles)} == {"r1", "r2"}
    assert all(one.created_by_us for one in (sync.record, *sync.doubles))
    assert await bench.codes() == ["record-double"]


async def test_a_lead_that_joins_while_its_person_is_matched_keeps_its_record_in_sight(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: Fault(broken="cut") if hook == "create" else Fault()
    bench.lane()
    await bench.happens("referral.completed", referral_code="c2")
    await bench.clock.advance(5)
    bench.crm.plan = lambda hook, refs: Fault()
    await bench.converts("ann")
    await bench.clock.advance(5)
    bench.crm.plan = lambda hook, refs: Fault(effect=2.0, answer=2.0)
    await bench.clock.until(lambda: len(bench.crm.named("match")) == 3)
    await bench.converts("ann", referral_code="c2")
    await bench.clock.advance(120)

    assert len(await bench.leads()) == 1
    sync = await bench.sync(1)
    assert sync.record is not None
    assert {sync.record.id, *(double.id for double in sync.doubles)} == {"r1", "r2"}
