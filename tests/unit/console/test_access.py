"""Who may use the admin API."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request

from afterclick.config.secrets import Secret
from afterclick.console.access import may_use_api

from .conftest import Console, Start

TOKEN = "admin-3f9c0d51b7"


async def test_api_answers_this_machine(console: Console) -> None:
    for headers in ({}, {"Host": "localhost"}, {"Host": "[::1]:9090"}):
        assert (await console.get("/api/status", **headers))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X_Forwarded_Host": "localhost"},
        {"X_Real_IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "attacker.example"},
        {"Host": "localhost.attacker.example"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_api_refuses_who_only_borrows_this_machine(
    console: Console, method: str, headers: dict[str, str]
) -> None:
    status, answer = await console.ask(method, "/api/status", **headers)

    assert (status, answer["error"]["code"]) == (401, "not-allowed")


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        (("127.0.0.1", 5151), True),
        (("127.8.8.8", 5151), True),
        (("::1", 5151, 0, 0), True),
        (("::ffff:127.0.0.1", 5151, 0, 0), True),
        (("192.0.2.7", 5151), False),
        (("::ffff:192.0.2.7", 5151, 0, 0), False),
        ("", False),
        (None, False),
    ],
)
def test_this_machine_is_known_by_the_connection(peer: Any, allowed: bool) -> None:
    transport = Mock()
    transport.get_extra_info = {"peername": peer}.get
    request = make_mocked_request("GET", "/api/status", {"Host": "localhost"}, transport=transport)

    assert may_use_api(request, None) is allowed


async def test_api_takes_the_token_from_anywhere(start: Start) -> None:
    console = await start(token=Secret(TOKEN))
    far = {"X_Forwarded_For": "203.0.113.9"}

    assert (await console.get("/api/status", Authorization=f"Bearer {TOKEN}", **far))[0] == 200
    assert (await console.get("/api/status", Authorization=f"bearer  {TOKEN}", **far))[0] == 200
    assert (await console.get("/api/status"))[0] == 200


@pytest.mark.parametrize("given", ["Bearer wrong", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer é"])
async def test_api_refuses_another_token(start: Start, given: str) -> None:
    console = await start(token=Secret(TOKEN))
    status, answer = await console.get("/api/status", Authorization=given, Via="1.1 proxy")

    assert (status, TOKEN in str(answer)) == (401, False)


async def test_wrong_token_is_refused_even_here(start: Start) -> None:
    console = await start(token=Secret(TOKEN))

    assert (await console.get("/api/status", Authorization="Bearer wrong"))[0] == 401


async def test_api_refuses_before_it_tells_what_there_is(console: Console) -> None:
    assert (await console.get("/api/nothing", Via="1.1 proxy"))[0] == 401
    assert (await console.get("/api/nothing"))[0] == 404
