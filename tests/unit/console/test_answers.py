"""Every error of the admin API has one shape."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from afterclick.console.answers import asked, in_one_shape, said
from afterclick.errors import (
    AfterclickError,
    ConflictError,
    FenceLostError,
    LedgerError,
    NotAllowedError,
    NotFoundError,
    RequestError,
)


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    lead: int


async def answer(raised: BaseException | None = None, **request: Any) -> tuple[int, Any, Any]:
    """Ask a route that takes a wish, or raises."""

    async def handler(request: web.Request) -> web.Response:
        if raised is not None:
            raise raised
        return said(await asked(request, Wish))

    app = web.Application(middlewares=[in_one_shape])
    app.router.add_post("/wish", handler)
    async with TestClient(TestServer(app)) as client:
        named = {"method": "POST", "path": "/wish", **request}
        async with client.request(**named) as response:
            return response.status, await response.json(), response.headers


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (RequestError("r", hint="h"), 400, "bad-request"),
        (NotAllowedError("r", hint="h"), 401, "not-allowed"),
        (NotFoundError("r", hint="h"), 404, "not-found"),
        (ConflictError("r", hint="h"), 409, "conflict"),
        (LedgerError("r", hint="h"), 503, "ledger"),
        (FenceLostError("r", hint="h"), 503, "fence-lost"),
        (AfterclickError("r", hint="h"), 500, "error"),
    ],
)
async def test_error_tells_code_message_and_hint(raised: Exception, status: int, code: str) -> None:
    got, body, headers = await answer(raised)

    assert (got, body) == (status, {"error": {"code": code, "message": "r", "hint": "h"}})
    assert headers["Content-Type"].startswith("application/json")
    assert headers["Cache-Control"] == "no-store"


async def test_fault_of_ours_tells_nothing_of_its_inside() -> None:
    status, body, _ = await answer(ValueError("the inside"))

    assert (status, body["error"]["code"]) == (500, "error")
    assert "the inside" not in str(body)


async def test_unknown_route_and_wrong_method_have_the_same_shape() -> None:
    status, body, _ = await answer(path="/nothing")
    assert (status, body["error"]["code"]) == (404, "not-found")
    status, body, headers = await answer(method="GET")

    assert (status, body["error"]["code"], headers["Allow"]) == (405, "bad-request", "POST")


async def test_body_that_fits_is_taken() -> None:
    assert (await answer(json={"lead": 7}))[:2] == (200, {"lead": 7})


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"json": {"lead": "seven"}}, "`$.lead`"),
        ({"json": {"led": 7}}, "`led`"),
        ({"json": {}}, "`lead`"),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, "truncated"),
        ({"data": b"\xff" * 9, "headers": {"Content-Type": "application/json"}}, "malformed"),
        ({"data": b"[" * 9_000, "headers": {"Content-Type": "application/json"}}, "body"),
        ({"data": aiohttp.FormData({"lead": "7"})}, "no JSON"),
    ],
)
async def test_body_that_does_not_fit_is_refused_with_the_place(request_: dict[str, Any], told: str) -> None:
    status, body, _ = await answer(**request_)

    assert (status, body["error"]["code"]) == (400, "bad-request")
    assert told in body["error"]["message"]


async def test_body_that_is_too_large_is_refused() -> None:
    headers = {"Content-Type": "application/json"}
    status, body, _ = await answer(data=io.BytesIO(b" " * 2_000_000), headers=headers)

    assert (status, body["error"]["code"]) == (413, "bad-request")
