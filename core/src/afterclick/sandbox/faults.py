"""What goes wrong on purpose: rules that match calls, seeded, so that a run can be repeated.

Every call passes `Faults.before`, then its handler, then `Faults.after`. A new kind of fault is a
new word in `Kind` and a case in one of these two.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from afterclick.clock import Clock
from afterclick.sandbox.traffic import Answer, Call

Kind = Literal[
    "delay",
    "cut_before",
    "cut_after",
    "cut_within",
    "status",
    "forget",
    "overlook",
    "shuffle",
    "duplicate",
    "empty",
    "ignore",
    "blank",
    "lag",
]
"""What a rule does to a call.

`delay`: wait `seconds`. `cut_before`: cut the connection, nothing was done. `cut_after`: do the work,
then cut. `cut_within`: do the work, cut in the middle of the answer. `status`: answer `status` with the
CRM's own error body. `forget`: do everything, leave one item out of the results. `overlook`: leave one
input alone, and out of the results. `shuffle`: results in random order. `duplicate`: one result twice
(both not where only their place tells results apart).
`empty`: do everything, answer a 2xx with empty lists. `ignore`: the same, and nothing was done. `blank`: do
everything, answer a 2xx without a body. `lag`: let the search index be `seconds` older.
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
    """Raised to drop the connection: without an answer, or in the middle of `answer`."""

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__()
        self.answer = answer


class _Active:
    """A rule at work: how many calls it matched and how many it met.

    It draws from random numbers of its own, so that what it does to its nth call depends on nothing
    but the seed and its place among the rules.
    """

    __slots__ = ("fired", "matched", "rng", "rule")

    def __init__(self, rule: Rule, rng: random.Random) -> None:
        self.rule = rule
        self.rng = rng
        self.matched = 0
        self.fired = 0

    def strikes(self, call: Call) -> bool:
        rule = self.rule
        if (rule.method and rule.method != call.method) or rule.path not in call.path:
            return False
        self.matched += 1
        if self.matched <= rule.skip or (rule.times is not None and self.fired >= rule.times):
            return False
        if rule.probability < 1 and self.rng.random() >= rule.probability:
            return False
        self.fired += 1
        return True


class Faults:
    """The rules in force.

    `refuse(status, reason)` gives the CRM's own body for a status, `reasons` are the words that it
    knows for a status; one that is not listed takes any.
    """

    def __init__(
        self,
        clock: Clock,
        refuse: Callable[[int, str], Answer],
        seed: int = 0,
        rules: Iterable[Rule] = (),
        *,
        reasons: Mapping[int, Collection[str]] | None = None,
    ) -> None:
        self._clock = clock
        self._refuse = refuse
        self._reasons = reasons or {}
        self.seed = seed
        self._active: list[_Active] = []
        self.start(rules, seed=seed)

    def start(self, rules: Iterable[Rule], *, seed: int) -> None:
        """Put these rules in force and no others; `reset` comes back to them.

        Raises:
            ValueError: the CRM has no such reason for a status.

        """
        self._first = (tuple(rules), seed)
        self.clear()
        self.add(*self._first[0], seed=seed)

    def add(self, *rules: Rule, seed: int | None = None) -> None:
        """Put further rules in force; a `seed` begins their random numbers anew.

        Raises:
            ValueError: the CRM has no such reason for a status; none of the rules is in force then.

        """
        for rule in rules:
            self._check(rule)
        if seed is not None:
            self.seed = seed
        for rule in rules:
            self._active.append(_Active(rule, random.Random(f"{self.seed}/{len(self._active)}")))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the rules in force."""
        return tuple(active.rule for active in self._active)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._active.clear()

    def reset(self) -> None:
        """Go back to the rules and the seed of the start."""
        rules, seed = self._first
        self.start(rules, seed=seed)

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
        if not self._active:
            return None
        call.notes["faults"] = struck = [active for active in self._active if active.strikes(call)]
        answer = None
        for active in struck:
            rule = active.rule
            if rule.kind == "lag":
                call.lag += rule.seconds
            elif rule.kind == "overlook":
                call.overlooked = active.rng.random()
            elif rule.kind == "ignore":
                call.ignored = True
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
        struck: list[_Active] = call.notes.get("faults", [])
        for active in struck:
            rule = active.rule
            if rule.kind == "cut_after":
                raise Cut
            if rule.kind == "cut_within":
                raise Cut(answer)
            if rule.kind == "delay" and rule.late:
                await self._clock.sleep(rule.seconds)
            elif rule.kind == "status" and rule.late:
                answer = self._error(rule)
            elif rule.kind == "blank" and answer.status < 300:
                answer = Answer(answer.status, headers=answer.headers)
            elif answer.status < 300:
                _garble(rule.kind, answer, active.rng)
        return answer

    def _check(self, rule: Rule) -> None:
        known = self._reasons.get(rule.status)
        if rule.kind == "status" and rule.reason and known is not None and rule.reason not in known:
            words = ", ".join(sorted(known))
            raise ValueError(f"a {rule.status} has no reason {rule.reason!r}; there are: {words}")

    def _error(self, rule: Rule) -> Answer:
        answer = self._refuse(rule.status, rule.reason)
        answer.headers = {**answer.headers, **rule.headers}
        return answer


def _garble(kind: Kind, answer: Answer, rng: random.Random) -> None:
    named = kind in {"shuffle", "duplicate"}
    lists = [items for items in answer.lists + (() if named else answer.ordered) if items]
    if not lists:
        return
    if kind == "forget":
        items = rng.choice(lists)
        del items[rng.randrange(len(items))]
    elif kind == "duplicate":
        lists[0].append(rng.choice(lists[0]))
    elif kind == "shuffle":
        for items in lists:
            rng.shuffle(items)
    elif kind == "empty":
        for items in lists:
            items.clear()
