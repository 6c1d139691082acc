"""Plugins that break the contract: each is refused with the reason, and the good one beside it loads."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from tests.plugins.hostile import good, info

from afterclick.errors import PluginError
from afterclick.host.discovery import GROUP, Discovery, discover, load
from afterclick.plugin import CONTRACT_VERSION, FieldSpec, Limit, NoMatch, PluginInfo, hookimpl

Install = Callable[..., Discovery]


@pytest.fixture
def install() -> Iterator[Install]:
    """Return a function that discovers plugins, given as (name, module or source text)."""
    with pytest.MonkeyPatch.context() as patch:

        def install(*plugins: tuple[str, Any]) -> Discovery:
            points = []
            for number, (name, module) in enumerate(plugins):
                place = f"afterclick_hostile_{number}"
                if isinstance(module, BaseException):
                    patch.setattr(sys, "meta_path", [_Raises(place, module), *sys.meta_path])
                else:
                    patch.setitem(sys.modules, place, module)
                points.append(EntryPoint(name, place, GROUP))
            return discover(points)

        yield install


class _Raises:
    """An import hook that stands for a module which fails while it is imported."""

    def __init__(self, name: str, failure: BaseException) -> None:
        self._name, self._failure = name, failure

    def find_spec(self, name: str, *_: Any) -> None:
        if name == self._name:
            raise self._failure


def _plain(leads: Any) -> Any:
    return [NoMatch() for _ in leads]


async def _surplus(leads: Any, speed: int = 1) -> Any:
    return [NoMatch() for _ in leads]


async def _optional(leads: Any, ctx: Any = None) -> Any:
    return [NoMatch() for _ in leads]


async def _named(*, leads: Any) -> Any:
    return [NoMatch() for _ in leads]


async def _anything(**inputs: Any) -> Any:
    return [NoMatch() for _ in inputs["leads"]]


async def _unknown(leads: Any, budget: Any) -> Any:
    return [NoMatch() for _ in leads]


async def _generator(leads: Any) -> Any:
    for _ in leads:
        yield NoMatch()


async def _async_describe() -> PluginInfo:
    return info()


def _raising(failure: BaseException) -> Callable[[], Any]:
    def describe() -> Any:
        raise failure

    return describe


def _doubled() -> types.ModuleType:
    module = good()

    async def also(leads: Any) -> Any:
        return [NoMatch() for _ in leads]

    module.also = hookimpl(also, specname="match")  # type: ignore[attr-defined]
    return module


BROKEN = {
    "missing": (good(match=None), "required hooks match are missing"),
    "misspelled": (good(mach=_plain), "mach"),
    "surplus argument with a default": (good(match=_surplus), "speed"),
    "argument of the contract with a default": (good(match=_optional), "ctx"),
    "argument by keyword only": (good(match=_named), "leads"),
    "any arguments": (good(match=_anything), "inputs"),
    "unknown argument": (good(match=_unknown), "budget"),
    "plain instead of async": (good(match=_plain), "match has to be `async def`"),
    "generator instead of async": (good(match=_generator), "match has to be `async def`"),
    "async instead of plain": (good(describe=_async_describe), "describe has to be a plain function"),
    "two of one hook": (_doubled(), "match is there 2 times"),
}


@pytest.mark.parametrize(("module", "told"), BROKEN.values(), ids=BROKEN)
def test_a_plugin_that_breaks_the_contract_is_refused_with_the_reason(
    install: Install, module: types.ModuleType, told: str
) -> None:
    found = install(("acme", module), ("better", good(describe=lambda: info(name="better"))))

    assert list(found.plugins) == ["better"]
    assert [one.name for one in found.refused] == ["acme"]
    assert told in found.refused[0].reason


field: Any = FieldSpec  # as a plugin without a type checker would use it
FIELD = FieldSpec(attribute="token", name="token", title="Token")
LIMIT = Limit(bucket="burst", amount=1, seconds=1)
DESCRIPTIONS: dict[str, tuple[Any, str]] = {
    "newer contract": (lambda: info(contract=CONTRACT_VERSION + 1), "speaks contract"),
    "contract as text": (lambda: info(contract="1"), "speaks contract"),
    "another name": (lambda: info(name="other"), "name is 'other'"),
    "no name": (lambda: info(name=None), "name"),
    "another type": (lambda: {"name": "acme"}, "returned dict"),
    "nothing": (lambda: None, "returned NoneType"),
    "a bug": (_raising(ValueError("no idea")), "no idea"),
    "an exit": (_raising(SystemExit(3)), "SystemExit"),
    "fields missing": (lambda: info(fields=None), "fields"),
    "fields of text": (lambda: info(fields=("email",)), "fields"),
    "fields with wrong names": (lambda: info(fields=(field(attribute="a", name=3, title="T"),)), "fields"),
    "settings of text": (lambda: info(settings="none"), "settings"),
    "settings of another class": (lambda: info(settings=dict), "settings"),
    "limits missing": (lambda: info(limits=7), "limits"),
    "limits of text": (lambda: info(limits=("fast",)), "limits"),
    "a limit of nothing": (lambda: info(limits=(Limit(bucket="burst", amount=0, seconds=1),)), "limits"),
    "a limit of no time": (lambda: info(limits=(Limit(bucket="burst", amount=1, seconds=0),)), "limits"),
    "batch of text": (lambda: info(batch_size="many"), "batch_size"),
    "batch of none": (lambda: info(batch_size=0), "batch_size"),
    "batch of true": (lambda: info(batch_size=True), "batch_size"),
    "creates somehow": (lambda: info(creates="somehow"), "creates"),
    "deadline of none": (lambda: info(call_deadline=0.0), "call_deadline"),
    "deadline of never": (lambda: info(call_deadline=float("inf")), "call_deadline"),
    "deadline of nan": (lambda: info(call_deadline=float("nan")), "call_deadline"),
    "late effect of text": (lambda: info(late_effect="soon"), "late_effect"),
    "late effect below zero": (lambda: info(late_effect=-1.0), "late_effect"),
    "list lag missing": (lambda: info(list_lag=None), "list_lag"),
    "environment of text": (lambda: info(environment="HUBSPOT_TOKEN"), "environment"),
    "secrets of a number": (lambda: info(secrets=5), "secrets"),
    "address of none": (lambda: info(base_url=None), "base_url"),
    "stages of a list": (lambda: info(stages=["customer"]), "stages"),
}


@pytest.mark.parametrize(("describe", "told"), DESCRIPTIONS.values(), ids=DESCRIPTIONS)
def test_a_wrong_description_is_refused_with_the_reason(install: Install, describe: Any, told: str) -> None:
    found = install(("acme", good(describe=describe)), ("better", good(describe=lambda: info(name="better"))))

    assert list(found.plugins) == ["better"]
    assert told in found.refused[0].reason


class _OddError(BaseException):
    """Derived from the wrong root."""


@pytest.mark.parametrize(
    "failure", [ImportError("no such module"), RuntimeError("broken"), SystemExit(1), _OddError("odd")]
)
def test_a_plugin_that_cannot_be_imported_harms_no_other(install: Install, failure: BaseException) -> None:
    found = install(("broken", failure), ("acme", good()))

    assert list(found.plugins) == ["acme"]
    assert [one.name for one in found.refused] == ["broken"]
    assert type(failure).__name__ in found.refused[0].reason


def test_an_interrupt_by_the_operator_is_not_taken_for_a_fault_of_the_plugin(install: Install) -> None:
    with pytest.raises(KeyboardInterrupt):
        install(("acme", KeyboardInterrupt()))


def test_a_module_that_is_not_there_is_refused() -> None:
    found = discover([EntryPoint("acme", "afterclick_never_written", GROUP)])

    assert "ModuleNotFoundError" in found.refused[0].reason


def test_two_of_one_name_are_both_refused(install: Install) -> None:
    found = install(("acme", good()), ("acme", good()), ("other", good(describe=lambda: info(name="other"))))

    assert list(found.plugins) == ["other"]
    assert [one.name for one in found.refused] == ["acme", "acme"]
    assert "2 installed plugins are named 'acme'" in found.refused[0].reason


def test_an_object_whose_attributes_fail_is_refused(install: Install) -> None:
    class Sly:
        @property
        def match(self) -> Any:
            raise LookupError("not today")

    found = install(("acme", Sly()), ("better", good(describe=lambda: info(name="better"))))

    assert list(found.plugins) == ["better"]
    assert found.refused


def test_a_hook_without_its_mark_is_named() -> None:
    async def match(leads: Any) -> Any:
        return [NoMatch() for _ in leads]

    module = good(match=None)
    module.match = match  # type: ignore[attr-defined]

    with pytest.raises(PluginError, match="lacks @hookimpl"):
        load("acme", module)


def test_a_hook_may_take_any_subset_of_the_arguments() -> None:
    async def match() -> Any:
        return []

    async def create(ctx: Any) -> Any:
        return []

    assert load("acme", good(match=match, create=create)).has("match")


def test_an_optional_hook_is_known_to_be_missing() -> None:
    plugin = load("acme", good())

    assert not plugin.has("absorb")
    assert plugin.has("match")


def test_a_right_description_is_kept_as_it_is() -> None:
    endless = Limit(bucket="daily", amount=float("inf"), seconds=86_400)
    described = info(fields=(FIELD,), limits=(LIMIT, endless))

    assert load("acme", good(describe=lambda: described)).info is described
