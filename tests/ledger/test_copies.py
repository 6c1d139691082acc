"""Copies of a whole ledger: what is copied is whole, and what is put back counts alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.ledger.harness import Bench
from tests.support.clock import FakeClock

from afterclick.errors import LedgerError, LedgerLockedError, LedgerSchemaError
from afterclick.ledger.queries import migrations
from afterclick.ledger.sqlite import SqliteLedger, backup, restore


def backed_up(ledger: Path, target: Path) -> Path:
    """Copy a ledger and return the copy."""
    backup(ledger, target)
    return target


async def leads(path: Path, clock: FakeClock) -> int:
    """Serve from a ledger for a moment and return how many leads it has."""
    ledger = await SqliteLedger.open(path, clock)
    try:
        return len(await ledger.leads(limit=10))
    finally:
        await ledger.close()


def beside(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir()}


async def test_copy_beside_a_serving_process_is_what_it_had(
    bench: Bench, ledger_path: Path, tmp_path: Path, clock: FakeClock
) -> None:
    await bench.people("ann", "ben")
    copy = backed_up(ledger_path, tmp_path / "copy.db")
    await bench.people("cleo")

    assert await leads(copy, clock) == 2


async def test_copy_is_one_file_that_only_its_owner_reads(
    bench: Bench, ledger_path: Path, tmp_path: Path
) -> None:
    await bench.people("ann")
    (tmp_path / "backups").mkdir()
    copy = backed_up(ledger_path, tmp_path / "backups" / "copy.db")

    assert beside(copy) == {"copy.db"}
    assert copy.stat().st_mode & 0o777 == 0o600


async def test_ledger_of_an_older_version_is_copied_before_it_is_brought_up_to_date(
    bench: Bench, ledger_path: Path, tmp_path: Path
) -> None:
    await bench.people("ann")
    await bench.ledger.close()
    older = migrations("sqlite")[-1][0] - 1
    with closing(apsw.Connection(str(ledger_path))) as db:
        db.pragma("user_version", older)

    with closing(apsw.Connection(str(backed_up(ledger_path, tmp_path / "copy.db")))) as copy:
        assert copy.pragma("user_version") == older


@pytest.mark.parametrize("content", [None, ""])
def test_what_is_no_ledger_is_not_copied(content: str | None, ledger_path: Path, tmp_path: Path) -> None:
    if content is not None:
        ledger_path.write_text(content)

    with pytest.raises(LedgerError, match="no ledger"):
        backup(ledger_path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


async def test_copy_never_takes_the_place_of_a_file(bench: Bench, ledger_path: Path, tmp_path: Path) -> None:
    await bench.people("ann")
    target = tmp_path / "precious"
    target.write_text("x")

    with pytest.raises(LedgerError, match="already"):
        backed_up(ledger_path, target)
    assert target.read_text() == "x"


async def test_copy_of_a_damaged_ledger_is_refused_and_leaves_no_file(
    bench: Bench, ledger_path: Path, tmp_path: Path
) -> None:
    await bench.people(*(f"person-{number}" for number in range(50)))
    await bench.ledger.close()
    with ledger_path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 65536)

    with pytest.raises(LedgerError, match="is damaged"):
        backed_up(ledger_path, tmp_path / "copy.db")
    assert not {"copy.db", "copy.db.part"} & beside(ledger_path)


async def test_restored_copy_takes_the_place_of_what_was_there(
    bench: Bench, ledger_path: Path, tmp_path: Path, clock: FakeClock
) -> None:
    await bench.people("ann", "ben")
    copy = backed_up(ledger_path, tmp_path / "copy.db")
    await bench.people("cleo")
    await bench.ledger.close()

    aside = restore(copy, ledger_path)

    assert await leads(ledger_path, clock) == 2
    assert aside is not None
    assert await leads(aside, clock) == 3
    assert await leads(copy, clock) == 2


async def test_log_of_the_old_ledger_does_not_reach_into_the_restored_one(
    bench: Bench, ledger_path: Path, tmp_path: Path, clock: FakeClock
) -> None:
    await bench.people("ann")
    copy = backed_up(ledger_path, tmp_path / "copy.db")
    await bench.people("ben", "cleo")
    # As a process leaves it that was killed: much of the ledger stands in its log only.
    log = ledger_path.with_name(ledger_path.name + "-wal").read_bytes()
    await bench.ledger.close()
    ledger_path.with_name(ledger_path.name + "-wal").write_bytes(log)

    restore(copy, ledger_path)

    assert await leads(ledger_path, clock) == 1


async def test_ledger_that_is_gone_is_restored(
    bench: Bench, ledger_path: Path, tmp_path: Path, clock: FakeClock
) -> None:
    await bench.people("ann")
    copy = backed_up(ledger_path, tmp_path / "copy.db")

    assert restore(copy, tmp_path / "new" / "ledger.db") is None
    assert await leads(tmp_path / "new" / "ledger.db", clock) == 1


async def test_nothing_is_restored_under_a_serving_process(
    bench: Bench, ledger_path: Path, tmp_path: Path
) -> None:
    await bench.people("ann")
    copy = backed_up(ledger_path, tmp_path / "copy.db")

    with pytest.raises(LedgerLockedError, match="another process"):
        restore(copy, ledger_path)


@pytest.mark.parametrize("content", ["missing", "text", "empty", "another database"])
def test_only_a_ledger_is_restored(content: str, tmp_path: Path, ledger_path: Path) -> None:
    file = tmp_path / "copy.db"
    if content == "text":
        file.write_text("no ledger " * 1000)
    elif content == "empty":
        file.touch()
    elif content == "another database":
        with closing(sqlite3.connect(file)) as other:
            other.executescript("CREATE TABLE songs (name); PRAGMA user_version = 3")

    with pytest.raises(LedgerError):
        restore(file, ledger_path)
    assert not ledger_path.exists()


async def test_copy_of_a_newer_version_is_refused(
    sqlite: SqliteLedger, ledger_path: Path, tmp_path: Path
) -> None:
    copy = backed_up(ledger_path, tmp_path / "copy.db")
    await sqlite.close()
    with closing(apsw.Connection(str(copy))) as newer:
        newer.pragma("user_version", migrations("sqlite")[-1][0] + 1)

    with pytest.raises(LedgerSchemaError):
        restore(copy, ledger_path)
    assert ledger_path.exists()
