"""Logging in: two flows, one token for everybody, and what each refusal means."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from afterclick.plugin import CallFailed, LaneStop, Misconfigured, NotAuthorized, Throttled
from afterclick.testing import NOON
from afterclick_salesforce import tokens
from afterclick_salesforce.tokens import Tokens

from .bodies import BASE, SESSION, composite, fault, login, page
from .support import DATA, SECRET, TOKEN, bench

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
COMPOSITE = f"{DATA}/composite"
EXPIRED = fault("INVALID_SESSION_ID", "Session expired or invalid")


async def test_client_credentials_are_sent_to_the_orgs_own_domain() -> None:
    async with bench() as b:
        token = await Tokens(b.ctx).get()
    (sent,) = b.org.sent
    assert str(sent.url) == TOKEN
    assert sent.body == {"grant_type": "client_credentials", "client_id": "consumer", "client_secret": SECRET}
    assert (token.value, token.instance, token.user) == (SESSION, BASE, "005000000000001AAA")
    assert SESSION not in repr(token)


@pytest.mark.parametrize(
    ("url", "audience"),
    [
        (BASE, "https://login.salesforce.com"),
        ("https://acme--test.sandbox.my.salesforce.com", "https://test.salesforce.com"),
    ],
)
async def test_assertion_is_signed_for_the_right_audience(url: str, audience: str) -> None:
    async with bench(logged_in=False, client_secret="", username="sync@acme.com", private_key=PEM) as b:
        b.ctx.http.base_url = url
        b.org.reply(f"{url}/services/oauth2/token", login(instance_url=url))
        await Tokens(b.ctx).get()
    (sent,) = b.org.sent
    assert sent.body["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(
        sent.body["assertion"],
        KEY.public_key(),
        algorithms=["RS256"],
        audience=audience,
        options={"verify_exp": False},
    )
    assert (claims["iss"], claims["sub"]) == ("consumer", "sync@acme.com")
    # Salesforce takes three minutes at most.
    assert 60 < claims["exp"] - NOON / 1000 < 180


async def test_key_that_cannot_sign_is_named_and_not_shown() -> None:
    async with bench(logged_in=False, client_secret="", username="u", private_key="BEGIN nonsense") as b:
        with pytest.raises(Misconfigured, match="private_key") as stop:
            await Tokens(b.ctx).get()
    assert "nonsense" not in str(stop.value)
    assert b.org.sent == []


@pytest.mark.parametrize(
    ("settings", "lacking"),
    [
        ({"client_secret": ""}, "client_secret"),
        ({"client_secret": "", "private_key": PEM}, "username"),
    ],
)
async def test_half_of_a_flow_is_told(settings: dict[str, Any], lacking: str) -> None:
    async with bench(logged_in=False, **settings) as b:
        with pytest.raises(Misconfigured, match=lacking):
            await Tokens(b.ctx).get()


@pytest.mark.parametrize(
    "url",
    ["https://login.salesforce.com", "https://test.salesforce.com", "https://acme.lightning.force.com"],
)
async def test_only_my_domain_is_logged_in_at(url: str) -> None:
    async with bench(logged_in=False) as b:
        b.ctx.http.base_url = url
        with pytest.raises(Misconfigured) as stop:
            await Tokens(b.ctx).get()
    assert stop.value.finding is not None
    assert stop.value.finding.code == "salesforce-address"
    assert b.org.sent == []


@pytest.mark.parametrize(
    ("base", "told", "used"),
    [
        (BASE, "https://acme2.my.salesforce.com", "https://acme2.my.salesforce.com"),
        (BASE, "https://evil.example.com", BASE),
        (BASE, "http://acme.my.salesforce.com", BASE),
        (BASE, "", BASE),
        # A proxy stands there on purpose.
        ("https://proxy.acme.com", "https://acme.my.salesforce.com", "https://proxy.acme.com"),
    ],
)
async def test_data_goes_where_the_login_says_unless_that_leads_out(base: str, told: str, used: str) -> None:
    async with bench(logged_in=False) as b:
        b.ctx.http.base_url = base
        b.org.reply(f"{base}/services/oauth2/token", login(instance_url=told))
        assert (await Tokens(b.ctx).get()).instance == used


async def test_everybody_waits_for_one_renewal() -> None:
    async with bench() as b:
        shared = Tokens(b.ctx)
        old = await shared.get()
        b.org.reply(TOKEN, login(access_token="second"))
        renewed = await asyncio.gather(*(shared.get(instead_of=old) for _ in range(20)))
    assert {token.value for token in renewed} == {"second"}
    assert len(b.org.sent) == 2


async def test_expired_session_is_renewed_once_and_the_call_repeated() -> None:
    async with bench() as b:
        b.org.reply(COMPOSITE, EXPIRED, 401)
        b.org.reply(TOKEN, login(access_token="second"))
        b.org.reply(COMPOSITE, composite(page([])))
        answer = await b.ctx.client.api.queries(["SELECT Id FROM Lead"])
    assert answer.ok
    used = [one.headers["Authorization"] for one in b.org.sent if one.url.path.endswith("/composite")]
    assert used == [f"Bearer {SESSION}", "Bearer second"]


async def test_second_refusal_stops_the_lane_instead_of_logging_in_for_ever() -> None:
    rest = fault("INVALID_SESSION_ID", "This session is not valid for use with the REST API")
    async with bench() as b:
        b.org.reply(COMPOSITE, rest, 401, repeat=True)
        b.org.reply(TOKEN, login(access_token="second"))
        answer = await b.ctx.client.api.queries(["SELECT Id FROM Lead"])
    assert answer.status == 401
    assert len(b.org.sent) == 4


def grant(description: str, error: str = "invalid_grant") -> dict[str, str]:
    return {"error": error, "error_description": description}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (grant("client identifier invalid", "invalid_client_id"), "consumer key"),
        (grant("invalid client credentials", "invalid_client"), "consumer secret"),
        (grant("request not supported on this domain"), "SF_INSTANCE_URL"),
        (grant("no client credentials user enabled"), "Run As"),
        (grant("no valid scopes defined"), "scope `api`"),
        (grant("user hasn't approved this consumer"), "pre-authorised"),
        (grant("user hasn’t approved this consumer"), "pre-authorised"),
        (grant("audience is invalid"), "audience"),
        (grant("invalid assertion"), "certificate"),
        (grant("Audience validation failed"), "audience"),
        (grant("grant type not supported", "unsupported_grant_type"), "client credentials flow"),
        (grant("user is inactive", "inactive_user"), "Activate"),
        (grant("organization is inactive", "inactive_org"), "administrator"),
        (grant("External client app is not installed in this org", "invalid_request"), "another org"),
        (grant("words that nobody has seen"), "login history"),
    ],
)
async def test_each_refused_login_says_what_to_do(body: dict[str, str], told: str) -> None:
    async with bench(logged_in=False) as b:
        b.org.reply(TOKEN, body, 400)
        with pytest.raises(NotAuthorized) as stop:
            await Tokens(b.ctx).get()
    finding = stop.value.finding
    assert finding is not None
    assert told in finding.message + finding.remedy
    assert finding.code == "salesforce-credentials"


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (grant("token request is already being processed"), 5),
        (grant("", "rate_limit_exceeded"), 600),
        (grant("LOGIN_RATE_EXCEEDED", "invalid_grant"), 600),
    ],
)
async def test_too_many_logins_make_the_lane_wait(body: dict[str, str], after: float) -> None:
    async with bench(logged_in=False) as b:
        b.org.reply(TOKEN, body, 400)
        with pytest.raises(Throttled) as stop:
            await Tokens(b.ctx).get()
    assert (stop.value.after, stop.value.scope) == (after, "login")


@pytest.mark.parametrize(
    ("body", "status"), [("<html>We are down for maintenance.</html>", 503), ("<html>", 200), ("", 500)]
)
async def test_org_under_maintenance_is_a_failed_call_of_which_nothing_was_sent(
    body: str, status: int
) -> None:
    async with bench(logged_in=False) as b:
        b.org.reply(TOKEN, body, status)
        with pytest.raises(CallFailed) as failure:
            await Tokens(b.ctx).get()
    assert not failure.value.sent


async def test_nobody_is_told_a_secret() -> None:
    async with bench(logged_in=False) as b:
        b.org.reply(TOKEN, grant(f"{SECRET} is wrong"), 400)
        with pytest.raises(LaneStop) as stop:
            await Tokens(b.ctx).get()
    said: list[Any] = [str(stop.value), stop.value.finding, b.log.lines]
    assert SECRET not in repr(said)
    assert tokens.PATH in TOKEN
