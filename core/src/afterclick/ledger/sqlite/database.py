"""Opening the file: pragmas, the lock that keeps a second process away, migrations."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from afterclick.errors import LedgerError, LedgerLockedError, LedgerSchemaError
from afterclick.ledger.queries import migrations, statements
from afterclick.ledger.sqlite.values import spread

_CHECKPOINT_PAGES = 20_000
_ROWS_AT_ONCE = 128
"""Rows a statement: each size is one more that is kept prepared."""

Row = tuple[Any, ...]

_TROUBLE = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.NotADBError,
    apsw.ReadOnlyError,
)
"""Faults of the store, whatever it was asked. Others tell that what it was asked cannot be right."""


def _unusable(failure: Exception) -> LedgerError:
    return LedgerError(
        f"the ledger cannot be used: {failure}", hint="Check the disk: free space, permissions, health."
    )


def _not_opened(path: Path, failure: Exception) -> LedgerError:
    return LedgerError(
        f"the ledger {path} cannot be opened: {failure}",
        hint="Check that its folder is writable and that the file is a ledger.",
    )


class Database:
    """One SQLite connection and the named statements.

    `still` says that no process writes. Then nothing is made beside the file, not even for a moment;
    otherwise a reader may leave a shared-memory file behind that the service's user cannot open.
    """

    def __init__(self, path: Path, *, write: bool, still: bool = False) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE if write else apsw.SQLITE_OPEN_READONLY
        name = str(path)
        if still:
            name, flags = f"{path.absolute().as_uri()}?immutable=1", flags | apsw.SQLITE_OPEN_URI
        self._sql: Mapping[str, str] = statements("sqlite")
        try:
            self._db = apsw.Connection(name, flags=flags, statementcachesize=256)
            self._db.set_busy_timeout(10_000)
            if write:
                self._prepare()
        except _TROUBLE as failure:
            raise _not_opened(path, failure) from failure

    def _prepare(self) -> None:
        # One connection writes and checkpoints, so readers never block it and it never blocks them.
        # FULL: a commit has reached the disk before anybody is told so.
        for pragma, value in (
            ("journal_mode", "WAL"),
            ("synchronous", "FULL"),
            ("wal_autocheckpoint", _CHECKPOINT_PAGES),
            # What is deleted or replaced is overwritten: who is forgotten must not be left in a page's gaps.
            ("secure_delete", "ON"),
            ("temp_store", "MEMORY"),
        ):
            self._db.pragma(pragma, value)

    def run(self, name: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Run a named statement and return its rows."""
        return self.run_text(self._sql[name], values)

    def run_text(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Run a statement that was made from a named one."""
        try:
            return list(self._db.execute(sql, values))
        except _TROUBLE as failure:
            raise _unusable(failure) from failure

    def run_rows(self, name: str, rows: Sequence[Sequence[Any]]) -> list[Row]:
        """Run a named statement over rows, which it names `{rows}`; see `values.spread`."""
        return self.run_rows_text(self._sql[name], rows)

    def run_rows_text(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[Row]:
        """Run a statement that was made from a named one over rows, some at a time."""
        found: list[Row] = []
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            found += self.run_text(*spread(sql, rows[start : start + _ROWS_AT_ONCE]))
        return found

    def change(self, name: str, values: Sequence[Any] = ()) -> int:
        """Run a named statement and return how many rows it changed."""
        before = self._db.total_changes()
        self._db.execute(self._sql[name], values)
        return self._db.total_changes() - before

    def text(self, name: str) -> str:
        """Return a named statement, to fill in its shape."""
        return self._sql[name]

    def one(self, name: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Row | None:
        """Return the first row, or None."""
        rows = self.run(name, values)
        return rows[0] if rows else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit on success, roll back on any failure."""
        self.run_text("BEGIN IMMEDIATE")
        try:
            yield
            self.run_text("COMMIT")
        except BaseException:
            # A COMMIT that failed may have left the transaction open too.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def schema(self) -> int:
        """Return the version of the file's schema.

        Raises:
            LedgerError: the file is no ledger.
            LedgerSchemaError: a newer program wrote it.

        """
        current = int(self.run_text("PRAGMA user_version")[0][0])
        newest = migrations("sqlite")[-1][0]
        if current > newest:
            raise LedgerSchemaError(
                f"the ledger has schema {current}, this program knows {newest}",
                hint="Install the version of Afterclick that wrote it, or a newer one.",
            )
        return current

    def migrate(self) -> int:
        """Apply what is missing of the schema and return its version.

        Raises:
            LedgerSchemaError: the file was written by a newer program.

        """
        known = migrations("sqlite")
        current = self.schema()
        for number, _, sql in known:
            if number > current:
                with self.transaction():
                    self._db.execute(sql)
                    self._db.execute(f"PRAGMA user_version = {number}")
        return known[-1][0]

    def is_ledger(self) -> bool:
        """Tell whether the file is a ledger that this program can work with, or bring up to date.

        Raises:
            LedgerError: the file is no database.
            LedgerSchemaError: a newer program wrote it.

        """
        return self.schema() > 0 and bool(self.run_text("SELECT 1 FROM sqlite_schema WHERE name = 'syncs'"))

    def copy_into(self, target: apsw.Connection) -> None:
        """Copy everything, as it stands at this moment; a writer goes on meanwhile."""
        with target.backup("main", self._db, "main") as copying:
            copying.step()

    def checkpoint(self) -> None:
        """Bring the write-ahead log back into the file and cut it."""
        self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


class FileLock:
    """One serving process per ledger. The kernel drops the lock with the process, so kill -9 leaves none."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as failure:
            raise _not_opened(path, failure) from failure
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            os.close(self._file)
            raise LedgerLockedError(
                f"another process serves from {path}",
                hint="Stop it first. Several replicas need PostgreSQL.",
            ) from failure

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._file)
