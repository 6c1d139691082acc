"""Breaking the one call that a rule is about: the next write of the plugin, the second read, any call.

The kit knows no CRM's addresses. It stands where the plugin's requests leave, sees which of them the plugin
declares as reads, and orders the sandbox to fail just that request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from afterclick.host.gates import read_only
from afterclick.plugin.http import Outgoing
from afterclick.sandbox import Rule

On = Literal["write", "read", "any"]


@dataclass
class Strike:
    """A fault that waits for its request: it lets `skip` of them pass, and then meets `times` (None: all).

    With `same`, further ones are met only if they go where the first one went: a login is left alone.
    """

    rule: Rule
    on: On
    skip: int = 0
    times: int | None = 1
    same: bool = False
    fired: int = 0
    ordered: list[Rule] = field(default_factory=list)
    _first: str = ""

    def meets(self, request: Outgoing) -> bool:
        """Tell whether this request is to fail, and count it."""
        if self.on != "any" and request.reads != (self.on == "read"):
            return False
        if self.times is not None and self.fired >= self.times:
            return False
        place = f"{request.method} {urlsplit(request.url).path}"
        if self.same and self.fired and place != self._first:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.fired, self._first = self.fired + 1, self._first or place
        return True


class Strikes:
    """The gate of the kit's connection: sees every request, and lets those fail that are to."""

    def __init__(self, add: Callable[[Rule], None] | None) -> None:
        self._add = add
        self.waiting: list[Strike] = []
        self.requests: list[Outgoing] = []
        self.only_reads = False

    @property
    def writes(self) -> list[Outgoing]:
        """Return the requests so far that the plugin did not declare as reads."""
        return [request for request in self.requests if not request.reads]

    def __call__(self, request: Outgoing) -> None:
        """Look at a request.

        Raises:
            WriteRefused: only reads may leave, and this is none.

        """
        self.requests.append(request)
        if self.only_reads:
            read_only(request)
        for strike in self.waiting:
            if self._add is not None and strike.meets(request):
                path = unquote(urlsplit(request.url).path)
                once = 1 if strike.times is not None else None
                rule = msgspec.structs.replace(strike.rule, method=request.method, path=path, times=once)
                # One that goes on is ordered once per place: of two orders, one call would use up both.
                if once or rule not in strike.ordered:
                    strike.ordered.append(rule)
                    self._add(rule)
