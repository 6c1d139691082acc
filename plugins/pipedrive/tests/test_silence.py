"""No reason, finding or log line repeats what people typed, an address or a token."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from afterclick.plugin import Answer, CallFailed, LaneStop, Rejected, RetryLater, Uncertain
from afterclick_pipedrive import errors, plugin, problem
from afterclick_pipedrive.pipelines import Desk

from .support import (
    DEAL_KEY,
    DEALS,
    EMAIL_SEARCH,
    PERSONS,
    TOKEN,
    USER,
    Bench,
    bench,
    change,
    code,
    error,
    lead,
)

SECRET = "ada@example.com"
VALUES = {"email": SECRET, "name": "Ada Lovelace"}
CAMPAIGN = code("Deep link campaign")

BODIES: dict[str, tuple[int, Any]] = {
    "validation": (400, error(f"Validation failed: emails.0.value: {SECRET} of Lovelace is no address")),
    "a field that is named": (400, error(f"custom_fields.{CAMPAIGN}: {SECRET} is not a string")),
    "a text that is no path": (400, error(f"{SECRET}: is bad; Lovelace: as well")),
    "info": (400, error("no", error_info=f"{SECRET} Lovelace {TOKEN}")),
    "code": (400, error("no", code=f"{SECRET} Lovelace")),
    "field code": (400, error("no", additional_data={"field_code": SECRET})),
    "data": (400, error("no", data={"name": "Lovelace", "code": SECRET})),
    "message": (400, {"success": False, "message": f"{SECRET}: Lovelace"}),
    "page": (400, f"<html>{SECRET} Lovelace {TOKEN}</html>"),
    "scope": (403, error(f"Scope and URL mismatch for {TOKEN}")),
    "block": (403, f"<html>{SECRET} Lovelace {TOKEN}</html>"),
    "token": (401, error(f"unauthorized access: {TOKEN}", errorCode=401)),
    "budget": (429, error(f"{TOKEN} {SECRET} is over its limit")),
    "crash": (500, error(f"cannot store {SECRET} Lovelace", code="ERR_UNKNOWN")),
    "polite": (200, error(f"{SECRET} Lovelace is there already")),
    "cut off": (200, f'{{"success": true, "data": {{"name": "{SECRET} Lovelace'),
}


async def told(b: Bench, work: Any) -> str:
    """Return all that a hook tells, whichever way it ends."""
    try:
        said = [getattr(outcome, "reason", "") for outcome in await work]
    except LaneStop as stop:
        said = [stop.reason, str(stop), repr(stop.finding)]
    except CallFailed as failure:
        said = [failure.reason, str(failure)]
    return " ".join([*said, repr(b.log.lines)])


def silent(text: str) -> bool:
    return not any(word in text for word in (SECRET, "Lovelace", TOKEN))


@pytest.mark.parametrize("name", BODIES)
async def test_nothing_typed_leaves_a_create(name: str) -> None:
    status, body = BODIES[name]
    async with bench() as b:
        b.pipe.reply(PERSONS, body, status)
        assert silent(await told(b, plugin.create([lead(values=VALUES)], b.ctx)))


@pytest.mark.parametrize("name", BODIES)
async def test_nothing_typed_leaves_a_match(name: str) -> None:
    status, body = BODIES[name]
    async with bench() as b:
        b.pipe.reply(EMAIL_SEARCH, body, status, method="GET")
        assert silent(await told(b, plugin.match([lead(emails=(SECRET,))], b.ctx)))


@pytest.mark.parametrize("name", BODIES)
async def test_nothing_typed_leaves_the_step_of_a_deal(name: str) -> None:
    status, body = BODIES[name]
    async with bench(desk=Desk(key=DEAL_KEY, stage=7)) as b:
        b.pipe.reply(DEALS, body, status)
        assert silent(await told(b, plugin.enrich([change("5", {}, VALUES, "deal")], b.ctx)))


async def test_what_was_refused_is_logged_by_codes_and_names() -> None:
    async with bench() as b:
        b.pipe.reply(PERSONS, error(f"custom_fields.{CAMPAIGN}: no", code="ERR_X"), 400)
        await plugin.create([lead(values=VALUES)], b.ctx)
    ((event, values),) = b.log.lines
    assert event == "pipedrive-refused"
    assert values == {"connection": "pipedrive", "status": 400, "code": "ERR_X", "fields": [CAMPAIGN]}
    assert USER not in repr(values)


_NAMES = ["success", "error", "error_info", "message", "code", "errorCode", "field_code", "data"]
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=15,
)


@given(_json, st.sampled_from([200, 400, 403, 404, 409, 500]))
def test_any_error_body_is_read_without_a_crash(body: Any, status: int) -> None:
    found = problem.of_answer(Answer(status, CIMultiDictProxy(CIMultiDict()), msgspec.json.encode(body)))
    errors.lane_stop(found)
    assert isinstance(errors.of_write(found, None), RetryLater | Rejected | Uncertain)
    assert found.reason.isascii()
