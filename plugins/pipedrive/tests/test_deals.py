"""One deal for each person, whatever happens: opened, found again, closed, moved, left to people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from afterclick.plugin import (
    Match,
    Misconfigured,
    NotYet,
    Record,
    Rejected,
    RetryLater,
    Synced,
    Uncertain,
)
from afterclick_pipedrive import plugin
from afterclick_pipedrive.deals import title
from afterclick_pipedrive.directory import Directory
from afterclick_pipedrive.pipelines import Desk

from .emulated import Account, account, change
from .support import DEAL_KEY, DEALS, LEADS, USER, bench, deal, error, lead, ok
from .support import change as bare

REFERRED = {"referral_date": "2026-05-20T08:00:00.000Z", "campaign": "summer"}
CONVERTED = {**REFERRED, "conversion_date": "2026-05-21T08:00:00.000Z"}
VALUES = {"Deep link key": USER, "name": "Ada Lovelace"}
WON = Desk(key=DEAL_KEY, stage=7, wins=True)


@asynccontextmanager
async def selling(**settings: Any) -> AsyncIterator[Account]:
    """Open an account that opens deals for referrals."""
    given = {"deals": "deal", "deal_events": ["referral", "conversion"], **settings}
    async with account(settings=given) as a:
        yield a


async def made(a: Account, attributes: dict[str, Any] = REFERRED, **more: Any) -> Record:
    """Return a person with their deal."""
    new = lead(values=VALUES, attributes=attributes, **more)
    (outcome,) = await a.create(new)
    assert outcome.pending == ("deal",)
    known = lead(record_id=outcome.record.id, attributes=attributes)
    (outcome,) = await a.enrich(change(known, outcome.record, {}, "deal"))
    assert isinstance(outcome, Synced)
    assert outcome.pending == ()
    record: Record = outcome.record
    return record


async def test_deal_is_opened_in_the_first_stage_of_the_first_pipeline() -> None:
    async with selling(deal_title="{person}: {campaign}") as a:
        a.reports.clear()
        record = await made(a)
        (shown,) = a.crm.deals()
        assert record.related == {"deal": str(shown["id"])}
        assert (shown["title"], shown["status"]) == ("Ada Lovelace: summer", "open")
        assert (shown["person_id"], shown["Deep link key"]) == (int(record.id), USER)
        assert shown["stage_id"] == a.crm.stage_id("Pipeline", "Qualified")
        assert a.spent <= 10


async def test_a_lead_whose_deal_is_known_lacks_nothing() -> None:
    async with selling() as a:
        record = await made(a)
        (found,) = await a.match(lead(record_id=record.id, related=record.related, attributes=REFERRED))
        assert isinstance(found, Match)
        assert (found.pending, found.record.related) == ((), record.related)


async def test_no_deal_before_its_event() -> None:
    async with selling() as a:
        (outcome,) = await a.create(lead(values=VALUES, attributes={"install_date": "2026-05-20"}))
        assert outcome.pending == ()


async def test_conversion_wins_the_deal_once() -> None:
    async with selling() as a:
        record = await made(a)
        known = lead(record_id=record.id, related=record.related, attributes=CONVERTED)
        (found,) = await a.match(known)
        assert found.pending == ("conversion",)
        (outcome,) = await a.enrich(change(known, found.record, {}, "conversion"))
        (shown,) = a.crm.deals()
        assert shown["status"] == "won"
        again = lead(record_id=record.id, related=outcome.record.related, attributes=CONVERTED)
        (found,) = await a.match(again)
        assert found.pending == ()


async def test_conversion_moves_the_deal_to_the_stage_that_is_named() -> None:
    async with selling(deal_on_conversion="proposal made") as a:
        record = await made(a)
        known = lead(record_id=record.id, related=record.related, attributes=CONVERTED)
        await a.enrich(change(known, record, {}, "conversion"))
        (shown,) = a.crm.deals()
        assert shown["stage_id"] == a.crm.stage_id("Pipeline", "Proposal Made")
        assert shown["status"] == "open"


async def test_conversion_may_leave_the_deal_alone() -> None:
    async with selling(deal_on_conversion="") as a:
        record = await made(a)
        (found,) = await a.match(lead(record_id=record.id, related=record.related, attributes=CONVERTED))
        assert found.pending == ()


async def test_deal_that_a_conversion_opens_is_won_by_the_same_request() -> None:
    async with selling() as a:
        record = await made(a, CONVERTED)
        (shown,) = a.crm.deals()
        assert shown["status"] == "won"
        assert record.related == {"deal": str(shown["id"]), "converted": str(shown["id"])}


async def test_fields_are_written_before_the_deal_is_opened() -> None:
    async with selling() as a:
        (outcome,) = await a.create(lead(values=VALUES))
        known = lead(record_id=outcome.record.id, attributes=REFERRED)
        both = change(known, outcome.record, {"Deep link campaign": "summer"}, "deal")
        (outcome,) = await a.enrich(both)
        assert outcome.pending == ("deal",)
        assert a.crm.deals() == []


# After a silence.


async def test_deal_of_unknown_fate_is_found_by_list_and_not_opened_again() -> None:
    async with selling() as a:
        record = await made(a)
        unsure = lead(record_id=record.id, attributes=REFERRED, uncertain_since=a.clock.now())
        (found,) = await a.match(unsure)
        assert found.pending == ()
        assert found.record.related == record.related


async def test_deal_that_was_archived_meanwhile_is_not_opened_again() -> None:
    async with selling() as a:
        record = await made(a)
        a.crm.edit_deal(int(record.related["deal"]), is_archived=True)
        unsure = lead(record_id=record.id, attributes=REFERRED, uncertain_since=a.clock.now())
        (found,) = await a.match(unsure)
        assert (found.pending, found.record.related) == ((), record.related)


async def test_deal_of_unknown_fate_that_is_not_there_is_looked_for_twice() -> None:
    async with selling() as a:
        (outcome,) = await a.create(lead(values=VALUES))
        unsure = lead(record_id=outcome.record.id, attributes=REFERRED, uncertain_since=a.clock.now())
        (found,) = await a.match(unsure)
        assert found == NotYet(30.0, "a second look tells whether the deal was opened")
        a.clock.move(30)
        (found,) = await a.match(unsure)
        assert found.pending == ("deal",)


async def test_account_of_another_ledger_is_looked_through_before_a_deal_is_opened() -> None:
    async with selling() as a:
        record = await made(a)
        a.client.directory = Directory()
        a.client.made = type(a.client.made)()
        known = lead(record_id=record.id, attributes=REFERRED)
        bare_record = Record(kind="person", id=record.id, key=USER)
        (outcome,) = await a.enrich(change(known, bare_record, {}, "deal"))
        assert outcome.record.related == record.related
        assert len(a.crm.deals()) == 1


# What people did.


@pytest.mark.parametrize("did", [{"status": "lost"}, {"is_archived": True}])
async def test_deal_that_somebody_closed_stays_as_it_is(did: dict[str, Any]) -> None:
    async with selling() as a:
        record = await made(a)
        a.crm.edit_deal(int(record.related["deal"]), **did)
        known = lead(record_id=record.id, related=record.related, attributes=CONVERTED)
        (outcome,) = await a.enrich(change(known, record, {}, "conversion"))
        assert outcome.record.related["converted"] == record.related["deal"]
        (shown,) = a.crm.deals()
        assert shown["status"] == did.get("status", "open")


async def test_deal_that_somebody_deleted_stays_away() -> None:
    async with selling() as a:
        record = await made(a)
        a.crm.delete_deal(int(record.related["deal"]))
        known = lead(record_id=record.id, related=record.related, attributes=CONVERTED)
        (found,) = await a.match(known)
        (outcome,) = await a.enrich(change(known, found.record, {}, *found.pending))
        assert isinstance(outcome, Synced)
        assert a.crm.deals() == []


# Leads of the Leads Inbox.


async def test_lead_instead_of_a_deal() -> None:
    async with selling(deals="lead") as a:
        record = await made(a)
        (shown,) = a.crm.leads()
        assert record.related == {"lead": shown["id"]}
        assert (shown["person_id"], shown["origin_id"], shown["Deep link key"]) == (
            int(record.id),
            USER,
            USER,
        )
        assert a.crm.deals() == []
        (found,) = await a.match(lead(record_id=record.id, related=record.related, attributes=CONVERTED))
        assert found.pending == ()


async def test_lead_of_unknown_fate_is_found_by_list() -> None:
    async with selling(deals="lead") as a:
        record = await made(a)
        (found,) = await a.match(
            lead(record_id=record.id, attributes=REFERRED, uncertain_since=a.clock.now())
        )
        assert found.record.related == record.related


# What Pipedrive answers.


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            403,
            error("Couldn't add the deal. Open deals limit reached.", code="feature_capping_deals_limit"),
            Rejected(
                "Pipedrive answered 403 (feature_capping_deals_limit): the plan allows no more", field="deal"
            ),
        ),
        (
            403,
            error("You do not have permissions to do this"),
            Rejected("Pipedrive answered 403: a right is missing, or it is gone", field="deal"),
        ),
        (400, error("Stage not found or not visible"), Rejected("Pipedrive answered 400", field="deal")),
        (
            400,
            error("Validation failed: stage_id: not a number", code="ERR_SCHEMA_VALIDATION_FAILED"),
            Rejected("Pipedrive answered 400 (ERR_SCHEMA_VALIDATION_FAILED) on stage_id", field="deal"),
        ),
        (
            500,
            error("Internal Server Error", code="ERR_UNKNOWN"),
            Uncertain("Pipedrive answered 500 (ERR_UNKNOWN)"),
        ),
        (200, error("something"), Uncertain("Pipedrive answered 200 and says that it failed")),
        (200, "half an ans", Uncertain("Pipedrive answered 200 and says that it failed")),
    ],
)
async def test_what_a_refused_deal_means(status: int, body: Any, expected: Any) -> None:
    async with bench(settings={"deals": "deal"}, desk=WON) as b:
        b.pipe.reply(DEALS, body, status)
        (outcome,) = await plugin.enrich([bare("5", {}, VALUES, "deal", attributes=CONVERTED)], b.ctx)
        assert outcome == expected


async def test_silence_on_a_deal_is_uncertain_unless_it_never_left() -> None:
    async with bench(settings={"deals": "deal"}, desk=WON) as b:
        b.pipe.fail(DEALS, TimeoutError())
        step = bare("5", {}, VALUES, "deal", attributes=CONVERTED)
        (outcome,) = await plugin.enrich([step], b.ctx)
        assert isinstance(outcome, Uncertain)


async def test_deal_whose_key_has_no_field_any_more_stops_the_lane() -> None:
    async with bench(settings={"deals": "deal"}, desk=WON) as b:
        text = f"Validation failed: custom_fields.{DEAL_KEY}: unknown field"
        b.pipe.reply(DEALS, error(text), 400)
        with pytest.raises(Misconfigured) as stop:
            await plugin.enrich([bare("5", {}, VALUES, "deal", attributes=CONVERTED)], b.ctx)
        assert stop.value.finding is not None
        assert stop.value.finding.code == "pipedrive-field-missing"


async def test_deal_that_cannot_be_read_is_tried_again() -> None:
    async with bench(settings={"deals": "deal"}, desk=WON) as b:
        b.pipe.reply(f"{DEALS}/77", error("x"), 500, method="GET")
        step = bare("5", {}, VALUES, "conversion", attributes=CONVERTED, related={"deal": "77"})
        assert await plugin.enrich([step], b.ctx) == [RetryLater("Pipedrive answered 500")]


async def test_deal_body_is_strict_about_types() -> None:
    async with bench(settings={"deals": "deal"}, desk=WON) as b:
        b.pipe.reply(DEALS, ok(deal(77)), 201)
        await plugin.enrich([bare("5", {}, VALUES, "deal", attributes=CONVERTED)], b.ctx)
        (sent,) = b.pipe.sent
        assert sent.body == {
            "title": "Ada Lovelace: deep link",
            "person_id": 5,
            "stage_id": 7,
            "status": "won",
            "custom_fields": {DEAL_KEY: USER},
        }


async def test_lead_of_the_inbox_has_its_fields_at_the_top() -> None:
    async with bench(settings={"deals": "lead"}, desk=Desk(key=DEAL_KEY)) as b:
        b.pipe.reply(LEADS, ok({"id": "adf21080-0e10-11eb-879b-05d71fb426ec"}), 201)
        (outcome,) = await plugin.enrich([bare("5", {}, VALUES, "deal", attributes=CONVERTED)], b.ctx)
        assert isinstance(outcome, Synced)
        assert outcome.record.related == {"lead": "adf21080-0e10-11eb-879b-05d71fb426ec"}
        (sent,) = b.pipe.sent
        assert sent.body == {
            "title": "Ada Lovelace: deep link",
            "person_id": 5,
            DEAL_KEY: USER,
            "origin_id": USER,
        }


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{person}: {campaign}", "Ada: summer"),
        ("{person}: {nothing}", "Ada"),
        ("{nothing}", "Deep link"),
        ("{person.__class__} {0}", "{person.__class__}"),
        ("x" * 300, "x" * 255),
    ],
)
def test_title_is_filled_in(template: str, expected: str) -> None:
    assert title(template, {"person": "Ada", "campaign": "summer"}) == expected
