"""Each of our plugins is whole, and its page says what it says of itself."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import get_type_hints

import pytest
from tests.docs.reference import ROOT

from afterclick.host.discovery import load
from afterclick.plugin import FindingKind, PluginInfo, hookspecs

NAMES = sorted(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir())
HOOKS = {name for name, hook in vars(hookspecs).items() if hasattr(hook, "afterclick_spec")}


def module(name: str, part: str) -> ModuleType:
    return importlib.import_module(f"afterclick_{name}.{part}")


def readme(name: str) -> str:
    return (ROOT / "plugins" / name / "README.md").read_text("utf-8")


def info(name: str) -> PluginInfo:
    said: PluginInfo = module(name, "plugin").describe()
    return said


@pytest.mark.parametrize("name", NAMES)
def test_plugin_is_taken_by_the_host_with_every_hook_that_can_do_something(name: str) -> None:
    plugin = load(name, module(name, "plugin"))

    # Their clients hold nothing that has to be given back.
    assert {hook for hook in HOOKS if not plugin.has(hook)} == {"disconnect"}


@pytest.mark.parametrize("name", NAMES)
def test_page_lists_every_setting_in_its_own_words(name: str) -> None:
    page = readme(name)
    for setting, hint in get_type_hints(info(name).settings, include_extras=True).items():
        described = [meta.description for meta in hint.__metadata__ if meta.description]
        assert described, setting
        assert f"| `{setting}` | {described[0]} |" in page


@pytest.mark.parametrize("name", NAMES)
def test_page_lists_every_field(name: str) -> None:
    page = readme(name)
    for spec in info(name).fields:
        assert f"| {spec.attribute} | `{spec.name}` |" in page


@pytest.mark.parametrize("name", NAMES)
def test_plugin_declares_every_kind_of_finding_under_its_own_name(name: str) -> None:
    kinds = [value for value in vars(module(name, "kinds")).values() if isinstance(value, FindingKind)]

    assert set(info(name).findings) == set(kinds)
    assert all(kind.code.startswith(f"{name}-") for kind in kinds)


@pytest.mark.parametrize("name", NAMES)
def test_secrets_and_variables_lead_to_settings(name: str) -> None:
    said = info(name)
    settings = set(inspect.signature(said.settings).parameters)

    assert set(said.secrets) | set(said.environment.values()) <= settings | {"base_url"}
