"""The check: what an operator is told of an org, and how a missing field is told from a hidden one."""

from __future__ import annotations

from typing import Any

import pytest

from afterclick.sandbox import Rule
from afterclick.testing import ListLog
from afterclick_salesforce import plugin

from .emulated import account
from .support import KEY, lead


async def codes(a: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for finding in await plugin.check(a.ctx):
        found[finding.code] = f"{found.get(finding.code, '')} {finding.message}"
    return found


NO_TOKEN = {"provisioning_token": ""}


async def test_org_that_is_right_has_no_findings() -> None:
    async with account(settings=NO_TOKEN) as a:
        found = await codes(a)
        assert set(found) <= {"salesforce-choice-unknown"}


async def test_missing_field_is_told_from_a_hidden_one() -> None:
    async with account(provisioned=False) as a:
        a.org.people.define("Lead", "Deep_Link_Campaign__c", granted=False)
        found = await codes(a)
    assert "Deep_Link_Campaign__c" in found["salesforce-field-hidden"]
    assert "Deep_Link_Campaign__c" not in found["salesforce-field-missing"]
    assert KEY in found["salesforce-field-missing"]


async def test_user_that_may_view_setup_tells_them_apart_itself() -> None:
    async with account(provisioned=False, view_setup=True, settings=NO_TOKEN) as a:
        a.org.people.define("Lead", "Deep_Link_Campaign__c", granted=False)
        assert "Deep_Link_Campaign__c" in (await codes(a))["salesforce-field-hidden"]


async def test_nobody_who_may_look_leaves_it_open() -> None:
    async with account(provisioned=False, settings=NO_TOKEN) as a:
        found = await codes(a)
    assert KEY in found["salesforce-field-absent"]


async def test_pointer_and_contact_fields_are_missed() -> None:
    async with account(provisioned=False, settings=NO_TOKEN) as a:
        assert {"salesforce-pointer", "salesforce-contact-fields"} <= set(await codes(a))


async def test_stages_are_compared_with_the_orgs_own_statuses() -> None:
    async with account(settings=NO_TOKEN) as a:
        a.ctx.stages = {"lead": "Open - Not Contacted", "customer": "Closed - Converted", "qualified": "New"}
        found = await codes(a)
    assert "Closed - Converted" in found["salesforce-status-converted"]
    assert "New" in found["salesforce-choice-unknown"]


async def test_days_calls_that_run_out_are_told() -> None:
    async with account(daily=100, settings={**NO_TOKEN, "quota_share": 1}) as a:
        for _ in range(90):
            await a.ctx.client.api.query("SELECT COUNT() FROM Lead")
        assert "salesforce-daily-limit" in await codes(a)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"client_secret": "wrong"}, "salesforce-credentials"),
        ({"client_id": "unknown"}, "salesforce-credentials"),
        ({"api_version": "v20.0"}, "salesforce-api-version"),
        ({"api_version": "v99.0"}, "salesforce-api-version"),
    ],
)
async def test_org_that_cannot_be_opened_says_why(settings: dict[str, Any], code: str) -> None:
    async with account(connected=False, settings={**NO_TOKEN, **settings}) as a:
        assert list(await codes(a)) == [code]


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (401, "rest", "salesforce-access"),
        (403, "disabled", "salesforce-access"),
        (403, "daily", "salesforce-unreachable"),
        (503, "html", "salesforce-unreachable"),
    ],
)
async def test_org_that_does_not_answer_says_why(status: int, reason: str, code: str) -> None:
    async with account(settings=NO_TOKEN) as a:
        a.org.faults.add(Rule(kind="status", status=status, reason=reason, path="/sobjects"))
        assert list(await codes(a)) == [code]


async def test_version_that_will_be_retired_is_told_and_logged_once() -> None:
    async with account(settings={**NO_TOKEN, "api_version": "v40.0"}) as a:
        assert "v40.0" in (await codes(a))["salesforce-api-version-old"]
        await a.match(lead())
        await a.match(lead())
        assert isinstance(a.ctx.log, ListLog)
        lines = [event for event, _ in a.ctx.log.lines if event == "salesforce-version-old"]
    # One for the connection's calls, one for those of the check.
    assert len(lines) == 2


async def test_token_that_does_not_work_is_told() -> None:
    async with account(settings={"provisioning_token": "00D-ended"}) as a:
        assert "salesforce-provisioning-token" in await codes(a)


async def test_rights_on_objects_are_missed() -> None:
    async with account(connected=False, object_permissions=("Read",), settings=NO_TOKEN) as a:
        found = await codes(a)
    assert any("Lead" in text or "Contact" in text for text in found.values())
