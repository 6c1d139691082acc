"""Opening an account: who it is, whether its properties fit, and what is fitted to them."""

from __future__ import annotations

import aiohttp
import msgspec
import pytest

from afterclick.plugin import CallFailed, Kind, Match, Misconfigured, NotAuthorized, Rule, Throttled
from afterclick_hubspot import plugin
from afterclick_hubspot.fields import DEFAULT_FIELDS

from .support import (
    ACCOUNT,
    BASE,
    PROPERTIES,
    READ,
    Bench,
    Json,
    account,
    batch,
    bench,
    contact,
    definition,
    definitions,
    error,
    lead,
)


def answer(b: Bench, properties: Json | None = None, details: Json | None = None) -> None:
    """Let the account answer what `connect` asks."""
    b.hub.reply(ACCOUNT, account() if details is None else details, method="GET")
    b.hub.reply(PROPERTIES, definitions() if properties is None else properties, method="GET")


async def test_connected_account_matches() -> None:
    async with bench(connected=False) as b:
        answer(b)
        b.ctx.client = await plugin.connect(b.ctx)
        b.hub.reply(READ, batch([contact("7", url=None)]))
        (found,) = await plugin.match([lead(record_id="7")], b.ctx)
    assert isinstance(found, Match)
    assert found.record.url == "https://app-eu1.hubspot.com/contacts/4242/record/0-1/7"
    assert b.ctx.http.correlation_header == "X-HubSpot-Correlation-Id"


async def test_all_missing_properties_are_named_with_the_remedy() -> None:
    async with bench(connected=False) as b:
        answer(b, definitions("deep_link_key", "install_date"))
        with pytest.raises(Misconfigured) as stop:
            await plugin.connect(b.ctx)
    finding = stop.value.finding
    assert finding is not None
    assert finding.code == "hubspot-field-missing"
    assert "deep_link_key, install_date" in finding.message
    # Several are one finding, whichever of them it is today.
    assert finding.subject == ""
    assert finding.remedy.startswith("Run `afterclick provision hubspot`")


async def test_several_faults_are_told_at_once() -> None:
    properties = definitions(
        "deep_link_token",
        referral_source=definition("referral_source", "number", "number"),
        deep_link_key=definition("deep_link_key"),
        phone=definition("phone", modificationMetadata={"readOnlyValue": True}),
    )
    async with bench(connected=False) as b:
        answer(b, properties)
        with pytest.raises(Misconfigured) as stop:
            await plugin.connect(b.ctx)
    finding = stop.value.finding
    assert finding is not None
    assert finding.code == "hubspot-fields"
    for part in ("deep_link_token", "referral_source holds number", "unique", "phone cannot be written"):
        assert part in finding.message
    assert "Choose another name" in finding.remedy
    assert "provision" in finding.remedy


async def test_property_of_hubspots_own_is_not_to_be_provisioned() -> None:
    async with bench(connected=False) as b:
        answer(b, definitions("company"))
        with pytest.raises(Misconfigured) as stop:
            await plugin.connect(b.ctx)
    assert stop.value.finding is not None
    assert "afterclick provision" not in stop.value.finding.remedy


async def test_key_cannot_be_switched_off() -> None:
    fields = [spec for spec in DEFAULT_FIELDS if spec.rule is not Rule.KEY]
    async with bench(connected=False, fields=fields) as b:
        answer(b)
        with pytest.raises(Misconfigured) as stop:
            await plugin.connect(b.ctx)
    assert stop.value.finding is not None
    assert stop.value.finding.code == "hubspot-no-key"


async def test_key_may_have_another_name() -> None:
    fields = [
        msgspec.structs.replace(spec, name="person_key") if spec.rule is Rule.KEY else spec
        for spec in DEFAULT_FIELDS
    ]
    properties = definitions("deep_link_key", person_key=definition("person_key", hasUniqueValue=True))
    async with bench(connected=False, fields=fields) as b:
        answer(b, properties)
        b.ctx.client = await plugin.connect(b.ctx)
        b.hub.reply(READ, batch([contact("7", {"person_key": lead().keys[0]})]))
        await plugin.match([lead()], b.ctx)
    assert b.hub.sent[-1].body["idProperty"] == "person_key"


async def test_day_property_narrows_its_field() -> None:
    properties = definitions(install_date=definition("install_date", "date", "date"))
    async with bench(connected=False) as b:
        answer(b, properties)
        await plugin.connect(b.ctx)
        kinds = {spec.name: spec.kind for spec in b.ctx.fields}
    assert kinds["install_date"] is Kind.DATE
    assert kinds["referral_date"] is Kind.DATETIME
    assert ("hubspot-day-only", {"connection": "hubspot", "property": "install_date"}) in b.log.lines


async def test_order_of_stages_is_the_accounts_own() -> None:
    options = [
        {"value": "customer", "displayOrder": 2},
        {"value": "lead", "displayOrder": 0},
        {"value": "999", "displayOrder": -1},
        {"value": "170317", "displayOrder": 1},
    ]
    stage = definition("lifecyclestage", "enumeration", "radio", options=options)
    async with bench(connected=False) as b:
        answer(b, definitions(lifecyclestage=stage))
        await plugin.connect(b.ctx)
        (order,) = [spec.order for spec in b.ctx.fields if spec.attribute == "stage"]
    assert order == ("lead", "170317", "customer", "999")


async def test_unknown_stage_costs_the_stage_and_not_the_lane() -> None:
    async with bench(connected=False, stages={"lead": "lead", "customer": "kunde"}) as b:
        answer(b)
        await plugin.connect(b.ctx)
    assert any(event == "hubspot-stage-unknown" for event, _ in b.log.lines)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ("free", []),
        ("starter", []),
        ("professional", [("burst", 190, 10.0, None)]),
        ("enterprise", [("burst", 190, 10.0, None)]),
        ("unlimited", [("burst", 1_000_000, 10.0, None)]),
    ],
)
async def test_plan_sets_the_limit_until_the_headers_tell(plan: str, told: list[object]) -> None:
    headers = {
        "X-HubSpot-RateLimit-Max": "250",
        "X-HubSpot-RateLimit-Remaining": "249",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Daily": "625000",
        "X-HubSpot-RateLimit-Daily-Remaining": "624000",
    }
    async with bench(connected=False, settings={"plan": plan}) as b:
        b.hub.reply(ACCOUNT, account(), method="GET")
        b.hub.reply(PROPERTIES, definitions(), method="GET", headers=headers)
        await plugin.connect(b.ctx)
    assert b.pacer.learnt == [
        *told,
        ("burst", 250.0, 10.0, 249.0),
        ("daily", 625_000.0, 86_400.0, 624_000.0),
    ]


async def test_older_version_stands_in_every_address() -> None:
    async with bench(connected=False, settings={"api_version": "2026-03"}) as b:
        b.hub.reply(f"{BASE}/account-info/2026-03/details", account(), method="GET")
        b.hub.reply(f"{BASE}/crm/properties/2026-03/contacts", definitions(), method="GET")
        b.ctx.client = await plugin.connect(b.ctx)
        b.hub.reply(f"{BASE}/crm/objects/2026-03/contacts/batch/read", batch([contact("7")]))
        await plugin.match([lead(record_id="7")], b.ctx)
    assert len(b.hub.sent) == 3


@pytest.mark.parametrize(("status", "body"), [(403, {}), (404, "<html>"), (500, ""), (200, "{")])
async def test_account_that_does_not_say_who_it_is_still_opens(status: int, body: Json | str) -> None:
    async with bench(connected=False) as b:
        b.hub.reply(ACCOUNT, body, status, method="GET")
        b.hub.reply(PROPERTIES, definitions(), method="GET")
        client = await plugin.connect(b.ctx)
    assert client.shape.url("7") is None
    assert client.day.zone == "UTC"


async def test_refused_token_is_told_at_once() -> None:
    async with bench(connected=False) as b:
        b.hub.reply(ACCOUNT, error("INVALID_AUTHENTICATION"), 401, method="GET")
        with pytest.raises(NotAuthorized):
            await plugin.connect(b.ctx)


async def test_throttled_connect_waits() -> None:
    async with bench(connected=False) as b:
        b.hub.reply(ACCOUNT, account(), method="GET")
        b.hub.reply(PROPERTIES, {"policyName": "TEN_SECONDLY_ROLLING"}, 429, method="GET")
        with pytest.raises(Throttled):
            await plugin.connect(b.ctx)


async def test_missing_read_scope_is_named() -> None:
    detail = {"context": {"requiredGranularScopes": ["crm.objects.contacts.read"]}}
    async with bench(connected=False) as b:
        b.hub.reply(ACCOUNT, account(), method="GET")
        b.hub.reply(PROPERTIES, error("MISSING_SCOPES", errors=[detail]), 403, method="GET")
        with pytest.raises(NotAuthorized, match=r"crm\.objects\.contacts\.read"):
            await plugin.connect(b.ctx)


@pytest.mark.parametrize("body", ["<html>", error("OBJECT_NOT_FOUND", "resource not found")])
async def test_version_that_hubspot_does_not_know_is_told(body: Json | str) -> None:
    async with bench(connected=False) as b:
        b.hub.reply(ACCOUNT, body, 404, method="GET")
        b.hub.reply(PROPERTIES, body, 404, method="GET")
        with pytest.raises(Misconfigured, match="404"):
            await plugin.connect(b.ctx)


@pytest.mark.parametrize(("status", "body"), [(500, ""), (200, "{"), (200, '{"results": 1}')])
async def test_definitions_that_cannot_be_read_are_no_verdict(status: int, body: str) -> None:
    async with bench(connected=False) as b:
        b.hub.reply(ACCOUNT, account(), method="GET")
        b.hub.reply(PROPERTIES, body, status, method="GET")
        with pytest.raises(CallFailed):
            await plugin.connect(b.ctx)


async def test_account_info_without_an_answer_is_left_out() -> None:
    async with bench(connected=False) as b:
        b.hub.fail(ACCOUNT, aiohttp.ServerDisconnectedError(), method="GET")
        b.hub.reply(PROPERTIES, definitions(), method="GET")
        assert await plugin.connect(b.ctx) is not None
