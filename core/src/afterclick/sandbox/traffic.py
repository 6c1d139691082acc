"""One call to an emulator, its answer, and the log of both."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

KEPT_CALLS = 500
"""How many of the newest calls `CallLog` remembers in full; the counts go on for ever."""


class Answer(msgspec.Struct):
    """What an emulator answers: status, a body that JSON can hold (None: no body) and headers.

    Bytes are sent as they are, for what is no JSON; give their `Content-Type` in `headers`.
    `lists` are the lists inside `body` that hold one item per input. Faults drop, shuffle and double
    their items in place, without knowing the CRM; an answer without such lists is left as it is.
    `ordered` are those of them whose items nothing but their place tells apart: no CRM that answers like
    this shuffles or doubles them, so no fault does.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = {}
    lists: tuple[list[Any], ...] = ()
    ordered: tuple[list[Any], ...] = ()


class Refused(Exception):  # noqa: N818 - an answer that ends a handler early, not an error of ours
    """Raised by a handler, at any depth, to answer with `answer` at once."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Call(msgspec.Struct):
    """One request, read to its end.

    `path` is decoded and without the query, `target` is both as they were sent. `params` are the path's
    parts and what the route adds. `inputs` counts the records asked for, for the log; the handler sets it.
    `lag` is what a fault adds to the age of the search index, in seconds; `overlooked` (0 to 1, the place
    of an input among all) and `ignored` are faults too, see `heeded`. `notes` are the emulator's own, from
    one step to the next.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    params: dict[str, Any]
    inputs: int = 0
    lag: float = 0.0
    overlooked: float | None = None
    ignored: bool = False
    notes: dict[str, Any] = {}
    target: str = ""

    def heeded(self, inputs: list[T]) -> list[T]:
        """Return the inputs that the CRM works on: all, unless a fault lets it overlook one or ignore them.

        The handler of a batch asks before it does anything.
        """
        if self.ignored:
            return []
        if self.overlooked is None or not inputs:
            return inputs
        place = int(self.overlooked * len(inputs))
        return inputs[:place] + inputs[place + 1 :]


Handler = Callable[[Call], Answer]
"""Handlers do not wait: what one call changes, no other call sees half done."""


class Route(msgspec.Struct, frozen=True):
    """One endpoint. `params` are handed to the handler with the parts of the path.

    `label` names the route in the counts, `path` if it is empty; give several paths of one endpoint
    the same label.
    """

    method: str
    path: str
    handler: Handler
    label: str = ""
    params: Mapping[str, Any] = {}


class LoggedCall(msgspec.Struct, frozen=True):
    """What the log says of a call: no query, no header and no body, where secrets and people are.

    `at` is milliseconds since 1970, `took` milliseconds. `status` 0 means that the connection was
    cut.
    """

    at: int
    method: str
    path: str
    status: int
    inputs: int
    took: float


class CallLog:
    """How many calls there were, by route and status, and the newest ones in full.

    `open` counts those that are being worked on, also for a client that has long gone.
    """

    def __init__(self) -> None:
        self.total = 0
        self.open = 0
        self._by_route: Counter[tuple[str, int]] = Counter()
        self._newest: deque[LoggedCall] = deque(maxlen=KEPT_CALLS)

    def note(self, route: str, logged: LoggedCall) -> None:
        """Count a call that has been answered (or cut)."""
        self.total += 1
        self._by_route[route, logged.status] += 1
        self._newest.append(logged)

    def newest(self) -> list[LoggedCall]:
        """Return the newest calls, oldest first."""
        return list(self._newest)

    def by_route(self) -> dict[str, dict[str, int]]:
        """Return `{"POST /path": {"200": 3}}`."""
        counts: dict[str, dict[str, int]] = {}
        for (route, status), count in sorted(self._by_route.items()):
            counts.setdefault(route, {})[str(status)] = count
        return counts

    def clear(self) -> None:
        """Start again at 0."""
        self.total = 0
        self._by_route.clear()
        self._newest.clear()
