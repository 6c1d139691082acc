"""Two records of one person become one, through the whole lane."""

from __future__ import annotations

from tests.simulation.bench import Bench
from tests.simulation.fakecrm import Fault


async def two_records(bench: Bench, *, merges: bool = False) -> None:
    """Let two leads with a record each turn out to be one person."""
    bench.crm.merges = merges
    bench.lane(absorbs=True)
    await bench.happens("referral.completed", referral_code="c2")
    await bench.converts("ann")
    await bench.clock.advance(5)
    assert len(bench.crm.living()) == 2
    await bench.converts("ann", referral_code="c2", milestone="more", ago=-1)


async def test_the_record_of_a_joined_lead_is_absorbed(bench: Bench) -> None:
    await two_records(bench)
    await bench.clock.advance(60)

    (row,) = bench.crm.living()
    sync = await bench.sync(1)
    assert sync.record is not None
    assert (sync.record.id, sync.doubles, sync.synced) == (row.id, (), sync.wanted)
    assert row.values["milestone"] == "more"
    assert await bench.codes() == []


async def test_the_survivor_is_written_before_the_double_goes(bench: Bench) -> None:
    await two_records(bench)
    await bench.clock.advance(60)

    after_joining = [hook for hook, _ in bench.crm.calls][-4:]
    assert after_joining == ["match", "enrich", "absorb", "absorb"]


async def test_a_merge_is_followed_to_its_new_record(bench: Bench) -> None:
    await two_records(bench, merges=True)
    await bench.clock.advance(60)

    (row,) = bench.crm.living()
    sync = await bench.sync(1)
    assert sync.record is not None
    assert (sync.record.id, sync.doubles) == (row.id, ())
    await bench.converts("ann", milestone="most", ago=-2)
    await bench.clock.advance(60)
    assert row.values["milestone"] == "most"


async def test_an_absorption_of_unknown_fate_is_tried_again_after_the_settle_time(bench: Bench) -> None:
    await two_records(bench)
    cut = [Fault(broken="cut"), Fault(broken="cut")]
    bench.crm.plan = lambda hook, refs: cut.pop() if hook == "absorb" and cut else Fault()
    await bench.clock.advance(15)
    assert (await bench.sync(1)).sending == "absorb"
    await bench.clock.advance(120)

    assert len(bench.crm.living()) == 1
    assert (await bench.sync(1)).doubles == ()


async def test_a_record_that_somebody_typed_in_is_never_retired(bench: Bench) -> None:
    """It carries a key of the person, because somebody copied it there by hand."""
    bench.lane(absorbs=True)
    await bench.converts("ann")
    await bench.clock.advance(5)
    (lead,) = await bench.leads()
    typed = bench.crm.add(lead.keys[-1], {"name": "Ann of sales"})
    await bench.happens("referral.completed", referral_code="c2")
    await bench.clock.advance(5)
    await bench.converts("ann", referral_code="c2", milestone="more", ago=-1)
    await bench.clock.advance(60)

    assert [row.id for row in bench.crm.living()] == [typed.id]
    assert typed.values["name"] == "Ann of sales"
    assert typed.values["milestone"] == "more"
