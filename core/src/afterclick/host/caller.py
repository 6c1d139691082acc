"""Calling one plugin for one connection: bounded in time, every answer checked, nothing raised.

Whatever a hook does, the caller hands back one outcome per input, or says that the input was not
sent. What an exception means depends on the hook: a create may have happened, a read may be
repeated.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from afterclick.clock import Clock
from afterclick.host.answers import UNSAFE, checked, lost, partial, put_right, put_right_refusal
from afterclick.host.discovery import Plugin
from afterclick.observe.events import Said
from afterclick.observe.metrics import Metrics
from afterclick.observe.rarely import Rarely
from afterclick.plugin.errors import BatchRefused, CallFailed, LaneStop, LimitReached
from afterclick.plugin.http import CALLS, DEADLINE, CallReport
from afterclick.plugin.types import Context

GRACE = 2.0
"""Seconds a hook gets beyond its deadline to hand in what it knows."""

TELL_EVERY = 60.0
"""Seconds between two log lines of one kind of failure of a hook; metrics count every one."""

_SHORT = frozenset({"retry-later", "rejected", "uncertain", "gone", "ambiguous", "not-sent"})
"""Outcomes that leave a lead without what it should have."""

PROVISION = 10.0
"""How many times its deadline a plugin may take to provision."""


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
        self._rarely = Rarely(clock, TELL_EVERY)

    def with_context(self, ctx: Context[Any]) -> Caller:
        """Return a caller of the same plugin that hands it another context."""
        return Caller(self.plugin, ctx, self._clock, self._metrics)

    async def batch(self, hook: str, *, since: float | None = None, **inputs: Sequence[Any]) -> Called:
        """Call `match`, `create`, `enrich`, `absorb`, `retire` or `erase` with its one list of inputs.

        Its time runs from `since` (`Clock.elapsed()`), for a write from when it was noted, else from now.
        """
        ((_, values),) = inputs.items()
        started = time.perf_counter()
        called = Called([None] * len(values))
        calls: list[CallReport] = []
        CALLS.set(calls)
        try:
            answer = await self._run(hook, since, **inputs)
            called.outcomes, called.broken = checked(hook, answer, len(values))
        except LaneStop as stop:
            called.stop = stop
            called.outcomes = partial(hook, stop, len(values))
            if hook in UNSAFE and _passed_through(stop, called.outcomes, calls):
                called.outcomes = [lost(hook, stop.reason, sent=True)] * len(values)
        except BatchRefused as refused:
            called.refused = put_right_refusal(refused)
        except CallFailed as failed:
            called.unreachable = True
            sent = failed.sent is not False or _wrote(calls)
            called.outcomes = [lost(hook, str(failed.reason), sent=sent)] * len(values)
        except TimeoutError as overdue:
            called.unreachable = True
            reason = f"{hook} {overdue}" if str(overdue) else f"{hook} timed out"
            called.outcomes = [lost(hook, reason, sent=True)] * len(values)
        except Exception as failure:
            called.broken = f"{hook} failed: {type(failure).__name__}"
            self._tell(hook, failure)
            called.outcomes = [lost(hook, called.broken, sent=True)] * len(values)
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
        return await self._run(hook, None, **arguments)

    async def _run(self, hook: str, since: float | None, **arguments: Any) -> Any:
        # Making fields takes some CRMs minutes.
        patience = PROVISION if hook == "provision" else 1.0
        deadline = self.plugin.info.call_deadline * patience
        now = self._clock.elapsed()
        end = (now if since is None else since) + deadline
        DEADLINE.set(end)
        # Called within the task: one that is cancelled before its first step has begun nothing then.
        task = asyncio.ensure_future(_contained(lambda: self.plugin.call(hook, ctx=self.ctx, **arguments)))
        timer = asyncio.ensure_future(self._clock.sleep(end - now + GRACE))
        try:
            await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            in_time = task.done()
            if not in_time:
                task.cancel()
                await asyncio.wait({task}, timeout=GRACE)
        if task.cancelled() or not task.done():
            # We were not cancelled ourselves, or the wait above had raised: the time is over, or the
            # plugin cancelled itself.
            raise TimeoutError(
                "was cancelled from within" if in_time else f"did not end within {deadline:g} s"
            )
        return task.result()

    def _tell(self, hook: str, failure: Exception) -> None:
        """Log what a hook raised; a batch that is halved down to one lead raises it again and again."""
        kind = type(failure).__name__
        more = self._rarely.more((hook, kind))
        if more is not None:
            self.ctx.log.warning(Said.HOOK_FAILED, hook=hook, failure=kind, more=more, exc_info=failure)

    def _count(self, hook: str, called: Called) -> None:
        kinds = ["not-sent" if one is None else _dashed(type(one).__name__) for one in called.outcomes]
        self._metrics.hook(self.ctx.connection, hook, called.seconds, kinds)
        self._report(hook, called, Counter(kinds))

    def _report(self, hook: str, called: Called, outcomes: Counter[str]) -> None:
        """Log a call without the CRM's words, which may hold values of a lead; the ledger keeps those."""
        whole = called.stop or called.refused
        last = called.calls[-1] if called.calls else None
        line = {
            "hook": hook,
            "outcomes": dict(outcomes),
            "stop": type(whole).__name__ if whole else None,
            "status": last.status if last else None,
            "correlation": last.correlation if last else None,
            "ms": int(called.seconds * 1000),
        }
        known = {name: value for name, value in line.items() if value is not None}
        if whole is None and not outcomes.keys() & _SHORT:
            self.ctx.log.debug(Said.HOOK_DONE, **known)
            return
        more = self._rarely.more((hook, line["stop"], line["status"], frozenset(outcomes)))
        if more is not None:
            self.ctx.log.info(Said.HOOK_FELL_SHORT, more=more, **known)


async def _contained(hook: Callable[[], Awaitable[Any]]) -> Any:
    """Call a hook; what would end the program, such as `sys.exit`, becomes an error like any other."""
    try:
        return await hook()
    except LaneStop as stop:
        put_right(stop)
        raise
    except (Exception, asyncio.CancelledError, KeyboardInterrupt):
        raise
    except BaseException as failure:
        raise RuntimeError(f"it raised {type(failure).__name__}") from failure


def _passed_through(stop: LaneStop, outcomes: Sequence[Any], calls: Sequence[CallReport]) -> bool:
    """Tell whether a limit was met after writes of which the hook says nothing."""
    told = any(outcome is not None for outcome in outcomes)
    return isinstance(stop, LimitReached) and not told and any(not call.reads for call in calls)


def _wrote(calls: Sequence[CallReport]) -> bool:
    """Tell whether the CRM has had a write of this hook already."""
    return any(call.status and not call.reads for call in calls)


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
