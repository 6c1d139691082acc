"""What `afterclick check` finds in an account."""

from __future__ import annotations

import aiohttp
import pytest

from afterclick.plugin import Finding
from afterclick_hubspot import plugin

from .support import CONTACTS, GROUPS, PROPERTIES, Bench, Json, bench, definition, definitions, error

KEY = "pat-na1-provisioning"


def readable(b: Bench) -> None:
    """Let contacts be read."""
    b.hub.reply(CONTACTS, {"results": [{"id": "1", "properties": {"hs_object_id": "1"}}]}, method="GET")


async def check(
    body: Json | str,
    status: int = 200,
    *,
    headers: dict[str, str] | None = None,
    settings: dict[str, str] | None = None,
    group: tuple[Json, int] | None = None,
    stages: dict[str, str] | None = None,
) -> list[Finding]:
    """Return the findings for an account whose definitions are answered like this."""
    async with bench(connected=False, stages=stages, settings=settings) as b:
        readable(b)
        b.hub.reply(PROPERTIES, body, status, method="GET", headers=headers)
        if group is not None:
            b.hub.reply(f"{GROUPS}/deep_link_attribution", *group, method="GET")
        found = list(await plugin.check(b.ctx))
        assert {sent.method for sent in b.hub.sent} == {"GET"}
        return found


async def test_provisioned_account_has_no_findings() -> None:
    assert await check(definitions()) == []


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, error("INVALID_AUTHENTICATION"), "hubspot-credentials"),
        (403, error("MISSING_SCOPES"), "hubspot-scopes"),
        (404, "<html>", "hubspot-address"),
        (429, {}, "hubspot-unreachable"),
        (503, "", "hubspot-unreachable"),
    ],
)
async def test_unreadable_account_says_why(status: int, body: Json | str, code: str) -> None:
    (finding,) = await check(body, status)
    assert (finding.code, finding.level) == (code, "error")


async def test_missing_scopes_are_named() -> None:
    detail = {"context": {"requiredGranularScopes": ["crm.objects.contacts.read"]}}
    (finding,) = await check(error("MISSING_SCOPES", errors=[detail]), 403)
    assert "crm.objects.contacts.read" in finding.remedy


async def test_key_for_schemas_only_cannot_read_contacts() -> None:
    detail = {"context": {"requiredGranularScopes": ["crm.objects.contacts.read"]}}
    async with bench(connected=False) as b:
        b.hub.reply(CONTACTS, error("MISSING_SCOPES", errors=[detail]), 403, method="GET")
        (finding,) = await plugin.check(b.ctx)
    assert (finding.code, finding.message) == (
        "hubspot-scopes",
        "the service key lacks crm.objects.contacts.read",
    )


async def test_network_fault_is_a_finding() -> None:
    async with bench(connected=False) as b:
        readable(b)
        b.hub.fail(PROPERTIES, aiohttp.ServerDisconnectedError(), method="GET")
        (finding,) = await plugin.check(b.ctx)
    assert finding.code == "hubspot-unreachable"


@pytest.mark.parametrize(
    ("properties", "codes"),
    [
        (definitions("deep_link_token"), ["hubspot-field-missing"]),
        (definitions("email"), ["hubspot-field-missing"]),
        (definitions(referral_source=definition("referral_source", "number")), ["hubspot-field-type"]),
        (definitions(deep_link_key=definition("deep_link_key")), ["hubspot-key-not-unique"]),
        (definitions(phone=definition("phone", calculated=True)), ["hubspot-field-read-only"]),
        (definitions(install_date=definition("install_date", "date", "date")), ["hubspot-day-only"]),
    ],
)
async def test_property_faults_are_found(properties: Json, codes: list[str]) -> None:
    assert [finding.code for finding in await check(properties)] == codes


async def test_unknown_stage_is_found() -> None:
    (finding,) = await check(definitions(), stages={"customer": "kunde"})
    assert finding.code == "hubspot-stage-unknown"
    assert "kunde" in finding.message


@pytest.mark.parametrize(
    ("stages", "codes"),
    [
        ({"lead": "lead", "customer": "customer"}, []),
        ({"lead": "customer", "qualified": "customer", "customer": "customer"}, []),
        ({"lead": "opportunity", "customer": "lead"}, ["hubspot-stage-order"]),
        ({"qualified": "customer", "customer": "lead"}, ["hubspot-stage-order"]),
    ],
)
async def test_stages_that_lead_backwards_are_found(stages: dict[str, str], codes: list[str]) -> None:
    assert [finding.code for finding in await check(definitions(), stages=stages)] == codes


@pytest.mark.parametrize(
    ("answer", "lacking", "codes"),
    [
        (({"name": "deep_link_attribution"}, 200), (), ["hubspot-provisioning-left"]),
        ((error("OBJECT_NOT_FOUND"), 404), (), ["hubspot-provisioning-left"]),
        (({"name": "deep_link_attribution"}, 200), ("deep_link_token",), ["hubspot-field-missing"]),
        ((error("INVALID_AUTHENTICATION"), 401), (), ["hubspot-provisioning-key"]),
        ((error("MISSING_SCOPES"), 403), (), ["hubspot-provisioning-key"]),
    ],
)
async def test_provisioning_key_is_looked_at(
    answer: tuple[Json, int], lacking: tuple[str, ...], codes: list[str]
) -> None:
    found = await check(definitions(*lacking), settings={"provisioning_token": KEY}, group=answer)
    assert [finding.code for finding in found] == codes


@pytest.mark.parametrize(("plan", "codes"), [("enterprise", ["hubspot-plan"]), ("free", [])])
async def test_plan_that_allows_less_is_found(plan: str, codes: list[str]) -> None:
    headers = {"X-HubSpot-RateLimit-Max": "100", "X-HubSpot-RateLimit-Remaining": "99"}
    found = await check(definitions(), headers=headers, settings={"plan": plan})
    assert [finding.code for finding in found] == codes


async def test_full_account_has_no_room_for_the_key() -> None:
    used = {f"own_{n}": definition(f"own_{n}", hasUniqueValue=True) for n in range(10)}
    found = await check(definitions("deep_link_key", **used))
    assert [finding.code for finding in found] == ["hubspot-field-missing", "hubspot-unique-limit"]


@pytest.mark.parametrize(("remaining", "expected"), [("24000", ["hubspot-daily-limit"]), ("26000", [])])
async def test_day_almost_used_up_is_found(remaining: str, expected: list[str]) -> None:
    headers = {
        "X-HubSpot-RateLimit-Daily": "250000",
        "X-HubSpot-RateLimit-Daily-Remaining": remaining,
    }
    assert [finding.code for finding in await check(definitions(), headers=headers)] == expected


async def test_end_of_support_is_told_in_time() -> None:
    async with bench(connected=False) as b:
        b.clock.move(645 * 86_400)  # February 2028
        readable(b)
        b.hub.reply(PROPERTIES, definitions(), method="GET")
        (finding,) = await plugin.check(b.ctx)
    assert finding.code == "hubspot-api-version"
    assert "2028-03-08" in finding.message
