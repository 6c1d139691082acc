"""One account put together: schema, contacts, writer, and the small helpers that endpoints share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any, TypeVar

import msgspec

from afterclick.sandbox import Answer, Call, Clock, Refused, Row
from afterclick_hubspot.sandbox import records
from afterclick_hubspot.sandbox.bodies import Bodies, Problem
from afterclick_hubspot.sandbox.book import Book
from afterclick_hubspot.sandbox.options import Options
from afterclick_hubspot.sandbox.schema import Property, PropertyInput, Schema
from afterclick_hubspot.sandbox.values import Checker, instant
from afterclick_hubspot.sandbox.writes import Writer

MAX_INPUTS = 100
MAX_INPUTS_WITH_HISTORY = 50
"""How many inputs a batch may have, and a read that asks for former values."""

B = TypeVar("B")


class Portal:
    """The state of one account. `record_url` gives the address of a contact's page by id."""

    def __init__(self, options: Options, clock: Clock, record_url: Callable[[str], str]) -> None:
        self.options = options
        self._clock = clock
        self._record_url = record_url
        self.reset()

    def reset(self) -> None:
        """Start with an empty account; whoever holds this portal sees the new one."""
        rng = Random(self.options.seed)
        self.bodies = Bodies(rng)
        self.schema = Schema(self.now())
        self.checker = Checker(self.schema)
        self.book = Book(self.schema, self.options, self._clock, rng)
        self.writer = Writer(self.book, self.checker, self.options)

    def now(self) -> str:
        """Return the time as HubSpot writes it."""
        return instant(self._clock.now())

    def milliseconds(self) -> int:
        """Return the time in milliseconds since 1970."""
        return self._clock.now()

    def define(self, wanted: PropertyInput) -> Property:
        """Make a property and let it be used at once.

        Raises:
            WrongDefinitionError: it may not be defined this way.

        """
        made = self.schema.create(wanted, self.now())
        if made.has_unique_value:
            self.book.store.make_unique(made.name)
        self.checker.refresh()
        return made

    def as_object(self, row: Row, properties: Mapping[str, str | None]) -> dict[str, Any]:
        """Return a contact as the API returns it, with `properties` and the address of its page."""
        return records.as_object(row, properties, self._record_url(row.id))

    def wanted(self, names: Iterable[str]) -> list[str]:
        """Return the properties that a read asked for; HubSpot passes over those it does not know."""
        asked = [name for name in names if name in self.schema.active]
        return list(dict.fromkeys((*asked, *records.ALWAYS))) if asked else list(records.READ_BY_DEFAULT)

    def body(self, call: Call, of: type[B]) -> B:
        """Decode the body of a call. Ids and values must be strings, as the specification says.

        Raises:
            Refused: it is not JSON (415 if it does not claim to be), or has another form.

        """
        if not call.headers.get("Content-Type", "").startswith("application/json"):
            raise Refused(self.bodies.error(415, "Cannot parse content. The Content-Type must be JSON."))
        try:
            return msgspec.json.decode(call.body, type=of)
        except msgspec.DecodeError as error:
            raise Refused(self.bodies.unreadable(str(error))) from error

    def refuse(self, problem: Problem) -> Answer:
        """Return the answer that refuses a whole request."""
        return self.bodies.problem(problem)

    def admit_batch(self, call: Call, inputs: int, *, with_history: bool = False) -> None:
        """Count the inputs of a batch.

        Raises:
            Refused: there are too many.

        """
        call.inputs = inputs
        limit, what = (
            (MAX_INPUTS_WITH_HISTORY, " for property histories") if with_history else (MAX_INPUTS, "")
        )
        if inputs > limit:
            message = f"The maximum number of inputs supported in a batch request{what} is {limit}"
            raise Refused(self.bodies.invalid(message))

    def envelope(
        self, success: int, started: str, results: list[Any], errors: list[dict[str, Any]]
    ) -> Answer:
        """Return a batch's answer: `success`, or 207 if some of it failed."""
        body: dict[str, Any] = {
            "status": "COMPLETE",
            "results": results,
            "startedAt": started,
            "completedAt": self.now(),
        }
        if errors:
            body |= {"errors": errors, "numErrors": len(errors)}
        return Answer(207 if errors else success, body, lists=(results, errors))
