"""What is sent means what the figures say of it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from tests.benchmarks.deliveries import SECRET, bursts, singles, write
from tests.benchmarks.ledgers import Filled, multiply
from tests.benchmarks.resolving_benchmarks import BUSY, FEW, KNOWN, OPEN, begin, mixed
from tests.benchmarks.stage import Watch

from afterclick.cli.sending import sign


async def test_five_events_become_one_lead(tmp_path: Path) -> None:
    filled = await Filled.open(tmp_path / "ledger.db", connections=("crm",))
    await filled.store(bursts(), 50)

    assert await filled.fold() == 50
    assert await filled.living() == 10
    await filled.close()


async def test_single_events_become_a_lead_each(tmp_path: Path) -> None:
    filled = await Filled.open(tmp_path / "ledger.db", connections=("crm",))
    await filled.store(singles(), 20)

    assert await filled.fold() == 20
    assert await filled.living() == 20
    await filled.close()


async def test_copies_fill_a_ledger_and_are_due(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    filled = await Filled.open(file, connections=("crm",))
    await filled.store(bursts(), 50)
    await filled.fold()
    await filled.close()

    multiply(file, 60, "copies_of_events.sql")

    watch = Watch(file)
    assert watch.due() == 10 * 61
    assert watch.one("SELECT count(*) FROM events") == watch.one("SELECT count(*) FROM seen") == 50 * 61
    watch.close()


async def test_mixed_events_find_their_people_among_many(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    await begin(file)
    multiply(file, 2, "copies_of_journeys.sql")
    watch = Watch(file)
    assert watch.one("SELECT count(*) FROM identities") == 3 * FEW
    assert watch.one("SELECT count(*) FROM journeys WHERE NOT person") == 3 * OPEN
    busy = "SELECT count(*) FROM journeys WHERE NOT person AND token = 'busy0'"
    assert watch.one(busy) == 3 * OPEN // 2 // BUSY
    filled = await Filled.open(file, connections=("crm",))
    await filled.append(islice(mixed(0, 3 * KNOWN), 100))
    await filled.fold()
    newest = await filled.ledger.events(limit=100)
    await filled.close()
    watch.close()

    # Newest first: a claim with its install, somebody new, somebody known, a tap.
    how = [event.decision.how for event in newest if event.decision is not None]
    assert how == ["founded", "probable", "probable", "exact", "founded"] * 20


def test_requests_are_signed_and_no_two_alike(tmp_path: Path) -> None:
    file = write(tmp_path / "some.http", bursts(), 100)
    requests = file.read_bytes().split(b"POST /webhooks/tolinku HTTP/1.1\r\n")[1:]
    parts = [request.partition(b"\r\n\r\n") for request in requests]

    assert len({body for _, _, body in parts}) == 100
    assert all(sign(SECRET, body).encode() in head for head, _, body in parts)


def test_second_file_goes_on_where_the_first_ended() -> None:
    first = [one.body for one in islice(bursts(), 50)]
    second = [one.body for one in islice(bursts(start=10), 50)]

    assert not set(first) & set(second)
