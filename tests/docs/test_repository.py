"""Rules of the repository that no tool checks: sizes, news, pins, and what must not stand in the tree."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

import afterclick

ROOT = Path(__file__).parents[2]
MAX_LINES = 400
PLUGINS = sorted(path for path in (ROOT / "plugins").iterdir() if path.is_dir())
DISTRIBUTIONS = [ROOT / "core", *PLUGINS]


def read_toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def tree() -> list[Path]:
    """Return every file that is in git or would be added."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    """Return the files of the tree that are text, with their content."""
    found = []
    for path in tree():
        data = path.read_bytes()
        if b"\0" not in data:
            found.append((path.relative_to(ROOT), data.decode("utf-8")))
    return found


def test_python_files_stay_short() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_bytes().splitlines()) for path in tree()}
    too_long = {path: lines for path, lines in lengths.items() if path.suffix == ".py" and lines > MAX_LINES}

    assert too_long == {}


def test_migrations_are_numbered_from_one_without_gap_or_repeat() -> None:
    """Two with one number would leave one of them out of every ledger that has the other."""
    folder = ROOT / "core" / "src" / "afterclick" / "ledger" / "sql" / "sqlite" / "migrations"
    numbers = sorted(int(path.name[:4]) for path in folder.glob("*.sql"))

    assert numbers == list(range(1, len(numbers) + 1))


# News


def fragments() -> list[Path]:
    return sorted(path for path in (ROOT / "core" / "news").iterdir() if path.name != ".gitignore")


def test_news_fragments_are_well_formed() -> None:
    """`+short-name.added.md` or `123.fixed.md`, and one sentence or more after the distribution's name."""
    kinds = [kind["directory"] for kind in read_toml(ROOT / "pyproject.toml")["tool"]["towncrier"]["type"]]
    file_name = re.compile(rf"(\+[a-z0-9]+(-[a-z0-9]+)*|\d+)\.({'|'.join(kinds)})(\.\d+)?\.md")
    names = [read_toml(folder / "pyproject.toml")["project"]["name"] for folder in DISTRIBUTIONS]
    entry = re.compile(rf"({'|'.join(names)}): [A-Z`].*[.)]\n", re.DOTALL)

    misnamed = [path.name for path in fragments() if not file_name.fullmatch(path.name)]
    malformed = [path.name for path in fragments() if not entry.fullmatch(path.read_text(encoding="utf-8"))]

    assert (misnamed, malformed) == ([], [])


# Pins


@pytest.mark.parametrize("name", ["bootstrap", "build", "dev", "run"])
def test_requirements_are_pinned_hashed_and_name_no_place(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    requirements = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "").splitlines()
    pinned_and_hashed = re.compile(r"[a-z0-9-]+==[^ @/]+( ; [^@/]+)? +(--hash=sha256:[0-9a-f]{64}\s*)+")

    assert requirements
    assert [line for line in requirements if not pinned_and_hashed.fullmatch(line)] == []
    assert "://" not in text


def test_checks_run_on_the_versions_that_ship() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        return set(re.findall(r"^[a-z0-9-]+==\S+", text, flags=re.MULTILINE))

    assert pins("run") - pins("dev") == set()


# The tree

# Written so that they do not find themselves.
PLACES = {
    "a package's download address": re.compile(r"https?://[^\s\"'<>]*\.(whl|tar\.gz|tgz|zip)\b"),
    "a registry's host": re.compile(r"python[h]osted|pypi[.]org|registry[.]npmjs"),
    "somebody's home": re.compile(r"(?<![\w.~$}/-])/(root|home/[a-z]\w*|Users/[A-Za-z]\w*)/"),
}


@pytest.mark.parametrize("what", PLACES)
def test_tree_names_no_place_of_a_machine(what: str) -> None:
    found = [f"{path}: {match[0]}" for path, text in texts() for match in PLACES[what].finditer(text)]

    assert found == []


def test_tree_does_not_name_its_own_checkout() -> None:
    # A checkout like /app is a name that a container may have as well; only a longer one is telling.
    checkout = str(ROOT) if len(ROOT.parts) > 2 else "\0"

    assert [str(path) for path, text in texts() if checkout in text] == []


# Distributions


def test_version_is_the_same_everywhere() -> None:
    project = read_toml(ROOT / "core" / "pyproject.toml")["project"]

    assert project["version"] == afterclick.__version__


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_plugin_announces_itself(folder: Path) -> None:
    """A plugin's folder, distribution, package and entry point have one name."""
    project = read_toml(folder / "pyproject.toml")["project"]
    package = f"afterclick_{folder.name}"

    assert project["name"] == f"afterclick-{folder.name}"
    assert project["entry-points"]["afterclick.crms"] == {folder.name: f"{package}.plugin"}
    assert (folder / "src" / package / "plugin.py").is_file()


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_plugin_is_under_the_workspace_checks(folder: Path) -> None:
    tool = read_toml(ROOT / "pyproject.toml")["tool"]
    contracts = {contract["id"]: contract for contract in tool["importlinter"]["contracts"]}
    package = f"afterclick_{folder.name}"

    assert package in tool["importlinter"]["root_packages"]
    for contract in ("plugins", "pluggy", "drivers"):
        assert package in contracts[contract]["source_modules"]
    assert contracts[f"{folder.name}-sandbox"]["source_modules"] == [f"{package}.sandbox"]
    assert f"plugins/{folder.name}/src" in tool["mypy"]["mypy_path"]


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda folder: folder.name)
def test_distribution_is_licensed_typed_and_described(folder: Path) -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    package = read_toml(folder / "pyproject.toml")["project"]["name"].replace("-", "_")

    assert "Apache License" in licence
    assert (folder / "LICENSE").read_text(encoding="utf-8") == licence
    assert (folder / "README.md").is_file()
    assert (folder / "src" / package / "py.typed").is_file()
