"""Addresses and zones that an operator writes, checked before anything is sent there."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine and no other."""
    bare = host.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def reachable(host: str) -> str:
    """Return the name, as a URL has it, under which this machine reaches an address that it listens on."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared
    return f"[{near}]" if ":" in near else near


def fault_of_base_url(url: str, *, allow_http: bool) -> tuple[str, str] | None:
    """Return problem and remedy of an address that credentials must not be sent to; None if it is fine."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return "is no URL", "Write one like `https://api.example.com`."
    if parts.scheme not in ("https", "http") or not host:
        return "is no URL of a web API", "Write one like `https://api.example.com`."
    if parts.username is not None or parts.password is not None:
        return "has a user name in it", "Use the plugin's own settings for credentials."
    if parts.query or parts.fragment:
        return "has more than a path", "Leave out what begins with `?` or `#`."
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        return (
            "would send credentials in the clear",
            "Use https, or set `allow_http` if the network is your own.",
        )
    return None


def is_time_zone(name: str) -> bool:
    """Tell whether the machine knows a time zone."""
    if name == "UTC":
        return True
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
