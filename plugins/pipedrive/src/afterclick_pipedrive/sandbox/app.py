"""The emulator: every endpoint, who may call it, and what an error looks like."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from random import Random
from typing import Any, ClassVar

from afterclick.sandbox import (
    Answer,
    Call,
    Clock,
    Emulator,
    Person,
    RecordView,
    Route,
    parse_options,
)
from afterclick_pipedrive.sandbox import bodies, endpoints, samples, view
from afterclick_pipedrive.sandbox.access import Access
from afterclick_pipedrive.sandbox.company import Company
from afterclick_pipedrive.sandbox.limits import Caller, Limit, Limits
from afterclick_pipedrive.sandbox.options import Options
from afterclick_pipedrive.sandbox.team import SalesTeam
from afterclick_pipedrive.sandbox.users import Users

BEFORE = 86_400_000
"""How long ago, in milliseconds, the starting people were typed in: the search index knows them."""

_LIMITS: Mapping[str, Limit] = {"burst": "burst", "search": "search", "daily": "daily"}
_FORBIDDEN: Mapping[str, Callable[[], Answer]] = {
    "html": bodies.blocked,
    "scope": bodies.missing_scope,
    "deals": bodies.deals_capped,
    "fields": bodies.fields_capped,
    "permission": partial(bodies.forbidden, "do this"),
}


class PipedriveSandbox(SalesTeam, Emulator):
    """A Pipedrive company in memory, as strict as its documents and its clients say that Pipedrive is.

    Not emulated: activities, organizations, products, files, webhooks, filters, and the v1 twins of what v2
    has, which are out of support.
    """

    name: ClassVar[str] = "pipedrive"
    title: ClassVar[str] = "Pipedrive"
    reasons: ClassVar[Mapping[int, Collection[str]]] = {403: tuple(_FORBIDDEN), 429: tuple(_LIMITS)}

    def __init__(self, options: Options | None = None, *, clock: Clock | None = None) -> None:
        self.options = options or Options()
        super().__init__(clock=clock, seed=self.options.seed, faults=self.options.faults)
        self.limits = Limits(self.options, self.clock)
        self.company = Company(self.options, self.clock)
        self.access = Access(self.options, self.clock, Random(self.options.seed))
        self._correlation = Random(self.options.seed)
        self._fill()

    # What the base asks for.

    @property
    def record_path(self) -> str:
        """Return where Pipedrive's own pages show a person."""
        return "/person/{id}"

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Return the company's own fields, the first few."""
        return view.columns(self.company)

    def settings(self) -> dict[str, str]:
        """Return the credentials and `base_url`; `provisioning_token` and `plan` where they differ."""
        given = self.options
        if given.oauth:
            names = ("client_id", "client_secret", "refresh_token")
            settings = {name: getattr(given, name) for name in names}
        else:
            settings = {"api_token": given.restricted_token or given.api_token}
        if given.restricted_token or given.oauth:
            settings["provisioning_token"] = given.api_token
        if given.unlimited:
            settings["plan"] = "unlimited"
        elif given.plan != Options().plan:
            settings["plan"] = given.plan
        if self.base_url:
            settings["base_url"] = self.base_url
        return settings

    def routes(self) -> Iterable[Route]:
        """Return the endpoints of both versions."""
        return endpoints.routes(self.company, self.access, Users(self.options, self.clock))

    def admit(self, call: Call) -> Answer | None:
        """Check token, scopes and limits, in this order; behind a block nobody looks at a token."""
        if call.params.get("open"):
            return None
        if "x-api-token" in call.headers and self.limits.blocks():
            return bodies.blocked()
        caller = self.access.caller(call)
        if caller is None:
            return bodies.unauthorized()
        call.notes["caller"] = caller
        scopes = call.params.get("scopes", ())
        if caller.oauth and scopes and caller.scopes.isdisjoint(scopes):
            return bodies.missing_scope()
        # What is at no address costs what the cheapest read does; nobody says what failures cost.
        price, search = call.params.get("price", 1), call.params.get("search", False)
        limit = self.limits.exceeded(caller, call.method, price, search=search)
        return bodies.over_limit(limit) if limit else None

    def finish(self, call: Call, answer: Answer) -> Answer:
        """Add the correlation id, and the limits where the gateway knows the caller."""
        told = {"x-correlation-id": str(uuid.UUID(int=self._correlation.getrandbits(128), version=4))}
        caller: Caller | None = call.notes.get("caller") or self.access.caller(call)
        if caller is not None and answer.status != 401 and not isinstance(answer.body, bytes):
            spent = answer.limit if isinstance(answer, bodies.OverLimit) else None
            told |= self.limits.headers(caller, spent=spent)
        answer.headers = {**told, **answer.headers}
        if not self.options.nulls and answer.status < 300:
            answer.body = _without_nulls(answer.body)
        return answer

    def refuse(self, status: int, reason: str = "") -> Answer:
        """Return Pipedrive's answer of this status; a 200 is one that says `success: false`.

        `reason`: for 403 `html` (the network in front), `scope`, `deals` or `fields` (a cap) or
        `permission`; for 429 `burst`, `search` or `daily`.
        """
        if status == 200:
            return bodies.failed_politely()
        if status == 401:
            return bodies.unauthorized()
        if status == 403:
            return _FORBIDDEN.get(reason, _FORBIDDEN["permission"])()
        if status == 429:
            return bodies.over_limit(_LIMITS.get(reason, "burst"))
        return bodies.refused(status)

    def violations(self) -> dict[str, int]:
        """Return how often each limit was exceeded: `burst`, `search`, `daily`; and calls while `blocked`."""
        return self.limits.violations()

    def records(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the persons, the one changed last first (see `Emulator.records`)."""
        rows = self.company.persons.newest(limit)
        return list(view.summaries(self.company, rows, self.record_url))

    def view(self, record_id: str) -> RecordView | None:
        """Return a person's page, also of a deleted one."""
        row = self.company.persons.get(record_id)
        return None if row is None else view.person(self.company, row)

    def type_in(self, person: Person) -> str:
        """Let the sales team type in a person."""
        name = f"{person.first_name} {person.last_name}".strip() or person.email
        made = self.add_person(name, email=person.email, phone=person.phone, company=person.company)
        return str(made)

    def clear(self) -> None:
        """Go back to the starting people, no custom fields and full limits."""
        self.limits.clear()
        self.access.clear()
        self.company.reset()
        self._fill()

    @property
    def tokens_spent(self) -> int:
        """Return the tokens that today's calls took from the budget."""
        return self.limits.day.spent

    def _fill(self) -> None:
        for given in (*self.options.people, *samples.people(self.options.samples)):
            at = self.clock.now() - BEFORE
            self.add_person(given.name, email=given.email, phone=given.phone, company=given.company, at=at)


def _without_nulls(body: Any) -> Any:
    """Return `body` without the keys that are null; custom fields keep theirs."""
    if isinstance(body, list):
        return [_without_nulls(one) for one in body]
    if not isinstance(body, dict):
        return body
    return {
        name: value if name == "custom_fields" else _without_nulls(value)
        for name, value in body.items()
        if value is not None
    }


def make(options: Mapping[str, str]) -> PipedriveSandbox:
    """Return an emulator set up by texts, as a command line has them (see `Options`).

    Raises:
        ValueError: an option is unknown or has a wrong value; the text names it.

    """
    return PipedriveSandbox(parse_options(options, Options))
