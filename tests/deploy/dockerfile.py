"""The Dockerfile, read as far as the other manifests depend on it."""

from __future__ import annotations

import json
import re
import shlex
from functools import cache

from tests.deploy.program import DEPLOY


@cache
def instructions() -> tuple[tuple[str, str], ...]:
    """Return every instruction with its arguments, on one line each."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    bare = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line for line in bare.splitlines() if line.strip()]
    return tuple((word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines))


def final() -> list[tuple[str, str]]:
    """Return the instructions of the last stage: those that make the image."""
    found = list(instructions())
    last = max(number for number, (word, _) in enumerate(found) if word == "FROM")
    return found[last:]


def the(word: str) -> str:
    """Return the arguments of the only instruction of that word in the last stage."""
    (rest,) = (rest for name, rest in final() if name == word)
    return rest


def environment() -> dict[str, str]:
    """Return the variables that the image sets."""
    pairs = [pair for word, rest in final() if word == "ENV" for pair in shlex.split(rest)]
    return dict(pair.split("=", 1) for pair in pairs)


def command(word: str) -> list[str]:
    """Return a command in exec form."""
    found: list[str] = json.loads(the(word).rpartition("CMD")[2])
    return found
