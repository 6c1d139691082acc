"""Who is calling: API tokens, and OAuth with its tokens that end.

Sources: pipedrive.readme.io "Authentication" and "OAuth authorization"; the v1 specification of
`/oauth/token`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from random import Random
from urllib.parse import parse_qs

from afterclick.sandbox import MILLISECONDS_PER_DAY, Answer, Call, Clock
from afterclick_pipedrive.sandbox import bodies
from afterclick_pipedrive.sandbox.limits import Caller
from afterclick_pipedrive.sandbox.options import Options
from afterclick_pipedrive.sandbox.users import ADMIN, SERVICE

UNUSED_DAYS = 60
"""After so many days without use a refresh token is dead."""


class Access:
    """The tokens that open the company."""

    def __init__(self, options: Options, clock: Clock, rng: Random) -> None:
        self._options = options
        self._clock = clock
        self._rng = rng
        self._live: dict[str, int] = {}
        self._exchanged: set[str] = set()
        self._api = {options.api_token: Caller("admin", False, ADMIN.id)}
        if options.restricted_token:
            self._api[options.restricted_token] = Caller("restricted", False, SERVICE.id)
        self._app = Caller("app", True, SERVICE.id, frozenset(options.scopes))
        self.clear()

    def caller(self, call: Call) -> Caller | None:
        """Return whose request it is, or None.

        An API token is taken from its header only: in a query, as older clients send it, it would end up in
        logs, and as a bearer token it is none.
        """
        token = call.headers.get("x-api-token")
        if token is not None:
            return self._api.get(token)
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._live.get(token, 0) > self._clock.now():
            return self._app
        return None

    def clear(self) -> None:
        """Go back to the app's installation."""
        self._live.clear()
        self._exchanged.clear()
        self._refresh = (self._options.refresh_token, self._clock.now())

    def token(self, call: Call) -> Answer:
        """Exchange a refresh token for a new access token: `POST /oauth/token`."""
        if _basic(call.headers) != (self._options.client_id, self._options.client_secret):
            return bodies.oauth_error(401, "invalid_client", "Client authentication failed")
        form = {name: values[0] for name, values in parse_qs(call.body.decode(errors="replace")).items()}
        if form.get("grant_type") != "refresh_token":
            return bodies.oauth_error(400, "unsupported_grant_type", "Only refresh_token can be exchanged")
        return self._exchange(form.get("refresh_token", ""))

    def _exchange(self, given: str) -> Answer:
        now = self._clock.now()
        current, used = self._refresh
        if given in self._exchanged:
            return bodies.oauth_error(400, "invalid_grant", "The refresh token is already exchanged")
        if given != current or now - used > UNUSED_DAYS * MILLISECONDS_PER_DAY:
            return bodies.oauth_error(400, "invalid_grant", "The refresh token is invalid or has expired")
        if self._options.rotating:
            self._exchanged.add(current)
            current = f"1:1:{self._rng.getrandbits(160):040x}"
        self._refresh = (current, now)
        access = f"v1u:{self._rng.getrandbits(256):064x}"
        self._live[access] = now + self._options.token_seconds * 1000
        body = {
            "access_token": access,
            "token_type": "Bearer",
            "refresh_token": current,
            "scope": " ".join(self._options.scopes),
            "expires_in": self._options.token_seconds,
            "api_domain": f"https://{self._options.company}.pipedrive.com",
        }
        return Answer(200, body)


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the name and the secret of an `Authorization: Basic` header."""
    scheme, _, encoded = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret
