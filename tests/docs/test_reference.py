"""The docs tell the truth: generated pages are current, and nothing that people meet is undocumented."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import pytest
import typer
from tests.docs.reference import DOCS, ROOT, pages

from afterclick import testing
from afterclick.cli import app
from afterclick.console.app import console_app
from afterclick.model.registration import Registration
from afterclick.plugin import hookspecs
from afterclick.testing import answers

README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_current(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == pages()[name], "run `make docs`"


def test_every_hook_is_documented_with_its_arguments() -> None:
    text = (DOCS / "plugin-authors.md").read_text("utf-8")
    for name, hook in vars(hookspecs).items():
        if inspect.isfunction(hook) and hasattr(hook, "afterclick_spec"):
            arguments = ", ".join(inspect.signature(hook).parameters)
            assert f"### `{name}({arguments})`" in text


@pytest.mark.parametrize("module", [testing, answers], ids=lambda module: module.__name__)
def test_every_public_name_of_the_kit_is_documented(module: ModuleType) -> None:
    text = (DOCS / "plugin-authors.md").read_text("utf-8")
    for name in module.__all__:
        assert re.search(rf"\b{name}\b", text), name


def test_every_field_of_a_registration_is_documented() -> None:
    text = (DOCS / "registrations.md").read_text("utf-8")
    table = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    for name in Registration.__struct_fields__:
        assert any(f"`{name}`" in cell for cell in table), name


def test_every_route_of_the_admin_api_is_documented_and_no_other() -> None:
    routes = {
        f"{route.method} /api{route.resource.canonical}"
        for route in console_app(Mock(), Mock(), Mock()).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    text = (DOCS / "admin-api.md").read_text("utf-8")

    assert set(re.findall(r"^### `([A-Z]+ /api/[^`]*)`$", text, re.MULTILINE)) == routes


def test_every_command_is_named_in_the_readme() -> None:
    group = typer.main.get_command(app)
    for name in group.commands:  # type: ignore[attr-defined]
        assert re.search(rf"afterclick {name}\b", README), name


def _subcommands(group: Any, above: str = "") -> Iterator[str]:
    for name, command in getattr(group, "commands", {}).items():
        yield f"{above}{name}"
        yield from _subcommands(command, f"{above}{name} ")


@pytest.mark.parametrize("name", list(_subcommands(typer.main.get_command(app))))
def test_every_command_and_what_is_below_it_is_shown_to_people(name: str) -> None:
    pages_of_people = [ROOT / "README.md", *DOCS.glob("*.md"), *ROOT.glob("plugins/*/README.md")]

    assert any(re.search(rf"afterclick {name}\b", page.read_text("utf-8")) for page in pages_of_people)


def test_no_doc_names_a_command_that_is_not_there() -> None:
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    pages_of_people = [ROOT / "README.md", *DOCS.glob("*.md"), *ROOT.glob("plugins/*/README.md")]
    for page in pages_of_people:
        for named in re.findall(r"`afterclick ([a-z]+)", page.read_text("utf-8")):
            assert named in commands, f"{page.name} names `afterclick {named}`"


def test_every_link_between_pages_leads_somewhere() -> None:
    pages_of_plugins = [*ROOT.glob("plugins/*/README.md"), *ROOT.glob("plugins/*/docs/*.md")]
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md"), *pages_of_plugins]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_python_of_the_plugin_guide_is_the_templates_or_runs() -> None:
    text = (DOCS / "plugin-authors.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    files = [path.read_text("utf-8") for path in (ROOT / "tests" / "template").rglob("*.py")]
    others = [block for block in blocks if not any(block in file for file in files)]
    for block in others:
        exec(compile(block, "plugin-authors.md", "exec"), {})  # noqa: S102 - our own docs

    assert len(blocks) - len(others) == 11
    assert others
