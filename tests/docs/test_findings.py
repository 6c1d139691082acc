"""No code without documentation, and no documentation without a code.

The pages are made from the registries (see `reference.py`), so it is enough that nothing is told past
them and that nothing in them is dead.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.reference import ROOT, all_errors, core_findings, plugin_pages

import afterclick
from afterclick.plugin import FindingKind

SOURCES = [ROOT / "core" / "src", *(path / "src" for path in sorted((ROOT / "plugins").iterdir()))]
MAKERS = {
    "Finding": {"afterclick/plugin/findings.py"},
    "FindingRow": {"afterclick/ledger/sqlite/findings.py"},
}
"""Who may build these structs by hand; everybody else goes through a kind."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for source in SOURCES:
        for path in sorted(source.rglob("*.py")):
            yield path.relative_to(source).as_posix(), ast.parse(path.read_text("utf-8"))


def kinds() -> list[FindingKind]:
    listed = [*core_findings().values(), *plugin_pages().values()]
    return [kind for part in listed for kind in part]


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return dict(modules())


@pytest.mark.parametrize("struct", MAKERS)
def test_findings_are_made_from_their_kind(trees: dict[str, ast.Module], struct: str) -> None:
    calls = {
        path
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _last_name(node.func) == struct
    }

    assert calls == MAKERS[struct]


def test_every_kind_is_listed_under_its_page(trees: dict[str, ast.Module]) -> None:
    defined = {code for tree in trees.values() for code in _defined(tree).values()}

    assert defined == {kind.code for kind in kinds()}


def test_every_kind_that_is_listed_is_told_by_somebody(trees: dict[str, ast.Module]) -> None:
    used: dict[str, set[str]] = defaultdict(set)
    for path, tree in trees.items():
        used[Path(path).parts[0]] |= _used(tree)
    for path, tree in trees.items():
        for name in _defined(tree):
            assert name in used[Path(path).parts[0]], f"{path}: {name} is listed and never told"


def test_codes_and_texts_of_findings_are_fit_to_print() -> None:
    assert Counter(kind.code for kind in kinds()).most_common(1)[0][1] == 1
    for kind in kinds():
        assert kind.code == kind.code.lower().replace("_", "-")
        for sentence in (kind.meaning, kind.remedy):
            assert sentence[0].isupper() or sentence[0] == "`"
            assert sentence.endswith(".")
            assert "|" not in sentence
        assert kind.ends[0].islower()


def test_every_error_has_a_code_and_texts_of_its_own() -> None:
    for module in pkgutil.walk_packages(afterclick.__path__, "afterclick."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for error in all_errors():
        assert {"code", "meaning", "remedy"} <= vars(error).keys(), error
    codes = Counter(error.code for error in all_errors())

    assert [code for code, count in codes.items() if count > 1] == []


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _defined(tree: ast.Module) -> dict[str, str]:
    """Return the codes of the kinds that a module defines, by the name of the constant."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            given = {keyword.arg: keyword.value for keyword in node.value.keywords}
            code = given.get("code")
            if _last_name(node.value.func) == "FindingKind" and isinstance(code, ast.Constant):
                found[_last_name(node.targets[0])] = str(code.value)
    return found


def _used(tree: ast.Module) -> set[str]:
    """Return the names that a module reads, those in its own list of kinds left out."""
    lists = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and _last_name(node.targets[0]) == "KINDS"
    ]
    skipped = {inner for value in lists for inner in ast.walk(value)}
    return {
        _last_name(node)
        for node in ast.walk(tree)
        if node not in skipped
        and isinstance(node, ast.Name | ast.Attribute)
        and isinstance(node.ctx, ast.Load)
    }
