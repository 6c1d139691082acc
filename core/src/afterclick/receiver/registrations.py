"""`POST /v1/registrations`: the user's own backend reports who signed up.

It is our own API, so it is strict where webhooks are tolerant: a body that is not understood in full
is answered with all that is wrong with it, and nothing is stored. What is answered with 200 is on disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from aiohttp import web

from afterclick.config.model import Source
from afterclick.ledger.rows import NewEvent
from afterclick.model.decode import blank_addresses, decode_leniently, parse_time
from afterclick.model.event import REGISTRATION, occurred
from afterclick.model.registration import TIME_FORM, Registration, registration_key
from afterclick.observe.events import Said
from afterclick.observe.log import get_logger
from afterclick.observe.metrics import OTHER, Delivery
from afterclick.receiver.answers import answer, refusal, words
from afterclick.receiver.connections import know_sender
from afterclick.receiver.intake import Intake, Refused, Tally
from afterclick.receiver.standard import HEADERS, NotSignedError, Signed, StandardVerifier
from afterclick.receiver.strict import Flaw, read_strictly

ADDRESS = "/v1/registrations"
_NO_OBJECT = Flaw("", "must be a JSON object, as UTF-8")
_NOBODY = Flaw("", "must name somebody: give `user_id`, `email` or both")
_NO_TIME = Flaw("registered_at", f"must be {TIME_FORM}")
_FAR_TIME = Flaw(
    "registered_at",
    "must lie at most 31 days back and 10 minutes ahead; without it the time of receipt counts",
)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The answer 200: the registration is on disk, now or since an earlier request of the same id."""

    status: Literal["stored", "duplicate"]
    event: int | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Any other answer. `error` is one word for programs; `faults` tell what is wrong with the body."""

    error: str
    message: str
    faults: tuple[Flaw, ...] = ()


class Registrations:
    """Receives what the sources of kind `app` report; the secret that signed tells which it is."""

    def __init__(self, sources: Mapping[str, Source], intake: Intake) -> None:
        self._sources = sources
        self._intake = intake
        self._verifier = StandardVerifier(sources, intake.clock)
        self._tallies = {name: Tally(intake.metrics, name) for name in sources}
        # Whose a request is that nobody signed can only be told where there is one source.
        self._unsigned = next(iter(sources)) if len(sources) == 1 else OTHER
        self._log = get_logger("receiver")

    async def receive(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        intake = self._intake
        started = intake.clock.elapsed()
        source = self._unsigned
        try:
            body = await intake.read(request)
            headers = {name: request.headers.getall(name, ()) for name in HEADERS}
            signed = self._verifier.verify(headers, body)
            source = signed.source
            know_sender(request)
            event, faults = self._read(signed, body)
            if event is None:
                return self._refuse(source, Refused(Delivery.INVALID), faults=faults)
            new = await intake.store(event)
            stored = await intake.stored(event)
        except NotSignedError as failure:
            return self._refuse(source, Refused(Delivery.UNVERIFIED), str(failure))
        except Refused as refused:
            return self._refuse(source, refused)
        if not new and stored is not None and not _says_the_same(stored.body, body):
            return self._refuse(source, Refused(Delivery.CONFLICT))
        result = Delivery.ACCEPTED if new else Delivery.DUPLICATE
        self._log.debug(Said.DELIVERY_ACCEPTED, source=source, type=event.type, result=result.value)
        self._tallies[source].count(result)
        self._tallies[source].signed(event.received_at, intake.clock.elapsed() - started)
        taken = Taken(status="stored" if new else "duplicate", event=None if stored is None else stored.id)
        return answer(200, msgspec.json.encode(taken), json=True)

    def _read(self, signed: Signed, body: bytes) -> tuple[NewEvent | None, list[Flaw]]:
        received_at = self._intake.clock.now()
        registration, faults = read_registration(body, received_at)
        if registration is None:
            return None, faults
        space = self._sources[signed.source].space
        bucket, tie = registration_key(space, signed.source, signed.id)
        at = registration.registered_at
        event = NewEvent(
            space=space,
            source=signed.source,
            type=REGISTRATION,
            bucket=bucket,
            tie=tie,
            occurred_at=received_at if at is None else parse_time(at) or received_at,
            received_at=received_at,
            body=body if self._intake.keep_ip else blank_addresses(body),
        )
        return event, []

    def _refuse(
        self, source: str, refused: Refused, message: str = "", *, faults: Sequence[Flaw] = ()
    ) -> web.Response:
        result = refused.result
        self._intake.metrics.deliveries.labels(source, result.value).inc()
        self._intake.refusals.note(source, result, refused.failure)
        told = Refusal(error=result.value, message=message or words(result), faults=tuple(faults))
        return refusal(result, msgspec.json.encode(told))


def read_registration(body: bytes, received_at: int) -> tuple[Registration | None, list[Flaw]]:
    """Return a body as a registration, or None and all its faults."""
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        return None, [_NO_OBJECT]
    registration, faults = read_strictly(Registration, raw)
    if not any(raw.get(name) is not None for name in ("user_id", "email")):
        faults.append(_NOBODY)
    if all(fault.path != "registered_at" for fault in faults):
        faults += _faults_of_time(raw.get("registered_at"), received_at)
    return (None, faults) if faults else (registration, [])


def _faults_of_time(text: Any, received_at: int) -> list[Flaw]:
    if text is None:
        return []
    at = None if text.isdigit() else parse_time(text)
    if at is None:
        return [_NO_TIME]
    _, replaced = occurred(at, received_at)
    return [_FAR_TIME] if replaced else []


def _says_the_same(stored: bytes, body: bytes) -> bool:
    # Addresses may have been blanked in the one and not in the other.
    return decode_leniently(blank_addresses(stored)) == decode_leniently(blank_addresses(body))
