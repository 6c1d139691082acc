"""Looks at the ledger: whether its folder can be written, how much room is left, and what it has seen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from afterclick.checking import findings as kinds
from afterclick.checking.look import Look
from afterclick.model.lead import DEFAULT_MILESTONE
from afterclick.plugin.findings import Finding

_DISK = (kinds.FOLDER_UNUSABLE, kinds.DISK_LOW)
_SEEN = (kinds.MILESTONE_UNMAPPED,)
LITTLE_ROOM = 1024**3
"""Bytes: below this, or below the ledger's own size, a disk is low."""

ANY_MILESTONE = "*"
_MOST, _LONGEST = 10, 60
"""How many milestones are named, and how many letters of each: they are whatever somebody sent."""


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What there is around a ledger: its size with the write-ahead log, and what its disk has free."""

    exists: bool
    size_bytes: int = 0
    free_bytes: int | None = None
    writable: bool = True


def measure(path: Path) -> Room:
    """Look at the disk; may wait for it, so call it in a thread."""
    folder = _nearest(path.absolute().parent)
    files = [file for file in (path, path.with_name(path.name + "-wal")) if file.is_file()]
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        free = None
    return Room(
        exists=path.exists(),
        size_bytes=sum(file.stat().st_size for file in files),
        free_bytes=free,
        writable=folder.is_dir()
        and os.access(folder, os.W_OK | os.X_OK)
        and all(os.access(file, os.W_OK) for file in files),
    )


def _nearest(folder: Path) -> Path:
    """Return the folder, or the one in which it would be made."""
    return next((one for one in (folder, *folder.parents) if one.exists()), folder)


def at_disk(path: Path, room: Room) -> Look:
    """Look at what was measured."""
    return Look.of(_DISK, _disk(path, room))


def _disk(path: Path, room: Room) -> Iterator[Finding]:
    if not room.writable:
        what = "the ledger" if room.exists else "a ledger"
        yield kinds.FOLDER_UNUSABLE.found(f"this user cannot write {what} at {path}")
    if room.free_bytes is not None and room.free_bytes < max(LITTLE_ROOM, room.size_bytes):
        free, size = rounded(room.free_bytes), rounded(room.size_bytes)
        yield kinds.DISK_LOW.found(f"{free} are free on the disk of the ledger, which has {size}")


def at_milestones(stages: Mapping[str, str], seen: Iterable[str]) -> Look:
    """Look at the milestones that leads have passed; `stages` maps them to stages, `*` any other."""
    unmapped = [name for name in seen if name not in stages and name != DEFAULT_MILESTONE]
    return Look.of(_SEEN, [_unmapped(unmapped, stages[ANY_MILESTONE])] if unmapped else [])


def _unmapped(names: list[str], stage: str) -> Finding:
    shown = ", ".join(f"`{name[:_LONGEST]}`" for name in names[:_MOST])
    further = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return kinds.MILESTONE_UNMAPPED.found(
        f"`stages` does not name {shown}{further}: each makes a lead a {stage}, and a stage never goes back",
        remedy=f'Name each under `[stages]` with its stage, be it `{names[0][:_LONGEST]} = "{stage}"`.',
    )


def rounded(count: int) -> str:
    """Return a number of bytes as people say it."""
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1024:.0f} KiB"
