"""Adopting records that other code made: looked for, paired with leads, given away where there is no doubt.

Nothing of it is remembered. A plan is made anew each time, and what was given is the ledger's to know, so a
crash at any point costs no more than another go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from afterclick.clock import Clock
from afterclick.console.adoption import Adoption, AdoptionWish, Look, shown
from afterclick.console.feeding import SPARE, Route
from afterclick.console.foundlings import Foundling, Names, foundling
from afterclick.errors import ConflictError
from afterclick.host.strays import Reading
from afterclick.ledger.api import Ledger
from afterclick.ledger.claims import Claim
from afterclick.model.pairing import Pair, Pairing, pair
from afterclick.model.traces import Suitor, suitor_of
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger

LEADS_AT_ONCE = 500
"""Leads that are read in one go: some milliseconds of the reading thread."""

PATIENCE, LOOK_EVERY = 10.0, 0.2
"""Seconds that the fold is waited for, and between two looks at it."""

GIVEN_AT_ONCE = 100
"""Records that are given away in one transaction."""


Claiming = Callable[[Mapping[int, Claim]], Awaitable[Mapping[int, str] | None]]
"""Gives leads records through a lane: returns why some were refused, None where another process has it."""


@dataclass(frozen=True, slots=True)
class Account:
    """One connection as adopting sees it; `open` opens it for reading."""

    open: Callable[[], AbstractAsyncContextManager[Reading]]
    claim: Claiming
    route: Route
    observes: bool


class Adoptions:
    """Carries out what operators ask for; `accounts` are the connections that run."""

    def __init__(self, ledger: Ledger, clock: Clock, accounts: Callable[[], Mapping[str, Account]]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._accounts = accounts
        self._busy: set[str] = set()

    async def adopt(self, wish: AdoptionWish) -> Adoption:
        """Look, and give away what there is no doubt about if that is wished.

        Raises:
            ConflictError: it cannot be done now, and why; nothing was given away.

        """
        if wish.connection in self._busy:
            raise ConflictError(
                f"records of {wish.connection} are being adopted just now", hint="Wait until that has ended."
            )
        self._busy.add(wish.connection)
        try:
            return await self._adopt(wish, self._accounts()[wish.connection])
        finally:
            self._busy.discard(wish.connection)

    async def _adopt(self, wish: AdoptionWish, account: Account) -> Adoption:
        await self._caught_up()
        look = await self._look(wish, account)
        pairing = await self._paired(wish.connection, look, account)
        if wish.apply and look.stopped is not None:
            raise ConflictError(
                f"not all records were looked at: {look.stopped}",
                hint="Nothing was given away, since the others may be rivals. Allow more with --calls.",
            )
        refused = await self._give(pairing.pairs, look, account) if wish.apply else {}
        return shown(wish, account.observes, look, pairing, refused)

    async def _caught_up(self) -> None:
        """Wait until the leads of all events are there that came before; later ones may always come."""
        began, until = self._clock.now(), self._clock.elapsed() + PATIENCE
        while (oldest := await self._ledger.unfolded(1)) and oldest[0].received_at <= began:
            if self._clock.elapsed() >= until:
                raise ConflictError(
                    "events wait for the fold: the leads are not all there yet",
                    hint="`afterclick_unfolded_events` tells how many; try again later.",
                )
            await self._clock.sleep(LOOK_EVERY)

    async def _look(self, wish: AdoptionWish, account: Account) -> Look:
        """Read the account, part by part, as far as it is allowed."""
        look = Look()
        async with account.open() as reading:
            after: str | None = None
            while look.stopped is None:
                part = await reading.part(after)
                look.looked += part.looked
                look.calls += part.calls
                look.costs.update(part.costs)
                found = [foundling(one, reading.fields) for one in part.strays]
                await self._keep(wish.connection, found, look)
                after = part.after
                if after is None:
                    break
                look.stopped = self._limit(wish, account, look)
        return look

    def _limit(self, wish: AdoptionWish, account: Account, look: Look) -> str | None:
        if look.calls >= wish.calls:
            return f"{look.calls:,} calls were made, and there is more"
        if account.route.spare() < SPARE:
            return f"the last {SPARE:.0%} of the day's quota are kept for fresh changes"
        return None

    async def _keep(self, connection: str, found: Sequence[Foundling], look: Look) -> None:
        """Note what was found, but for what is somebody's already and only waits for its key."""
        places = [one.place for one in found]
        known = await self._ledger.known_records(connection, places)
        look.given += len(known)
        look.found |= {one.trace.id: one for one in found if one.place not in known}

    async def _paired(self, connection: str, look: Look, account: Account) -> Pairing:
        """Compare all leads with the records; in a thread of its own, since there may be many of both."""
        traces = [one.trace for one in look.found.values()]
        suitors = await self._suitors(connection, Names(traces), account.route.terms.spaces) if traces else []
        return await asyncio.to_thread(pair, traces, suitors)

    async def _suitors(self, connection: str, names: Names, spaces: frozenset[str] | None) -> list[Suitor]:
        kept: list[Suitor] = []
        after = 0
        while page := await self._ledger.living(connection, after=after, look=LEADS_AT_ONCE):
            after = page[-1].lead.id
            for one in page:
                suitor = suitor_of(one.lead.id, one.lead.state, has_record=one.has_record)
                if (spaces is None or one.lead.space in spaces) and names.has(suitor):
                    kept.append(suitor)
        return kept

    async def _give(self, pairs: Sequence[Pair], look: Look, account: Account) -> dict[int, str]:
        """Give the records away; return why some were not, by lead."""
        refused: dict[int, str] = {}
        for start in range(0, len(pairs), GIVEN_AT_ONCE):
            part = pairs[start : start + GIVEN_AT_ONCE]
            answer = await account.claim({one.lead: look.found[one.record].claim for one in part})
            if answer is None:
                raise ConflictError(
                    "another process has the connection's lane",
                    hint=f"{start} records were given away. Ask the process that has the lane.",
                )
            refused |= answer
        get_logger("console").info(
            Said.RECORDS_ADOPTED, given=len(pairs) - len(refused), refused=len(refused)
        )
        return refused
