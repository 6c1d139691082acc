"""Addresses of CRMs, and what counts as this machine."""

from __future__ import annotations

import pytest

from afterclick.config.addresses import fault_of_base_url, is_loopback, is_time_zone, reachable


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "10.0.0.1", "::2", "localhost.example.com", "::ffff:10.0.0.1"]
)
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://api.example.com",
        "https://api.example.com/base/",
        "http://127.0.0.1:8080",
        "http://[::1]:1",
    ],
)
def test_safe_addresses_are_taken(url: str) -> None:
    assert fault_of_base_url(url, allow_http=False) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://api.example.com", "in the clear"),
        ("http://127.0.0.1.example.com", "in the clear"),
        ("api.example.com", "no URL"),
        ("ftp://api.example.com", "no URL"),
        ("https://", "no URL"),
        ("https://h:port", "no URL"),
        ("https://user:word@api.example.com", "user name"),
        ("https://api.example.com?x=1", "more than a path"),
        ("https://api.example.com#x", "more than a path"),
    ],
)
def test_other_addresses_are_refused(url: str, problem: str) -> None:
    fault = fault_of_base_url(url, allow_http=False)

    assert fault is not None
    assert problem in fault[0]


def test_plain_http_has_to_be_allowed() -> None:
    assert fault_of_base_url("http://crm.internal", allow_http=True) is None


@pytest.mark.parametrize(
    ("name", "known"), [("UTC", True), ("Europe/Nowhere", False), ("../etc", False), ("", False)]
)
def test_time_zones_are_looked_up(name: str, known: bool) -> None:
    assert is_time_zone(name) is known


@pytest.mark.parametrize(
    ("listened_on", "reached_at"),
    [
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - nothing listens
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("127.0.0.1", "127.0.0.1"),
        ("afterclick.internal", "afterclick.internal"),
    ],
)
def test_an_address_that_is_listened_on_is_reached_under_a_name_of_this_machine(
    listened_on: str, reached_at: str
) -> None:
    assert reachable(listened_on) == reached_at
