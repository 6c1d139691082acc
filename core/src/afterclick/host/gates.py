"""What may leave for a CRM: everything, reads only, or nothing that writes and all of it written down."""

from __future__ import annotations

from urllib.parse import urlsplit

from afterclick.plugin.errors import WriteHeld, WriteRefused
from afterclick.plugin.http import Gate, Outgoing


def anything(request: Outgoing) -> None:
    """Let every request through: for what an operator asked for by hand."""


def read_only(request: Outgoing) -> None:
    """Let reads through.

    Raises:
        WriteRefused: it is not declared as a read.

    """
    if not request.reads:
        raise WriteRefused(
            f"{request.method} {urlsplit(request.url).path} is not declared as a read, and here nothing may "
            "be written"
        )


class Taken:
    """Takes every request down, lets reads through and holds writes back."""

    def __init__(self) -> None:
        self.requests: list[Outgoing] = []

    def __call__(self, request: Outgoing) -> None:
        """Look at a request.

        Raises:
            WriteHeld: it is not declared as a read.

        """
        self.requests.append(request)
        if not request.reads:
            raise WriteHeld


def gate_of(mode: str) -> Gate | None:
    """Return the gate of a connection in this mode: only one that is live may write."""
    return None if mode == "live" else read_only
