"""A request to a CRM as it may be shown: exactly as it would be sent, without what must stay secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from afterclick.config.connections import ResolvedConnection
from afterclick.plugin.http import Outgoing

MASK = "***"
_SECRET_NAME = re.compile(
    r"auth|cookie|passw|secret|assertion|signature|credential|api[-_]?(key|token)|(access|refresh)[-_]?token",
    re.IGNORECASE,
)
"""Names of headers, parameters and form fields. Fields of records are called `…_token` too: not those."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A request, for people: a JSON body is decoded, and `reads` says that it changes nothing."""

    method: str
    url: str
    reads: bool
    headers: Mapping[str, str] = {}
    body: Any = None


class Curtain:
    """Hides a connection's secrets, and gives its requests the address that they would go to.

    Whatever is equal to a configured secret is masked wherever it stands, and so are values whose
    name tells that they are one, such as a token that the plugin has got for it.
    """

    def __init__(self, resolved: ResolvedConnection, *, sent_to: str, goes_to: str) -> None:
        given = (getattr(resolved.settings, name, None) for name in resolved.info.secrets)
        self._secrets = sorted({text for text in given if isinstance(text, str) and text}, key=len)
        self._sent_to, self._goes_to = sent_to, goes_to

    def show(self, request: Outgoing) -> Shown:
        """Return a request as it may be shown."""
        url = request.url
        if url.startswith(self._sent_to):
            url = self._goes_to + url.removeprefix(self._sent_to)
        if request.params:
            url += "?" + urlencode(self._named(request.params), safe="*")
        return Shown(
            method=request.method.upper(),
            url=self._text(url),
            reads=request.reads,
            headers=self._named(request.headers),
            body=self._body(request),
        )

    def _body(self, request: Outgoing) -> Any:
        if request.form is not None:
            return self._named(request.form)
        if request.body is None:
            return None
        text = self._text(request.body.decode("utf-8", "replace"))
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text

    def _named(self, values: Mapping[str, str]) -> dict[str, str]:
        return {
            name: MASK if _SECRET_NAME.search(name) else self._text(str(value))
            for name, value in values.items()
        }

    def _text(self, text: str) -> str:
        for secret in reversed(self._secrets):
            text = text.replace(secret, MASK)
        return text
