"""What goes wrong on purpose: rules that match calls, seeded, so that a run can be repeated.

Every call passes `Faults.before`, then its handler, then `Faults.after`. A new kind of fault is a
new word in `Kind` and a case in one of these two.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import msgspec

from afterclick.clock import Clock
from afterclick.sandbox.traffic import Answer, Call

Kind = Literal["delay", "cut_before", "cut_after", "status", "forget", "shuffle", "duplicate", "empty", "lag"]
"""What a rule does to a call.

`delay`: wait `seconds`. `cut_before`: cut the connection, nothing was done. `cut_after`: do the work,
then cut. `status`: answer `status` with the CRM's own error body. `forget`: leave one item out of the
results. `shuffle`: results in random order. `duplicate`: one result twice. `empty`: a 2xx with empty
lists. `lag`: let the search index be `seconds` older.
"""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault, and the calls that it meets.

    A call matches if `method` is its method (empty: any) and `path` is part of its path. The first
    `skip` matching calls pass; after that each is met with `probability`, at most `times` times (None:
    for ever). `late` lets `status` and `delay` strike after the work was done. `reason` chooses
    between several bodies of one status (a burst or a daily 429); `headers` are added to the answer.
    """

    kind: Kind
    method: str = ""
    path: str = ""
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    skip: Annotated[int, msgspec.Meta(ge=0)] = 0
    times: Annotated[int, msgspec.Meta(ge=0)] | None = None
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    reason: str = ""
    late: bool = False
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    headers: dict[str, str] = {}


class Cut(Exception):  # noqa: N818 - an order to the server, not an error
    """Raised to drop the connection without an answer."""


class _Active:
    """A rule at work: how many calls it matched and how many it met."""

    __slots__ = ("fired", "matched", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.matched = 0
        self.fired = 0

    def strikes(self, call: Call, rng: random.Random) -> bool:
        rule = self.rule
        if (rule.method and rule.method != call.method) or rule.path not in call.path:
            return False
        self.matched += 1
        if self.matched <= rule.skip or (rule.times is not None and self.fired >= rule.times):
            return False
        if rule.probability < 1 and rng.random() >= rule.probability:
            return False
        self.fired += 1
        return True


class Faults:
    """The rules in force. `refuse(status, reason)` gives the CRM's own body for a status."""

    def __init__(
        self, clock: Clock, refuse: Callable[[int, str], Answer], seed: int = 0, rules: Iterable[Rule] = ()
    ) -> None:
        self._clock = clock
        self._refuse = refuse
        self._first = (seed, tuple(rules))
        self._rng = random.Random(seed)
        self._active: list[_Active] = []
        self.reset()

    def add(self, *rules: Rule, seed: int | None = None) -> None:
        """Put further rules in force; a `seed` starts the random numbers anew."""
        if seed is not None:
            self._rng.seed(seed)
        self._active += [_Active(rule) for rule in rules]

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._active.clear()

    def reset(self) -> None:
        """Go back to the rules and the seed of the start."""
        seed, rules = self._first
        self.clear()
        self.add(*rules, seed=seed)

    def describe(self) -> list[dict[str, Any]]:
        """Return the rules in force, each with `matched` and `fired`."""
        return [
            {**msgspec.to_builtins(active.rule), "matched": active.matched, "fired": active.fired}
            for active in self._active
        ]

    async def before(self, call: Call) -> Answer | None:
        """Let happen what happens before the work; an answer takes the work's place.

        Raises:
            Cut: the connection is to be cut; nothing was done.

        """
        call.notes["faults"] = struck = [a.rule for a in self._active if a.strikes(call, self._rng)]
        answer = None
        for rule in struck:
            if rule.kind == "lag":
                call.lag += rule.seconds
            elif rule.kind == "cut_before":
                raise Cut
            elif rule.kind == "delay" and not rule.late:
                await self._clock.sleep(rule.seconds)
            elif rule.kind == "status" and not rule.late:
                answer = self._error(rule)
        return answer

    async def after(self, call: Call, answer: Answer) -> Answer:
        """Let happen what happens after the work, and return what is left of its answer.

        Raises:
            Cut: the connection is to be cut; the work was done.

        """
        for rule in call.notes.get("faults", ()):
            if rule.kind == "cut_after":
                raise Cut
            if rule.kind == "delay" and rule.late:
                await self._clock.sleep(rule.seconds)
            elif rule.kind == "status" and rule.late:
                answer = self._error(rule)
            elif answer.status < 300:
                self._garble(rule.kind, [items for items in answer.lists if items])
        return answer

    def _error(self, rule: Rule) -> Answer:
        answer = self._refuse(rule.status, rule.reason)
        answer.headers = {**answer.headers, **rule.headers}
        return answer

    def _garble(self, kind: Kind, lists: list[list[Any]]) -> None:
        if not lists:
            return
        if kind == "forget":
            items = self._rng.choice(lists)
            del items[self._rng.randrange(len(items))]
        elif kind == "duplicate":
            lists[0].append(self._rng.choice(lists[0]))
        elif kind == "shuffle":
            for items in lists:
                self._rng.shuffle(items)
        elif kind == "empty":
            for items in lists:
                items.clear()
