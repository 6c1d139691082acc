"""A person who is forgotten leaves nothing behind, here or in the CRM, whatever goes on meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.simulation.bench import Bench
from tests.simulation.cuts import empty_ledger
from tests.simulation.erasing import ErasingPlugin
from tests.simulation.fakecrm import FINE, FakePlugin, Fault
from tests.simulation.feeding import Process, begin, ended, killed_everywhere

from afterclick.ledger.operations import Kind, Operation, OperationState, Selection, Terms, Trouble
from afterclick.ledger.rows import ConnectionRow, NewEvent, StoredEvent
from afterclick.model.identity import IdentityKind, identity, key
from afterclick.syncing.lane import LaneRules

ANN = "ann-who-is-forgotten"
BEN = "ben-who-stays"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Return a ledger with one connection."""
    async with Bench(await empty_ledger(tmp_path), connections=["fake"], folds=False) as bench:
        await connected(bench)
        yield bench


class ErasingOnly(FakePlugin):
    """A plugin that erases records and absorbs none."""

    erase = ErasingPlugin.erase


async def connected(bench: Bench) -> None:
    row = ConnectionRow(name="fake", plugin="fake", first_seen_at=bench.clock.now())
    await bench.ledger.remember_connection(row)


CODES = {BEN: "c1", ANN: "c2"}


async def comes(bench: Bench, person: str, ago: float, **data: Any) -> None:
    """Let somebody complete a referral; the code says nothing of them."""
    await bench.converts(person, ago=ago, **({"referral_code": CODES[person]} | data))


async def both(bench: Bench) -> None:
    """Let Ben come, and then Ann: she is lead 2, the newest, and has two events."""
    await comes(bench, BEN, 9)
    await comes(bench, ANN, 8)
    await comes(bench, ANN, 7, milestone="more")


async def people(bench: Bench) -> None:
    """Let both come, and wait until the CRM has them."""
    await both(bench)
    await bench.clock.until(lambda: len(bench.crm.living()) == 2)
    await bench.clock.advance(5)


async def forget(bench: Bench, lead: int = 2, **selection: Any) -> Operation:
    """Forget a lead; return the operation as it ended."""
    operation = await ended(bench, await begin(bench, Kind.FORGET, lead=lead, **selection))
    assert operation.state is OperationState.DONE
    return operation


def traces(bench: Bench, person: str = ANN) -> list[str]:
    """Return the tables in which something names a person, or the key that a CRM has of them."""
    run = bench.ledger._read.run_text
    tables = [name for (name,) in run("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    hashed = key(identity("main", IdentityKind.USER, person)).partition(":")[2]
    words = [person.encode(), hashed.encode()]
    return [
        name
        for name in tables
        if any(word in _bytes(row) for row in run(f"SELECT * FROM {name}") for word in words)  # noqa: S608
    ]


def _bytes(row: tuple[Any, ...]) -> bytes:
    return b"|".join(one if isinstance(one, bytes) else str(one).encode() for one in row)


def records(bench: Bench, person: str) -> int:
    """Return how many records of a person the CRM has."""
    wanted = key(identity("main", IdentityKind.USER, person))
    return sum(row.key == wanted for row in bench.crm.living())


def as_delivery(stored: StoredEvent) -> NewEvent:
    """Return the delivery that an event came in, as its sender tries it again."""
    names = ("space", "source", "type", "bucket", "tie", "occurred_at", "received_at", "body")
    return NewEvent(**{name: getattr(stored, name) for name in names})


async def ledger_operation(bench: Bench, operation: Operation) -> Operation:
    found = await bench.ledger.operation(operation.id)
    assert found is not None
    return found


async def test_nothing_of_a_forgotten_person_is_left(bench: Bench) -> None:
    Process(bench).forgets()
    await people(bench)
    assert len(traces(bench)) > 2
    operation = await forget(bench)

    assert traces(bench) == []
    assert (records(bench, ANN), records(bench, BEN)) == (0, 1)
    assert (operation.changed, [row.id for row in await bench.leads()]) == (2, [1])


async def test_the_file_itself_holds_nothing_of_them(tmp_path: Path) -> None:
    path = await empty_ledger(tmp_path)
    async with Bench(path, connections=["fake"], folds=False) as bench:
        await connected(bench)
        process = Process(bench).forgets()
        await people(bench)
        for number in range(20):
            # Each is longer than the last, so what was stored before has to move.
            await comes(bench, ANN, 6 - number / 10, milestone="m" * number)
            await bench.clock.advance(2)
        await forget(bench)
        process.bury()

    assert BEN.encode() in path.read_bytes()
    assert ANN.encode() not in path.read_bytes()


async def test_others_keep_all_that_is_theirs(bench: Bench) -> None:
    Process(bench).forgets()
    await people(bench)
    before = (await bench.ledger.lead_states([1]), await bench.sync(1), traces(bench, BEN))
    await forget(bench)

    assert (await bench.ledger.lead_states([1]), await bench.sync(1), traces(bench, BEN)) == before


async def test_number_of_a_forgotten_lead_is_never_given_again(bench: Bench) -> None:
    Process(bench).forgets()
    await people(bench)
    newest = max(event.id for event in await bench.ledger.events(limit=9))
    await forget(bench)
    await comes(bench, ANN, -1)
    await bench.clock.advance(10)

    assert [row.id for row in await bench.leads()] == [1, 3]
    assert max(event.id for event in await bench.ledger.events(limit=9)) == newest + 1


async def test_repeat_of_a_forgotten_delivery_is_still_known(bench: Bench) -> None:
    Process(bench).forgets()
    await people(bench)
    stored = await bench.ledger.events(limit=9, lead=2)
    await forget(bench)

    assert [await bench.ledger.append(as_delivery(event)) for event in stored] == [False, False]
    await bench.clock.advance(5)
    assert traces(bench) == []


async def test_all_leads_and_records_of_a_person_go(bench: Bench) -> None:
    Process(bench).forgets(plugin=ErasingOnly)
    await bench.happens("referral.completed", referral_code="c3", ago=9)
    await comes(bench, ANN, 8)
    await bench.clock.until(lambda: len(bench.crm.living()) == 2)
    await comes(bench, ANN, -1, referral_code="c3", milestone="more")
    await bench.clock.advance(30)
    assert len(bench.crm.living()) == 2
    await forget(bench, 1)

    assert (bench.crm.living(), await bench.leads(), traces(bench)) == ([], [], [])


async def test_records_are_kept_where_that_is_asked_for(bench: Bench) -> None:
    Process(bench).forgets()
    await people(bench)
    await forget(bench, keep_records=True)

    assert (records(bench, ANN), traces(bench)) == (1, [])
    assert bench.crm.named("erase") == []


@pytest.mark.parametrize("how", ["plugin", "observes", "refuses"])
async def test_record_that_cannot_be_erased_is_told(bench: Bench, how: str) -> None:
    process = Process(bench).forgets(plugin=FakePlugin) if how == "plugin" else Process(bench).forgets()
    await people(bench)
    if how == "observes":
        process.lane._lane = LaneRules(observes=True)
    if how == "refuses":
        bench.crm.plan = lambda hook, refs: Fault(broken="refused")
    record = (await bench.sync(2)).record
    assert record is not None
    await forget(bench)
    (found,) = await bench.findings()

    assert (found.code, found.subject) == ("record-not-erased", f"contact {record.id}")
    assert (records(bench, ANN), traces(bench)) == (1, [])


async def test_crm_that_is_down_is_waited_for(bench: Bench) -> None:
    process = Process(bench).forgets()
    await people(bench)
    bench.crm.plan = lambda hook, refs: Fault(broken="error")
    operation = await begin(bench, Kind.FORGET, lead=2)
    await bench.clock.advance(100)
    calls = len(bench.crm.named("erase"))
    assert (await ledger_operation(bench, operation)).running
    assert process.feeder.waits_for(operation) == ("fake has not erased a record yet: the CRM answered 502")
    assert 3 <= calls <= 4
    assert traces(bench) != []
    bench.crm.plan = lambda hook, refs: FINE
    await ended(bench, operation)

    assert (records(bench, ANN), traces(bench)) == (0, [])


async def test_connection_that_is_away_is_waited_for(bench: Bench) -> None:
    process = Process(bench).forgets()
    await people(bench)
    await bench.ledger.remember_connection(ConnectionRow(name="gone", plugin="gone", first_seen_at=0))
    bench.ledger._write.run_rows("put_record", [("gone", "contact", "9", 2)])
    operation = await begin(bench, Kind.FORGET, lead=2)
    await bench.clock.advance(10)

    assert process.feeder.waits_for(operation) == "the connection gone is not running"
    assert records(bench, ANN) == 0


async def test_create_that_is_under_way_leaves_no_record(bench: Bench) -> None:
    """The answer takes its time, and the record lands when the person is about to be forgotten."""
    bench.crm.plan = lambda hook, refs: Fault(effect=8.0, answer=1.0) if hook == "create" else FINE
    Process(bench).forgets()
    await both(bench)
    await bench.clock.until(lambda: bool(bench.crm.named("create")))
    await forget(bench)
    await bench.clock.advance(120)

    assert (records(bench, ANN), records(bench, BEN), traces(bench)) == (0, 1, [])


async def test_pass_that_has_only_looked_yet_writes_nothing_any_more(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: Fault(effect=8.0) if hook == "match" else FINE
    Process(bench).forgets()
    await both(bench)
    await bench.clock.until(lambda: bool(bench.crm.named("match")))
    await forget(bench)
    await bench.clock.advance(120)

    assert [len(refs) for refs in bench.crm.named("create")] == [1]
    assert (records(bench, ANN), traces(bench)) == (0, [])


async def test_record_that_is_found_meanwhile_goes_too(bench: Bench) -> None:
    """The CRM had it before, and the lane is just about to see it."""
    bench.crm.add(key(identity("main", IdentityKind.USER, ANN)), {})
    bench.crm.plan = lambda hook, refs: Fault(effect=8.0) if hook == "match" else FINE
    Process(bench).forgets()
    await both(bench)
    await bench.clock.until(lambda: bool(bench.crm.named("match")))
    await forget(bench)
    await bench.clock.advance(120)

    assert (records(bench, ANN), traces(bench)) == (0, [])
    assert bench.ledger._read.run_text("SELECT count(*) FROM records") == [(1,)]


async def test_write_whose_fate_is_not_known_is_looked_up_first(bench: Bench) -> None:
    """The record was made, the answer was lost, and the lead was set aside."""
    lost = [Fault(effect=0.1, answer=None)]
    bench.crm.plan = lambda hook, refs: lost.pop() if hook == "create" and lost else FINE
    Process(bench).forgets()
    await both(bench)
    await bench.clock.until(lambda: len(bench.crm.living()) == 2)
    operation = await begin(bench, Kind.FORGET, lead=2)
    await ended(bench, operation)

    assert (records(bench, ANN), traces(bench)) == (0, [])


async def test_retry_meanwhile_brings_nobody_back(bench: Bench) -> None:
    Process(bench).forgets()
    await people(bench)
    bench.crm.plan = lambda hook, refs: Fault(broken="error") if hook == "erase" else FINE
    operation = await begin(bench, Kind.FORGET, lead=2)
    await bench.clock.advance(5)
    retry = await bench.ledger.begin_operation(
        Kind.RETRY, "fake", Selection(lead=2, states=(Trouble.HELD,)), expected=1, now=bench.clock.now()
    )
    await bench.ledger.advance(retry.id, look=9, most=9, terms=Terms(), now=bench.clock.now())
    await bench.clock.advance(5)
    bench.crm.plan = lambda hook, refs: FINE
    await ended(bench, operation)
    await bench.clock.advance(60)

    assert (records(bench, ANN), traces(bench)) == (0, [])


async def test_forgetting_that_is_cut_at_any_step_is_finished_by_the_next_process(tmp_path: Path) -> None:
    async def run(dies: int | None) -> Process:
        async with Bench(await empty_ledger(tmp_path), connections=["fake"], folds=False) as bench:
            await connected(bench)
            process = Process(bench, dies=dies).forgets()
            process.counts = False
            await people(bench)
            process.counts = True
            operation = await begin(bench, Kind.FORGET, lead=2)
            if dies is not None:
                await bench.clock.until(process.dead.is_set)
                _ = Process(bench).forgets()
            operation = await ended(bench, operation)
            await bench.clock.advance(5)

            assert (operation.state, operation.changed) == (OperationState.DONE, 2), dies
            assert (records(bench, ANN), records(bench, BEN), traces(bench)) == (0, 1, []), dies
            process.bury()
            return process

    assert await killed_everywhere(run) > 20
