"""A CRM that says what a test wants to hear: answers in their order, and the requests that met them.

For what no emulator says, or says only on a bad day. It needs `aioresponses`, which comes with
`afterclick[testing]`; nothing else of the kit imports it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Self
from unittest.mock import Mock

import aiohttp
from aioresponses import CallbackResult, aioresponses
from yarl import URL

__all__ = ["Answers", "Sent", "StreamlessResponse"]


class StreamlessResponse(aiohttp.ClientResponse):
    """A response of aioresponses 0.7.9, which leaves out the writer that aiohttp 3.14 demands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", Mock())
        super().__init__(*args, **kwargs)


class Sent(NamedTuple):
    """One request as it left; its body is decoded where it was JSON."""

    method: str
    url: URL
    body: Any
    headers: dict[str, str]


class Answers(aioresponses):  # type: ignore[misc, unused-ignore]
    """A CRM as a list of answers, given in order, and the requests that met them.

    with Answers() as crm:
        crm.reply("https://api.acme.example/people", {"id": 7}, 201)
        ...
        (sent,) = crm.sent

    A request that no answer is left for fails as one that cannot connect.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []

    def __enter__(self) -> Self:
        """Take every request of aiohttp from here on."""
        super().__enter__()
        return self

    def add(self, url: Any, *args: Any, **kwargs: Any) -> None:
        """Add an answer in the way of aioresponses, one that aiohttp can read."""
        kwargs.setdefault("response_class", StreamlessResponse)
        super().add(url, *args, **kwargs)

    def reply(
        self,
        url: str,
        body: Any,
        status: int = 200,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        repeat: bool = False,
    ) -> None:
        """Answer a call with JSON, or with bytes or text as they are, whatever its query.

        The answer is good for one call, unless it is to `repeat`.
        """
        raw = body if isinstance(body, bytes | str) else json.dumps(body)

        def answer(asked: URL, **request: Any) -> CallbackResult:
            self._note(method, asked, request)
            return CallbackResult(
                status=status, body=raw, headers=dict(headers or {}), response_class=StreamlessResponse
            )

        self.add(_any_query(url), method=method, callback=answer, repeat=repeat)

    def fail(self, url: str, failure: BaseException, *, method: str = "POST") -> None:
        """Let a call fail on its way, after it has left."""

        def note(asked: URL, **request: Any) -> None:
            self._note(method, asked, request)

        self.add(_any_query(url), method=method, callback=note, exception=failure)

    def _note(self, method: str, asked: URL, request: Mapping[str, Any]) -> None:
        self.sent.append(
            Sent(method, asked, _decoded(request.get("data")), dict(request.get("headers") or {}))
        )


def _decoded(data: Any) -> Any:
    """Return a body as what it says; what is no JSON, such as a form or XML, as it is."""
    return json.loads(data) if isinstance(data, bytes) and data[:1] in (b"{", b"[") else data


def _any_query(url: str) -> re.Pattern[str]:
    return re.compile(re.escape(url) + r"(\?.*)?$")
