"""`/services/oauth2/token`: both flows for servers, and what goes wrong with them.

Sources: help.salesforce.com "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration", "OAuth 2.0
JWT Bearer Flow", "OAuth 2.0 Flow Errors"; forcedotcom/cli#3482 and simple-salesforce#662 for descriptions.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from afterclick.sandbox import Answer, Call, Refused
from afterclick_salesforce.sandbox.access import User
from afterclick_salesforce.sandbox.limits import Limits
from afterclick_salesforce.sandbox.org import Org
from afterclick_salesforce.sandbox.sessions import Sessions

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST_ASSERTION = 180
"""How many seconds an assertion may be good for."""
SKEW = 5
"""How many seconds more are forgiven, for clocks that differ."""


class OAuth:
    """The token endpoint of an org. `base_url` gives its My Domain address."""

    def __init__(
        self, org: Org, sessions: Callable[[], Sessions], limits: Limits, base_url: Callable[[], str]
    ) -> None:
        self._org = org
        self._sessions = sessions
        self._limits = limits
        self._base_url = base_url

    def token(self, call: Call) -> Answer:
        """Answer a request for a token."""
        if not call.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            raise wrong("invalid_request", "invalid content type")
        form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
        grant = form.get("grant_type", "")
        if grant == "client_credentials":
            self._know_client(form, call)
            return self._answer(self._org.integration, signed=True)
        if grant == JWT_BEARER:
            return self._answer(self._asserted(form.get("assertion", "")), signed=False)
        raise wrong("unsupported_grant_type", "grant type not supported")

    def _know_client(self, form: dict[str, str], call: Call) -> None:
        """Check id and secret, in the form or as Basic authorization.

        Raises:
            Refused: they are wrong.

        """
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            client_id, _, secret = _decoded(encoded).partition(":")
        if client_id != self._org.options.client_id:
            raise wrong("invalid_client_id", "client identifier invalid")
        if secret != self._org.options.client_secret:
            raise wrong("invalid_client", "invalid client credentials", 401)

    def _answer(self, user: User, *, signed: bool) -> Answer:
        if not self._limits.login(user.username):
            raise wrong("rate_limit_exceeded", "number of logins exceeded limit", 403)
        token = self._sessions().start(self._org.id, user)
        address = self._base_url()
        identity = f"https://login.salesforce.com/id/{self._org.id}/{user.id}"
        body: dict[str, Any] = {
            "access_token": token,
            "scope": "api",
            "instance_url": address,
            "id": identity,
            "token_type": "Bearer",
        }
        if signed:
            issued = str(self._org.clock.now())
            digest = hashlib.sha256(f"{identity}{issued}".encode()).digest()
            body |= {
                "signature": base64.b64encode(digest).decode(),
                "issued_at": issued,
                "api_instance_url": address,
            }
        return Answer(200, body)

    # JWT bearer.

    @cached_property
    def _keys(self) -> tuple[str, str]:
        """Return the private key, if the emulator made it, and the public one, both in PEM."""
        given = self._org.options.certificate
        if given:
            return "", _public(given)
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return private.decode(), public.decode()

    @property
    def private_key(self) -> str:
        """Return a private key, in PEM, whose assertions are accepted; empty if the options gave another."""
        return self._keys[0]

    def _asserted(self, assertion: str) -> User:
        """Return the user that an assertion is for.

        Raises:
            Refused: it is not signed with the right key, or says something wrong.

        """
        try:
            claims = jwt.decode(
                assertion,
                self._keys[1],
                algorithms=["RS256"],
                # Times and audience are checked below, by the org's own clock and with Salesforce's words.
                options={"verify_exp": False, "verify_aud": False, "require": ["iss", "sub", "aud", "exp"]},
            )
        except jwt.InvalidTokenError as error:
            raise wrong("invalid_grant", "invalid assertion") from error
        if claims["iss"] != self._org.options.client_id:
            raise wrong("invalid_client_id", "client identifier invalid")
        if claims["aud"] not in (*self._org.options.audiences, self._base_url()):
            raise wrong("invalid_grant", "audience is invalid")
        now = self._org.clock.now() / 1000
        if (
            not isinstance(claims["exp"], int)
            or not now - SKEW < claims["exp"] <= now + LONGEST_ASSERTION + SKEW
        ):
            raise wrong("invalid_grant", "expired authorization code")
        user = self._org.users().get(claims["sub"])
        if user is None:
            raise wrong("invalid_grant", "user hasn't approved this consumer")
        return user


def wrong(error: str, description: str, status: int = 400) -> Refused:
    """Return the refusal of a request for a token."""
    return Refused(Answer(status, {"error": error, "error_description": description}))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return ""


def _public(pem: str) -> str:
    """Return the public key of a certificate; a public key stays what it is."""
    if "BEGIN CERTIFICATE" not in pem:
        return pem
    key = load_pem_x509_certificate(pem.encode()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
