"""Blocks of code in the docs: configuration loads, commands exist with the options shown, JSON is JSON.

The Python of the plugin guide runs in `test_reference.py`, the clients of the registrations page in
`tests/acceptance/test_clients.py`. Not run here: commands that reach out (`pip`, tunnels, `kubectl`).
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from tests.docs.reference import DOCS

from afterclick.cli import app
from afterclick.config.load import load
from afterclick.host.discovery import discover
from afterclick.service.connections import planned

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
    *sorted(ROOT.glob("plugins/*/docs/*.md")),
]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""One that Tolinku's scheme and the Standard Webhooks take."""

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_CONFIGURES = re.compile(
    r"^\[(server|ledger|sources|connections|leads|identity|referrals|sync|privacy|log|stages|retention)\b",
    re.MULTILINE,
)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    language: str
    text: str

    def __str__(self) -> str:
        """Name it for a failing test."""
        return f"{self.page.parent.name}/{self.page.name}: {self.text.strip().splitlines()[0][:60]}"


def blocks(*languages: str) -> list[Block]:
    """Return all blocks of these languages."""
    found = []
    for page in PAGES:
        for indent, language, text in _FENCE.findall(page.read_text("utf-8")):
            if language in languages:
                bare = "\n".join(line.removeprefix(indent) for line in text.splitlines())
                found.append(Block(page, language, bare + "\n"))
    return found


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_configuration_in_the_docs_loads(block: Block, tmp_path: Path) -> None:
    if not _CONFIGURES.search(block.text):
        assert tomllib.loads(block.text)
        return
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    file = tmp_path / "afterclick.toml"
    text = re.sub(r"file:/[\w./-]+|env:[A-Z_]+", f"file:{secret}", block.text)
    file.write_text(text.replace("whsec_…", SECRET))
    environ = {"HUBSPOT_ACCESS_TOKEN": "pat-na1-00000000"} if "[connections.hubspot" in block.text else {}

    settings = load(str(file), environ)

    found = discover()
    if set(settings.connections) <= set(found.plugins):
        assert planned(settings, found, environ).faults == ()


def test_json_in_the_docs_is_json() -> None:
    for block in blocks("json"):
        assert json.loads(block.text) is not None, block


def _commands() -> Iterator[tuple[Block, list[str]]]:
    """Go through the lines of shell blocks that call afterclick."""
    for block in blocks("", "sh", "bash", "console"):
        joined = block.text.replace("\\\n", " ")
        for line in joined.splitlines():
            found = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?afterclick( .*|$)", line.strip())
            if found:
                # What stands two blanks behind a command explains it.
                words = re.split(r"\s{2,}|\s#\s| \| | > | && ", found.group(1).strip())[0]
                yield block, shlex.split(words)


@pytest.mark.parametrize(("block", "words"), list(_commands()), ids=str)
def test_commands_in_the_docs_are_there_with_their_options(block: Block, words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        assert words[0] in command.commands, f"{block} names {words[0]!r}"
        command = command.commands[words.pop(0)]
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in {*known, "--help"}, f"{block} gives {word}"


def test_the_docs_show_commands_and_configuration() -> None:
    """A pattern that finds nothing would make every test above pass."""
    assert len(list(_commands())) > 20
    assert len([block for block in blocks("toml") if _CONFIGURES.search(block.text)]) > 3
