"""The emulator: every endpoint, who may call it, and what an error looks like."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
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
    Row,
    Store,
    parse_options,
)
from afterclick_pipedrive.sandbox import bodies, endpoints, samples, values, view
from afterclick_pipedrive.sandbox.access import Access
from afterclick_pipedrive.sandbox.company import SALES, Company
from afterclick_pipedrive.sandbox.deals import change_deal
from afterclick_pipedrive.sandbox.fields import Entity, Field
from afterclick_pipedrive.sandbox.limits import Caller, Limit, Limits
from afterclick_pipedrive.sandbox.options import Options
from afterclick_pipedrive.sandbox.persons import add_person, change_person
from afterclick_pipedrive.sandbox.users import SELLER, Users

BEFORE = 86_400_000
"""How long ago, in milliseconds, the starting people were typed in: the search index knows them."""

_PLAIN = ("name", "emails", "phones", "owner_id", "activities_count")
"""What the sales team edits of a person besides custom fields."""

_LIMITS: Mapping[str, Limit] = {"burst": "burst", "search": "search", "daily": "daily"}
_FORBIDDEN = ("html", "scope", "deals", "fields", "permission")


class PipedriveSandbox(Emulator):
    """A Pipedrive company in memory, as strict as its documents and its clients say that Pipedrive is.

    Not emulated: activities, organizations, products, files, webhooks, filters, and the v1 twins of what v2
    has, which are out of support.
    """

    name: ClassVar[str] = "pipedrive"
    title: ClassVar[str] = "Pipedrive"
    reasons: ClassVar[Mapping[int, Collection[str]]] = {403: _FORBIDDEN, 429: tuple(_LIMITS)}

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
            return _forbidden(reason)
        if status == 429:
            return bodies.over_limit(_LIMITS.get(reason, "burst"))
        return bodies.refused(status)

    def violations(self) -> dict[str, int]:
        """Return how often each limit was exceeded: `burst`, `search`, `daily`; and calls while `blocked`."""
        return self.limits.violations()

    def records(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the persons, the one changed last first (see `Emulator.records`)."""
        rows = self.company.persons.newest(limit)
        return [view.summary(self.company, row, self.record_url(row.id)) for row in rows]

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
        self.company.reset()
        self._fill()

    # What tests ask for.

    def persons(self) -> list[dict[str, Any]]:
        """Return the persons that are not deleted (see `person`)."""
        return [self._told(row, "person") for row in self.company.persons]

    def person(self, person_id: int) -> dict[str, Any] | None:
        """Return a person, a deleted one as well, or None.

        It has `id`, `is_deleted`, the values by the API's names, and custom fields by their names.
        """
        row = self.company.persons.get(str(person_id))
        return None if row is None else self._told(row, "person")

    def add_person(
        self,
        name: str,
        *,
        email: str = "",
        phone: str = "",
        company: str = "",
        at: int | None = None,
        **custom: Any,
    ) -> int:
        """Let the sales team type in a person, now or `at` (milliseconds since 1970); return its id.

        `custom` are values by the names of custom fields.

        Raises:
            ValueError: there is no name.
            KeyError: there is no such custom field.

        """
        if not name:
            raise ValueError("a person needs a name")
        given: dict[str, Any] = {"name": name, **self._coded("person", custom)}
        for kind, value in (("emails", email), ("phones", phone)):
            if value:
                given[kind] = [{"value": value, "primary": True, "label": "work"}]
        if company:
            given["org_id"] = self.company.organization(company)
        return int(add_person(self.company, given, SALES, owner_id=SELLER.id, at=at).id)

    def edit_person(self, person_id: int, **values_by_name: Any) -> None:
        """Let the sales team change a person, by the API's names or those of custom fields.

        Raises:
            KeyError: there is no such person or field.

        """
        plain = {name: value for name, value in values_by_name.items() if name in _PLAIN}
        custom = {name: value for name, value in values_by_name.items() if name not in _PLAIN}
        change_person(
            self.company, _row(self.company.persons, person_id), plain | self._coded("person", custom), SALES
        )

    def delete_person(self, person_id: int) -> None:
        """Let the sales team delete a person."""
        self.company.persons.archive(_row(self.company.persons, person_id), self.clock.now())

    def deals(self) -> list[dict[str, Any]]:
        """Return the deals that are not deleted, archived ones as well, in the form of `person`."""
        return [self._told(row, "deal") for row in self.company.deals]

    def leads(self) -> list[dict[str, Any]]:
        """Return the leads that are not deleted, in the form of `person`."""
        return [self._told(row, "deal") for row in self.company.leads]

    def notes(self) -> list[dict[str, Any]]:
        """Return the notes that are not deleted."""
        return [self._told(row, "person") for row in self.company.notes]

    def edit_deal(self, deal_id: int, **given: Any) -> None:
        """Let the sales team change a deal, by the API's names: `status`, `is_archived`, `stage_id`.

        Raises:
            KeyError: there is no such deal.

        """
        change_deal(self.company, _row(self.company.deals, deal_id), given, SALES)

    def delete_deal(self, deal_id: int) -> None:
        """Let the sales team delete a deal.

        Raises:
            KeyError: there is no such deal.

        """
        self.company.deals.archive(_row(self.company.deals, deal_id), self.clock.now())

    def stage_id(self, pipeline: str, stage: str) -> int:
        """Return the id of a stage by the names of its pipeline and its own.

        Raises:
            KeyError: there is none.

        """
        for found in self.company.pipelines.stages:
            if (found.pipeline.name, found.name) == (pipeline, stage):
                return found.id
        raise KeyError((pipeline, stage))

    def add_field(
        self, name: str, kind: str = "varchar", *, entity: Entity = "person", options: Iterable[str] = ()
    ) -> Field:
        """Define a custom field, with the labels of its options if it is an `enum` or a `set`."""
        return self.company.fields[entity].define(name, kind, tuple(options))

    def field_code(self, name: str, entity: Entity = "person") -> str:
        """Return the code of the first custom field of that name.

        Raises:
            KeyError: there is none.

        """
        return self.company.fields[entity].named(name).field_code

    @property
    def tokens_spent(self) -> int:
        """Return the tokens that today's calls took from the budget."""
        return self.limits.day.spent

    def _told(self, row: Row, entity: Entity) -> dict[str, Any]:
        names = {field.field_code: field.field_name for field in self.company.fields[entity].custom()}
        told = {names.get(name, name): values.shown(value) for name, value in row.values.items()}
        return {"id": int(row.id) if row.id.isdecimal() else row.id, "is_deleted": row.archived, **told}

    def _coded(self, entity: Entity, by_name: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: self.company.fields[entity].named(name) for name in by_name}
        return {field.field_code: values.kept(field, by_name[name]) for name, field in found.items()}

    def _fill(self) -> None:
        for given in (*self.options.people, *samples.people(self.options.samples)):
            self.add_person(**given, at=self.clock.now() - BEFORE)


def _row(store: Store, record_id: int) -> Row:
    row = store.get(str(record_id))
    if row is None:
        raise KeyError(record_id)
    return row


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


def _forbidden(reason: str) -> Answer:
    made = {"html": bodies.blocked, "scope": bodies.missing_scope, "deals": bodies.deals_capped}
    if reason == "fields":
        return bodies.fields_capped()
    return made[reason]() if reason in made else bodies.forbidden("do this")


def make(options: Mapping[str, str]) -> PipedriveSandbox:
    """Return an emulator set up by texts, as a command line has them (see `Options`).

    Raises:
        ValueError: an option is unknown or has a wrong value; the text names it.

    """
    return PipedriveSandbox(parse_options(options, Options))
