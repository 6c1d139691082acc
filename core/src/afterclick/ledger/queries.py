"""Named SQL: statements live in `.sql` files, under `-- name:` lines, and are asked for by name."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements(dialect: str) -> dict[str, str]:
    """Return the statements of a dialect (`sqlite`), by name, without their comments.

    They are grouped in files by who uses them; a name is there once.
    """
    folder = files("afterclick.ledger") / "sql" / dialect / "queries"
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        parts = _NAME.split(file.read_text("utf-8"))[1:]
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            if name in found:
                raise ValueError(f"{file.name}: the statement {name!r} is there twice")
            found[name] = _bare(body)
    return found


def _bare(body: str) -> str:
    return "\n".join(line for line in body.splitlines() if not line.startswith("--")).strip()


def migrations(dialect: str) -> list[tuple[int, str, str]]:
    """Return (number, name, SQL) of every migration, in order."""
    folder = files("afterclick.ledger") / "sql" / dialect / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(int(name[:4]), name, (folder / name).read_text("utf-8")) for name in names]
