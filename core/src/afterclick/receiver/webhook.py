"""One delivery: body, signature, facts, commit, answer, in that order.

The sender takes anything but a 2xx for a failure, tries four times in about 37 minutes and forgets.
So what is well signed is stored and answered with 200, whatever it says, and 503 means only that it
could not be stored.
"""

from __future__ import annotations

from functools import partial

from aiohttp import web

from afterclick.config.model import Source
from afterclick.ledger.rows import EventState, NewEvent
from afterclick.model.event import ECOMMERCE, FOLDED_TYPES, REGISTRATION, TEST, dedupe_key, occurred
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import Delivery
from afterclick.receiver.answers import last_ok, refusal
from afterclick.receiver.blanking import blank
from afterclick.receiver.heading import Heading, read_heading
from afterclick.receiver.intake import Intake, Refused, Tally, tell_rotation
from afterclick.receiver.signature import HEADER, Key, Verifier

_FOLDED = FOLDED_TYPES - {REGISTRATION}
_ECOMMERCE = frozenset(ECOMMERCE)
_RESULTS = {
    EventState.NEW: Delivery.ACCEPTED,
    EventState.IGNORED: Delivery.IGNORED,
    EventState.INVALID: Delivery.INVALID,
}


class Webhook:
    """Receives the deliveries of one source."""

    def __init__(self, name: str, source: Source, intake: Intake) -> None:
        self.name = name
        self._space = source.space
        self._intake = intake
        self._verifier = Verifier(source.secrets, intake.clock, partial(tell_rotation, name))
        # Bound now: one that is bound at each line costs microseconds even where debug is off.
        self._log = get_logger("receiver", source=name).bind()
        self._tally = Tally(intake.metrics, name)

    async def receive(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        intake = self._intake
        started = intake.clock.elapsed()
        try:
            body = await intake.read(request)
            if not self._verifier.verify(request.headers.getall(HEADER, ()), body):
                raise Refused(Delivery.UNVERIFIED)
            event = self._event(body)
            new = await intake.store(event)
        except Refused as refused:
            return self._refuse(refused)
        result = _RESULTS[event.state] if new else Delivery.DUPLICATE
        self._tally.count(result)
        self._log.debug(Said.DELIVERY_ACCEPTED, type=event.type, result=result.value)
        self._tally.signed(event.received_at, intake.clock.elapsed() - started)
        return intake.answer if request.keep_alive else last_ok()

    def _event(self, body: bytes) -> NewEvent:
        intake = self._intake
        return read_delivery(
            body,
            space=self._space,
            source=self.name,
            now=intake.clock.now(),
            address_key=intake.address_key,
            keep_ip=intake.keep_ip,
        )

    def _refuse(self, refused: Refused) -> web.Response:
        self._tally.count(refused.result)
        self._intake.refusals.note(self.name, refused.result, refused.failure)
        return refusal(refused.result)


def read_delivery(
    body: bytes, *, space: str, source: str, now: int, address_key: Key, keep_ip: bool = False
) -> NewEvent:
    """Return the event that a delivery's body makes when it is received `now` (milliseconds)."""
    heading = read_heading(body)
    bucket, tie = dedupe_key(space, source, body, heading.timestamp)
    occurred_at, replaced = occurred(heading.timestamp, now)
    state, reason = judge(heading)
    return NewEvent(
        space=space,
        source=source,
        type=heading.type,
        bucket=bucket,
        tie=tie,
        occurred_at=occurred_at,
        received_at=now,
        body=body if keep_ip else blank(body),
        ip_hash=None if heading.ip is None else hash_address(address_key, space, heading.ip),
        time_replaced=replaced,
        state=state,
        reason=reason,
    )


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
