"""How a client gets in, how long it stays, and what it is told when it may not."""

from __future__ import annotations

from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from afterclick.sandbox import Rule
from afterclick_salesforce.sandbox import Options, SalesforceSandbox

from .client import START, Account, Reply
from .conftest import OpenAccount

CLIENT = {
    "grant_type": "client_credentials",
    "client_id": "3MVG9sandbox",
    "client_secret": "sandbox-secret",
}
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate() -> str:
    public = key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


def assertion(signed_with: Any = None, algorithm: str = "RS256", **claims: Any) -> dict[str, str]:
    usual = {
        "iss": "3MVG9sandbox",
        "sub": "afterclick@example.com",
        "aud": "https://login.salesforce.com",
        "exp": START // 1000 + 180,
    }
    whole = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return {"grant_type": BEARER, "assertion": jwt.encode(whole, signed_with or key(), algorithm)}


@pytest.fixture
async def signed(open_account: OpenAccount) -> Account:
    """An org that knows the public half of `key`."""
    return await open_account(certificate=certificate())


async def may_call(account: Account, token: str) -> bool:
    account.token = token
    return (await account.get("/sobjects/Lead/describe")).status == 200


# Client credentials.


async def test_client_credentials_give_a_token_without_an_end(account: Account) -> None:
    reply = await account.token_for(CLIENT)

    assert reply.status == 200
    body = reply.body
    assert body["token_type"] == "Bearer"
    assert body["access_token"].startswith("00D")
    assert "!AQ" in body["access_token"]
    assert body["instance_url"] == account.sandbox.base_url
    assert body["id"].endswith(f"/{account.sandbox.org.integration.id}")
    assert body["issued_at"] == str(START)
    assert body["scope"] == "api"
    assert "signature" in body
    assert {"refresh_token", "expires_in"}.isdisjoint(body)
    assert await may_call(account, body["access_token"])


async def test_client_may_be_named_by_basic_authorization(account: Account) -> None:
    basic = "Basic M01WRzlzYW5kYm94OnNhbmRib3gtc2VjcmV0"

    reply = await account.token_for({"grant_type": "client_credentials"}, Authorization=basic)

    assert reply.status == 200


@pytest.mark.parametrize(
    ("form", "status", "error", "description"),
    [
        ({**CLIENT, "client_id": "x"}, 400, "invalid_client_id", "client identifier invalid"),
        ({**CLIENT, "client_secret": "x"}, 401, "invalid_client", "invalid client credentials"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "grant type not supported"),
        ({}, 400, "unsupported_grant_type", "grant type not supported"),
    ],
)
async def test_wrong_client_is_told_so_in_an_object(
    account: Account, form: dict[str, str], status: int, error: str, description: str
) -> None:
    reply = await account.token_for(form)

    assert (reply.status, reply.body) == (status, {"error": error, "error_description": description})


async def test_token_is_asked_for_with_a_form(account: Account) -> None:
    reply = await account.send("POST", "//services/oauth2/token", CLIENT)

    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("reason", "description"),
    [
        ("domain", "request not supported on this domain"),
        ("processing", "token request is already being processed"),
    ],
)
async def test_token_endpoint_refuses_on_purpose(account: Account, reason: str, description: str) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=400, reason=reason, path="/oauth2/token"))

    reply = await account.token_for(CLIENT)

    assert reply.status == 400
    assert reply.body == {"error": "invalid_grant", "error_description": description}


async def test_logins_of_an_hour_are_limited(open_account: OpenAccount) -> None:
    account = await open_account(logins_per_hour=2)
    await account.token_for(CLIENT)

    reply = await account.token_for(CLIENT)
    account.clock.seconds += 3600

    assert (reply.status, reply.body["error"]) == (403, "rate_limit_exceeded")
    assert account.sandbox.violations()["logins"] == 1
    assert (await account.token_for(CLIENT)).status == 200


# JWT bearer.


async def test_assertion_gives_a_token_of_its_user(signed: Account) -> None:
    reply = await signed.token_for(assertion())

    assert reply.status == 200
    assert reply.body["instance_url"] == signed.sandbox.base_url
    assert {"signature", "issued_at", "refresh_token"}.isdisjoint(reply.body)
    assert await may_call(signed, reply.body["access_token"])


async def test_my_domain_is_an_audience(signed: Account) -> None:
    assert (await signed.token_for(assertion(aud=signed.sandbox.base_url))).status == 200


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"iss": "x"}, "invalid_client_id", "client identifier invalid"),
        ({"sub": "nobody@example.com"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"aud": "https://example.com"}, "invalid_grant", "audience is invalid"),
        ({"exp": START // 1000 - 60}, "invalid_grant", "expired authorization code"),
        ({"exp": START // 1000 + 300}, "invalid_grant", "expired authorization code"),
        ({"exp": None}, "invalid_grant", "invalid assertion"),
    ],
)
async def test_claims_are_checked(
    signed: Account, claims: dict[str, Any], error: str, description: str
) -> None:
    reply = await signed.token_for(assertion(**claims))

    assert (reply.status, reply.body) == (400, {"error": error, "error_description": description})


async def test_only_the_right_key_signs(signed: Account) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    shared = "x" * 32

    for form in (
        assertion(signed_with=other),
        assertion(signed_with=shared, algorithm="HS256"),
        {"grant_type": BEARER, "assertion": "x.y.z"},
        {"grant_type": BEARER},
    ):
        reply = await signed.token_for(form)
        assert reply.body == {"error": "invalid_grant", "error_description": "invalid assertion"}


async def test_emulator_hands_out_a_key_of_its_own(open_account: OpenAccount) -> None:
    account = await open_account(flow="jwt")
    settings = account.sandbox.settings()

    reply = await account.token_for(assertion(signed_with=settings["private_key"]))

    assert reply.status == 200
    assert settings["username"] == "afterclick@example.com"
    assert "client_secret" not in settings


def test_certificate_is_taken_for_its_key() -> None:
    import trustme

    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    pem = authority.cert_pem.bytes().decode()

    sandbox = SalesforceSandbox(Options(certificate=pem, flow="jwt"))

    assert sandbox.settings()["private_key"] == ""


# Sessions.


async def refused(reply: Reply) -> tuple[int, Any]:
    return reply.status, reply.body


EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


async def test_session_ends_two_hours_after_its_last_call(account: Account) -> None:
    for _ in range(3):
        account.clock.seconds += 7000
        assert (await account.get("/sobjects")).status == 200
    account.clock.seconds += 7201

    assert await refused(await account.get("/sobjects")) == (401, EXPIRED)


@pytest.mark.parametrize(("token", "status"), [("", 401), ("00D000000000001!AQ", 401)])
async def test_unknown_token_is_an_expired_session(account: Account, token: str, status: int) -> None:
    account.token = token

    assert await refused(await account.get("/sobjects")) == (status, EXPIRED)


async def test_header_of_another_scheme_is_told_apart(account: Account) -> None:
    reply = await account.send("GET", "/sobjects", None, {"Authorization": "Token x"})

    assert (reply.status, reply.code) == (401, "INVALID_AUTH_HEADER")


async def test_all_sessions_can_be_ended(account: Account) -> None:
    account.sandbox.sessions.expire()

    assert await refused(await account.get("/sobjects")) == (401, EXPIRED)
    account.token = account.sandbox.options.admin_token
    assert (await account.get("/sobjects")).status == 200


async def test_older_session_stays_good_when_a_new_one_begins(account: Account) -> None:
    old = account.token
    await account.log_in()

    assert await may_call(account, account.token)
    assert await may_call(account, old)


async def test_session_may_be_no_good_for_the_api(account: Account) -> None:
    account.sandbox.faults.add(Rule(kind="status", status=401, reason="rest"))

    reply = await account.get("/sobjects")

    assert (reply.code, reply.message) == (
        "INVALID_SESSION_ID",
        "This session is not valid for use with the REST API",
    )
