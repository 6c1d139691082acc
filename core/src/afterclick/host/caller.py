"""Calling one plugin for one connection: bounded in time, every answer checked, nothing raised.

Whatever a hook does, the caller hands back one outcome per input, or says that the input was not
sent. What an exception means depends on the hook: a create may have happened, a read may be
repeated.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from afterclick.clock import Clock
from afterclick.host.discovery import Plugin
from afterclick.observe.events import Said
from afterclick.observe.metrics import Metrics
from afterclick.plugin.errors import BatchRefused, CallFailed, LaneStop, LimitReached
from afterclick.plugin.http import CALLS, DEADLINE, CallReport
from afterclick.plugin.types import Context, MatchOutcome, Outcome, RetryLater, Uncertain

GRACE = 2.0
"""Seconds a hook gets beyond its deadline to hand in what it knows."""

PROVISION = 10.0
"""How many times its deadline a plugin may take to provision."""

UNSAFE = frozenset({"create", "enrich", "absorb", "erase"})
"""Hooks whose write may have happened, or may still land, when they fail; a read is simply repeated."""

_MATCH_OUTCOMES = frozenset(get_args(MatchOutcome))
_OUTCOMES = frozenset(get_args(Outcome))


@dataclass(slots=True)
class Called:
    """What came of a call.

    `outcomes` has one entry per input, None for one that was not sent. `stop` pauses the lane,
    `refused` says that the CRM applied nothing of it, `broken` that the call failed as a whole.
    """

    outcomes: list[Any]
    stop: LaneStop | None = None
    refused: BatchRefused | None = None
    broken: str | None = None
    unreachable: bool = False
    seconds: float = 0.0
    calls: tuple[CallReport, ...] = ()

    @property
    def failed(self) -> bool:
        """Tell whether the CRM itself did not work: no answer, or one that says so."""
        return self.unreachable or any(call.status == 0 or call.status >= 500 for call in self.calls)


class Caller:
    """Calls the hooks of one connection."""

    def __init__(self, plugin: Plugin, ctx: Context[Any], clock: Clock, metrics: Metrics) -> None:
        self.plugin = plugin
        self.ctx = ctx
        self._clock = clock
        self._metrics = metrics

    async def batch(self, hook: str, **inputs: Sequence[Any]) -> Called:
        """Call `match`, `create`, `enrich`, `absorb` or `erase` with its one list of inputs."""
        ((_, values),) = inputs.items()
        started = time.perf_counter()
        called = Called([None] * len(values))
        calls: list[CallReport] = []
        CALLS.set(calls)
        try:
            answer = await self._run(hook, **inputs)
            called.outcomes, called.broken = _checked(hook, answer, len(values))
        except LimitReached as full:
            # Raised from within the hook: calls before it may have been writes.
            called.stop = full
            if hook in UNSAFE and _answered(calls):
                called.outcomes = [_lost(hook, full.reason, sent=True)] * len(values)
        except LaneStop as stop:
            called.stop = stop
            called.outcomes = _partial(hook, stop, len(values))
        except BatchRefused as refused:
            called.refused = refused
        except CallFailed as failed:
            called.unreachable = True
            sent = failed.sent or _answered(calls)
            called.outcomes = [_lost(hook, failed.reason, sent=sent)] * len(values)
        except TimeoutError:
            called.unreachable = True
            reason = f"{hook} did not end within {self.plugin.info.call_deadline:g} s"
            called.outcomes = [_lost(hook, reason, sent=True)] * len(values)
        except Exception as failure:
            called.broken = f"{hook} failed: {type(failure).__name__}"
            self.ctx.log.warning(
                Said.HOOK_FAILED, hook=hook, failure=type(failure).__name__, exc_info=failure
            )
            called.outcomes = [_lost(hook, called.broken, sent=True)] * len(values)
        called.seconds = time.perf_counter() - started
        called.calls = tuple(calls)
        self._count(hook, called)
        return called

    async def single(self, hook: str, **arguments: Any) -> Any:
        """Call `connect`, `disconnect`, `check` or `provision`; what it raises is the caller's to handle.

        Returns None where the plugin does not implement it.
        """
        if not self.plugin.has(hook):
            return None
        return await self._run(hook, **arguments)

    async def _run(self, hook: str, **arguments: Any) -> Any:
        # Making fields takes some CRMs minutes.
        patience = PROVISION if hook == "provision" else 1.0
        deadline = self.plugin.info.call_deadline * patience
        DEADLINE.set(self._clock.elapsed() + deadline)
        awaitable: Awaitable[Any] = self.plugin.call(hook, ctx=self.ctx, **arguments)
        task = asyncio.ensure_future(awaitable)
        timer = asyncio.ensure_future(self._clock.sleep(deadline + GRACE))
        try:
            await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=GRACE)
        if task.cancelled() or not task.done():
            # We were not cancelled ourselves, or the wait above had raised: the time is over, or the
            # plugin cancelled itself.
            raise TimeoutError
        return task.result()

    def _count(self, hook: str, called: Called) -> None:
        kinds = ["not-sent" if one is None else _dashed(type(one).__name__) for one in called.outcomes]
        self._metrics.hook(self.ctx.connection, hook, called.seconds, kinds)


def _answered(calls: Sequence[CallReport]) -> bool:
    """Tell whether the CRM has had a call of this hook already."""
    return any(call.status for call in calls)


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")


def _lost(hook: str, reason: str, *, sent: bool) -> RetryLater | Uncertain:
    return Uncertain(reason) if hook in UNSAFE and sent else RetryLater(reason)


def _checked(hook: str, answer: Any, count: int) -> tuple[list[Any], str | None]:
    """Return one right outcome per input; one that is missing or wrong never counts as success."""
    if not isinstance(answer, list | tuple) or len(answer) != count:
        found = f"{len(answer)} outcomes" if isinstance(answer, list | tuple) else type(answer).__name__
        reason = f"{hook} returned {found} for {count} inputs"
        return [_lost(hook, reason, sent=True)] * count, reason
    check = _right(_MATCH_OUTCOMES if hook == "match" else _OUTCOMES)
    outcomes = [
        one if check(one) else _lost(hook, f"{hook} returned a wrong {type(one).__name__}", sent=True)
        for one in answer
    ]
    return outcomes, None


def _partial(hook: str, stop: LaneStop, count: int) -> list[Any]:
    check = _right(_MATCH_OUTCOMES if hook == "match" else _OUTCOMES)
    outcomes: list[Any] = [None] * count
    for index, one in stop.outcomes.items():
        if index in range(count):
            outcomes[index] = one if check(one) else _lost(hook, "a wrong outcome", sent=True)
    return outcomes


def _right(kinds: frozenset[type]) -> Callable[[Any], bool]:
    def check(outcome: Any) -> bool:
        kind = type(outcome)
        if kind not in kinds:
            return False
        try:
            # msgspec constructors check nothing; a round trip does.
            msgspec.convert(msgspec.to_builtins(outcome), type=kind)
        except (msgspec.ValidationError, TypeError):
            return False
        return True

    return check
