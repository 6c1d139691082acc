"""Resolution: finding out whose an event is, among few people and among millions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tests.benchmarks.figures import Figure, Goal, ratio, scaled
from tests.benchmarks.folding_benchmarks import run
from tests.benchmarks.ledgers import Filled, multiply
from tests.benchmarks.options import Options
from tests.benchmarks.receiving_benchmarks import yardstick
from tests.benchmarks.stage import scratch
from tests.support.events import make_delivery, make_report

from afterclick.clock import SystemClock
from afterclick.ledger.rows import NewEvent
from afterclick.model.event import CLAIM, COMPLETED, INSTALL

KNOWN, OPEN = 1_000, 600
"""People who are known, and open journeys, in the ledger that the others are copies of."""

_NAMES = 3
"""Identities of one who is known: user, address, friend of a code."""

FEW = _NAMES * KNOWN
EVENTS = 10_000
BUSY = 10
"""Links that every other journey is on."""

_EVENTS_EACH = 5
RATE = Goal("≥", 3_000, 6_000)


def resolve(options: Options) -> Iterator[Figure]:
    """Folding events whose person has to be looked for, among few identities and among many."""
    rates: dict[int, list[float]] = {FEW: [], options.identities: []}
    bare: list[float] = []
    with scratch(options.folder) as folder:
        files = {identities: folder / f"{identities}.db" for identities in rates}
        for identities, file in files.items():
            run(begin(file))
            multiply(file, _copies(identities), "copies_of_journeys.sql")
        for number in range(options.rounds):
            bare.append(yardstick(options))
            for identities, file in files.items():
                known = KNOWN * (_copies(identities) + 1)
                rates[identities].append(run(_rate(file, start=number * EVENTS, known=known)))
    for identities, rate in rates.items():
        journeys = OPEN * (_copies(identities) + 1)
        name = f"resolving, {identities:,} identities, {journeys:,} open journeys"
        yield scaled(name, rate, bare, "events/s", goal=RATE)
    name = f"resolve rate at {options.identities:,} ÷ at {FEW:,} identities"
    yield ratio(name, rates[options.identities], rates[FEW])


def _copies(identities: int) -> int:
    return identities // FEW - 1


async def begin(file: Path) -> None:
    """Fill a new ledger, of which the others are copies."""
    filled = await Filled.open(file, connections=("crm",))
    await filled.append(_known())
    await filled.append(_open())
    await filled.fold()
    await filled.close()


async def _rate(file: Path, *, start: int, known: int) -> float:
    filled = await Filled.open(file, connections=("crm",))
    await filled.append(islice(mixed(start, known), EVENTS))
    started = time.perf_counter()
    folded = await filled.fold()
    took = time.perf_counter() - started
    await filled.close()
    return folded / took


def _known() -> Iterator[NewEvent]:
    at = SystemClock().now() - 3_600_000
    for n in range(KNOWN):
        yield make_report(at=at + n, user_id=f"user{n}", email=f"person@{n}.example.com")
        yield make_delivery(
            COMPLETED, at=at + KNOWN + n, referral_code=f"code{n}", referred_user_id=f"user{n}"
        )


def _open() -> Iterator[NewEvent]:
    at = SystemClock().now() - 3_600_000
    for n in range(OPEN):
        token = f"busy{n // 2 % BUSY}" if n % 2 else f"own{n}"
        yield make_delivery(INSTALL, at=at + n, prefix="promo", token=token, platform=_platform(n // 2))


def mixed(start: int, known: int) -> Iterator[NewEvent]:
    """Yield events of five kinds in turn, without end; `known` people are there to be found again."""
    at = SystemClock().now() - 600_000
    n = start // _EVENTS_EACH
    while True:
        now, busy, ip = at + 20 * n % 500_000, f"busy{n % BUSY}", f"2001:db8::{n:x}"
        yield make_delivery(INSTALL, at=now, prefix="promo", token=busy, platform=_platform(n), visit=n)
        # Spread over all that are known, so that neighbours lie far from each other.
        person, copy = n * 7_919 % KNOWN, n * 104_729 % (known // KNOWN)
        again = f"-{copy}" if copy else ""
        # By the address: the copied leads themselves still say whose user id the original has.
        email = f"person@{person}.example.com{again}"
        yield make_report(at=now + 1, email=email, company="Acme", properties={"visit": n})
        yield make_report(
            at=now + 2, user_id=f"new{n}", email=f"new@{n}.example.com", deep_link_path=f"/promo/{busy}"
        )
        yield make_delivery(INSTALL, at=now + 3, ip=ip, platform="ios", hostname="go.example.com")
        yield make_delivery(CLAIM, at=now + 4, ip=ip, deep_link_path=f"/promo/mine{n}", method="signals")
        n += 1


def _platform(n: int) -> str:
    return "ios" if n % 2 else "android"
