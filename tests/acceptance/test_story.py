"""The main job over real sockets: signed webhooks in, the right HubSpot contacts out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.acceptance.running import SECRET, event, running
from tests.support.clock import moment
from tests.support.deliveries import deliveries

from afterclick.cli.sending import Delivery, sign
from afterclick.clock import SystemClock, from_iso
from afterclick.ledger.rows import EventState

MINUTE = 60_000


async def test_a_burst_of_a_thousand_events_of_200_people_costs_at_most_ten_calls(tmp_path: Path) -> None:
    now = SystemClock().now()
    sent = [one for person in range(200) for one in _five_events(person, now - 60 * MINUTE)]
    random.Random(7).shuffle(sent)
    # Service, sandbox and sender share this one loop, so the burst itself takes seconds here, and many on a
    # slow machine: the linger ends when all of it is there.
    async with running(tmp_path, AFTERCLICK_SYNC__LINGER="1h") as run:
        connected = run.sandbox.calls.total
        assert set(await run.deliver(*sent)) == {200}
        await run.folded()
        run.clock.move(60 * MINUTE)
        await run.settled()
        calls = run.sandbox.calls.total - connected

        assert len(run.sandbox.contacts()) == 200
        assert {one["lifecyclestage"] for one in run.sandbox.contacts()} == {"customer"}
        assert calls <= 10 + _CONNECTING


_CONNECTING = 2
"""Calls that `connect` may make after the count began: definitions and account."""


def _five_events(person: int, at: int) -> list[Delivery]:
    code, user = f"CODE{person:04}", f"user-{person}"
    return [
        event("install.tracked", at, prefix="ref", token=code, platform="ios", campaign="may"),
        event("deferred_link.claimed", at + MINUTE, deep_link_path=f"/ref/{code}", method="token"),
        event("referral.created", at + 2 * MINUTE, prefix="ref", token=code, referrer_token="user-a"),
        event("referral.completed", at + 9 * MINUTE, referral_code=code, referred_user_id=user),
        event(
            "referral.completed",
            at + 12 * MINUTE,
            referral_code=code,
            referred_user_id=user,
            milestone="paid",
        ),
    ]


async def test_every_sample_delivery_is_accepted_and_lands_where_the_design_says(tmp_path: Path) -> None:
    samples = deliveries()
    now = from_iso("2026-06-03T01:00:00Z")
    async with running(tmp_path, now=now) as run:
        for sample in samples:
            headers = {"X-Webhook-Signature": sign(SECRET, sample.body), "X-Webhook-Event": sample.type}
            assert await run.post("/webhooks/tolinku", sample.body, headers) == 200, sample.id
        await run.settled()
        counts = await run.service.ledger.event_counts()
        leads = await run.service.ledger.leads(limit=1000)

        # 51 different bodies: one sample is a repeat.
        assert sum(counts.values()) == 51
        assert counts["referral.expired", EventState.IGNORED] == 1
        assert counts["test", EventState.IGNORED] == 2
        assert not [state for (_, state) in counts if state in (EventState.INVALID, EventState.FAILED)]
        # What tells neither a link nor a campaign cannot be anybody's.
        assert counts["install.tracked", EventState.UNATTRIBUTED] == 4
        assert len(run.sandbox.contacts()) == len(leads)
        assert {row.state.named for row in leads} == {True, False}


async def test_a_repeat_of_everything_in_another_order_changes_nothing(tmp_path: Path) -> None:
    at = SystemClock().now() - 30 * MINUTE
    sent = [one for person in range(5) for one in _five_events(person, at)]
    async with running(tmp_path) as run:
        await run.deliver(*sent)
        await run.settled()
        before = {one["hs_object_id"]: one for one in run.sandbox.contacts()}
        calls = run.sandbox.calls.total
        random.Random(3).shuffle(sent)
        assert set(await run.deliver(*sent)) == {200}
        await run.settled()

        assert {one["hs_object_id"]: one for one in run.sandbox.contacts()} == before
        assert run.sandbox.calls.total == calls


async def test_two_strangers_on_one_campaign_link_stay_two_contacts(tmp_path: Path) -> None:
    async with running(tmp_path, now=moment("10:00")) as run:
        await run.deliver(
            event("install.tracked", moment("09:16"), prefix="promo", token="may-sale", platform="ios"),
            event("install.tracked", moment("09:17"), prefix="promo", token="may-sale", platform="ios"),
        )
        await run.settled()

        names = {one["lastname"] for one in run.sandbox.contacts()}
        assert len(names) == 2
        assert all(name.startswith("Deep Link Lead may-sale ") for name in names)


async def test_what_sales_typed_stays_and_what_was_ours_follows(tmp_path: Path) -> None:
    async with running(tmp_path, now=moment("10:00")) as run:
        await run.deliver(
            event(
                "install.tracked", moment("09:16"), prefix="ref", token="A1", campaign="late", platform="ios"
            )
        )
        await run.settled()
        (contact,) = run.sandbox.contacts()
        run.sandbox.edit_contact(contact["hs_object_id"], {"lastname": "Okafor"})
        await run.deliver(
            # An earlier touch: the campaign that was ours moves back to it, the name was sales' own.
            event("deferred_link.claimed", moment("09:10"), prefix="ref", token="A1", campaign="late"),
            event("referral.completed", moment("09:40"), referral_code="A1", referred_user_id="u9"),
        )
        await run.settled()
        (contact,) = run.sandbox.contacts()

        assert contact["lastname"] == "Okafor"
        assert contact["lifecyclestage"] == "customer"
        assert contact["conversion_date"] == "2026-05-21T09:40:00Z"


@pytest.mark.parametrize(
    ("signature", "status"),
    [
        (None, 401),
        ("0" * 64, 401),
        (sign("whsec_of-somebody-else-0123456789", b"{}"), 401),
        (sign(SECRET, b"{}"), 200),
    ],
)
async def test_only_what_the_secret_signed_is_stored(
    tmp_path: Path, signature: str | None, status: int
) -> None:
    async with running(tmp_path) as run:
        headers = {} if signature is None else {"X-Webhook-Signature": signature}
        assert await run.post("/webhooks/tolinku", b"{}", headers) == status

        stored = await run.service.ledger.event_counts()
        assert sum(stored.values()) == (1 if status == 200 else 0)


async def test_garbage_that_is_well_signed_is_kept_as_invalid(tmp_path: Path) -> None:
    body = b"\xff\x00 no JSON"
    async with running(tmp_path) as run:
        headers = {"X-Webhook-Signature": sign(SECRET, body)}
        assert await run.post("/webhooks/tolinku/", body, headers) == 200

        (stored,) = await run.service.ledger.events(limit=10)
        assert (stored.state, stored.reason) == (EventState.INVALID, "the body is not JSON")
