"""The one way out to a CRM: what is sent, what comes back, what a failure tells, and what nobody may see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from tests.support.clock import NOON, FakeClock

from afterclick.plugin import Answer, CallFailed, Http
from afterclick.plugin import http as module
from afterclick.plugin.errors import LimitReached
from afterclick.plugin.http import CALLS, DEADLINE, CallReport

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN = "pat-na1-secret"


class Free:
    """A pacer that lets everything through, or says how long it would take."""

    def __init__(self) -> None:
        self.wait = (0.0, "")
        self.asked: list[Mapping[str, float]] = []
        self.learned: list[tuple[str, float | None, float | None, float | None]] = []

    async def acquire(self, costs: Mapping[str, float], deadline: float | None) -> tuple[float, str]:
        self.asked.append(costs)
        return self.wait

    def learn(
        self, bucket: str, *, amount: float | None, seconds: float | None, remaining: float | None
    ) -> None:
        self.learned.append((bucket, amount, seconds, remaining))


class Line:
    """A connection to a server of this machine."""

    def __init__(self, http: Http, pacer: Free, reports: list[CallReport], seen: list[web.Request]) -> None:
        self.http, self.pacer, self.reports, self.seen = http, pacer, reports, seen


@asynccontextmanager
async def line(handler: Handler, clock: FakeClock) -> AsyncIterator[Line]:
    """Open a connection to a CRM that answers like `handler`."""
    seen: list[web.Request] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.BaseRequest)
        await request.read()
        seen.append(request)  # type: ignore[arg-type]
        return await handler(request)  # type: ignore[arg-type]

    runner = web.ServerRunner(web.Server(serve), shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    reports: list[CallReport] = []
    pacer = Free()
    try:
        async with aiohttp.ClientSession() as session:
            http = Http(
                session,
                connection="acme",
                base_url=f"http://{host}:{port}/api/",
                pacer=pacer,
                clock=clock,
                report=reports.append,
            )
            yield Line(http, pacer, reports, seen)
    finally:
        await runner.cleanup()


def answering(status: int = 200, body: bytes = b"{}", headers: dict[str, str] | None = None) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    return handler


async def test_a_request_goes_out_as_asked(clock: FakeClock) -> None:
    async with line(answering(), clock) as acme:
        answer = await acme.http.request(
            "POST", "/contacts", json={"a": 1}, params={"q": "x y"}, headers={"Authorization": TOKEN}
        )

        (request,) = acme.seen
        assert (request.method, request.raw_path) == ("POST", "/api/contacts?q=x+y")
        assert await request.read() == b'{"a":1}'
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["Authorization"] == TOKEN
        assert answer.ok
        assert answer.json(dict[str, int]) == {}


async def test_a_form_is_sent_as_one_and_a_whole_url_is_taken_as_it_is(clock: FakeClock) -> None:
    async with line(answering(), clock) as acme:
        root = acme.http.base_url.removesuffix("/api")
        _ = await acme.http.request("POST", f"{root}/oauth/token", form={"grant_type": "refresh"})

        (request,) = acme.seen
        assert request.path == "/oauth/token"
        assert await request.read() == b"grant_type=refresh"


async def test_bytes_are_sent_as_they_are(clock: FakeClock) -> None:
    async with line(answering(), clock) as acme:
        _ = await acme.http.request("POST", "/soap", body=b"<a/>", headers={"Content-Type": "text/xml"})

        (request,) = acme.seen
        assert await request.read() == b"<a/>"
        assert request.headers["Content-Type"] == "text/xml"


@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 401, 404, 409, 429, 500, 503])
async def test_every_answer_is_handed_back_whatever_its_status(clock: FakeClock, status: int) -> None:
    async with line(answering(status, b"", {"Location": "/elsewhere"}), clock) as acme:
        answer = await acme.http.request("GET", "/x")

        assert answer.status == status
        assert answer.ok == (status < 300)
        assert len(acme.seen) == 1, "a redirect is never followed: it would carry the credential along"


@pytest.mark.parametrize("said", [TOKEN, "a name with blanks", "x" * 101])
async def test_a_correlation_that_is_no_name_is_not_reported(clock: FakeClock, said: str) -> None:
    """A CRM that repeats the credential there must not bring it into the log."""
    async with line(answering(headers={"X-Trace": said}), clock) as acme:
        acme.http.correlation_header = "X-Trace"
        _ = await acme.http.request("GET", "/x", headers={"Authorization": f"Bearer {TOKEN}"})

        (report,) = acme.reports
        assert report.correlation is None


async def test_a_call_is_reported_without_query_headers_or_body(clock: FakeClock) -> None:
    async with line(answering(201, headers={"X-Trace": "abc"}), clock) as acme:
        acme.http.correlation_header = "X-Trace"
        calls: list[CallReport] = []
        CALLS.set(calls)
        _ = await acme.http.request("GET", "/contacts?token=" + TOKEN, bucket="search")

        (report,) = acme.reports
        assert calls == [report]
        assert (report.connection, report.method, report.path) == ("acme", "GET", "/contacts")
        assert (report.status, report.bucket, report.correlation) == (201, "search", "abc")
        assert TOKEN not in repr(report)


@pytest.mark.parametrize(
    ("method", "declared", "reads"),
    [("GET", None, True), ("POST", None, False), ("POST", True, True), ("GET", False, False)],
)
async def test_a_report_says_whether_the_call_was_a_read(
    clock: FakeClock, method: str, declared: bool | None, reads: bool
) -> None:
    async with line(answering(), clock) as acme:
        _ = await acme.http.request(method, "/x", reads=declared)

        assert [report.reads for report in acme.reports] == [reads]


async def test_costs_are_drawn_from_every_limit_that_is_named(clock: FakeClock) -> None:
    async with line(answering(), clock) as acme:
        _ = await acme.http.request("GET", "/x", bucket="burst", cost=2.0, also={"daily": 1.0})

        assert acme.pacer.asked == [{"burst": 2.0, "daily": 1.0}]
        assert acme.reports[0].costs == {"burst": 2.0, "daily": 1.0}


async def test_a_limit_without_room_sends_nothing_and_says_how_long(clock: FakeClock) -> None:
    async with line(answering(), clock) as acme:
        acme.pacer.wait = (40.0, "burst")
        with pytest.raises(LimitReached) as raised:
            _ = await acme.http.request("GET", "/x", bucket="burst")

        assert (raised.value.after, raised.value.scope) == (40.0, "burst")
        assert acme.seen == []
        assert acme.reports == []


async def test_no_request_starts_after_the_deadline(clock: FakeClock) -> None:
    async with line(answering(), clock) as acme:
        DEADLINE.set(clock.elapsed() + 5)
        clock.jump(5)
        with pytest.raises(CallFailed) as raised:
            _ = await acme.http.request("POST", "/x", json={})

        assert not raised.value.sent
        assert acme.seen == []


async def test_an_answer_that_does_not_come_in_time_may_have_been_sent(clock: FakeClock) -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with line(hang, clock) as acme:
        DEADLINE.set(clock.elapsed() + 0.05)
        with pytest.raises(CallFailed, match="timed out") as raised:
            _ = await acme.http.request("POST", "/x", json={})

        assert raised.value.sent
        assert acme.reports[0].status == 0


async def test_a_connection_that_is_cut_may_have_been_sent(clock: FakeClock) -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with line(cut, clock) as acme:
        with pytest.raises(CallFailed) as raised:
            _ = await acme.http.request("POST", "/contacts?token=" + TOKEN, json={})

        assert raised.value.sent
        assert TOKEN not in str(raised.value)


async def test_an_answer_that_is_cut_off_is_none(clock: FakeClock) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half of it")
        assert request.transport is not None
        request.transport.close()
        return response

    async with line(half, clock) as acme:
        with pytest.raises(CallFailed) as raised:
            _ = await acme.http.request("POST", "/x", json={})

        assert raised.value.sent


async def test_an_answer_without_end_is_given_up(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ANSWER", 100_000)

    async with line(answering(body=b"x" * 100_001), clock) as acme:
        with pytest.raises(CallFailed) as raised:
            _ = await acme.http.request("GET", "/x")
        assert raised.value.sent

    async with line(answering(body=b"x" * 100_000), clock) as acme:
        assert len((await acme.http.request("GET", "/x")).body) == 100_000


async def test_a_server_that_is_not_there_got_nothing(clock: FakeClock) -> None:
    async with line(answering(), clock) as acme:
        acme.http.base_url = "http://127.0.0.1:1"
        with pytest.raises(CallFailed, match="cannot connect") as raised:
            _ = await acme.http.request("POST", "/contacts?token=" + TOKEN, json={})

        assert not raised.value.sent
        assert TOKEN not in str(raised.value)


async def test_an_address_that_is_none_is_told_as_a_failed_call(clock: FakeClock) -> None:
    async with line(answering(), clock) as acme:
        acme.http.base_url = "http://"
        with pytest.raises(CallFailed):
            _ = await acme.http.request("GET", "/x")


async def test_a_cancelled_request_leaves_nothing_behind(clock: FakeClock) -> None:
    begun = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with line(hang, clock) as acme:
        asking = asyncio.ensure_future(acme.http.request("GET", "/x"))
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

        assert acme.reports[0].status == 0


async def test_what_the_headers_say_reaches_the_limiter(clock: FakeClock) -> None:
    async with line(answering(), clock) as acme:
        acme.http.learn("burst", amount=100, remaining=7)

        assert acme.pacer.learned == [("burst", 100, None, 7)]


# Answers.


def answer(body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(200, CIMultiDictProxy(CIMultiDict(named)), body)


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("7", 7.0),
        (" 2.5 ", 2.5),
        ("0", 0.0),
        ("-3", 0.0),
        (formatdate(NOON / 1000 + 90, usegmt=True), 90.0),
        (formatdate(NOON / 1000 - 90, usegmt=True), 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Thu, 99 Foo 2026 12:00:00 GMT", None),
        ("Thu, 21 May 99999 12:00:00 GMT", None),
    ],
)
def test_a_retry_after_is_read_in_either_form(raw: str, seconds: float | None) -> None:
    assert answer(Retry_After=raw).retry_after(NOON) == seconds


def test_an_answer_without_retry_after_says_nothing() -> None:
    assert answer().retry_after(NOON) is None


def test_headers_are_found_in_any_case() -> None:
    assert answer(RETRY_AFTER="4").retry_after(NOON) == 4.0


def test_a_body_is_read_as_the_type_that_is_asked_for() -> None:
    class Contact(msgspec.Struct):
        id: int

    assert answer(b'{"id":"5"}').json(Contact).id == 5
    with pytest.raises(msgspec.DecodeError):
        answer(b"<html>").json(Contact)


def test_any_body_may_be_read_without_a_type() -> None:
    read: Any = answer(b"[1,2]").json()

    assert read == [1, 2]
