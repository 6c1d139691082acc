"""A field may show who referred a person, where that one is a lead too."""

from __future__ import annotations

from tests.simulation.bench import Bench
from tests.simulation.fakecrm import FIELDS
from tests.support.events import make_report

from afterclick.model.fields import FieldSpec, Kind

WHO = (
    FieldSpec(attribute="referrer_name", name="brought_by", title="Brought by"),
    FieldSpec(attribute="referrer_referrals", name="brings", title="Brings", kind=Kind.NUMBER),
)


async def referred(bench: Bench) -> None:
    """Let Alice register, get a code, and bring a friend."""
    at = bench.clock.now() - 60_000
    await bench.ledger.append(make_report(at=at, user_id="alice", first_name="Alice", last_name="Byron"))
    await bench.happens("referral.created", ago=50, referral_code="A1", referrer_id="alice")
    await bench.converts("bob", referral_code="A1")


async def test_the_name_and_the_count_of_a_known_referrer_are_written(bench: Bench) -> None:
    bench.lane(fields=(*FIELDS, *WHO))
    await referred(bench)
    await bench.clock.advance(10)

    friend = next(row for row in bench.crm.living() if row.values.get("milestone"))
    assert (friend.values["brought_by"], friend.values["brings"]) == ("Alice Byron", 1)


async def test_nobody_is_looked_up_where_no_field_shows_it(bench: Bench) -> None:
    asked = []
    look_up = bench.ledger.referrers

    async def noted(users: object) -> object:
        asked.append(users)
        return await look_up(users)  # type: ignore[arg-type]

    bench.ledger.referrers = noted  # type: ignore[method-assign, assignment]
    bench.lane()
    await referred(bench)
    await bench.clock.advance(10)

    assert len(bench.crm.living()) == 2
    assert asked == []
