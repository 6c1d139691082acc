"""The one way out to a CRM: paced, bounded in time, reported, and silent about secrets.

`request` returns every answer the CRM gives, whatever its status: what a status means is the
plugin's knowledge. It raises `CallFailed` when no answer came, and tells whether the request may
have been received.
"""

from __future__ import annotations

import copy
import email.utils
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from datetime import UTC
from typing import Any, Protocol

import aiohttp
import msgspec
from multidict import CIMultiDictProxy

from afterclick.clock import Clock
from afterclick.plugin.errors import CallFailed, LimitReached

DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
"""`Clock.elapsed()` after which no request of this hook call may start; set by the host."""

MAX_ANSWER = 32 * 1024 * 1024
_CORRELATION = re.compile(r"[A-Za-z0-9_.:/+=-]{1,100}")
_encoder = msgspec.json.Encoder()


class Answer(msgspec.Struct, frozen=True):
    """A CRM's answer: status, headers (case-insensitive) and the raw body."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Tell whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self, type: Any = Any) -> Any:
        """Decode the body as `type`.

        Raises:
            msgspec.DecodeError: the body is not JSON of that type.

        """
        return msgspec.json.decode(self.body, type=type, strict=False)

    def retry_after(self, now: int) -> float | None:
        """Return the seconds of a `Retry-After` header (a number or an HTTP date), or None.

        `now` is the wall time in milliseconds.
        """
        raw = self.headers.get("Retry-After", "").strip()
        if not raw:
            return None
        try:
            seconds = float(raw)
        except ValueError:
            pass
        else:
            return max(0.0, seconds) if math.isfinite(seconds) else None
        try:
            return max(0.0, _seconds(raw) - now / 1000)
        except ValueError:
            return None


class CallReport(msgspec.Struct, frozen=True, kw_only=True):
    """One call to a CRM, for metrics, log and the attempts table; holds no header, value or body.

    `costs` are what it took from each limit, by bucket. `reads` says that it changed nothing in the CRM.
    """

    connection: str
    method: str
    path: str
    status: int
    seconds: float
    bucket: str
    costs: Mapping[str, float] = {}
    correlation: str | None = None
    reads: bool = False


CALLS: ContextVar[list[CallReport] | None] = ContextVar("calls", default=None)
"""Where the calls of this hook call are noted; set by the host."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A request about to be sent. `reads` says that it changes nothing in the CRM."""

    method: str
    url: str
    reads: bool
    headers: Mapping[str, str]
    params: Mapping[str, str] = {}
    body: bytes | None = None
    form: Mapping[str, str] | None = None


Gate = Callable[[Outgoing], None]
"""Sees every request before anything else happens to it, and raises where it must not leave."""

_READS = frozenset({"GET", "HEAD"})


class Pacer(Protocol):
    """The limiter of a connection."""

    async def acquire(self, costs: Mapping[str, float], deadline: float | None) -> tuple[float, str]:
        """Wait until every bucket gives its cost.

        Returns the seconds that it would take and the bucket at fault where that would pass
        `deadline` (`Clock.elapsed()`), nothing being taken then; else 0.
        """
        ...

    def learn(
        self, bucket: str, *, amount: float | None, seconds: float | None, remaining: float | None
    ) -> None:
        """Take over what the CRM's headers say of a limit."""
        ...


class Http:
    """The HTTP access of one connection."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        connection: str,
        base_url: str,
        pacer: Pacer,
        clock: Clock,
        report: Callable[[CallReport], None],
        correlation_header: str = "",
        gate: Gate | None = None,
    ) -> None:
        self._session = session
        self._connection = connection
        self.base_url = base_url.rstrip("/")
        self._pacer = pacer
        self._clock = clock
        self._report = report
        self._gate = gate
        self.correlation_header = correlation_header
        self._dated: tuple[str, int] | None = None

    def clock_skew(self) -> float | None:
        """Return by how many seconds the CRM's clock is ahead of ours, by the `Date` of its last answer."""
        if self._dated is None:
            return None
        date, received_at = self._dated
        try:
            return _seconds(date) - received_at / 1000
        except ValueError:
            return None

    def behind(self, gate: Gate) -> Http:
        """Return the same access, session and limits, with another gate before it."""
        other = copy.copy(self)
        other._gate = gate
        return other

    def learn(
        self,
        bucket: str,
        *,
        amount: float | None = None,
        seconds: float | None = None,
        remaining: float | None = None,
    ) -> None:
        """Tell the limiter what the CRM's headers say: `remaining` of `amount` in `seconds`."""
        self._pacer.learn(bucket, amount=amount, seconds=seconds, remaining=remaining)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        bucket: str = "default",
        cost: float = 1.0,
        also: Mapping[str, float] | None = None,
        reads: bool | None = None,
    ) -> Answer:
        """Send one request, never following a redirect, and return the answer.

        `path` is appended to `base_url` unless it is a whole URL. `json` is encoded with msgspec; `body` is
        sent as it is, such as XML, and needs a `Content-Type` among the `headers`.
        `bucket` and `cost` name the limit that it draws on, `also` further ones (by bucket, the cost).
        `reads` declares a request that changes no record and no setting of the CRM, whatever its
        method: a search or a token. Without it GET and HEAD read, and everything else writes.

        Raises:
            CallFailed: no answer, or no time left to ask.
            LimitReached: a limit leaves no room before the hook's deadline; nothing was sent.
            WriteRefused: a write, where the connection may only read; nothing was sent.

        """
        url = path if "://" in path else self.base_url + path
        send: dict[str, Any] = {"headers": dict(headers or {}), "params": params, "data": form or body}
        if json is not None:
            send["data"] = _encoder.encode(json)
            send["headers"].setdefault("Content-Type", "application/json")
        reads = method.upper() in _READS if reads is None else reads
        if self._gate is not None:
            self._gate(_outgoing(method, url, send, reads))
        deadline = DEADLINE.get()
        costs = {bucket: cost, **(also or {})}
        wait, full = await self._pacer.acquire(costs, deadline)
        if wait > 0:
            raise LimitReached("our own pacing below the CRM's limit", after=wait, scope=full)
        remaining = None if deadline is None else deadline - self._clock.elapsed()
        if remaining is not None and remaining <= 0:
            raise CallFailed("no time left to start the request", sent=False)
        return await self._send(
            method, url, send, bucket=bucket, costs=costs, remaining=remaining, reads=reads
        )

    async def _send(
        self,
        method: str,
        url: str,
        send: dict[str, Any],
        *,
        bucket: str,
        costs: Mapping[str, float],
        remaining: float | None,
        reads: bool,
    ) -> Answer:
        started = time.perf_counter()
        timeout = aiohttp.ClientTimeout(total=remaining)
        status = 0
        correlation: str | None = None
        try:
            async with self._session.request(
                method, url, timeout=timeout, allow_redirects=False, **send
            ) as response:
                body = await _bounded(response.content.read)
                status = response.status
                correlation = _correlation(response.headers.get(self.correlation_header or "-"), send)
                if date := response.headers.get("Date"):
                    self._dated = date, self._clock.now()
                return Answer(status, response.headers, body)
        except aiohttp.ClientConnectorError as failure:
            raise CallFailed(f"cannot connect: {_brief(failure)}", sent=False) from failure
        except (TimeoutError, aiohttp.ClientError, OSError) as failure:
            raise CallFailed(f"no answer: {_brief(failure)}", sent=True) from failure
        finally:
            self._note(
                CallReport(
                    connection=self._connection,
                    method=method,
                    path=url.removeprefix(self.base_url).partition("?")[0],
                    status=status,
                    seconds=time.perf_counter() - started,
                    bucket=bucket,
                    costs=costs,
                    correlation=correlation,
                    reads=reads,
                )
            )

    def _note(self, call: CallReport) -> None:
        calls = CALLS.get()
        if calls is not None:
            calls.append(call)
        self._report(call)


def _correlation(value: str | None, send: Mapping[str, Any]) -> str | None:
    """Return the CRM's name of a call; None where it is no name, or repeats a credential that we sent."""
    if value is None or not _CORRELATION.fullmatch(value):
        return None
    return None if any(value in header for header in send["headers"].values()) else value


def _outgoing(method: str, url: str, send: Mapping[str, Any], reads: bool) -> Outgoing:
    data = send["data"]
    encoded = isinstance(data, bytes)
    return Outgoing(
        method=method,
        url=url,
        reads=reads,
        headers=send["headers"],
        params=send["params"] or {},
        body=data if encoded else None,
        form=None if encoded else data,
    )


def _seconds(date: str) -> float:
    """Return the Unix time of an HTTP date, which is in UTC where it names no zone.

    Raises:
        ValueError: it is no date.

    """
    read = email.utils.parsedate_to_datetime(date)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


async def _bounded(read: Callable[[int], Awaitable[bytes]]) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := await read(65536):
        size += len(chunk)
        if size > MAX_ANSWER:
            raise aiohttp.ClientPayloadError(f"the answer is larger than {MAX_ANSWER} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _brief(failure: BaseException) -> str:
    """Name a failure without its text: aiohttp puts whole URLs in it."""
    if isinstance(failure, TimeoutError):
        return "timed out"
    cause = getattr(failure, "os_error", None)
    return f"{type(failure).__name__}: {cause.strerror}" if cause is not None else type(failure).__name__
