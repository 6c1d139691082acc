"""The main job with Salesforce: signed webhooks in, the right Leads out, also after the worst of days."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from tests.acceptance.running import RUNNING, SECRET, Process, event, provision
from tests.acceptance.salesforce import org, people, serving, variables
from tests.kill.clock import VARIABLE, SharedClock
from tests.support.clock import moment
from tests.support.deliveries import deliveries

from afterclick.cli.sending import Delivery, send, sign
from afterclick.clock import SystemClock, from_iso
from afterclick.sandbox import Rule, serve
from afterclick_salesforce.sandbox import SalesforceSandbox

MINUTE = 60_000
ROOT = Path(__file__).parents[2]
CONNECTING = 3
"""Calls that `connect` may make after the count began: a login and the definitions of both objects."""


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    while RUNNING:
        RUNNING.pop().kill()


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


async def test_a_burst_of_a_thousand_events_of_200_people_costs_at_most_six_calls(tmp_path: Path) -> None:
    now = SystemClock().now()
    sent = [one for person in range(200) for one in _five_events(person, now - 60 * MINUTE)]
    random.Random(7).shuffle(sent)
    # All of the burst is there before the first lead is due, however slow the machine is.
    async with serving(tmp_path, AFTERCLICK_SYNC__LINGER="1h") as run:
        connected = run.crm.calls.total
        assert set(await run.deliver(*sent)) == {200}
        await run.folded()
        run.clock.move(60 * MINUTE)
        await run.settled()
        calls = run.crm.calls.total - connected

        assert len(run.leads()) == 200
        assert len({one["Deep_Link_Key__c"] for one in run.leads()}) == 200
        assert {one["Deep_Link_Campaign__c"] for one in run.leads()} == {"may"}
        assert calls <= 6 + CONNECTING


async def test_a_repeat_of_everything_in_another_order_changes_nothing(tmp_path: Path) -> None:
    at = SystemClock().now() - 30 * MINUTE
    sent = [one for person in range(5) for one in _five_events(person, at)]
    async with serving(tmp_path) as run:
        await run.deliver(*sent)
        await run.settled()
        before, calls = run.leads(), run.crm.calls.total
        random.Random(3).shuffle(sent)
        assert set(await run.deliver(*sent)) == {200}
        await run.settled()

        assert run.leads() == before
        assert run.crm.calls.total == calls


async def test_two_strangers_on_one_campaign_link_stay_two_leads_and_wake_nobody(tmp_path: Path) -> None:
    async with serving(tmp_path, now=moment("10:00")) as run:
        await run.deliver(
            event("install.tracked", moment("09:16"), prefix="promo", token="may-sale", platform="ios"),
            event("install.tracked", moment("09:17"), prefix="promo", token="may-sale", platform="ios"),
        )
        await run.settled()

        names = {one["LastName"] for one in run.leads()}
        assert len(names) == 2
        assert all(name.startswith("Lead may-sale ") for name in names)
        assert {(one["FirstName"], one["Company"]) for one in run.leads()} == {("Deep Link", "Unknown")}
        assert {one["LeadSource"] for one in run.leads()} == {"Deep Link"}
        assert run.crm.counts()["assignments"] == 0


async def test_what_sales_typed_stays_and_what_was_ours_follows(tmp_path: Path) -> None:
    async with serving(tmp_path, now=moment("10:00")) as run:
        await run.deliver(
            event(
                "install.tracked", moment("09:16"), prefix="ref", token="A1", campaign="late", platform="ios"
            )
        )
        await run.settled()
        (lead,) = run.leads()
        run.crm.people.edit(lead["Id"], {"LastName": "Okafor"})
        await run.deliver(
            event("deferred_link.claimed", moment("09:10"), prefix="ref", token="A1", campaign="late"),
            event("referral.completed", moment("09:40"), referral_code="A1", referred_user_id="u9"),
        )
        await run.settled()
        (lead,) = run.leads()

        assert lead["LastName"] == "Okafor"
        assert lead["Conversion_Date__c"].startswith("2026-05-21T09:40:00")


async def test_a_friend_whom_sales_typed_in_keeps_one_record_that_the_stub_points_to(
    tmp_path: Path,
) -> None:
    at = SystemClock().now() - 30 * MINUTE
    async with serving(tmp_path) as run:
        typed = run.crm.people.add(
            "Contact", {"LastName": "L", "FirstName": "Ada", "Email": "Ada@Example.com"}
        )
        await run.deliver(
            event("install.tracked", at, prefix="ref", token="A1", campaign="may", platform="ios")
        )
        await run.settled()
        (stub,) = run.leads()
        await run.register("user-1", email="ada@example.com", referral_code="A1")
        await run.settled()

        (contact,) = run.contacts()
        (stub,) = run.leads()
        assert (contact["Id"], contact["LastName"]) == (typed, "L")
        assert contact["Deep_Link_Campaign__c"] == "may"
        assert stub["Deep_Link_Merged_Into__c"] == typed
        # What comes later goes to the Contact.
        await run.deliver(
            event("referral.completed", at + MINUTE, referral_code="A1", referred_user_id="user-1")
        )
        await run.settled()
        (contact,) = run.contacts()
        assert contact["Conversion_Date__c"]
        assert run.leads() == [stub]


async def test_two_leads_that_turn_out_to_be_one_person_keep_one_record_that_the_other_points_to(
    tmp_path: Path,
) -> None:
    at = SystemClock().now() - 60 * MINUTE
    async with serving(tmp_path) as run:
        await run.deliver(
            event("referral.created", at, prefix="ref", token="A1", referrer_token="user-a"),
            event("referral.completed", at + MINUTE, referral_code="B2", referred_user_id="user-1"),
        )
        await run.settled()
        assert len(run.leads()) == 2
        await run.deliver(
            event("referral.completed", at + 2 * MINUTE, referral_code="A1", referred_user_id="user-1")
        )
        await run.settled()

        kept, gone = sorted(run.leads(), key=lambda one: bool(one.get("Deep_Link_Merged_Into__c")))
        assert gone["Deep_Link_Merged_Into__c"] == kept["Id"]
        assert kept["Referral_Source__c"] == "user-a"
        assert kept["Conversion_Date__c"] is not None


async def test_every_sample_delivery_ends_in_as_many_records_as_there_are_people(tmp_path: Path) -> None:
    async with serving(tmp_path, now=from_iso("2026-06-03T01:00:00Z")) as run:
        await run.deliver(
            *(
                Delivery(event=one.type, body=one.body, signature=sign(SECRET, one.body))
                for one in deliveries()
            )
        )
        await run.settled()
        people = await run.service.ledger.leads(limit=1000)

        assert len(run.leads()) == len(people) > 1
        assert {one["Deep_Link_Key__c"] for one in run.leads()} == {row.keys[0] for row in people}


async def test_a_stub_that_gets_a_name_is_given_to_somebody_once_and_followed_when_converted(
    tmp_path: Path,
) -> None:
    at = SystemClock().now() - 30 * MINUTE
    async with serving(tmp_path) as run:
        await run.deliver(
            event("install.tracked", at, prefix="ref", token="A1", campaign="may", platform="ios")
        )
        await run.settled()
        assert run.crm.counts()["assignments"] == 0
        await run.register("user-1", email="ada@example.com", last_name="Lovelace", referral_code="A1")
        await run.settled()
        (lead,) = run.leads()
        assert (lead["LastName"], lead["Email"]) == ("Lovelace", "ada@example.com")
        assert run.crm.counts()["assignments"] == 1

        contact = run.crm.people.convert(lead["Id"])
        await run.deliver(
            event("referral.completed", at + MINUTE, referral_code="A1", referred_user_id="user-1")
        )
        await run.settled()
        (found,) = run.contacts()
        assert found["Id"] == contact
        assert found["Conversion_Date__c"]
        assert run.crm.counts()["assignments"] == 1


@pytest.mark.timeout(180)
async def test_kill_9_with_connections_cut_after_the_write_doubles_nobody(tmp_path: Path) -> None:
    emulator, count = org(), 40
    clock = SharedClock.begun(tmp_path / "clock", speed=60)
    async with (
        serve(emulator) as crm,
        clock.running(),
        # Connections are not kept: the next process may get the port of the one that was killed.
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http,
    ):
        more = {VARIABLE: str(tmp_path / "clock"), "PYTHONPATH": str(ROOT)}
        environ = variables(tmp_path, crm.url, **more)
        await provision(tmp_path, environ)
        emulator.faults.add(Rule(kind="cut_after", path="/composite/sobjects", times=6))
        sent = [one for person in range(count) for one in _five_events(person, clock.now() - 60 * MINUTE)]
        random.Random(5).shuffle(sent)
        for part in (sent[:100], sent[100:]):
            with clock.standing():
                process = Process(tmp_path, environ, program=("-m", "tests.kill.serving"))
                url = await process.started()
            for one in part:
                assert await send(http, f"{url}/webhooks/tolinku", one) == 200
            await _until(lambda: bool(people(emulator, "Lead")))
            process.kill()
        with clock.standing():
            process = Process(tmp_path, environ, program=("-m", "tests.kill.serving"))
            await process.started()
        await _until(lambda: _converted(emulator) == count)
        assert process.stop() == 0
    leads = people(emulator, "Lead")
    assert len(leads) == count
    assert len({one["Deep_Link_Token__c"] for one in leads}) == count


def _converted(emulator: SalesforceSandbox) -> int:
    return sum(1 for one in people(emulator, "Lead") if one.get("Conversion_Date__c"))


async def _until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not happened():
            await asyncio.wait({asyncio.ensure_future(SystemClock().sleep(0.02))})
