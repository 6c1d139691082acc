"""What `afterclick check` tells of an account, without writing anything."""

from __future__ import annotations

import pytest

from afterclick.plugin import FieldSpec
from afterclick.plugin.errors import WriteRefused
from afterclick.plugin.http import Outgoing
from afterclick.sandbox import Rule
from afterclick_pipedrive import plugin
from afterclick_pipedrive.fields import DEFAULT_FIELDS

from .emulated import Account, account
from .support import lead


async def codes(a: Account) -> list[str]:
    return [finding.code for finding in await plugin.check(a.ctx)]


async def spend_all_but(rest: int, a: Account) -> None:
    budget = a.client.api.budget
    budget.spent.tokens += int(budget.left) - rest
    await budget.store(a.ctx.state)


def reads_only(request: Outgoing) -> None:
    if not request.reads:
        raise WriteRefused("a check wrote")


async def test_provisioned_account_is_fine_and_nothing_is_written() -> None:
    async with account(settings={"deals": "deal"}) as a:
        a.ctx.http = a.ctx.http.behind(reads_only)
        assert await codes(a) == []
        assert a.spent == 2 + 10 + 10 + 5 + 5


async def test_missing_fields_are_told() -> None:
    async with account(provisioned=False) as a:
        (finding,) = await plugin.check(a.ctx)
        assert finding.code == "pipedrive-field-missing"
        assert "afterclick provision pipedrive" in finding.remedy


async def test_pipeline_that_is_not_there_is_told() -> None:
    async with account(settings={"deals": "deal", "deal_pipeline": "Nowhere"}, connected=False) as a:
        assert await codes(a) == ["pipedrive-pipeline"]


async def test_label_that_is_not_there_is_told() -> None:
    async with account() as a:
        a.ctx.stages = {"customer": "Nobody made it"}
        assert await codes(a) == ["pipedrive-label-unknown"]


async def test_constant_that_goes_nowhere_is_told() -> None:
    async with account() as a:
        constant = FieldSpec(attribute="set_on_create.x", name="job_title", title="x", standard=True)
        a.ctx.fields = (*DEFAULT_FIELDS, constant)
        assert await codes(a) == ["pipedrive-field-unknown"]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (Rule(kind="status", status=401), "pipedrive-credentials"),
        (Rule(kind="status", status=403, reason="scope"), "pipedrive-rights"),
        (Rule(kind="status", status=403, reason="html"), "pipedrive-limited"),
        (Rule(kind="status", status=429, reason="daily"), "pipedrive-limited"),
        (Rule(kind="status", status=500), "pipedrive-unreachable"),
        (Rule(kind="cut_before"), "pipedrive-unreachable"),
    ],
)
async def test_account_that_cannot_be_read_says_why(rule: Rule, code: str) -> None:
    async with account() as a:
        a.crm.faults.add(rule)
        assert await codes(a) == [code]


async def test_tokens_of_today_are_told_per_person() -> None:
    async with account(settings={"daily_tokens": 1000}) as a:
        before = a.client.api.budget.total.tokens
        await a.create(*(lead(f"lead-{n}", [f"user:{n:032}"], {"name": "x"}) for n in range(4)))
        (finding,) = await plugin.check(a.ctx)
        assert finding.code == "pipedrive-tokens"
        assert finding.level == "info"
        assert (
            f"of our 1000 tokens of today (UTC) are spent, on 4 people written, {(before + 32) / 4:.1f} each"
            in (finding.message)
        )


async def test_look_is_paid_from_the_share_and_the_lane_heeds_it() -> None:
    async with account(settings={"daily_tokens": 1000}) as a:
        await a.create(lead(values={"name": "x"}))
        left = a.client.api.budget.left
        for _ in range(2):
            await plugin.check(a.ctx)
        await a.create(lead("lead-2", values={"name": "y"}))
        assert a.client.api.budget.left == left - 2 * 12 - 5
        # A process that starts anew knows all of it.
        await a.connect()
        assert a.client.api.budget.left == left - 2 * 12 - 5 - 12


async def test_look_spends_nothing_beyond_the_share() -> None:
    async with account(settings={"daily_tokens": 500}) as a:
        await spend_all_but(1, a)
        assert await codes(a) == ["pipedrive-limited", "pipedrive-tokens-low"]
        assert a.spent == 0


async def test_day_that_is_almost_spent_is_told() -> None:
    async with account(settings={"daily_tokens": 500}) as a:
        await spend_all_but(13, a)
        assert await codes(a) == ["pipedrive-tokens-low"]


async def test_provisioning_token_that_has_done_its_work_is_told() -> None:
    async with account(restricted_token="of-a-plain-user") as a:
        assert await codes(a) == ["pipedrive-provisioning-left"]
