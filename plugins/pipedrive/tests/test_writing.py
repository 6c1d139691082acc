"""Creating and changing persons: the bodies that leave, and what every answer means."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
import pytest

from afterclick.plugin import (
    LimitReached,
    Misconfigured,
    NotAuthorized,
    Outcome,
    Rejected,
    RetryLater,
    Scalar,
    Synced,
    Uncertain,
)
from afterclick_pipedrive import plugin

from .support import (
    FIELDS,
    PERSONS,
    TOKEN,
    USER,
    Bench,
    bench,
    change,
    code,
    definitions,
    error,
    lead,
    ok,
    person,
)

VALUES: dict[str, Scalar] = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "Deep link campaign": "summer",
    "Deep link install date": "2026-05-21",
    "Deep link minutes to convert": 12,
}
CAMPAIGN = code("Deep link campaign")


async def created(b: Bench, body: Any, status: int = 200, **more: Any) -> Outcome:
    b.pipe.reply(PERSONS, body, status, **more)
    (outcome,) = await plugin.create([lead(values=VALUES)], b.ctx)
    return outcome


@pytest.mark.parametrize("status", [200, 201])
async def test_custom_fields_stand_in_their_own_object_and_addresses_in_a_list(status: int) -> None:
    async with bench() as b:
        shown = person(7, {"Deep link key": USER, "Deep link campaign": "summer"})
        outcome = await created(b, ok(shown), status)
        (sent,) = b.pipe.sent
    assert sent.body == {
        "name": "Ada Lovelace",
        "emails": [{"value": "ada@example.com", "primary": True, "label": "work"}],
        "custom_fields": {
            code("Deep link key"): USER,
            CAMPAIGN: "summer",
            code("Deep link install date"): "2026-05-21",
            code("Deep link minutes to convert"): 12,
        },
    }
    assert sent.headers["x-api-token"] == TOKEN
    assert TOKEN not in str(sent.url)
    assert isinstance(outcome, Synced)
    assert (outcome.record.id, outcome.record.key) == ("7", USER)
    assert outcome.record.url == "https://acme.pipedrive.com/person/7"
    # What the answer shows counts, also that something is empty.
    assert outcome.record.values == {
        "name": "Ada Lovelace",
        "Deep link key": USER,
        "Deep link campaign": "summer",
    }


VALIDATION = "ERR_SCHEMA_VALIDATION_FAILED"


FAILED = Uncertain("Pipedrive answered 200 and says that it failed")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            400,
            error(f"Validation failed: custom_fields.{CAMPAIGN}: Expected string", code=VALIDATION),
            Rejected(f"Pipedrive answered 400 ({VALIDATION}) on {CAMPAIGN}", field="Deep link campaign"),
        ),
        (
            400,
            error("Bad custom field", additional_data={"field_code": CAMPAIGN}),
            Rejected(f"Pipedrive answered 400 on {CAMPAIGN}", field="Deep link campaign"),
        ),
        (
            400,
            error("Validation failed: emails.0.value: not an address", code=VALIDATION),
            Rejected(f"Pipedrive answered 400 ({VALIDATION}) on email", field="email"),
        ),
        (
            400,
            error("Validation failed: visible_to: no such group; name: is too long", code=VALIDATION),
            Rejected(f"Pipedrive answered 400 ({VALIDATION}) on visible_to, name", field="name"),
        ),
        (400, error("Bad request"), Rejected("Pipedrive answered 400")),
        (400, "<html>proxy</html>", RetryLater("Pipedrive answered 400, not in Pipedrive's form")),
        (422, error("Webhooks limit reached"), Rejected("Pipedrive answered 422")),
        (408, error("timeout"), Uncertain("Pipedrive answered 408")),
        (
            500,
            error("Internal Server Error", code="ERR_UNKNOWN"),
            Uncertain("Pipedrive answered 500 (ERR_UNKNOWN)"),
        ),
        (502, "<html>Bad gateway</html>", Uncertain("Pipedrive answered 502")),
        (503, "", Uncertain("Pipedrive answered 503")),
        (504, "", Uncertain("Pipedrive answered 504")),
        (200, error("failed politely"), FAILED),
        (200, ok({"id": 7})["data"], FAILED),
        (200, b'{"success": true, "data": {"id"', FAILED),
        (201, ok(None), Uncertain("Pipedrive answered 201 and says that it failed")),
    ],
)
async def test_what_an_answer_to_a_create_means(status: int, body: Any, expected: Outcome) -> None:
    async with bench() as b:
        assert await created(b, body, status) == expected


@pytest.mark.parametrize(
    ("status", "body", "stop", "code"),
    [
        (401, error("unauthorized access", errorCode=401), NotAuthorized, "pipedrive-credentials"),
        (402, error("company account is not open"), NotAuthorized, "pipedrive-credentials"),
        (403, error("Scope and URL mismatch"), NotAuthorized, "pipedrive-rights"),
        (403, error("permission denied"), NotAuthorized, "pipedrive-rights"),
        (404, "<html>not here</html>", Misconfigured, "pipedrive-address"),
        (405, error("method not allowed"), Misconfigured, "pipedrive-address"),
        (410, error("gone"), Misconfigured, "pipedrive-address"),
        (415, error("feature is off"), Misconfigured, "pipedrive-address"),
        (302, "", Misconfigured, "pipedrive-address"),
    ],
)
async def test_what_stops_the_lane(status: int, body: Any, stop: type[Misconfigured], code: str) -> None:
    async with bench() as b:
        with pytest.raises(stop) as raised:
            await created(b, body, status)
    assert raised.value.finding is not None
    assert raised.value.finding.code == code


async def test_no_text_of_pipedrive_is_repeated() -> None:
    async with bench() as b:
        text = f"Validation failed: custom_fields.{CAMPAIGN}: secret@example.com is no campaign"
        outcome = await created(b, error(text), 400)
    assert "secret" not in repr(outcome)
    assert "secret" not in repr(b.log.lines)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (TimeoutError(), Uncertain("no answer: timed out")),
        (aiohttp.ServerDisconnectedError(), Uncertain("no answer: ServerDisconnectedError")),
    ],
)
async def test_silence_may_hide_a_person(failure: Exception, expected: Outcome) -> None:
    async with bench() as b:
        b.pipe.fail(PERSONS, failure)
        assert await plugin.create([lead(values=VALUES)], b.ctx) == [expected]


async def test_lane_stop_in_a_batch_carries_what_was_answered_and_sends_nothing_more() -> None:
    async with bench() as b:
        for n in range(3):
            b.pipe.reply(PERSONS, ok(person(n)))
        b.pipe.reply(PERSONS, error("unauthorized access"), 401, repeat=True)
        leads = [lead(f"lead-{n}", values=VALUES) for n in range(40)]
        with pytest.raises(NotAuthorized) as stop:
            await plugin.create(leads, b.ctx)
        outcomes = stop.value.outcomes
        assert sum(isinstance(one, Synced) for one in outcomes.values()) == len(outcomes) == 3
        assert len(b.pipe.sent) < 20


async def test_own_limit_in_the_middle_of_a_batch_leaves_what_was_made_certain() -> None:
    """A limit that was met without a word of the others would leave their fate unknown."""
    async with bench() as b:

        class Two:
            learn = b.pacer.learn
            left = 2

            async def acquire(self, costs: Any, deadline: Any) -> tuple[float, str]:
                self.left -= 1
                return (0.0, "") if self.left >= 0 else (60.0, "burst")

        b.ctx.http._pacer = Two()
        b.pipe.reply(PERSONS, ok(person(7)), repeat=True)
        with pytest.raises(LimitReached) as stop:
            await plugin.create([lead(f"lead-{n}", values=VALUES) for n in range(10)], b.ctx)
        assert (stop.value.after, stop.value.scope) == (60.0, "burst")
        assert len(stop.value.outcomes) == 2
        assert b.ctx.client.api.budget.spent.tokens == 2 * 5


async def test_a_choice_that_the_account_lacks_is_not_sent() -> None:
    async with bench() as b:
        table = b.ctx.client.shape.table
        enum = [
            _with(column, type="enum", options={"autumn": 3})
            if column.spec.name == "Deep link campaign"
            else column
            for column in table.columns
        ]
        b.ctx.client.shape = _with(b.ctx.client.shape, table=_with(table, columns=tuple(enum)))
        (outcome,) = await plugin.create([lead(values=VALUES)], b.ctx)
        assert outcome == Rejected(
            "Pipedrive's field Deep link campaign has no such choice", field="Deep link campaign"
        )
        b.pipe.reply(PERSONS, ok(person(7, {"Deep link campaign": 3})))
        (outcome,) = await plugin.create([lead(values={**VALUES, "Deep link campaign": "autumn"})], b.ctx)
        assert b.pipe.sent[0].body["custom_fields"][CAMPAIGN] == 3
        assert isinstance(outcome, Synced)
        assert outcome.record.values["Deep link campaign"] == "autumn"


def _with(struct: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(struct, **changes)


# Changes.


async def test_change_sends_what_differs_and_keeps_what_was_read() -> None:
    async with bench() as b:
        shown = person(5, {"Deep link key": USER, "Deep link campaign": "autumn"})
        b.pipe.reply(f"{PERSONS}/5", ok(shown), method="PATCH")
        before: dict[str, Scalar] = {"name": "Ada Lovelace", "Deep link key": USER}
        (outcome,) = await plugin.enrich([change("5", {"Deep link campaign": "autumn"}, before)], b.ctx)
        (sent,) = b.pipe.sent
    assert sent.body == {"custom_fields": {CAMPAIGN: "autumn"}}
    assert isinstance(outcome, Synced)
    assert outcome.record.values == {**before, "Deep link campaign": "autumn"}


async def test_first_address_needs_no_read() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", ok(person(5)), method="PATCH")
        await plugin.enrich([change("5", {"email": "ada@example.com"})], b.ctx)
        assert [sent.method for sent in b.pipe.sent] == ["PATCH"]


async def test_key_of_a_person_is_never_written_again() -> None:
    async with bench() as b:
        (outcome,) = await plugin.enrich([change("5", {"Deep link key": "user:other"})], b.ctx)
        assert isinstance(outcome, Synced)
        assert b.pipe.sent == []


async def test_person_that_vanished_since_it_was_read_is_matched_anew() -> None:
    async with bench() as b:
        b.pipe.reply(f"{PERSONS}/5", error("Person not found"), 404, method="PATCH")
        (outcome,) = await plugin.enrich([change("5", {"Deep link campaign": "x"})], b.ctx)
        assert outcome == RetryLater("Pipedrive answered 404", after=1.0)


async def test_silence_on_a_change_is_uncertain() -> None:
    async with bench() as b:
        b.pipe.fail(f"{PERSONS}/5", TimeoutError(), method="PATCH")
        (outcome,) = await plugin.enrich([change("5", {"Deep link campaign": "x"})], b.ctx)
        assert isinstance(outcome, Uncertain)


# A field that somebody deleted.


async def test_refusal_that_names_a_deleted_field_reads_the_fields_once_and_goes_on_without_it() -> None:
    async with bench() as b:
        b.clock.move(120)
        text = f"Validation failed: custom_fields.{CAMPAIGN}: unknown field"
        left = definitions("campaign")
        b.pipe.reply(FIELDS, ok([_plain(field) for field in left]), method="GET")
        b.pipe.reply(PERSONS, error(text), 400, repeat=True)
        outcomes = await plugin.create([lead(f"lead-{n}", values=VALUES) for n in range(3)], b.ctx)
        assert {one.field for one in outcomes if isinstance(one, Rejected)} == {"Deep link campaign"}
        assert [sent.method for sent in b.pipe.sent].count("GET") == 1
        assert "Deep link campaign" not in {spec.name for spec in b.ctx.fields}
        assert ("pipedrive-fields-lost", ["Deep link campaign"]) in [
            (event, values.get("fields")) for event, values in b.log.lines
        ]


async def test_deleted_key_stops_the_lane() -> None:
    async with bench() as b:
        b.clock.move(120)
        key = code("Deep link key")
        b.pipe.reply(FIELDS, ok([_plain(field) for field in definitions("key")]), method="GET")
        b.pipe.reply(PERSONS, error(f"Validation failed: custom_fields.{key}: unknown"), 400)
        with pytest.raises(Misconfigured):
            await plugin.create([lead(values=VALUES)], b.ctx)


async def test_field_that_is_there_is_only_rejected() -> None:
    async with bench() as b:
        b.clock.move(120)
        b.pipe.reply(FIELDS, ok([_plain(field) for field in definitions()]), method="GET")
        text = f"Validation failed: custom_fields.{CAMPAIGN}: Expected 'number'"
        outcome = await created(b, error(text), 400)
        assert isinstance(outcome, Rejected)
        assert "Deep link campaign" in {spec.name for spec in b.ctx.fields}


def _plain(field: Any) -> Any:
    return msgspec.to_builtins(field)
