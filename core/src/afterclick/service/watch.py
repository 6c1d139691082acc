"""Looks for trouble while the service runs: on its own at the start, everywhere soon after and every hour.

What is found is kept as findings, and closed when a later look does not find it any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from structlog.typing import FilteringBoundLogger

from afterclick.checking.accounts import at_account
from afterclick.checking.local import at_home
from afterclick.checking.look import Look
from afterclick.checking.setup import names
from afterclick.clock import MILLISECONDS_PER_DAY, Clock
from afterclick.config.connections import ConnectionPlan
from afterclick.config.model import Settings
from afterclick.errors import LedgerError
from afterclick.folding.findings import IDENTITY_REFUSED
from afterclick.host.connection import Connected
from afterclick.host.discovery import Discovery
from afterclick.ledger.api import Ledger
from afterclick.ledger.told import FindingRow, Outdated
from afterclick.observe.events import Said
from afterclick.observe.metrics import Metrics
from afterclick.syncing import findings as sync

FIRST, EVERY = 10.0, 3600.0
"""Seconds from the start until accounts are asked, so that the lanes go first, and between two rounds."""

PASSING = 7 * MILLISECONDS_PER_DAY


class RegularChecks:
    """Looks around until cancelled; whatever goes wrong in a look costs that look and nothing else."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        settings: Settings,
        plan: ConnectionPlan,
        found: Discovery,
        connected: Sequence[Connected],
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._settings = settings
        self._plan = plan
        self._found = found
        self._connected = connected
        self._metrics = metrics
        self._log = log
        self._told: set[tuple[str, str, str]] = set()

    async def run(self) -> None:
        """Look around, again and again."""
        await self._safely(self.look_here)
        await self._clock.sleep(FIRST)
        while True:
            await self._safely(self.look_around)
            await self._clock.sleep(EVERY)

    async def look_here(self) -> None:
        """Look at what can be judged without asking anybody."""
        for look in await at_home(self._settings, self._plan, self._found, self._ledger):
            await self._keep(look)

    async def look_around(self) -> None:
        """Close what is over, and look at everything; an account that hangs holds up no other."""
        for row in await self._ledger.close_outdated(self._outdated(), now=self._clock.now()):
            self._say_closed(row)
        await self.look_here()
        looks = [self._safely(partial(self._look_at, connected)) for connected in self._connected]
        await asyncio.gather(*looks)

    async def _look_at(self, connected: Connected) -> None:
        await self._keep(await at_account(connected, serving=True))

    async def _safely(self, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
        except LedgerError as failure:
            self._log.warning(Said.LEDGER_UNAVAILABLE, code=failure.code, reason=failure.message)
        except Exception as failure:  # noqa: BLE001 - a fault of ours must not end the service; it is told
            self._log.warning(Said.CHECK_FAILED, failure=type(failure).__name__, exc_info=failure)

    def _outdated(self) -> Outdated:
        return Outdated(
            parked=frozenset({sync.LEAD_PARKED.code, sync.LEAD_REJECTED.code}),
            held=frozenset({sync.RECORD_AMBIGUOUS.code, sync.RECORD_GONE.code, sync.RECORD_SHARED.code}),
            doubled=frozenset({sync.RECORD_DOUBLE.code}),
            rejected=frozenset({sync.FIELD_REJECTED.code}),
            passing=frozenset(
                kind.code for kind in (IDENTITY_REFUSED, sync.STUBS_WAITING, sync.RECORD_NOT_ERASED)
            ),
            since=self._clock.now() - PASSING,
            connections=frozenset(names(self._plan)),
        )

    async def _keep(self, look: Look) -> None:
        now = self._clock.now()
        rows = look.rows(now)
        changes = await self._ledger.replace_findings(look.connection, look.codes, rows, now=now)
        for row in rows:
            self._metrics.finding(row.code, row.connection)
            self._say(row)
        for row in changes.closed:
            self._say_closed(row)

    def _say(self, row: FindingRow) -> None:
        """Tell of a finding once per process, and again after it was over."""
        if _key(row) in self._told:
            return
        self._told.add(_key(row))
        say = self._log.info if row.level == "info" else self._log.warning
        say(
            Said.FINDING,
            code=row.code,
            connection=row.connection,
            subject=row.subject,
            message=row.message,
            remedy=row.remedy,
        )

    def _say_closed(self, row: FindingRow) -> None:
        self._told.discard(_key(row))
        self._log.info(Said.FINDING_CLOSED, code=row.code, connection=row.connection, message=row.message)


def _key(row: FindingRow) -> tuple[str, str, str]:
    return row.code, row.connection, row.subject
