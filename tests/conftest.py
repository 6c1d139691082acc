"""What every test gets: time that stands still, and no way out to the network."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tests.support.clock import FakeClock

# The usual run tries the same examples every time, so that a change is judged by what it changes.
# HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("usual", derandomize=True, deadline=None, max_examples=60)
settings.register_profile(
    "search", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands at noon of 21 May 2026."""
    return FakeClock()


def _is_near(host: object) -> bool:
    if host in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


class BeyondLoopbackError(AssertionError):
    """A test tried to reach another machine."""


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Refuse every connection and every look-up of a name beyond this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        yield


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX and not _is_near(address[0]):
            raise BeyondLoopbackError(f"a test connects to {address!r}")
        return connect(self, address)

    return guarded


def _guarded_lookup(look_up: Any) -> Any:
    def guarded(host: Any, *args: Any, **options: Any) -> Any:
        if not _is_near(host):
            raise BeyondLoopbackError(f"a test looks up {host!r}")
        return look_up(host, *args, **options)

    return guarded
