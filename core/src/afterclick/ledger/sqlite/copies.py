"""Copies of a whole ledger: made beside the process that serves from it, put back while none does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from afterclick.errors import LedgerError
from afterclick.ledger.sqlite.database import Database, FileLock

_CONFIGURED = "Name the ledger with AFTERCLICK_LEDGER__URL or --config."
_NAME = "Name a file that `afterclick backup` wrote."


def backup(ledger: Path, target: Path) -> None:
    """Copy a ledger as it stands at this moment into a new file, and check the copy.

    Nobody waits for it. The target is there only once it is whole and on the disk, for its owner alone.
    A ledger of an older version is copied as it is, so that it can be saved before an upgrade.

    Raises:
        LedgerSchemaError: a newer program wrote the ledger.
        LedgerError: there is no ledger, or it is damaged; the target is there already or cannot be written.

    """
    if not ledger.exists():
        raise LedgerError(f"there is no ledger at {ledger}", hint=_CONFIGURED)
    if target.exists():
        raise LedgerError(f"there is a file {target} already", hint="Name a new one.")
    nobody_writes = not ledger.with_name(ledger.name + "-wal").exists()
    with closing(Database(ledger, write=False, still=nobody_writes)) as source:
        if not source.is_ledger():
            raise LedgerError(f"{ledger} is no ledger", hint=_CONFIGURED)
        _copy(source, target)


def restore(file: Path, ledger: Path) -> Path | None:
    """Put a copy in a ledger's place, and return where what was there is now, if anything was.

    The new file belongs to whom the folder belongs to, so that root may restore for the service's user.

    Raises:
        LedgerLockedError: a process serves from the ledger.
        LedgerSchemaError: a newer program wrote the copy.
        LedgerError: the copy is no ledger or damaged, or the disk does not take it.

    """
    if not file.exists():
        raise LedgerError(f"there is no file {file}", hint=_NAME)
    lock = FileLock(ledger)
    try:
        with closing(Database(file, write=False, still=True)) as source:
            if not source.is_ledger():
                raise LedgerError(f"{file} is no ledger", hint=_NAME)
            fresh = ledger.with_name(ledger.name + ".restoring")
            fresh.unlink(missing_ok=True)
            _copy(source, fresh)
        _hand_over(fresh, ledger.with_name(ledger.name + ".lock"))
        aside = _put_aside(ledger)
        fresh.replace(ledger)
        _sync_folder(ledger.parent)
    except OSError as failure:
        raise _not_copied(ledger, failure) from failure
    finally:
        lock.release()
    return aside


def _copy(source: Database, target: Path) -> None:
    with _new(target) as part:
        try:
            with closing(apsw.Connection(str(part))) as written:
                source.copy_into(written)
                _check(written, target)
        except (apsw.CorruptError, apsw.NotADBError) as failure:
            raise _damaged(target, failure) from failure
        except apsw.Error as failure:
            raise _not_copied(target, failure) from failure


@contextmanager
def _new(target: Path) -> Iterator[Path]:
    """Give a file to fill that bears the target's name only after all went well."""
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield part
        part.replace(target)
        _sync_folder(target.parent)
    except OSError as failure:
        raise _not_copied(target, failure) from failure
    finally:
        part.unlink(missing_ok=True)


def _check(written: apsw.Connection, target: Path) -> None:
    found = [str(row[0]) for row in written.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise _damaged(target, found[0])


def _put_aside(ledger: Path) -> Path | None:
    if not ledger.exists():
        return None
    aside = ledger.with_name(ledger.name + ".replaced")
    # The log first: without it the file is an older ledger, but a log without its file spoils the next one.
    for ending in ("-wal", ""):
        there, then = (one.with_name(one.name + ending) for one in (ledger, aside))
        then.unlink(missing_ok=True)
        if there.exists():
            there.replace(then)
    ledger.with_name(ledger.name + "-shm").unlink(missing_ok=True)
    return aside


def _hand_over(*files: Path) -> None:
    for file in files:
        owner = file.parent.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damaged(target: Path, why: object) -> LedgerError:
    return LedgerError(
        f"what was to be copied to {target} is damaged: {why}",
        hint="Check the disk, and keep the last good backup.",
    )


def _not_copied(target: Path, failure: Exception) -> LedgerError:
    return LedgerError(
        f"{target} cannot be written: {failure}", hint="Check its folder: free space, permissions."
    )
