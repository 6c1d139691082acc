"""Plugins that do everything wrong: each is refused or contained, and harms no other."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from typing import Any

import msgspec
import pytest
from tests.support.clock import FakeClock

from afterclick.errors import PluginError
from afterclick.host.caller import GRACE, Caller
from afterclick.host.discovery import GROUP, Discovery, discover, load
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Metrics
from afterclick.plugin import (
    CONTRACT_VERSION,
    BatchRefused,
    CallFailed,
    Context,
    Lead,
    NoMatch,
    PluginInfo,
    Record,
    RetryLater,
    Synced,
    Throttled,
    Uncertain,
    hookimpl,
)

LEADS = [Lead(ref=f"lead-{n}", keys=(f"event:{n:032x}",)) for n in range(3)]


class Settings(msgspec.Struct):
    pass


def info(**changes: Any) -> PluginInfo:
    values: dict[str, Any] = {
        "name": "acme",
        "title": "Acme",
        "contract": CONTRACT_VERSION,
        "settings": Settings,
        "fields": (),
        "base_url": "https://acme.example",
        "call_deadline": 5.0,
        **changes,
    }
    return PluginInfo(**values)


def good(**hooks: Any) -> types.ModuleType:
    """Return a plugin's module that keeps the contract, with some hooks replaced; None takes one away."""

    def describe() -> PluginInfo:
        return info()

    async def match(leads: Any) -> Any:
        return [NoMatch() for _ in leads]

    async def create(leads: Any) -> Any:
        return [Synced(Record(kind="contact", id=lead.ref)) for lead in leads]

    async def enrich(changes: Any) -> Any:
        return [Synced(change.record) for change in changes]

    module = types.ModuleType("acme_plugin")
    chosen = {"describe": describe, "match": match, "create": create, "enrich": enrich, **hooks}
    for name, hook in chosen.items():
        if hook is not None:
            setattr(module, name, hookimpl(hook))
    return module


def _raise(failure: BaseException) -> Callable[[], Any]:
    def describe() -> Any:
        raise failure

    return describe


async def _surplus(leads: Any, speed: int = 1) -> Any:
    return [NoMatch() for _ in leads]


async def _unknown(leads: Any, budget: Any) -> Any:
    return [NoMatch() for _ in leads]


def _plain(leads: Any) -> Any:
    return [NoMatch() for _ in leads]


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (good(match=None), "required hooks match are missing"),
        (good(match=None, mach=_plain), "does not fit the contract"),
        (good(match=_surplus), "takes speed"),
        (good(match=_unknown), "does not fit the contract"),
        (good(match=_plain), "has to be `async def`"),
        (good(describe=lambda: info(contract=CONTRACT_VERSION + 1)), "speaks contract"),
        (good(describe=lambda: info(name="other")), "name is 'other'"),
        (good(describe=lambda: {"name": "acme"}), "returned dict"),
        (good(describe=lambda: info(fields=("email",))), "no FieldSpec"),
        (good(describe=lambda: info(batch_size="many")), "batch_size"),
        (good(describe=lambda: info(settings="none")), "settings"),
        (good(describe=_raise(ValueError("no idea"))), "describe failed"),
        (good(describe=_raise(SystemExit(3))), "describe failed"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_refused_with_the_reason(
    module: types.ModuleType, told: str
) -> None:
    with pytest.raises(PluginError, match=told):
        load("acme", module)


def test_a_hook_without_its_mark_is_named() -> None:
    async def match(leads: Any) -> Any:
        return [NoMatch() for _ in leads]

    module = good(match=None)
    module.match = match  # type: ignore[attr-defined]

    with pytest.raises(PluginError, match="lacks @hookimpl"):
        load("acme", module)


@pytest.fixture
def installed() -> Iterator[Callable[..., Discovery]]:
    names: list[str] = []

    def install(*modules: tuple[str, types.ModuleType | None]) -> Discovery:
        points = []
        for number, (name, module) in enumerate(modules):
            place = f"afterclick_test_{number}"
            if module is not None:
                sys.modules[place] = module
                names.append(place)
            points.append(EntryPoint(name, place, GROUP))
        return discover(points)

    yield install
    for name in names:
        del sys.modules[name]


def test_one_that_cannot_be_imported_harms_no_other(installed: Callable[..., Discovery]) -> None:
    found = installed(("broken", None), ("acme", good()))

    assert list(found.plugins) == ["acme"]
    assert [one.name for one in found.refused] == ["broken"]
    assert "import failed" in found.refused[0].reason


def test_two_of_one_name_are_both_refused(installed: Callable[..., Discovery]) -> None:
    found = installed(("acme", good()), ("acme", good()))

    assert found.plugins == {}
    assert len(found.refused) == 2


def caller(clock: FakeClock, **hooks: Any) -> Caller:
    plugin = load("acme", good(**hooks))
    ctx: Context[Any] = Context(
        connection="acme",
        settings=Settings(),
        http=None,  # type: ignore[arg-type]
        clock=clock,
        log=get_logger("plugin"),
        fields=(),
        state=None,  # type: ignore[arg-type]
    )
    return Caller(plugin, ctx, clock, Metrics())


def _answering(answer: Any) -> Any:
    async def hook(leads: Any) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer(leads) if callable(answer) else answer

    return hook


BAD_ANSWERS: list[Any] = [
    None,
    "synced",
    [],
    lambda leads: [NoMatch()] * (len(leads) + 1),
    lambda leads: (one for one in leads),
    lambda leads: [True for _ in leads],
    lambda leads: [Synced(record="r1") for _ in leads],  # type: ignore[arg-type]
    lambda leads: [RetryLater(reason=3) for _ in leads],  # type: ignore[arg-type]
    RuntimeError("a bug"),
    asyncio.CancelledError(),
]


@pytest.mark.parametrize("answer", BAD_ANSWERS)
async def test_no_bad_answer_counts_as_success(clock: FakeClock, answer: Any) -> None:
    read = await caller(clock, match=_answering(answer)).batch("match", leads=LEADS)
    written = await caller(clock, create=_answering(answer)).batch("create", leads=LEADS)

    assert [type(one) for one in read.outcomes] == [RetryLater] * 3
    assert [type(one) for one in written.outcomes] == [Uncertain] * 3


async def test_an_input_without_a_right_answer_is_uncertain_beside_those_that_have_one(
    clock: FakeClock,
) -> None:
    done = Synced(Record(kind="contact", id="1"))
    called = await caller(clock, create=_answering([done, None, done])).batch("create", leads=LEADS)

    assert [type(one) for one in called.outcomes] == [Synced, Uncertain, Synced]


async def test_a_hook_that_hangs_is_ended_at_its_deadline(clock: FakeClock) -> None:
    async def hang(leads: Any) -> Any:
        await asyncio.Event().wait()

    called = asyncio.ensure_future(caller(clock, create=hang).batch("create", leads=LEADS))
    await clock.advance(5.0 + GRACE + 0.1)

    outcomes = (await called).outcomes
    assert [type(one) for one in outcomes] == [Uncertain] * 3


async def test_a_cancelled_call_leaves_no_task_behind(clock: FakeClock) -> None:
    async def hang(leads: Any) -> Any:
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    called = asyncio.ensure_future(caller(clock, create=hang).batch("create", leads=LEADS))
    await clock.advance(1.0)
    called.cancel()
    with pytest.raises(asyncio.CancelledError):
        await called
    await clock.advance(0)

    assert asyncio.all_tasks() == before


async def test_a_stop_keeps_the_answers_so_far_and_leaves_the_rest_unsent(clock: FakeClock) -> None:
    done = Synced(Record(kind="contact", id="1"))
    stop = Throttled("slow down", after=9, scope="burst", outcomes={1: done, 7: done, 2: "nonsense"})
    called = await caller(clock, create=_answering(stop)).batch("create", leads=LEADS)

    assert called.stop is stop
    assert called.outcomes[0] is None
    assert called.outcomes[1] == done
    assert isinstance(called.outcomes[2], Uncertain)


async def test_a_refused_batch_and_a_call_that_never_left_are_certainly_not_applied(
    clock: FakeClock,
) -> None:
    refused = await caller(clock, create=_answering(BatchRefused("bad"))).batch("create", leads=LEADS)
    unsent = await caller(clock, create=_answering(CallFailed("down", sent=False))).batch(
        "create", leads=LEADS
    )
    lost = await caller(clock, create=_answering(CallFailed("cut", sent=True))).batch("create", leads=LEADS)

    assert refused.refused is not None
    assert [type(one) for one in unsent.outcomes] == [RetryLater] * 3
    assert [type(one) for one in lost.outcomes] == [Uncertain] * 3
