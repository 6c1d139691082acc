"""What all sources share: where deliveries go, the limits, and the figures."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from prometheus_client import Counter

from afterclick.clock import Clock
from afterclick.config.secrets import SecretSource
from afterclick.ledger.api import Ingest
from afterclick.ledger.rows import NewEvent, StoredEvent
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Delivery, Metrics
from afterclick.receiver.answers import Stored
from afterclick.receiver.limits import Incomplete, Limits, TooLarge
from afterclick.receiver.refusals import Refusals
from afterclick.receiver.signature import Key

IP_SECRET = "ip"  # noqa: S105 - the name of a secret in the ledger


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """A request that is not taken; `result` tells why, `failure` what of ours went wrong."""

    def __init__(self, result: Delivery, failure: Exception | None = None) -> None:
        super().__init__(result.value)
        self.result = result
        self.failure = failure


class Intake:
    """What all sources share; `stopping` turns further deliveries away until the process ends."""

    def __init__(
        self,
        ledger: Ingest,
        clock: Clock,
        metrics: Metrics,
        limits: Limits,
        *,
        ip_secret: bytes,
        keep_ip: bool = False,
    ) -> None:
        self.ledger = ledger
        self.clock = clock
        self.metrics = metrics
        self.limits = limits
        self.address_key = Key(ip_secret)
        self.keep_ip = keep_ip
        self.stopping = False
        self.answer = Stored(clock)
        self.refusals = Refusals(clock)

    async def read(self, request: web.BaseRequest) -> bytes:
        """Return the body of a request that may be one.

        Raises:
            Refused: it may not, or its body cannot be read.

        """
        if request.method != "POST":
            raise Refused(Delivery.BAD_METHOD)
        if self.stopping:
            raise Refused(Delivery.UNAVAILABLE)
        try:
            return await self.limits.read_body(request)
        except TooLarge as failure:
            raise Refused(Delivery.TOO_LARGE) from failure
        except Incomplete as failure:
            raise Refused(Delivery.INCOMPLETE) from failure

    async def store(self, event: NewEvent) -> bool:
        """Store an event durably; tell whether it is new.

        Raises:
            Refused: it may not be stored, so the sender must come again.

        """
        try:
            return await self.ledger.append(event)
        except Exception as failure:
            # A LedgerError or worse.
            raise Refused(Delivery.UNAVAILABLE, failure) from failure

    async def stored(self, event: NewEvent) -> StoredEvent | None:
        """Return what is stored under a registration's key: it, or the one that it repeats.

        Raises:
            Refused: the ledger does not say; the sender must come again.

        """
        try:
            return await self.ledger.stored(event.tie)
        except Exception as failure:
            raise Refused(Delivery.UNAVAILABLE, failure) from failure


class Tally:
    """What is counted of one source."""

    def __init__(self, metrics: Metrics, source: str) -> None:
        # Children once: finding one costs as much as counting.
        self._counts: Mapping[Delivery, Counter] = {
            result: metrics.deliveries.labels(source, result.value) for result in Delivery
        }
        self._seconds = metrics.delivery_seconds.labels(source)
        self._last_at = 0
        metrics.last_delivery_timestamp_seconds.labels(source).set_function(lambda: self._last_at / 1000)

    def count(self, result: Delivery) -> None:
        """Count a request by what became of it."""
        self._counts[result].inc()

    def signed(self, at: int, seconds: float) -> None:
        """Note when something well signed came (ms), and how long its answer took."""
        self._last_at = at
        self._seconds.observe(seconds)


def tell_rotation(source: str, secret: SecretSource) -> None:
    """Log that a secret of a source changed, or that its file can no longer be used."""
    log = get_logger("receiver", source=source)
    if secret.problem is None:
        log.info(Said.ROTATED, place=secret.reference)
    else:
        log.warning(Said.ROTATION_FAILED, place=secret.reference, problem=secret.problem)
