"""How calls prove who sends them: an API token, or an OAuth app whose tokens are renewed.

An access token lives for an hour. What a refresh gives is stored before it is used, whether or not the
refresh token is a new one, and one refresh at a time is under way. Source: Pipedrive, "Authentication"
and "OAuth authorization"; answers of the token endpoint as the v1 specification shows them.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from afterclick.plugin import Answer, CallFailed, Context, Misconfigured, NotAuthorized
from afterclick_pipedrive import findings
from afterclick_pipedrive.settings import PipedriveSettings

OAUTH_URL = "https://oauth.pipedrive.com"
STATE = "oauth"
_EARLY = 60_000
"""Milliseconds before its end that an access token is renewed."""

Headers = Mapping[str, str]


class Credentials(Protocol):
    """What a call is sent with."""

    async def headers(self) -> Headers:
        """Return the header that names the sender."""
        ...

    async def renew(self, refused: Headers) -> bool:
        """Get another credential in place of one that was refused; tell whether there is one."""
        ...


class ApiToken:
    """The token of one user. It stands in a header, never in an address, which ends up in logs."""

    def __init__(self, token: str) -> None:
        self._headers = {"x-api-token": token.strip()}

    async def headers(self) -> Headers:
        """Return the token's header."""
        return self._headers

    async def renew(self, refused: Headers) -> bool:
        """Return False: a token that is refused was regenerated, or its user lost access."""
        return False


class Tokens(msgspec.Struct, frozen=True):
    """What the token endpoint gave; `origin` is a digest of the configured refresh token it began with."""

    origin: str
    access: str
    refresh: str
    expires_at: int
    domain: str = ""


class _Given(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str = ""
    expires_in: float = 3600.0
    api_domain: str = ""


class OAuthApp:
    """An installed OAuth app; its newest tokens lie in `ctx.state`."""

    def __init__(self, ctx: Context[PipedriveSettings]) -> None:
        self._ctx = ctx
        self._settings = ctx.settings
        self._origin = hashlib.sha256(ctx.settings.refresh_token.encode()).hexdigest()[:16]
        self._lock = asyncio.Lock()
        base = ctx.http.base_url
        theirs = (urlsplit(base).hostname or "").endswith(".pipedrive.com")
        self._address = ctx.settings.oauth_url or (OAUTH_URL if theirs else base)

    async def headers(self) -> Headers:
        """Return the access token's header, renewed where it ends soon."""
        return _header(await self._current())

    async def domain(self) -> str:
        """Return the address of the company's API, as the token endpoint named it; else empty."""
        return (await self._current()).domain

    async def renew(self, refused: Headers) -> bool:
        """Get a new access token, unless somebody did since the one that was refused."""
        async with self._lock:
            known = await self._stored()
            if known is None or _header(known) == refused:
                await self._refresh(known)
            return True

    async def _current(self) -> Tokens:
        async with self._lock:
            known = await self._stored()
            if known is None or known.expires_at - self._ctx.clock.now() < _EARLY:
                known = await self._refresh(known)
            return known

    async def _stored(self) -> Tokens | None:
        """Return what an earlier refresh gave; nothing, where the operator configured another token since."""
        text = await self._ctx.state.get(STATE)
        known = None if text is None else msgspec.json.decode(text, type=Tokens)
        return known if known is not None and known.origin == self._origin else None

    async def _refresh(self, known: Tokens | None) -> Tokens:
        refresh = self._settings.refresh_token if known is None else known.refresh
        answer = await self._ask(refresh)
        try:
            given: _Given = answer.json(_Given)
        except msgspec.DecodeError:
            raise CallFailed("the answer of Pipedrive's token endpoint cannot be read", sent=False) from None
        tokens = Tokens(
            origin=self._origin,
            access=given.access_token,
            refresh=given.refresh_token or refresh,
            expires_at=self._ctx.clock.now() + int(given.expires_in * 1000),
            domain=given.api_domain,
        )
        await self._ctx.state.set(STATE, msgspec.json.encode(tokens).decode())
        return tokens

    async def _ask(self, refresh: str) -> Answer:
        """Ask for tokens; a failure here means that the call they were for was not sent."""
        pair = f"{self._settings.client_id.strip()}:{self._settings.client_secret.strip()}"
        try:
            answer = await self._ctx.http.request(
                "POST",
                f"{self._address}/oauth/token",
                form={"grant_type": "refresh_token", "refresh_token": refresh.strip()},
                headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
                bucket="oauth",
                # A token is no change of the account.
                reads=True,
            )
        except CallFailed as failure:
            raise CallFailed(failure.reason, sent=False) from failure
        if answer.status in (400, 401, 403):
            raise NotAuthorized("Pipedrive refuses the OAuth app's refresh token")
        if not answer.ok:
            raise CallFailed(f"Pipedrive's token endpoint answered {answer.status}", sent=False)
        return answer


def _header(tokens: Tokens) -> Headers:
    return {"Authorization": f"Bearer {tokens.access}"}


def credentials_of(ctx: Context[PipedriveSettings], *, provisioning: bool = False) -> Credentials:
    """Return what calls are sent with.

    Raises:
        Misconfigured: neither a token nor a whole app is set.

    """
    settings = ctx.settings
    token = (provisioning and settings.provisioning_token) or settings.api_token
    if token.strip():
        return ApiToken(token)
    if settings.client_id and settings.client_secret and settings.refresh_token:
        return OAuthApp(ctx)
    raise Misconfigured.by(findings.no_credentials())
