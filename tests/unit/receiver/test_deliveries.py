"""The public and the admin port over real sockets: what is taken, what is refused, what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from tests.support.clock import FakeClock

from afterclick.cli.sending import sign
from afterclick.config.load import load
from afterclick.errors import LedgerError
from afterclick.ledger.rows import EventState, NewEvent
from afterclick.observe.metrics import Metrics
from afterclick.receiver.admin import admin_app
from afterclick.receiver.app import PublicApp
from afterclick.receiver.limits import Limits
from afterclick.receiver.serving import Serving
from afterclick.receiver.webhook import Intake

OLD, NEW, OTHER = "whsec_9b1f6c2d8e4a7350", "whsec_5d0e7f3a1c9b8264", "whsec_e83a5b0f7d1c6294"
NOON = "2026-05-21T12:00:00Z"


class FakeIngest:
    """A ledger that keeps deliveries in a list, and can fail."""

    def __init__(self) -> None:
        self.events: list[NewEvent] = []
        self.failing = False

    async def append(self, event: NewEvent) -> bool:
        if self.failing:
            raise LedgerError("the disk is full")
        new = (event.bucket, event.tie) not in {(one.bucket, one.tie) for one in self.events}
        if new:
            self.events.append(event)
        return new

    async def ready(self) -> bool:
        return not self.failing

    async def secret(self, name: str) -> bytes:
        return b"k" * 32


class Port:
    """Both ports of a receiver, and a client."""

    def __init__(self, serving: Serving, ledger: FakeIngest, intake: Intake, http: Any) -> None:
        self.ledger = ledger
        self.intake = intake
        self.http = http
        self.public = f"http://127.0.0.1:{serving.ports().public}"
        self.admin = f"http://127.0.0.1:{serving.ports().admin}"

    async def post(
        self, body: bytes, secret: str = OLD, path: str = "/webhooks/tolinku", **headers: str
    ) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("X-Webhook-Signature", sign(secret, body))
        async with self.http.post(self.public + path, data=body, headers=named) as answer:
            return int(answer.status)

    async def get(self, url: str, **headers: str) -> tuple[int, str]:
        async with self.http.get(url, headers=headers) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def port(tmp_path: Path, clock: FakeClock, **more: str) -> AsyncIterator[Port]:
    environ = {
        "AFTERCLICK_SOURCES__TOLINKU__SECRETS": f"{OLD},{NEW}",
        "AFTERCLICK_SOURCES__SISTER__SECRETS": OTHER,
        "AFTERCLICK_SOURCES__SISTER__SPACE": "sister",
        "AFTERCLICK_SERVER__HOST": "127.0.0.1",
        "AFTERCLICK_SERVER__PORT": "0",
        "AFTERCLICK_SERVER__ADMIN_PORT": "0",
        "AFTERCLICK_SERVER__MAX_BODY": "2KiB",
        **more,
    }
    file = tmp_path / "none.toml"
    file.touch()
    settings = load(file, environ)
    ledger, metrics = FakeIngest(), Metrics()
    intake = Intake(
        ledger,
        clock,
        metrics,
        Limits.of(settings.server),
        ip_secret=b"k" * 32,
        keep_ip=settings.privacy.keep_ip,
    )
    admin = admin_app(metrics=metrics, ready=ledger.ready, reads={"totals": _totals})
    serving = Serving(settings.server, PublicApp(settings.sources, intake), admin)
    await serving.start_admin()
    await serving.start_public()
    try:
        async with aiohttp.ClientSession() as http:
            yield Port(serving, ledger, intake, http)
    finally:
        await serving.stop()


async def _totals() -> Mapping[str, int]:
    return {"unfolded": 0}


def body(event: str = "install.tracked", timestamp: Any = NOON, **data: Any) -> bytes:
    return msgspec.json.encode({"event": event, "timestamp": timestamp, "data": data})


SIGNED = body(prefix="p", token="t")


@pytest.mark.parametrize(
    "signature",
    [
        sign(OLD, SIGNED),
        sign(NEW, SIGNED),
        f"sha256={sign(OLD, SIGNED)}",
        f"SHA256={sign(OLD, SIGNED).upper()}",
        f"  {sign(OLD, SIGNED)} ",
    ],
)
async def test_every_form_of_a_right_signature_is_taken(
    tmp_path: Path, clock: FakeClock, signature: str
) -> None:
    async with port(tmp_path, clock) as it:
        assert await it.post(SIGNED, X_Webhook_Signature=signature) == 200
        assert len(it.ledger.events) == 1


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "0" * 64,
        sign(OTHER, SIGNED),
        sign(OLD, SIGNED)[:-1],
        sign(OLD, SIGNED) + "0",
        "sha256=" + "g" * 64,
        "md5=" + sign(OLD, SIGNED),
        "é" * 64,
        "a" * 4000,
    ],
)
async def test_any_other_signature_is_401_and_nothing_is_stored(
    tmp_path: Path, clock: FakeClock, signature: str
) -> None:
    async with port(tmp_path, clock) as it:
        assert await it.post(SIGNED, X_Webhook_Signature=signature) == 401
        assert it.ledger.events == []


async def test_a_signature_given_twice_is_401(tmp_path: Path, clock: FakeClock) -> None:
    async with port(tmp_path, clock) as it:
        right = sign(OLD, SIGNED)
        headers = [("X-Webhook-Signature", right), ("X-Webhook-Signature", "0" * 64)]
        async with it.http.post(f"{it.public}/webhooks/tolinku", data=SIGNED, headers=headers) as answer:
            assert answer.status == 401
        headers = [("X-Webhook-Signature", "0" * 64), ("X-Webhook-Signature", "1" * 64)]
        async with it.http.post(f"{it.public}/webhooks/tolinku", data=SIGNED, headers=headers) as answer:
            assert answer.status == 401


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (SIGNED, EventState.NEW),
        (body("test", webhook_id="wh_1"), EventState.IGNORED),
        (body("referral.expired"), EventState.IGNORED),
        (body("ecommerce.purchase", revenue=5), EventState.IGNORED),
        (b"not JSON", EventState.INVALID),
        (b"[]", EventState.INVALID),
        (b"", EventState.INVALID),
        (b'{"event": 5}', EventState.INVALID),
        (b'{"event": "install.tracked", "data": []}', EventState.INVALID),
        (b'{"event": "install.tracked", "data": null}', EventState.NEW),
        (b'{"event": "install.tracked", "data": {"token": "a\\u0000\\ud83c"}}', EventState.NEW),
        (b"[" * 1500, EventState.INVALID),
    ],
)
async def test_whatever_is_well_signed_is_stored_and_answered_with_200(
    tmp_path: Path, clock: FakeClock, raw: bytes, state: EventState
) -> None:
    async with port(tmp_path, clock) as it:
        assert await it.post(raw) == 200
        assert await it.post(raw) == 200
        (stored,) = it.ledger.events
        assert stored.state is state
        assert stored.body == raw


async def test_a_source_has_its_own_secret_and_space(tmp_path: Path, clock: FakeClock) -> None:
    async with port(tmp_path, clock) as it:
        assert await it.post(SIGNED, OTHER, "/webhooks/sister/") == 200
        assert await it.post(SIGNED, OLD, "/webhooks/sister") == 401
        assert await it.post(SIGNED, OLD, "/webhooks/unknown") == 404
        assert [one.space for one in it.ledger.events] == ["sister"]


async def test_a_large_body_is_413_whether_announced_or_not(tmp_path: Path, clock: FakeClock) -> None:
    large = b"x" * 5000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 500):
            yield large[start : start + 500]

    async with port(tmp_path, clock) as it:
        assert await it.post(large) == 413
        headers = {"X-Webhook-Signature": sign(OLD, large)}
        async with it.http.post(f"{it.public}/webhooks/tolinku", data=pieces(), headers=headers) as answer:
            assert answer.status == 413
        assert it.ledger.events == []


async def test_only_post_is_taken_and_nothing_redirects(tmp_path: Path, clock: FakeClock) -> None:
    async with port(tmp_path, clock) as it:
        for method in ("GET", "PUT", "DELETE"):
            url = f"{it.public}/webhooks/tolinku/"
            async with it.http.request(method, url, allow_redirects=False) as answer:
                assert answer.status == 405


async def test_what_cannot_be_stored_is_503_with_a_time_to_come_back(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with port(tmp_path, clock) as it:
        it.ledger.failing = True
        headers = {"X-Webhook-Signature": sign(OLD, SIGNED)}
        async with it.http.post(f"{it.public}/webhooks/tolinku", data=SIGNED, headers=headers) as answer:
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
        assert (await it.get(f"{it.admin}/healthz/ready"))[0] == 503
        assert (await it.get(f"{it.admin}/healthz/live"))[0] == 200
        it.ledger.failing = False
        it.intake.stopping = True
        assert await it.post(SIGNED) == 503


async def test_the_signed_body_names_the_event_not_the_header(tmp_path: Path, clock: FakeClock) -> None:
    async with port(tmp_path, clock) as it:
        assert await it.post(SIGNED, X_Webhook_Event="referral.completed") == 200
        assert it.ledger.events[0].type == "install.tracked"


@pytest.mark.parametrize("timestamp", ["1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "soon", None])
async def test_an_absurd_time_is_replaced_and_flagged(
    tmp_path: Path, clock: FakeClock, timestamp: str | None
) -> None:
    async with port(tmp_path, clock) as it:
        assert await it.post(body(timestamp=timestamp, token="t")) == 200
        (stored,) = it.ledger.events
        assert (stored.occurred_at, stored.time_replaced) == (clock.now(), True)


async def test_an_address_is_hashed_and_blanked_unless_it_is_to_be_kept(
    tmp_path: Path, clock: FakeClock
) -> None:
    raw = body(token="t", ip="203.0.113.9")
    async with port(tmp_path, clock) as it:
        assert await it.post(raw) == 200
        assert await it.post(raw) == 200
        (stored,) = it.ledger.events
        assert b"203.0.113.9" not in stored.body
        assert stored.ip_hash is not None
        assert len(stored.ip_hash) == 16
    async with port(tmp_path, clock, AFTERCLICK_PRIVACY__KEEP_IP="true") as it:
        assert await it.post(raw) == 200
        assert it.ledger.events[0].body == raw


async def test_a_file_secret_that_changed_is_taken_at_once(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "secret"
    file.write_text(OLD)
    async with port(tmp_path, clock, AFTERCLICK_SOURCES__TOLINKU__SECRETS=f"file:{file}") as it:
        assert await it.post(SIGNED, OLD) == 200
        await asyncio.to_thread(file.write_text, f"{NEW}\n")
        assert await it.post(body(token="u"), NEW) == 200
        assert await it.post(body(token="v"), OLD) == 401


async def test_metrics_count_what_became_of_deliveries(tmp_path: Path, clock: FakeClock) -> None:
    async with port(tmp_path, clock) as it:
        await it.post(SIGNED)
        await it.post(SIGNED)
        await it.post(SIGNED, OTHER)
        status, text = await it.get(f"{it.admin}/metrics")

    assert status == 200
    for result in ("accepted", "duplicate", "unverified"):
        assert f'afterclick_deliveries_total{{result="{result}",source="tolinku"}} 1.0' in text


async def test_the_admin_api_answers_this_machine_and_no_page_or_proxy(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with port(tmp_path, clock) as it:
        url = f"{it.admin}/api/totals"
        assert await it.get(url) == (200, '{"unfolded":0}')
        assert (await it.get(url, Origin="http://evil.example"))[0] == 401
        assert (await it.get(url, Host="evil.example"))[0] == 401
        assert (await it.get(url, **{"X-Forwarded-For": "10.0.0.1"}))[0] == 401
