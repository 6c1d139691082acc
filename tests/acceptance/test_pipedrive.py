"""The main job with Pipedrive, deals on: signed webhooks in, the right persons and one deal each out."""

from __future__ import annotations

import random
from pathlib import Path

from tests.acceptance.pipedrive import selling
from tests.acceptance.running import event
from tests.support.clock import moment

from afterclick.cli.sending import Delivery
from afterclick.clock import SystemClock

MINUTE = 60_000
CONNECTING = 2 + 10 + 10 + 5 + 5 + 5 * 20
"""Tokens: the user, person and deal fields, pipelines, stages, and whether anybody carries a key."""


def _five_events(person: int, at: int) -> list[Delivery]:
    code, user = f"CODE{person:04}", f"user-{person}"
    completed = {"referral_code": code, "referred_user_id": user}
    return [
        event("install.tracked", at, prefix="ref", token=code, platform="ios", campaign="may"),
        event("deferred_link.claimed", at + MINUTE, deep_link_path=f"/ref/{code}", method="token"),
        event("referral.created", at + 2 * MINUTE, prefix="ref", token=code, referrer_token="user-a"),
        event("referral.completed", at + 9 * MINUTE, **completed),
        event("referral.completed", at + 12 * MINUTE, milestone="paid", **completed),
    ]


async def test_a_burst_of_events_makes_one_person_with_one_won_deal_each_for_ten_tokens(
    tmp_path: Path,
) -> None:
    now = SystemClock().now()
    sent = [one for person in range(40) for one in _five_events(person, now - 60 * MINUTE)]
    random.Random(7).shuffle(sent)
    async with selling(tmp_path, AFTERCLICK_SYNC__LINGER="2s") as run:
        assert set(await run.deliver(*sent)) == {200}
        await run.settled()

        people, deals = run.crm.persons(), run.crm.deals()
        assert len(people) == len(deals) == 40
        assert {one["status"] for one in deals} == {"won"}
        assert {one["person_id"] for one in deals} == {one["id"] for one in people}
        assert run.tokens() - CONNECTING <= 40 * 10
        first = next(one for one in people if one["Deep link token"] == "CODE0000")
        assert first["Deep link campaign"] == "may"
        assert first["Deep link platform"] == "iOS"
        assert first["name"].startswith("Deep Link Lead (CODE0000) ")
        # Nothing is left to do: the same again costs nothing.
        spent = run.tokens()
        await run.deliver(*sent)
        await run.settled()
        assert run.tokens() == spent


async def test_what_sales_typed_stays_and_the_deal_is_won_when_the_friend_converts(tmp_path: Path) -> None:
    async with selling(tmp_path, now=moment("10:00")) as run:
        await run.deliver(
            event(
                "install.tracked", moment("09:16"), prefix="ref", token="A1", campaign="late", platform="ios"
            )
        )
        await run.settled()
        (person,) = run.crm.persons()
        assert run.crm.deals() == []
        run.crm.edit_person(person["id"], name="Ngozi Okafor")
        await run.deliver(
            event("deferred_link.claimed", moment("09:10"), prefix="ref", token="A1", campaign="late"),
            event("referral.completed", moment("09:40"), referral_code="A1", referred_user_id="u9"),
        )
        await run.settled()
        (person,) = run.crm.persons()
        (deal,) = run.crm.deals()

        assert person["name"] == "Ngozi Okafor"
        assert person["Deep link conversion date"] == "2026-05-21"
        assert deal["status"] == "won"
        assert deal["title"] == "Ngozi Okafor: deep link"
        assert run.tokens() - CONNECTING <= 5 + 6 + 5 + 1


async def test_a_friend_whom_sales_typed_in_keeps_one_record_and_the_stub_goes(tmp_path: Path) -> None:
    """The stub's person is deleted, the one that sales made lives on and gets what the link told."""
    at = SystemClock().now() - 30 * MINUTE
    async with selling(tmp_path) as run:
        typed = run.crm.add_person("Ada L", email="Ada@Example.com", at=at)
        await run.deliver(
            event("install.tracked", at, prefix="ref", token="A1", campaign="may", platform="ios")
        )
        await run.settled()
        assert len(run.crm.persons()) == 2
        await run.register("user-1", email="ada@example.com", referral_code="A1")
        await run.settled()

        (person,) = run.crm.persons()
        assert (person["id"], person["name"]) == (typed, "Ada L")
        assert person["Deep link campaign"] == "may"
        (deal,) = run.crm.deals()
        assert deal["person_id"] == typed
