"""Gets one access token and shares it: nobody asks for a second one while the first works.

A token has no stated end: it lives as long as it is used, and Salesforce says when it is over (401). So it
is renewed on that answer only, by whoever meets it first; everybody else waits for the same renewal.
It is never revoked: logins of one user can share a session, and revoking ours would end another's. It is
kept in memory, not in the ledger, which would hold a credential in clear text to save one login a start.
Source: Salesforce help, "OAuth 2.0 Client Credentials Flow" and "OAuth 2.0 JWT Bearer Flow".
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import jwt
import msgspec

from afterclick.plugin import (
    Answer,
    CallFailed,
    Context,
    Misconfigured,
    NotAuthorized,
    Throttled,
)
from afterclick_salesforce import findings, limits, refusals
from afterclick_salesforce.answers import TokenAnswer, TokenFault, read
from afterclick_salesforce.settings import SalesforceSettings

PATH = "/services/oauth2/token"
PRODUCTION = "https://login.salesforce.com"
SANDBOX = "https://test.salesforce.com"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE = 170
"""Seconds that an assertion is good for; Salesforce takes 180, and its clock may be ahead."""

_NOT_MY_DOMAIN = ("login.salesforce.com", "test.salesforce.com")
_LIGHTNING = ".lightning.force.com"
_SALESFORCE = (".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn", ".cloudforce.com")


class Token(msgspec.Struct, frozen=True):
    """An access token, where to use it, and whose it is."""

    value: str
    instance: str
    user: str = ""

    def __repr__(self) -> str:
        return f"<token for {self.instance}>"


class Tokens:
    """The one token of a connection."""

    def __init__(self, ctx: Context[SalesforceSettings]) -> None:
        self._ctx = ctx
        self._token: Token | None = None
        self._lock = asyncio.Lock()

    async def get(self, *, instead_of: Token | None = None) -> Token:
        """Return the token; a new one only if there is none, or it is still the one that was refused.

        Raises:
            NotAuthorized: the login is refused for good.
            Throttled: too many logins.
            CallFailed: no answer; nothing was sent that changes anything.

        """
        async with self._lock:
            if self._token is None or self._token == instead_of:
                self._token = None
                self._token = await login(self._ctx)
            return self._token


async def login(ctx: Context[SalesforceSettings]) -> Token:
    """Ask the org's own domain for a token; raises as `Tokens.get` does."""
    base = ctx.http.base_url
    require_my_domain(base)
    if ctx.settings.incomplete:
        raise Misconfigured.by(findings.incomplete(ctx.settings.incomplete))
    form = _assertion(ctx) if ctx.settings.signs else _credentials(ctx.settings)
    try:
        answer = await ctx.http.request("POST", PATH, form=form, bucket=limits.LOGIN, reads=True)
    except CallFailed as failure:
        # Whatever became of it: no record was touched.
        raise CallFailed(f"login: {failure.reason}", sent=False) from failure
    token = read(answer, TokenAnswer) if answer.ok else None
    if token is None:
        raise _refused(ctx, answer)
    ctx.log.info("salesforce-login", connection=ctx.connection)
    return Token(token.access_token, _instance(base, token.instance_url), token.id.rpartition("/")[2])


def require_my_domain(base_url: str) -> None:
    """Refuse addresses that Salesforce gives no tokens on, or serves no API on.

    Raises:
        Misconfigured: it is the general login page, or the address of the user interface.

    """
    host = urlsplit(base_url).hostname or ""
    if host in _NOT_MY_DOMAIN or host.endswith(_LIGHTNING):
        raise Misconfigured.by(findings.not_my_domain(host))


def audience(settings: SalesforceSettings, base_url: str) -> str:
    """Return whom an assertion is for: sandboxes have `--` in their My Domain, or `.sandbox.`."""
    if settings.audience:
        return settings.audience
    host = urlsplit(base_url).hostname or ""
    return SANDBOX if "--" in host or ".sandbox." in host else PRODUCTION


def _credentials(settings: SalesforceSettings) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": settings.client_id.strip(),
        "client_secret": settings.client_secret.strip(),
    }


def _assertion(ctx: Context[SalesforceSettings]) -> dict[str, str]:
    settings = ctx.settings
    claims = {
        "iss": settings.client_id.strip(),
        "sub": settings.username.strip(),
        "aud": audience(settings, ctx.http.base_url),
        "exp": ctx.clock.now() // 1000 + _LIFE,
    }
    try:
        signed = jwt.encode(claims, settings.private_key.strip(), algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError):
        # What they say may quote the key.
        raise Misconfigured.by(findings.bad_key()) from None
    return {"grant_type": _GRANT, "assertion": signed}


def _refused(ctx: Context[SalesforceSettings], answer: Answer) -> Exception:
    fault = read(answer, TokenFault)
    ctx.log.info("salesforce-login-refused", connection=ctx.connection, status=answer.status)
    if answer.status >= 500 or answer.ok or fault is None or not fault.error:
        return CallFailed(f"login: Salesforce answered {answer.status}, not in its form", sent=False)
    if refusals.is_too_often(fault):
        return Throttled("too many logins", after=limits.LOGINS, scope=limits.LOGIN)
    if refusals.is_busy(fault):
        return Throttled("a login is under way", after=limits.LOGIN_UNDER_WAY, scope=limits.LOGIN)
    finding = findings.refused_login(refusals.explain(fault))
    return NotAuthorized(finding.message, finding=finding)


def _instance(base_url: str, told: str) -> str:
    """Return where data calls go: where the login says, unless that leads out of Salesforce.

    An address of the operator's own, such as a proxy or an emulator, is kept: it stands there on purpose.
    """
    if _is_salesforce(base_url) and _is_salesforce(told):
        return told.rstrip("/")
    return base_url


def _is_salesforce(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and (parts.hostname or "").endswith(_SALESFORCE)
