"""What has happened before a pass that is cut: between them, these reach every await of a pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.simulation.bench import Bench
from tests.simulation.cuts import QUICK, Scenario
from tests.simulation.fakecrm import FIELDS, FINE, Fault
from tests.simulation.world import REJECTED

from afterclick.clock import from_iso
from afterclick.plugin import BatchRefused, FieldSpec, Synced, Throttled

SLOW = Fault(effect=2.5, answer=0.2)
"""A write that lands when a successor has long begun."""

PEOPLE = ("ann", "bob", "cid")

STUBS_PER_DAY = 3

BROUGHT_BY = FieldSpec(attribute="referrer_name", name="brought_by", title="Brought by")

UNSHOWN: set[int] = set()
"""Leads that break the mapping when they are shown next."""


def refuse_several(inputs: Sequence[Any]) -> None:
    """Refuse a batch as a whole, unless it is down to one."""
    if len(inputs) > 1:
        raise BatchRefused("a value is poison")


def ask_to_wait(inputs: Sequence[Any]) -> None:
    raise Throttled("enough", after=5, scope="burst")


async def people_convert(bench: Bench, *people: str, **data: Any) -> None:
    """Let people convert, one event each, and let it be folded."""
    for person in people or PEOPLE:
        await bench.converts(person, **({"milestone": "m1"} | data))
    await bench.clock.advance(2)


async def they_are_in_the_crm(bench: Bench, *people: str, **data: Any) -> None:
    """Let people convert, and let a lane bring them into the CRM and end."""
    await people_convert(bench, *people, **data)
    await a_lane_works(bench)


async def a_lane_works(bench: Bench, **rules: Any) -> None:
    """Let a lane do what is due and end."""
    bench.lane(**QUICK, **rules)
    await bench.clock.advance(5)
    bench.tasks[-1].cancel()
    await bench.clock.advance(1)


async def strangers_tap(bench: Bench, count: int) -> None:
    """Let people tap a link who leave no name, and let it be folded."""
    for number in range(count):
        await bench.taps("summer", ago=number)
    await bench.clock.advance(4)


def writes_are_slow(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: FINE if hook == "match" else SLOW


# What has happened before.


async def new_people(bench: Bench) -> None:
    await people_convert(bench)


async def new_people_and_a_slow_crm(bench: Bench) -> None:
    writes_are_slow(bench)
    await people_convert(bench)


async def people_who_changed(bench: Bench) -> None:
    await they_are_in_the_crm(bench)
    await people_convert(bench, milestone="m2", ago=-1)
    writes_are_slow(bench)


async def people_whose_records_are_right(bench: Bench) -> None:
    await they_are_in_the_crm(bench)
    for row in bench.crm.living():
        row.values["milestone"] = "m2"
    await people_convert(bench, milestone="m2", ago=-1)


async def old_and_new_people(bench: Bench) -> None:
    await they_are_in_the_crm(bench, "ann", "bob")
    await people_convert(bench, milestone="m2", ago=-1)


async def a_read_that_is_refused_in_halves(bench: Bench) -> None:
    await people_convert(bench)
    bench.crm.answers("match", *[refuse_several] * 3)


async def a_create_that_is_refused_in_halves(bench: Bench) -> None:
    await people_convert(bench)
    bench.crm.answers("create", *[refuse_several] * 2)


async def a_change_that_is_refused_in_halves(bench: Bench) -> None:
    await people_who_changed(bench)
    bench.crm.plan = lambda hook, refs: FINE
    bench.crm.answers("enrich", *[refuse_several] * 2)


async def a_value_that_is_never_taken(bench: Bench) -> None:
    bench.crm.rejected = REJECTED
    await they_are_in_the_crm(bench, "ann")
    await people_convert(bench, milestone="m0", ago=-1)


async def answers_that_are_lost(bench: Bench) -> None:
    await they_are_in_the_crm(bench, "ann")
    await people_convert(bench, milestone="m2", ago=-1)
    lost = [Fault(effect=1.0, broken="cut")] * 3
    bench.crm.plan = lambda hook, refs: lost.pop() if lost and hook != "match" else FINE


async def answers_that_forget(bench: Bench) -> None:
    await people_convert(bench)
    forgetful = [Fault(broken="forgets")]
    bench.crm.plan = lambda hook, refs: forgetful.pop() if forgetful and hook == "create" else FINE


async def a_joined_lead_with_a_create_of_unknown_fate(bench: Bench) -> None:
    bench.crm.plan = lambda hook, refs: Fault(broken="cut") if hook == "create" else FINE
    bench.lane(**QUICK)
    await bench.happens("referral.completed", referral_code="c2", milestone="m1")
    await bench.clock.until(lambda: bool(bench.crm.named("create")))
    bench.crm.plan = lambda hook, refs: FINE
    await bench.converts("ann", milestone="m1")
    await bench.clock.until(lambda: len(bench.crm.living()) == 2)
    await bench.clock.advance(0.1)
    bench.tasks[-1].cancel()
    await bench.converts("ann", referral_code="c2", milestone="m2", ago=-1)
    await bench.clock.advance(2)


async def a_lead_that_cannot_be_shown(bench: Bench) -> None:
    await people_convert(bench)
    UNSHOWN.add(2)


async def a_crm_that_asks_to_wait(bench: Bench) -> None:
    await old_and_new_people(bench)
    bench.crm.answers("create", ask_to_wait)


async def a_record_with_a_further_step(bench: Bench) -> None:
    def pending(leads: Sequence[Any]) -> Any:
        rows = [bench.crm.add(one.keys[0], dict(one.values), ref=one.ref) for one in leads]
        return [Synced(bench.crm.record(row), pending=("deal",)) for row in rows]

    await people_convert(bench, "ann", "bob")
    bench.crm.answers("create", pending)


async def a_day_with_room_for_one_more_stub(bench: Bench) -> None:
    await strangers_tap(bench, 2)
    await a_lane_works(bench, stubs_per_day=STUBS_PER_DAY)
    await strangers_tap(bench, 2)


async def somebody_brought_a_friend(bench: Bench) -> None:
    await bench.happens("referral.created", ago=50, referral_code="A1", referrer_id="ann")
    await people_convert(bench, "bob", referral_code="A1")


async def two_records_of_one_person(bench: Bench) -> None:
    await bench.happens("referral.completed", referral_code="c2", milestone="m1")
    await they_are_in_the_crm(bench, "ann")
    await people_convert(bench, "ann", referral_code="c2", milestone="m2", ago=-1)


async def two_records_and_a_slow_crm(bench: Bench) -> None:
    await two_records_of_one_person(bench)
    writes_are_slow(bench)


async def two_records_of_a_crm_that_merges(bench: Bench) -> None:
    bench.crm.merges = True
    await two_records_and_a_slow_crm(bench)


async def two_records_and_a_lost_answer(bench: Bench) -> None:
    await two_records_of_one_person(bench)
    lost = [Fault(effect=1.0, broken="cut")]
    bench.crm.plan = lambda hook, refs: lost.pop() if lost and hook == "absorb" else FINE


async def strangers_whose_time_is_over(bench: Bench) -> None:
    """Somebody took one of their records up."""
    bench.expire = EXPIRE
    await strangers_tap(bench, 3)
    await a_lane_works(bench, **ABSORBS)
    bench.crm.edit("r1", "campaign", "typed by sales")
    await bench.clock.advance(EXPIRE / 1000)


async def strangers_whose_time_is_over_and_a_slow_crm(bench: Bench) -> None:
    await strangers_whose_time_is_over(bench)
    writes_are_slow(bench)


async def strangers_whose_time_is_over_and_a_lost_answer(bench: Bench) -> None:
    await strangers_whose_time_is_over(bench)
    lost = [Fault(effect=1.0, broken="cut")]
    bench.crm.plan = lambda hook, refs: lost.pop() if lost and hook == "retire" else FINE


async def a_stranger_who_gets_a_name_after_the_record_went(bench: Bench) -> None:
    """Whether it went nobody knows."""
    bench.expire = EXPIRE
    await bench.taps("code-ann", prefix="ref")
    await bench.clock.advance(4)
    await a_lane_works(bench, **ABSORBS)
    await bench.clock.advance(EXPIRE / 1000)
    bench.crm.plan = lambda hook, refs: Fault(broken="cut") if hook == "retire" else FINE
    await a_lane_works(bench, expire=EXPIRE, **ABSORBS)
    await people_convert(bench, "ann")


EXPIRE = 30_000
ABSORBS: dict[str, Any] = {"absorbs": True}
EXPIRES: dict[str, Any] = {"plugin": ABSORBS, "lane": {"expire": EXPIRE}}

SCENARIOS = {
    "new": Scenario(new_people),
    "new, slow": Scenario(new_people_and_a_slow_crm),
    "new, slow, no unique keys": Scenario(new_people_and_a_slow_crm, keyed=False),
    "changed": Scenario(people_who_changed),
    "right": Scenario(people_whose_records_are_right),
    "old and new, in small batches": Scenario(old_and_new_people, batch=2),
    "match in halves": Scenario(a_read_that_is_refused_in_halves),
    "create in halves": Scenario(a_create_that_is_refused_in_halves, keyed=False),
    "enrich in halves": Scenario(a_change_that_is_refused_in_halves),
    "dropped field": Scenario(a_value_that_is_never_taken),
    "lost answers": Scenario(answers_that_are_lost, keyed=False),
    "forgotten inputs": Scenario(answers_that_forget, keyed=False),
    "joined": Scenario(a_joined_lead_with_a_create_of_unknown_fate, keyed=False),
    "not shown": Scenario(a_lead_that_cannot_be_shown),
    "asked to wait": Scenario(a_crm_that_asks_to_wait),
    "further step": Scenario(a_record_with_a_further_step),
    "stubs": Scenario(
        a_day_with_room_for_one_more_stub,
        begins=from_iso("2026-05-21T23:59:40Z"),
        lane={"stubs_per_day": STUBS_PER_DAY},
    ),
    "referrer": Scenario(somebody_brought_a_friend, plugin={"fields": (*FIELDS, BROUGHT_BY)}),
    "absorb": Scenario(two_records_of_one_person, plugin=ABSORBS),
    "absorb, slow": Scenario(two_records_and_a_slow_crm, plugin=ABSORBS, keyed=False),
    "absorb by merging": Scenario(two_records_of_a_crm_that_merges, plugin=ABSORBS),
    "absorb, lost answer": Scenario(two_records_and_a_lost_answer, plugin=ABSORBS),
    "expiry": Scenario(strangers_whose_time_is_over, **EXPIRES),
    "expiry, slow": Scenario(strangers_whose_time_is_over_and_a_slow_crm, **EXPIRES),
    "expiry, lost answer": Scenario(strangers_whose_time_is_over_and_a_lost_answer, **EXPIRES),
    "expiry and a name": Scenario(a_stranger_who_gets_a_name_after_the_record_went, **EXPIRES),
}
