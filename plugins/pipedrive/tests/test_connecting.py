"""Opening an account: names become codes, zone and limits are taken over, and faults are told at once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from afterclick.plugin import FieldSpec, Kind, LaneStop, Misconfigured, NotAuthorized
from afterclick_pipedrive import plugin, tables
from afterclick_pipedrive.answers import Field, Option
from afterclick_pipedrive.fields import DEFAULT_FIELDS, KEY

from .emulated import account
from .support import FIELDS, ME, SEARCH, Bench, bench, code, definitions, error, ok

USER = {"id": 1, "company_domain": "acme", "timezone_name": "Europe/Berlin", "company_id": 5}


def plain(fields: list[Field]) -> Any:
    return ok(msgspec.to_builtins(fields))


def account_answers(b: Bench, fields: list[Field] | None = None, user: Any = None) -> None:
    b.pipe.reply(ME, ok(user or USER), method="GET")
    b.pipe.reply(FIELDS, plain(definitions() if fields is None else fields), method="GET")
    b.pipe.reply(SEARCH, ok([]), repeat=True, method="GET")


async def stopped(b: Bench) -> LaneStop:
    with pytest.raises(LaneStop) as stop:
        await plugin.connect(b.ctx)
    return stop.value


async def test_account_is_opened() -> None:
    async with bench(connected=False) as b:
        account_answers(b)
        client = await plugin.connect(b.ctx)
        assert client.shape.url == "https://acme.pipedrive.com"
        assert client.shape.user == 1
        assert client.shape.table.key.code == code("Deep link key")
        assert b.ctx.zone == "Europe/Berlin"
        assert b.ctx.http.correlation_header == "x-correlation-id"
        assert ("burst", 20, 2.0, None) in b.pacer.learnt
        assert b.state.values["origin"] == "here"
        assert client.api.budget.spent.tokens == 2 + 10 + 5 * 20


async def test_origin_is_found_out_once() -> None:
    async with bench(connected=False) as b:
        account_answers(b)
        await plugin.connect(b.ctx)
        b.pipe.reply(ME, ok(USER), method="GET")
        b.pipe.reply(FIELDS, plain(definitions()), method="GET")
        client = await plugin.connect(b.ctx)
        assert client.api.budget.spent.tokens == 2 * 12 + 5 * 20


@pytest.mark.parametrize(("search", "looks"), [("always", True), ("never", False)])
async def test_operator_may_say_whether_to_look_for_others(search: str, looks: bool) -> None:
    async with bench(connected=False, settings={"search": search}) as b:
        b.pipe.reply(ME, ok(USER), method="GET")
        b.pipe.reply(FIELDS, plain(definitions()), method="GET")
        assert ((await plugin.connect(b.ctx)).directory is not None) is looks


@pytest.mark.parametrize(
    "hits", [[{"id": 5, "name": "x"}], {"items": [{"result_score": 1, "item": {"id": 5}}]}]
)
async def test_keys_of_another_ledger_are_seen_in_either_form_of_a_hit(hits: Any) -> None:
    async with bench(connected=False) as b:
        b.pipe.reply(ME, ok(USER), method="GET")
        b.pipe.reply(FIELDS, plain(definitions()), method="GET")
        b.pipe.reply(SEARCH, ok(hits), method="GET")
        assert (await plugin.connect(b.ctx)).directory is not None


@pytest.mark.parametrize(
    ("set_to", "user", "zone"),
    [
        ("Asia/Tokyo", USER, "Asia/Tokyo"),
        ("UTC", {**USER, "timezone_name": "Atlantis/Deep"}, "UTC"),
        ("UTC", {"id": 1}, "UTC"),
    ],
)
async def test_zone_of_the_operator_goes_first_and_an_unknown_one_is_none(
    set_to: str, user: Any, zone: str
) -> None:
    async with bench(connected=False) as b:
        b.ctx.zone = set_to
        account_answers(b, user=user)
        await plugin.connect(b.ctx)
        assert b.ctx.zone == zone


async def test_fields_are_listed_page_by_page() -> None:
    async with bench(connected=False) as b:
        listed = msgspec.to_builtins(definitions())
        b.pipe.reply(ME, ok(USER), method="GET")
        b.pipe.reply(FIELDS, ok(listed[:3], "next"), method="GET")
        b.pipe.reply(FIELDS, ok(listed[3:]), method="GET")
        b.pipe.reply(SEARCH, ok([]), repeat=True, method="GET")
        await plugin.connect(b.ctx)
        assert [sent.url.query.get("cursor") for sent in b.pipe.sent if "Fields" in sent.url.path] == [
            None,
            "next",
        ]


# Faults.


async def test_all_missing_fields_are_told_at_once_and_the_account_is_left_alone_for_a_while() -> None:
    async with bench(connected=False) as b:
        account_answers(b, definitions("campaign", "token"))
        stop = await stopped(b)
        assert stop.finding is not None
        assert stop.finding.code == "pipedrive-field-missing"
        assert "Deep link token, Deep link campaign" in stop.finding.message
        assert len(b.pipe.sent) == 2
        b.clock.move(299)
        assert (await stopped(b)).reason == stop.reason
        assert len(b.pipe.sent) == 2
        b.clock.move(1)
        account_answers(b)
        await plugin.connect(b.ctx)


async def test_several_kinds_of_faults_are_one_finding() -> None:
    async with bench(connected=False) as b:
        account_answers(b, definitions("campaign", install_date="varchar"))
        stop = await stopped(b)
        assert stop.finding is not None
        assert stop.finding.code == "pipedrive-fields"
        assert "type varchar, not date" in stop.finding.message


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"api_token": ""}, "pipedrive-no-credentials"), ({"api_token": " "}, "pipedrive-no-credentials")],
)
async def test_connection_without_a_credential_says_so(settings: Any, code: str) -> None:
    async with bench(connected=False, settings=settings) as b:
        stop = await stopped(b)
        assert isinstance(stop, Misconfigured)
        assert stop.finding is not None
        assert stop.finding.code == code


async def test_refused_token_stops_the_lane() -> None:
    async with bench(connected=False) as b:
        b.pipe.reply(ME, error("unauthorized access", errorCode=401), 401, method="GET")
        assert isinstance(await stopped(b), NotAuthorized)


async def test_wrong_address_is_told_from_a_missing_record() -> None:
    async with bench(connected=False) as b:
        b.pipe.reply(ME, error("not found"), 404, method="GET")
        stop = await stopped(b)
        assert stop.finding is not None
        assert stop.finding.code == "pipedrive-address"


async def test_operator_s_base_url_is_left_alone_and_the_domain_makes_one() -> None:
    async with bench(connected=False) as b:
        b.ctx.http.base_url = "https://api.pipedrive.com"
        account_answers(b)
        await plugin.connect(b.ctx)
        assert b.ctx.http.base_url == "https://acme.pipedrive.com"
    async with bench(connected=False, settings={"domain": ""}) as b:
        b.ctx.http.base_url = "https://api.pipedrive.com"
        # The shared host has no leads, nor anything else of version 1, below /api.
        b.pipe.reply("https://api.pipedrive.com/v1/users/me", ok(USER), method="GET")
        b.pipe.reply("https://api.pipedrive.com/api/v2/personFields", plain(definitions()), method="GET")
        b.pipe.reply("https://api.pipedrive.com/api/v2/itemSearch/field", ok([]), repeat=True, method="GET")
        await plugin.connect(b.ctx)


# Names and codes.


def found(spec: FieldSpec, *fields: Field) -> tables.Resolved:
    return tables.resolve([KEY, spec], [*definitions(), *fields], {})


CAMPAIGN = FieldSpec(attribute="campaign", name="Campaign", title="Campaign", max_length=1000)


def test_field_is_found_whatever_case_and_blanks() -> None:
    table = found(CAMPAIGN, Field(" campaign ", "c" * 40, "varchar", None, True)).table
    assert table is not None
    column = table.column("Campaign")
    assert column is not None
    assert (column.code, column.spec.max_length) == ("c" * 40, 255)


def test_field_is_found_by_its_code() -> None:
    by_code = msgspec.structs.replace(CAMPAIGN, name="C" * 40)
    resolved = found(by_code, Field("Campaign", "c" * 40, "varchar", None, True))
    assert resolved.columns[-1].code == "c" * 40


def test_pipedrive_s_own_field_of_a_name_is_not_taken() -> None:
    assert found(CAMPAIGN, Field("Campaign", "campaign", "varchar", None, False)).lacking == (CAMPAIGN,)


def test_two_fields_of_one_name_are_nobody_s_choice() -> None:
    twins = [Field("Campaign", letter * 40, "varchar", None, True) for letter in "bc"]
    (fault,) = found(CAMPAIGN, *twins).faults
    assert fault.code == "pipedrive-field-twice"
    assert "b" * 40 in fault.message


@pytest.mark.parametrize("type", ["set", "user", "date", "monetary", ""])
def test_field_of_another_type_is_a_fault(type: str) -> None:
    (fault,) = found(CAMPAIGN, Field("Campaign", "c" * 40, type, None, True)).faults
    assert fault.code == "pipedrive-field-type"


def test_moment_becomes_a_day_or_text() -> None:
    moment = FieldSpec(attribute="install_date", name="Installed", title="x", kind=Kind.DATETIME)
    kinds = [
        found(moment, Field("Installed", "c" * 40, type, None, True)).columns[-1].spec.kind
        for type in ("date", "varchar")
    ]
    assert kinds == [Kind.DATE, Kind.DATETIME]


def test_constant_of_an_unknown_field_is_told() -> None:
    constant = FieldSpec(attribute="set_on_create.x", name="job_title", title="x", standard=True)
    (fault,) = found(constant).faults
    assert fault.code == "pipedrive-field-unknown"


def test_labels_are_ordered_by_stage_and_those_that_lack_are_told() -> None:
    labels = Field("Labels", "label_ids", "set", [Option(7, "HOT"), Option(8, "CUSTOMER")], False)
    stages = {"customer": "CUSTOMER", "lead": "HOT", "qualified": "WARM"}
    own = [field for field in definitions() if field.field_code != "label_ids"]
    table = tables.resolve(DEFAULT_FIELDS, [labels, *own], stages).table
    assert table is not None
    column = table.column("label")
    assert column is not None
    assert column.spec.order == ("HOT", "CUSTOMER")
    (warning,) = tables.unknown_labels(table, stages)
    assert "WARM" in warning.message


# Pipelines.


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"deal_pipeline": "Nowhere"}, "no pipeline Nowhere"),
        ({"deal_stage": "Nowhere"}, "has no stage Nowhere"),
        ({"deal_on_conversion": "Nowhere"}, "has no stage Nowhere"),
    ],
)
async def test_pipeline_and_stages_are_found_by_name_or_told(settings: Any, fault: str) -> None:
    async with account(settings={"deals": "deal", **settings}, connected=False) as a:
        with pytest.raises(Misconfigured, match=fault):
            await a.connect()


async def test_named_pipeline_and_stage_are_taken() -> None:
    lines = {"Sales": ("New", "Done"), "Referrals": ("Told", "Tried")}
    given = {"deals": "deal", "deal_pipeline": "referrals", "deal_stage": "TRIED"}
    async with account(settings=given, pipelines=lines) as a:
        assert a.client.desk is not None
        assert a.client.desk.stage == a.crm.stage_id("Referrals", "Tried")


async def test_pipeline_that_the_user_does_not_see_is_not_there() -> None:
    lines = {"Sales": ("New",), "Secret": ("New",)}
    given = {"deals": "deal", "deal_pipeline": "Secret"}
    async with account(settings=given, pipelines=lines, hidden_pipelines=("Secret",), connected=False) as a:
        with pytest.raises(Misconfigured, match="no pipeline Secret"):
            await a.connect()
