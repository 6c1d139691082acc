"""One delivery: body, signature, facts, commit, answer, in that order.

The sender takes anything but a 2xx for a failure, tries four times in about 37 minutes and forgets.
So what is well signed is stored and answered with 200, whatever it says, and 503 means only that it
could not be stored.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from prometheus_client import Counter

from afterclick.clock import Clock
from afterclick.config.model import Source
from afterclick.config.secrets import SecretSource
from afterclick.ledger.api import Ingest
from afterclick.ledger.rows import EventState, NewEvent
from afterclick.model.event import ECOMMERCE, FOLDED_TYPES, REGISTRATION, TEST, dedupe_key, occurred
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Delivery, Metrics
from afterclick.receiver.answers import Stored, last_ok, refusal
from afterclick.receiver.blanking import blank
from afterclick.receiver.heading import Heading, read_heading
from afterclick.receiver.limits import Incomplete, Limits, TooLarge
from afterclick.receiver.refusals import Refusals
from afterclick.receiver.signature import HEADER, Key, Verifier

IP_SECRET = "ip"  # noqa: S105 - the name of a secret in the ledger
_FOLDED = FOLDED_TYPES - {REGISTRATION}
_ECOMMERCE = frozenset(ECOMMERCE)
_RESULTS = {
    EventState.NEW: Delivery.ACCEPTED,
    EventState.IGNORED: Delivery.IGNORED,
    EventState.INVALID: Delivery.INVALID,
}


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


class Webhook:
    """Receives the deliveries of one source."""

    def __init__(self, name: str, source: Source, intake: Intake) -> None:
        self.name = name
        self._space = source.space
        self._intake = intake
        self._verifier = Verifier(source.secrets, intake.clock, self._secret_changed)
        # Bound now: one that is bound at each line costs microseconds even where debug is off.
        self._log = get_logger("receiver", source=name).bind()
        metrics = intake.metrics
        # Children once: finding one costs as much as counting.
        self._counts: Mapping[Delivery, Counter] = {
            result: metrics.deliveries.labels(name, result.value) for result in Delivery
        }
        self._seconds = metrics.delivery_seconds.labels(name)
        self._last_at = 0
        metrics.last_delivery_timestamp_seconds.labels(name).set_function(lambda: self._last_at / 1000)

    async def receive(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        intake = self._intake
        started = intake.clock.elapsed()
        if request.method != "POST":
            return self._refuse(Delivery.BAD_METHOD)
        if intake.stopping:
            return self._refuse(Delivery.UNAVAILABLE)
        try:
            body = await intake.limits.read_body(request)
        except TooLarge:
            return self._refuse(Delivery.TOO_LARGE)
        except Incomplete:
            return self._refuse(Delivery.INCOMPLETE)
        if not self._verifier.verify(request.headers.getall(HEADER, ()), body):
            return self._refuse(Delivery.UNVERIFIED)
        event = self._event(body)
        result = await self._store(event)
        self._counts[result].inc()
        if result is Delivery.UNAVAILABLE:
            return refusal(result)
        self._log.debug(Said.DELIVERY_ACCEPTED, type=event.type, result=result.value)
        self._last_at = event.received_at
        self._seconds.observe(intake.clock.elapsed() - started)
        return intake.answer if request.keep_alive else last_ok()

    async def _store(self, event: NewEvent) -> Delivery:
        try:
            new = await self._intake.ledger.append(event)
        except Exception as failure:  # noqa: BLE001 - it is told, with its trace
            # A LedgerError or worse: the event may not be stored, so the sender must come again.
            self._intake.refusals.note(self.name, Delivery.UNAVAILABLE, failure)
            return Delivery.UNAVAILABLE
        return _RESULTS[event.state] if new else Delivery.DUPLICATE

    def _event(self, body: bytes) -> NewEvent:
        intake = self._intake
        heading = read_heading(body)
        received_at = intake.clock.now()
        bucket, tie = dedupe_key(self._space, self.name, body, heading.timestamp)
        occurred_at, replaced = occurred(heading.timestamp, received_at)
        state, reason = judge(heading)
        return NewEvent(
            space=self._space,
            source=self.name,
            type=heading.type,
            bucket=bucket,
            tie=tie,
            occurred_at=occurred_at,
            received_at=received_at,
            body=body if intake.keep_ip else blank(body),
            ip_hash=None if heading.ip is None else hash_address(intake.address_key, self._space, heading.ip),
            time_replaced=replaced,
            state=state,
            reason=reason,
        )

    def _refuse(self, result: Delivery) -> web.Response:
        self._counts[result].inc()
        self._intake.refusals.note(self.name, result)
        return refusal(result)

    def _secret_changed(self, source: SecretSource) -> None:
        if source.problem is None:
            self._log.info(Said.ROTATED, place=source.reference)
        else:
            self._log.warning(Said.ROTATION_FAILED, place=source.reference, problem=source.problem)


def judge(heading: Heading) -> tuple[EventState, str | None]:
    """Return the state a delivery is stored in, and why where that is not `new`."""
    if heading.problem is not None:
        return EventState.INVALID, heading.problem
    if heading.type in _FOLDED:
        return EventState.NEW, None
    if heading.type == TEST:
        return EventState.IGNORED, "a test"
    if heading.type in _ECOMMERCE:
        return EventState.IGNORED, "events of the shop are not used yet"
    # `registration` among them: those come from a source of kind `app`, signed by another scheme.
    return EventState.IGNORED, "an unknown type"


def hash_address(key: Key, space: str, ip: str) -> bytes:
    """Return 16 bytes that are equal for equal addresses of one space and tell nothing else."""
    return key.sign(f"{space}|{ip.lower()}".encode())[:16]
