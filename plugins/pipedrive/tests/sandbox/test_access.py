"""Tokens of both kinds, scopes, rights, and the company behind them."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest

from afterclick.sandbox import Rule

from .conftest import Account, OpenAccount, Reply

ME = "//api/v1/users/me"
UNAUTHORIZED = {"success": False, "error": "unauthorized access", "errorCode": 401}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-token": ""},
        {"x-api-token": "wrong"},
        {"Authorization": "Bearer sandbox-api-token"},
        {"Authorization": "Bearer"},
    ],
)
async def test_wrong_token_is_refused(account: Account, headers: dict[str, str]) -> None:
    account.headers = headers

    reply = await account.get(ME)

    assert reply.status == 401
    assert UNAUTHORIZED.items() <= reply.body.items()


async def test_token_in_the_query_is_none(account: Account) -> None:
    account.headers = {}

    assert (await account.get("/persons", api_token="sandbox-api-token")).status == 401


@pytest.mark.parametrize("prefix", ["//api/v1", "//v1"])
async def test_user_tells_the_company(open_account: OpenAccount, prefix: str) -> None:
    account = await open_account(time_zone="America/New_York", company="northlight")

    me = (await account.get(f"{prefix}/users/me")).data

    assert (me["company_domain"], me["company_id"], me["default_currency"]) == ("northlight", 7204411, "USD")
    assert (me["timezone_name"], me["timezone_offset"]) == ("America/New_York", "-04:00")
    assert {"app": "global", "admin": True}.items() <= me["access"][1].items()
    assert me["last_login"] == "2026-05-21 09:14:00"


async def test_endpoints_that_only_v2_has_are_gone_from_v1(account: Account) -> None:
    for path in ("//v1/persons", "//api/v1/deals", "//v1/itemSearch"):
        reply = await account.get(path)
        assert (reply.status, reply.body["success"]) == (404, False)


async def test_body_must_claim_to_be_json(account: Account) -> None:
    headers = {**account.headers, "Content-Type": "application/x-www-form-urlencoded"}

    assert (await account.send("POST", "/persons", b"name=Ada", headers=headers)).status == 415
    assert (await account.send("POST", "/persons", b"{")).status == 400


# A user without rights.


@pytest.fixture
async def plain_user(open_account: OpenAccount) -> Account:
    account = await open_account(restricted_token="sync-token")
    account.headers = {"x-api-token": "sync-token"}
    return account


async def test_plain_user_syncs_and_defines_nothing(plain_user: Account) -> None:
    await plain_user.create()
    wanted = {"field_name": "X", "field_type": "varchar"}

    reply = await plain_user.post("/personFields", **wanted)

    assert (reply.status, reply.body["success"]) == (403, False)
    assert (await plain_user.get("/personFields")).status == 200
    me = (await plain_user.get(ME)).data
    assert not any(entry["admin"] for entry in me["access"])
    rights = (await plain_user.get(f"//v1/users/{me['id']}/permissions")).data
    assert rights["can_add_custom_fields"] is False
    plain_user.headers = {"x-api-token": "sandbox-api-token"}
    assert (await plain_user.post("/personFields", **wanted)).status == 200


async def test_settings_open_the_company(account: Account, plain_user: Account) -> None:
    assert account.sandbox.settings() == {
        "api_token": "sandbox-api-token",
        "base_url": account.sandbox.base_url,
    }
    assert plain_user.sandbox.settings() == {
        "api_token": "sync-token",
        "provisioning_token": "sandbox-api-token",
        "base_url": plain_user.sandbox.base_url,
    }


# OAuth.


async def refresh(
    account: Account, token: str, secret: str = "sandbox-secret", grant: str = "refresh_token"
) -> Reply:
    basic = base64.b64encode(f"sandbox-client:{secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    form = urlencode({"grant_type": grant, "refresh_token": token}).encode()
    return await account.send("POST", "//oauth/token", form, headers=headers)


async def with_app(account: Account, token: str = "sandbox-refresh") -> str:
    """Let the account call as an app; return the next refresh token."""
    reply = await refresh(account, token)
    assert reply.status == 200, reply.body
    account.headers = {"Authorization": f"Bearer {reply.body['access_token']}"}
    following: str = reply.body["refresh_token"]
    return following


async def test_refresh_gives_an_access_token(account: Account) -> None:
    reply = await refresh(account, "sandbox-refresh")

    assert reply.body.keys() == {
        "access_token",
        "token_type",
        "refresh_token",
        "scope",
        "expires_in",
        "api_domain",
    }
    assert (reply.body["token_type"], reply.body["expires_in"]) == ("Bearer", 3599)
    assert reply.body["api_domain"] == "https://acme.pipedrive.com"
    assert "search:read" in reply.body["scope"].split()


async def test_access_token_ends_and_can_be_renewed(account: Account) -> None:
    following = await with_app(account)
    assert (await account.get(ME)).status == 200

    account.clock.seconds = 3_599
    assert (await account.get(ME)).status == 401

    await with_app(account, following)
    assert (await account.get(ME)).status == 200


async def test_rotated_refresh_token_works_once(account: Account) -> None:
    following = await with_app(account)

    reply = await refresh(account, "sandbox-refresh")

    assert following != "sandbox-refresh"
    assert (reply.status, reply.body["error"]) == (400, "invalid_grant")
    assert "already exchanged" in reply.body["message"]


async def test_refresh_token_may_stay_the_same(open_account: OpenAccount) -> None:
    account = await open_account(rotating=False)

    assert await with_app(account) == "sandbox-refresh"
    assert await with_app(account) == "sandbox-refresh"


async def test_refresh_token_dies_unused(account: Account) -> None:
    account.clock.seconds = 61 * 86_400

    assert (await refresh(account, "sandbox-refresh")).body["error"] == "invalid_grant"


async def test_reset_takes_the_first_refresh_token_again(account: Account) -> None:
    await with_app(account)

    await account.send("POST", "//_sandbox/reset")

    assert (await account.get(ME)).status == 401
    await with_app(account)
    assert (await account.get(ME)).status == 200


async def test_wrong_credentials_of_an_app_are_refused(account: Account) -> None:
    assert (await refresh(account, "sandbox-refresh", secret="wrong")).status == 401
    assert (await refresh(account, "sandbox-refresh", grant="password")).body[
        "error"
    ] == "unsupported_grant_type"
    assert (await refresh(account, "other")).body["error"] == "invalid_grant"
    headers = {"Authorization": "Basic not-base-64"}
    assert (await account.send("POST", "//oauth/token", b"", headers=headers)).status == 401


async def test_app_without_the_scope_is_refused(open_account: OpenAccount) -> None:
    account = await open_account(scopes=("base", "contacts:full"))
    await with_app(account)
    code = account.code("Deep link key")

    reply = await account.get("/itemSearch/field", entity_type="person", field=code, term="k1")

    assert (reply.status, reply.body["error"]) == (403, "Scope and URL mismatch")
    assert (await account.get("/persons/search", term="Ada")).status == 200
    assert (await account.post("/personFields", field_name="X", field_type="varchar")).status == 403


async def test_settings_may_be_those_of_an_app(open_account: OpenAccount) -> None:
    account = await open_account(oauth=True, plan="growth")

    assert account.sandbox.settings() == {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "refresh_token": "sandbox-refresh",
        "provisioning_token": "sandbox-api-token",
        "plan": "growth",
        "base_url": account.sandbox.base_url,
    }


# What every answer carries, and refusals on purpose.


async def test_every_answer_has_a_correlation_id_of_its_own(account: Account) -> None:
    ids = {(await account.get(path)).headers["x-correlation-id"] for path in (ME, "/persons", "/nothing")}

    assert len(ids) == 3


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        (401, "", {"error": "unauthorized access", "errorCode": 401}),
        (402, "", {"error": "Company account is not open"}),
        (403, "scope", {"error": "Scope and URL mismatch"}),
        (403, "permission", {"error": "You do not have permissions to do this."}),
        (403, "deals", {"code": "feature_capping_deals_limit"}),
        (403, "fields", {"error": "You've reached the custom fields limit."}),
        (404, "", {"error": "Not found", "data": None}),
        (405, "", {"error": "Method not allowed"}),
        (410, "", {"error": "The endpoint is gone"}),
        (422, "", {"error": "Unprocessable entity"}),
        (429, "", {"errorCode": 429}),
        (500, "", {"error": "Internal Server Error", "code": "ERR_UNKNOWN"}),
    ],
)
async def test_errors_on_purpose_have_pipedrives_bodies(
    account: Account, status: int, reason: str, told: dict[str, object]
) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=status, reason=reason))

    reply = await account.post("/persons", name="Ada")

    assert (reply.status, reply.body["success"]) == (status, False)
    assert told.items() <= reply.body.items()
    assert account.sandbox.persons() == []


@pytest.mark.parametrize(("status", "reason"), [(403, "html"), (502, ""), (503, ""), (504, "")])
async def test_network_in_front_answers_in_html(account: Account, status: int, reason: str) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=status, reason=reason))

    reply = await account.get("/persons")

    assert (reply.status, reply.headers["content-type"].split(";")[0]) == (status, "text/html")
    assert "<html" in reply.body
    assert not any("ratelimit" in name for name in reply.headers)


async def test_success_may_be_false_in_a_200(account: Account) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=200, times=1))

    reply = await account.post("/persons", name="Ada")

    assert (reply.status, reply.body["success"], reply.body["data"]) == (200, False, None)
    assert account.sandbox.persons() == []


async def test_unknown_reason_of_a_403_is_named(account: Account) -> None:
    with pytest.raises(ValueError, match="html"):
        account.sandbox.faults.add(Rule(kind="status", status=403, reason="htlm"))
