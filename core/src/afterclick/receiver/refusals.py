"""Tells of refused requests, at most one line a second for each kind: anybody can cause them."""

from __future__ import annotations

from afterclick.clock import Clock
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Delivery
from afterclick.observe.rarely import Rarely

EVERY = 1.0
"""Seconds between two lines of one kind; metrics count every refusal."""


class Refusals:
    """Logs refusals by source and kind."""

    def __init__(self, clock: Clock) -> None:
        self._rarely = Rarely(clock, EVERY)
        self._log = get_logger("receiver")

    def note(self, source: str, result: Delivery, failure: Exception | None = None) -> None:
        """Log one refusal, or count it towards the next line.

        With a `failure` it is no fault of the sender's: the event could not be stored.
        """
        more = self._rarely.more((source, result))
        if more is None:
            return
        log = self._log.bind(source=source, result=result.value, more=more)
        if failure is None:
            log.info(Said.DELIVERY_REFUSED)
        else:
            log.error(Said.LEDGER_UNAVAILABLE, exc_info=failure)
