"""What only the embedded store promises: one process, whole commits, its own schema."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import apsw
import pytest
from tests.ledger.harness import CRM, Bench, person
from tests.support.clock import NOON, FakeClock
from tests.support.events import make_delivery

from afterclick.errors import LedgerError, LedgerLockedError, LedgerOutdatedError, LedgerSchemaError
from afterclick.ledger.queries import migrations
from afterclick.ledger.sqlite import SqliteLedger, SqliteReader
from afterclick.model.event import INSTALL


def pragma(ledger: SqliteLedger, name: str, value: object = None) -> Any:
    return ledger._write._db.pragma(name, value) if value is not None else ledger._write._db.pragma(name)


# The file


async def test_second_process_is_refused(sqlite: SqliteLedger, ledger_path: Path, clock: FakeClock) -> None:
    with pytest.raises(LedgerLockedError, match="another process"):
        await SqliteLedger.open(ledger_path, clock)

    script = "import sys, pathlib; from afterclick.ledger.sqlite import database as d; "
    script += "d.FileLock(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", script, str(ledger_path)]
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "LedgerLockedError" in other.stderr
    assert await sqlite.append(make_delivery(INSTALL, token="t"))


async def test_lock_goes_with_the_ledger(sqlite: SqliteLedger, ledger_path: Path, clock: FakeClock) -> None:
    await sqlite.close()
    again = await SqliteLedger.open(ledger_path, clock)
    await again.close()


async def test_reader_works_beside_the_process_that_serves(bench: Bench, ledger_path: Path) -> None:
    await bench.people("ann")
    reader = await SqliteReader.open_reader(ledger_path)
    assert [row.id for row in await reader.leads(limit=10)] == [1]
    await bench.people("ben")

    assert [row.id for row in await reader.leads(limit=10)] == [2, 1]
    with pytest.raises(apsw.ReadOnlyError):
        reader._read._db.execute("DELETE FROM leads")
    await reader.close()


async def test_reader_makes_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger"):
        await SqliteReader.open_reader(tmp_path / "none.db")

    assert list(tmp_path.iterdir()) == []


async def test_reader_leaves_nothing_beside_a_ledger_that_nobody_serves(
    bench: Bench, ledger_path: Path
) -> None:
    await bench.people("ann")
    await bench.ledger.close()
    before = {file.name: file.read_bytes() for file in ledger_path.parent.iterdir()}
    reader = await SqliteReader.open_reader(ledger_path)
    assert len(await reader.leads(limit=10)) == 1
    during = {file.name for file in ledger_path.parent.iterdir()}
    await reader.close()

    assert during == set(before)
    assert {file.name: file.read_bytes() for file in ledger_path.parent.iterdir()} == before


@pytest.mark.parametrize(("schema", "problem"), [(1, LedgerOutdatedError), (9999, LedgerSchemaError)])
async def test_reader_refuses_a_ledger_of_another_version(
    sqlite: SqliteLedger, ledger_path: Path, schema: int, problem: type[LedgerError]
) -> None:
    pragma(sqlite, "user_version", schema)
    await sqlite.close()

    with pytest.raises(problem, match=f"schema {schema}"):
        await SqliteReader.open_reader(ledger_path)


async def test_reader_refuses_a_file_that_is_no_ledger(ledger_path: Path) -> None:
    ledger_path.write_bytes(b"nothing of the kind" * 100)

    with pytest.raises(LedgerError, match="cannot be"):
        await SqliteReader.open_reader(ledger_path)


async def test_file_that_is_no_ledger_is_refused(ledger_path: Path, clock: FakeClock) -> None:
    ledger_path.write_bytes(b"nothing of the kind" * 100)
    for _ in range(2):
        with pytest.raises(LedgerError, match="cannot be opened"):
            await SqliteLedger.open(ledger_path, clock)


async def test_folder_is_made_and_one_that_cannot_be_is_an_error(tmp_path: Path, clock: FakeClock) -> None:
    ledger = await SqliteLedger.open(tmp_path / "a" / "b" / "ledger.db", clock)
    await ledger.close()
    (tmp_path / "file").touch()

    with pytest.raises(LedgerError, match="cannot be opened"):
        await SqliteLedger.open(tmp_path / "file" / "ledger.db", clock)


async def test_commits_reach_the_disk(sqlite: SqliteLedger) -> None:
    assert pragma(sqlite, "journal_mode") == "wal"
    assert pragma(sqlite, "synchronous") == 2


async def test_close_leaves_one_file_with_everything(bench: Bench, ledger_path: Path, tmp_path: Path) -> None:
    await bench.people("ann")
    await bench.ledger.close()
    copy = tmp_path / "copy.db"
    copy.write_bytes(ledger_path.read_bytes())

    assert apsw.Connection(str(copy)).execute("SELECT count(*) FROM leads").get == 1


# A store that fails


async def test_full_disk_refuses_deliveries_and_loses_none(sqlite: SqliteLedger) -> None:
    pragma(sqlite, "max_page_count", 1)
    body = b"x" * 50_000
    crowd = [make_delivery(INSTALL, token=f"t{n}", padding=body.decode()) for n in range(20)]
    results = await asyncio.gather(*map(sqlite.append, crowd), return_exceptions=True)

    assert all(isinstance(one, LedgerError) for one in results)
    assert await sqlite.events(limit=100) == []
    pragma(sqlite, "max_page_count", 1_000_000)
    assert all(await asyncio.gather(*map(sqlite.append, crowd)))
    assert len(await sqlite.events(limit=100)) == 20


async def test_group_is_stored_as_a_whole_or_not_at_all(sqlite: SqliteLedger) -> None:
    sqlite._write._db.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.space = 'shop' "
        "BEGIN SELECT RAISE(ABORT, 'no shop'); END"
    )
    crowd = [make_delivery(INSTALL, token=f"t{n}") for n in range(5)]
    bad = make_delivery(INSTALL, token="t", space="shop")
    results = await asyncio.gather(*map(sqlite.append, [*crowd, bad]), return_exceptions=True)
    failed = [one for one in results if isinstance(one, BaseException)]

    assert all(isinstance(one, LedgerError) for one in failed)
    assert len(await sqlite.events(limit=100)) == len(results) - len(failed)
    sqlite._write._db.execute("DROP TRIGGER refuse")
    again = await asyncio.gather(*map(sqlite.append, [*crowd, bad]))
    assert sum(again) == len(failed)


async def test_store_that_cannot_write_is_not_ready(sqlite: SqliteLedger) -> None:
    pragma(sqlite, "query_only", 1)
    assert not await sqlite.ready()
    with pytest.raises(LedgerError):
        await sqlite.append(make_delivery(INSTALL, token="t"))
    pragma(sqlite, "query_only", 0)

    assert await sqlite.ready()


async def test_failed_fold_leaves_no_half(bench: Bench) -> None:
    sqlite = cast("SqliteLedger", bench.ledger)
    sqlite._write._db.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON syncs BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(apsw.ConstraintError):
        await bench.people("ann")
    assert await bench.ledger.leads(limit=10) == []
    assert len(await bench.ledger.unfolded(10)) == 1
    sqlite._write._db.execute("DROP TRIGGER refuse")
    await bench.fold(person("ann"))

    assert len(await bench.ledger.leads(limit=10)) == 1


async def test_groups_are_reported_with_their_size(tmp_path: Path, clock: FakeClock) -> None:
    groups: list[int] = []
    ledger = await SqliteLedger.open(
        tmp_path / "l.db", clock, batch=8, committed=lambda rows, _: groups.append(rows)
    )
    await asyncio.gather(*(ledger.append(make_delivery(INSTALL, token=f"t{n}")) for n in range(50)))
    await ledger.close()

    assert sum(groups) == 50
    assert max(groups) <= 8


# The schema


def shape(db: apsw.Connection) -> list[tuple[Any, ...]]:
    return list(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"))


async def test_schema_is_what_the_migrations_make(sqlite: SqliteLedger) -> None:
    plain = apsw.Connection(":memory:")
    for _, _, sql in migrations("sqlite"):
        plain.execute(sql)

    assert shape(plain) == shape(sqlite._write._db)
    assert pragma(sqlite, "user_version") == migrations("sqlite")[-1][0]


async def test_schema_is_sound_and_made_once(
    sqlite: SqliteLedger, ledger_path: Path, clock: FakeClock
) -> None:
    await sqlite.append(make_delivery(INSTALL, token="t"))
    before = shape(sqlite._write._db)
    await sqlite.close()
    again = await SqliteLedger.open(ledger_path, clock)

    assert shape(again._write._db) == before
    assert again._write._db.pragma("integrity_check") == "ok"
    assert len(await again.events(limit=10)) == 1
    await again.close()


def test_migrations_are_numbered_without_gaps() -> None:
    assert [number for number, _, _ in migrations("sqlite")] == list(range(1, len(migrations("sqlite")) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for _, name, _ in migrations("sqlite"))


async def test_ledger_of_a_newer_program_is_refused_and_left_alone(
    sqlite: SqliteLedger, ledger_path: Path, clock: FakeClock
) -> None:
    newer = migrations("sqlite")[-1][0] + 1
    pragma(sqlite, "user_version", newer)
    await sqlite.close()

    for _ in range(2):
        with pytest.raises(LedgerSchemaError, match=f"schema {newer}"):
            await SqliteLedger.open(ledger_path, clock)
    assert apsw.Connection(str(ledger_path)).pragma("user_version") == newer


# Forgetting


async def test_what_is_kept_for_a_time_goes_after_it(bench: Bench, clock: FakeClock) -> None:
    link = {"prefix": "menu", "token": "autumn"}
    delivery = make_delivery(INSTALL, at=NOON, ip="198.51.100.1", **link)
    assert await bench.ledger.append(delivery)
    assert await bench.ledger.tidy() == 0
    await clock.advance(2 * 86_400 + 2)
    assert await bench.ledger.tidy() == 1
    [event] = await bench.ledger.events(limit=1)
    assert event.ip_hash is None
    assert not await bench.ledger.append(delivery)
    await clock.advance(30 * 86_400)
    assert await bench.ledger.tidy() >= 0
    assert await bench.ledger.tidy() == 0

    assert [row.body for row in await bench.ledger.events(limit=10)] == [event.body]
    assert CRM not in {row.name for row in await bench.ledger.lanes()}


# Rows


@pytest.mark.parametrize("count", [0, 1, 2, 3, 127, 128, 129, 300])
def test_rows_are_stored_and_found_whatever_their_number(sqlite: SqliteLedger, count: int) -> None:
    database = sqlite._write
    names = [("main", "user", str(number)) for number in range(count)]
    database.run_rows("put_identity", [(*name, lead) for lead, name in enumerate(names)])

    found = database.run_rows("identities", [*names, ("main", "user", "nobody")])
    assert sorted(found) == sorted((*name, lead) for lead, name in enumerate(names))
