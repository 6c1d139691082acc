"""Records that the how-to's code made in Salesforce and Pipedrive get their person's name once adopted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.acceptance.pipedrive import Selling, selling
from tests.acceptance.running import PATIENCE, event
from tests.acceptance.salesforce import Org, serving
from tests.support.clock import moment

INSTALL = event("install.tracked", moment("09:14"), prefix="promo", token="may", platform="ios")
ADA = {"first_name": "Ada", "last_name": "Lovelace", "prefix": "promo", "token": "may"}


async def folded(run: Selling | Org) -> None:
    """Return when every event has its lead."""
    async with asyncio.timeout(PATIENCE):
        while await run.service.ledger.count_unfolded(most=1):
            await asyncio.wait({asyncio.ensure_future(run.clock.sleep(0.02))})


async def adopted(run: Selling | Org, connection: str) -> Any:
    """Adopt what there is; return what is told of it."""
    url = f"{run.service.admin_url}/api/adoptions"
    async with run.http.post(url, json={"connection": connection, "apply": True}) as answer:
        told = await answer.json()
        assert answer.status == 200, told
        return told


async def test_a_lead_of_salesforce_gets_key_and_name(tmp_path: Path) -> None:
    only_match = {"AFTERCLICK_CONNECTIONS__SALESFORCE__CREATES": "false"}
    async with serving(tmp_path, now=moment("09:15"), **only_match) as run:
        values = {"FirstName": "Deep Link", "LastName": "Lead may", "Company": "Unknown"}
        own = run.crm.people.add("Lead", values | {"Deep_Link_Token__c": "may"})
        await run.deliver(INSTALL)
        await folded(run)
        found = await adopted(run, "salesforce")
        assert [one["id"] for one in found["pairs"]] == [own]
        await run.settled()
        [lead] = run.leads()
        assert (lead["Deep_Link_Key__c"][:6], lead["LastName"]) == ("event:", "Lead may")

        await run.register("ada", **ADA, company="Analytical")
        await run.settled()
        [lead] = run.leads()

    assert (lead["FirstName"], lead["LastName"], lead["Company"]) == ("Ada", "Lovelace", "Analytical")
    assert lead["Deep_Link_Platform__c"] == "iOS"


async def test_a_person_of_pipedrive_is_known_by_its_name(tmp_path: Path) -> None:
    only_match = {"AFTERCLICK_CONNECTIONS__PIPEDRIVE__CREATES": "false"}
    async with selling(tmp_path, now=moment("09:15"), crm=None, **only_match) as run:
        own = run.crm.add_person("Deep Link Lead (may)")
        typed = run.crm.add_person("Grace Hopper", email="grace@example.com")
        await run.deliver(INSTALL)
        await folded(run)
        found = await adopted(run, "pipedrive")
        assert [one["id"] for one in found["pairs"]] == [str(own)]
        assert (found["looked"], found["costs"]["tokens"]) == (2, 10)
        await run.settled()
        await run.register("ada", **ADA)
        await run.settled()
        person, other = run.crm.person(own), run.crm.person(typed)

    assert person is not None
    assert other is not None
    assert person["name"] == "Ada Lovelace"
    assert person["Deep link key"].startswith("event:")
    assert (person["Deep link token"], other.get("Deep link key")) == ("may", None)
