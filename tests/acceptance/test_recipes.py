"""The recipes of core/docs/recipes.md, run with the very configuration that they show."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from tests.acceptance.pipedrive import APP_SECRET
from tests.acceptance.running import PATIENCE, SECRET, MovableClock, provision, unconnected
from tests.acceptance.salesforce import org
from tests.docs.reference import DOCS
from tests.support.signing import headers_of

from afterclick.cli.sending import delivery, send
from afterclick.config.load import load
from afterclick.host.discovery import discover
from afterclick.sandbox import Emulator, Person, serve
from afterclick.service import Service
from afterclick_hubspot.sandbox import HubSpotSandbox
from afterclick_hubspot.sandbox import Options as HubSpot
from afterclick_pipedrive.sandbox import Options as Pipedrive
from afterclick_pipedrive.sandbox import PipedriveSandbox
from afterclick_salesforce.sandbox import SalesforceSandbox
from afterclick_salesforce.sandbox.schema import Field

SISTER_SECRET = "whsec_8d1b7c90e44f4a1fb21d6f3a5c7e9b02"
MINUTE = 60_000


def configured(recipe: str) -> str:
    """Return the TOML blocks of a recipe, found by its heading."""
    page = (DOCS / "recipes.md").read_text("utf-8")
    chapter = page.split(f"\n## {recipe}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"```toml\n(.*?)```", chapter, re.DOTALL))


@dataclass(slots=True)
class Kitchen:
    """A service in this process, the emulated CRMs of its connections, and a client."""

    service: Service
    crms: Mapping[str, Emulator]
    http: aiohttp.ClientSession
    clock: MovableClock

    async def post(self, source: str, secret: str, type: str, **data: Any) -> None:
        """Send a webhook of now to a source."""
        one = delivery(type, self.clock.now(), data, secret)
        assert await send(self.http, f"{self.service.public_url}/webhooks/{source}", one) == 200

    async def registers(self, user_id: str, **told: Any) -> None:
        """Report a registration, as the user's own backend does."""
        body = msgspec.json.encode({"user_id": user_id, **told})
        headers = headers_of(body, id=f"signup-{user_id}", at=self.clock.now(), secrets=(APP_SECRET,))
        async with self.http.post(
            f"{self.service.public_url}/v1/registrations", data=body, headers=headers
        ) as told_us:
            assert told_us.status == 200, await told_us.text()

    def of(self, connection: str, field: str) -> list[Any]:
        """Return what a CRM's records hold in a field."""
        records = [one["properties"] for one in self.crms[connection].records()]
        return sorted(one[field] for one in records if one.get(field))

    async def until(self, met: Callable[[], bool]) -> None:
        """Return when it is so."""
        async with asyncio.timeout(PATIENCE):
            while not met():
                await asyncio.wait({asyncio.ensure_future(self.clock.sleep(0.02))})


@asynccontextmanager
async def cooking(
    folder: Path, recipe: str, crms: Mapping[str, Emulator], **more: str
) -> AsyncIterator[Kitchen]:
    """Follow a recipe with emulated CRMs, after giving them the fields that they lack."""
    (folder / "afterclick.toml").write_text(configured(recipe), "utf-8")
    clock = MovableClock()
    async with AsyncExitStack() as stack:
        environ = unconnected(folder, SISTER_WEBHOOK_SECRET=SISTER_SECRET, **more)
        environ |= {"AFTERCLICK_SOURCES__APP__KIND": "app", "AFTERCLICK_SOURCES__APP__SECRETS": APP_SECRET}
        for connection, crm in crms.items():
            given = (await stack.enter_async_context(serve(crm))).settings()
            prefix = f"AFTERCLICK_CONNECTIONS__{connection.upper()}__"
            environ |= {prefix + name.upper(): value for name, value in given.items()}
        http = await stack.enter_async_context(aiohttp.ClientSession())
        await provision(folder, environ)
        settings = load(folder / "afterclick.toml", environ)
        service = Service(settings, environ, clock=clock, found=discover())
        yield Kitchen(await stack.enter_async_context(service), crms, http, clock)


async def test_leads_that_hubspots_integration_makes_in_salesforce_are_enriched(tmp_path: Path) -> None:
    crms = {"hubspot": HubSpotSandbox(HubSpot(unlimited=True)), "salesforce": org()}
    async with cooking(tmp_path, "HubSpot and Salesforce are connected to each other", crms) as run:
        await run.post("tolinku", SECRET, "install.tracked", prefix="promo", token="summer", campaign="may")
        await run.registers(
            "ada", email="ada@example.com", last_name="Nkemelu", deep_link_path="/promo/summer"
        )
        await run.until(lambda: run.of("hubspot", "email") == ["ada@example.com"])
        assert run.of("salesforce", "Email") == []

        # What the integration does within minutes.
        crms["salesforce"].type_in(Person(last_name="Nkemelu", email="ada@example.com", company="Acme"))
        run.clock.move(2 * MINUTE)
        await run.until(lambda: bool(run.of("salesforce", "Deep_Link_Key__c")))

        assert run.of("salesforce", "Deep_Link_Campaign__c") == ["may"]
        assert len(crms["salesforce"].records()) == 1
        assert run.of("salesforce", "Status") == ["Open - Not Contacted"]


async def test_a_sister_companys_people_reach_its_own_crm_only(tmp_path: Path) -> None:
    company = PipedriveSandbox(Pipedrive(unlimited=True))
    crms = {"hubspot": HubSpotSandbox(HubSpot(unlimited=True)), "pipedrive": company}
    recipe = "A sister company has an app and a Pipedrive of its own"
    async with cooking(tmp_path, recipe, crms, WEBHOOK_SECRET=SECRET) as run:
        # One code in both apps: two codes, and two friends.
        for source, secret in (("tolinku", SECRET), ("sister", SISTER_SECRET)):
            await run.post(
                source, secret, "referral.completed", referral_code="FRIEND", referred_user_id=f"of-{source}"
            )
        await run.until(lambda: all(crm.records() for crm in crms.values()))

        [ours], [sisters] = run.of("hubspot", "deep_link_key"), company.persons()
        assert ours != sisters["Deep link key"]


async def test_a_staging_account_gets_the_same_leads_by_its_own_mapping(tmp_path: Path) -> None:
    crms = {name: HubSpotSandbox(HubSpot(unlimited=True)) for name in ("hubspot", "staging")}
    async with cooking(tmp_path, "A staging CRM beside production", crms) as run:
        await run.post("tolinku", SECRET, "install.tracked", prefix="promo", token="summer", campaign="may")
        await run.until(lambda: all(crm.records() for crm in crms.values()))

        assert run.of("hubspot", "first_touch_campaign") == run.of("staging", "utm_campaign") == ["may"]
        assert run.of("staging", "jobtitle") == ["staging"]
        assert run.of("hubspot", "jobtitle") == run.of("staging", "first_touch_campaign") == []
        assert run.of("hubspot", "deep_link_key") == run.of("staging", "deep_link_key")


@pytest.fixture
def strict() -> SalesforceSandbox:
    """Return an org whose administrator made two fields required."""
    crm = org()
    for name in ("Sales_Region__c", "Plan__c"):
        crm.org.define("Lead", Field(name=name, label=name, length=80, nillable=False, custom=True))
    return crm


async def test_leads_that_lack_a_required_field_are_parked_and_go_on_once_it_is_mapped(
    tmp_path: Path, strict: SalesforceSandbox
) -> None:
    recipe = "An administrator made a field required"
    async with cooking(tmp_path, recipe, {"salesforce": strict}) as run:
        await run.registers("ada", email="ada@example.com", properties={"plan": "gold"})
        await run.registers("ben", email="ben@example.com")
        await run.until(lambda: len(run.of("salesforce", "Deep_Link_Key__c")) == 2)

        assert run.of("salesforce", "Sales_Region__c") == ["EMEA", "EMEA"]
        assert run.of("salesforce", "Plan__c") == ["gold", "unknown"]
