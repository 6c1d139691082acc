"""Our share of the company's tokens of a day: counted by price, kept over restarts, spent in order.

A day is taken to end at midnight UTC: Pipedrive names no zone. What headers say of the company's
rest counts where it is less than ours. Source: Pipedrive, "Rate limiting"; the prices stand in `api`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from math import inf

import msgspec

from afterclick.plugin import CallFailed, Lead, LimitReached, State, Throttled, WriteRefused
from afterclick_pipedrive import limits
from afterclick_pipedrive.settings import PipedriveSettings

LANE, BESIDE = "budget", "budget-beside"
"""Where the counts are kept: of the lane, and of looks beside it, which have a count of their own."""


class Errand(enum.Enum):
    """What tokens are spent on; the value is the part of the day that is kept for what goes before it."""

    CONVERSION = 0.0
    IDENTITY = 0.02
    CREATE = 0.05
    ENRICH = 0.08


def errand_of(lead: Lead) -> Errand:
    """Return what a lead's turn is about."""
    if "conversion_date" in lead.attributes:
        return Errand.CONVERSION
    if not lead.stub:
        return Errand.IDENTITY
    return Errand.CREATE if lead.record is None else Errand.ENRICH


class Spent(msgspec.Struct):
    """What went out on one day (`2026-05-21`, UTC): tokens, and how many writes of persons succeeded."""

    day: str = ""
    tokens: int = 0
    people: int = 0

    @property
    def per_person(self) -> float | None:
        """Return the tokens per person written; None before the first."""
        return self.tokens / self.people if self.people else None


class Budget:
    """Counts tokens before they are spent, and says when there are none left."""

    def __init__(self, now: Callable[[], int], settings: PipedriveSettings, *, beside: bool = False) -> None:
        self._own, self._other = (BESIDE, LANE) if beside else (LANE, BESIDE)
        self._now = now
        self._settings = settings
        self._company = limits.company_tokens(settings)
        self._rest = inf
        self._stored = ""
        self._others = Spent()
        self.spent = Spent()

    @property
    def amount(self) -> float:
        """Return how many tokens a day are ours."""
        return self._settings.daily_tokens or self._company * self._settings.daily_token_share

    @property
    def left(self) -> float:
        """Return how many may still be spent today."""
        return max(0.0, min(self.amount - self.total.tokens, self._rest))

    @property
    def total(self) -> Spent:
        """Return what went out today by the lane and beside it, as far as that is known."""
        self._turn()
        others = self._others if self._others.day == self.spent.day else Spent()
        tokens, people = self.spent.tokens + others.tokens, self.spent.people + others.people
        return Spent(self.spent.day, tokens, people)

    def allows(self, errand: Errand) -> bool:
        """Tell whether an errand may begin, or has to leave the rest to more urgent ones."""
        return self.amount == inf or self.left > self.amount * errand.value

    @contextmanager
    def spending(self, price: int) -> Iterator[None]:
        """Count a call's price, and take it back if the call never left.

        Raises:
            Throttled: our share of the day does not suffice; nothing was sent.

        """
        if price > self.left:
            raise Throttled("our share of the day's tokens is spent", after=self.wait(), scope=limits.DAILY)
        self._add(price)
        try:
            yield
        except (LimitReached, WriteRefused):
            self._add(-price)
            raise
        except CallFailed as failure:
            if not failure.sent:
                self._add(-price)
            raise

    def _add(self, price: int) -> None:
        self.spent.tokens += price
        self._rest -= price

    def told(self, company: float | None, rest: float | None) -> None:
        """Follow what headers say of the company's tokens of the day."""
        self._company = company or self._company
        if rest is not None:
            self._turn()
            self._rest = rest

    def wrote(self) -> None:
        """Count a person that was written."""
        self._turn()
        self.spent.people += 1

    def wait(self) -> float:
        """Return the seconds until it is worth another look: the day's end, or sooner."""
        now = datetime.fromtimestamp(self._now() / 1000, UTC)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        return min((midnight - now).total_seconds(), limits.PROBE)

    def _turn(self) -> None:
        today = self._today().isoformat()
        if self.spent.day != today:
            self.spent, self._rest = Spent(day=today), inf

    def _today(self) -> date:
        return datetime.fromtimestamp(self._now() / 1000, UTC).date()

    async def load(self, state: State) -> None:
        """Go on from what an earlier process spent today."""
        stored = await state.get(self._own)
        if stored is not None:
            self.spent, self._stored = msgspec.json.decode(stored, type=Spent), stored
        await self._look_beside(state)
        self._turn()

    async def store(self, state: State) -> None:
        """Keep what was spent; a crash forgets one batch at most."""
        text = msgspec.json.encode(self.spent).decode()
        if text != self._stored:
            self._stored = text
            await state.set(self._own, text)
            await self._look_beside(state)

    async def _look_beside(self, state: State) -> None:
        others = await state.get(self._other)
        if others is not None:
            self._others = msgspec.json.decode(others, type=Spent)
