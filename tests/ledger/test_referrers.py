"""Who refers: the lead that has the user id, its records, and how many people came through its codes."""

from __future__ import annotations

from tests.ledger.harness import Bench
from tests.support.events import make_event, make_registration

from afterclick.ledger.rows import Fence, KnownRecord


async def test_a_referrer_is_found_with_name_record_and_the_people_of_all_codes(
    bench: Bench, lane: Fence
) -> None:
    await bench.fold(make_registration(at="08:00", user="alice", first_name="Alice", last_name="Byron"))
    record = KnownRecord(kind="contact", id="7", url="https://crm.test/7")
    await bench.settle(lane, 1, record=record)
    for code, friend in (("A1", "u1"), ("A2", "u2")):
        await bench.fold(
            make_event("referral.created", at="08:30", referral_code=code, referrer_id="alice"),
            make_event("referral.completed", at="09:00", referral_code=code, referred_user_id=friend),
        )

    found = await bench.ledger.referrers([("main", "alice"), ("main", "nobody"), ("other", "alice")])

    (name,) = found
    assert name == ("main", "alice")
    assert (found[name].lead, found[name].referrals) == (1, 2)
    assert found[name].records == {"crm": "https://crm.test/7"}
    assert found[name].state.person["first_name"].value == "Alice"


async def test_a_link_remembers_its_campaigns(bench: Bench) -> None:
    await bench.fold(make_event("link.clicked", at="09:00", prefix="promo", token="may", campaign="summer"))

    link = await bench.ledger.link("main", "promo", "may")

    assert link is not None
    assert list(link.campaigns) == ["summer"]
    assert await bench.ledger.link("main", "promo", "june") is None
