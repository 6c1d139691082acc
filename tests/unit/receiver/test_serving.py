"""Opening and closing the two ports."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Iterator

import pytest
from tests.support.clock import FakeClock, until
from tests.support.wire import payload, request_bytes

from afterclick.config.model import Server
from afterclick.errors import ConfigurationError
from afterclick.observe.metrics import Metrics
from afterclick.receiver.admin import admin_app
from afterclick.receiver.app import PublicApp
from afterclick.receiver.intake import Intake
from afterclick.receiver.limits import Limits
from afterclick.receiver.serving import Ports, Serving

from .conftest import FakeLedger, Receiver, source


async def _ready() -> bool:
    return True


def make_serving(clock: FakeClock, **settings: object) -> Serving:
    metrics = Metrics()
    intake = Intake(FakeLedger(), clock, metrics, Limits(), ip_secret=b"k" * 32)
    server = Server(**{"host": "127.0.0.1", "port": 0, "admin_port": 0, **settings})  # type: ignore[arg-type]
    return Serving(server, PublicApp({"tolinku": source()}, intake), admin_app(metrics=metrics, ready=_ready))


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that somebody else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


async def test_free_ports_are_chosen_and_told(clock: FakeClock) -> None:
    serving = make_serving(clock)
    assert serving.ports() == Ports(0, 0)
    await serving.start_admin()
    await serving.start_public()
    ports = serving.ports()
    await serving.stop()

    assert 0 not in ports
    assert ports.public != ports.admin


@pytest.mark.parametrize("setting", ["port", "admin_port"])
async def test_taken_port_is_a_fault_with_a_remedy(clock: FakeClock, taken: int, setting: str) -> None:
    serving = make_serving(clock, **{setting: taken})
    with pytest.raises(ConfigurationError, match=f"server.{setting}: port {taken} is taken"):
        await (serving.start_public() if setting == "port" else serving.start_admin())
    await serving.stop()


async def test_address_of_another_machine_is_a_fault(clock: FakeClock) -> None:
    serving = make_serving(clock, host="192.0.2.1")
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1 is no address of this machine"):
        await serving.start_public()
    await serving.stop()


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (errno.EACCES, "port 0 may not be taken by this user"),
        (errno.EMFILE, "cannot listen there (Too many open files)"),
    ],
)
async def test_other_refusals_of_the_system_are_faults(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch, number: int, problem: str
) -> None:
    async def refuse(site: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("aiohttp.web.TCPSite.start", refuse)
    with pytest.raises(ConfigurationError) as refused:
        await make_serving(clock).start_admin()

    assert [(one.path, one.problem) for one in refused.value.faults] == [("server.admin_port", problem)]


async def test_stopping_what_never_started_is_fine(clock: FakeClock) -> None:
    await make_serving(clock).stop()


async def test_delivery_under_way_is_answered_before_the_port_closes(receiver: Receiver) -> None:
    receiver.ledger.gate = asyncio.Event()
    wire = await receiver.wire()
    await wire.send(request_bytes(payload()))
    await until(lambda: receiver.ledger.waiting == 1)
    stopping = asyncio.create_task(receiver.serving.stop_public())
    await until(lambda: receiver.intake.stopping)
    receiver.ledger.gate.set()

    assert (await wire.answer()).status == 200
    await stopping
    assert await wire.closed()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", receiver.port)


async def test_idle_connections_do_not_hold_up_a_stop(receiver: Receiver) -> None:
    wire = await receiver.wire()
    await wire.send(request_bytes(payload()))
    await wire.answer()
    async with asyncio.timeout(0.9):
        await receiver.serving.stop_public()

    assert await wire.closed()


async def test_admin_port_outlives_the_public_one(receiver: Receiver) -> None:
    await receiver.serving.stop_public()
    _, writer = await asyncio.open_connection("127.0.0.1", receiver.serving.ports().admin)
    writer.close()
    await writer.wait_closed()
