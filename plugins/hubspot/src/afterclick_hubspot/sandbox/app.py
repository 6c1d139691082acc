"""The emulator: every endpoint, who may call it, and what an error looks like."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from afterclick.sandbox import Answer, Call, Clock, Emulator, Person, RecordView, Route, parse_options
from afterclick_hubspot.sandbox import endpoints, samples, view
from afterclick_hubspot.sandbox.account import Account, Limits
from afterclick_hubspot.sandbox.bodies import POLICIES
from afterclick_hubspot.sandbox.book import SALES
from afterclick_hubspot.sandbox.options import Options
from afterclick_hubspot.sandbox.portal import Portal
from afterclick_hubspot.sandbox.schema import Group, Property, PropertyInput

_TYPED = {"first_name": "firstname", "last_name": "lastname"}
"""What HubSpot calls the parts of a person, where it has another word."""


class HubSpotSandbox(Emulator):
    """A HubSpot account in memory, as strict as the recordings say that HubSpot is.

    Not emulated: objects other than contacts, associations, custom events, webhooks, OAuth.
    """

    name: ClassVar[str] = "hubspot"
    title: ClassVar[str] = "HubSpot"
    reasons: ClassVar[Mapping[int, Collection[str]]] = {401: ("expired",), 429: tuple(POLICIES)}

    def __init__(self, options: Options | None = None, *, clock: Clock | None = None) -> None:
        self.options = options or Options()
        super().__init__(clock=clock, seed=self.options.seed, faults=self.options.faults)
        self._scopes = {self.options.token: endpoints.ALL_SCOPES}
        if self.options.restricted_token:
            self._scopes[self.options.restricted_token] = endpoints.OBJECT_SCOPES
        if self.options.read_only_token:
            self._scopes[self.options.read_only_token] = frozenset(endpoints.READ)
        self.limits = Limits(self.options, self.clock)
        self.portal = Portal(self.options, self.clock, self.record_url)
        self._fill()

    # What the base asks for.

    @property
    def record_path(self) -> str:
        """Return where HubSpot's own pages show a contact."""
        return f"/contacts/{self.options.portal_id}/record/0-1/{{id}}"

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Return the account's own properties, the first few."""
        return view.columns(self.portal.schema)

    def settings(self) -> dict[str, str]:
        """Return `access_token` and `base_url`; `provisioning_token` and `plan` where they differ."""
        settings = {"access_token": self.options.restricted_token or self.options.token}
        if self.options.restricted_token:
            settings["provisioning_token"] = self.options.token
        if self.options.unlimited:
            settings["plan"] = "unlimited"
        if self.base_url:
            settings["base_url"] = self.base_url
        return settings

    def routes(self) -> Iterable[Route]:
        """Return the endpoints of every version."""
        return endpoints.routes(self.portal, Account(self.options, self.clock, self.limits))

    def admit(self, call: Call) -> Answer | None:
        """Check the bearer token, its scopes and the limits, in this order."""
        token = self._token(call)
        if token is None:
            return self.portal.bodies.unauthorized()
        scopes = self._scopes[token]
        needed = call.params.get("scopes", ())
        if needed and scopes.isdisjoint(needed):
            return self.portal.bodies.missing_scopes(needed)
        policy = self.limits.exceeded(token, search=_is_search(call))
        return self.portal.bodies.rate_limited(policy) if policy else None

    def finish(self, call: Call, answer: Answer) -> Answer:
        """Add the rate-limit headers, which searches, unknown callers and the network in front do not get."""
        token = self._token(call)
        if token is None or _is_search(call) or answer.status == 401 or isinstance(answer.body, bytes):
            return answer
        spent = answer.body["policyName"] if answer.status == 429 else ""
        answer.headers = {**self.limits.headers(token, spent=spent), **answer.headers}
        return answer

    def _token(self, call: Call) -> str | None:
        """Return the bearer token of a call, if the account knows it."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" and token in self._scopes else None

    def refuse(self, status: int, reason: str = "") -> Answer:
        """Return HubSpot's answer of this status.

        `reason`: for 401 `expired`; for 429 `daily`, `search` or `burst`; for 477 the seconds of
        `Retry-After`.
        """
        bodies = self.portal.bodies
        if status == 401:
            return bodies.unauthorized(expired=reason == "expired")
        if status == 403:
            return bodies.missing_scopes(endpoints.WRITE)
        if status == 404:
            return bodies.not_found()
        if status == 429:
            return bodies.rate_limited(POLICIES.get(reason, "TEN_SECONDLY_ROLLING"))
        return bodies.trouble(status, reason)

    def violations(self) -> dict[str, int]:
        """Return how often each limit was exceeded: `burst`, `search`, `daily`."""
        return self.limits.violations()

    def records(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the contacts, the one changed last first (see `Emulator.records`)."""
        rows = self.portal.book.store.newest(limit)
        return [view.summary(row, self.record_url(row.id)) for row in rows]

    def view(self, record_id: str) -> RecordView | None:
        """Return a contact's page, also of an archived one."""
        row = self.portal.book.store.get(record_id)
        return None if row is None else view.contact(row, self.portal.schema)

    def type_in(self, person: Person) -> str:
        """Let the sales team type in a contact."""
        return self.add_contact({_TYPED.get(name, name): text for name, text in person.by_name().items()})

    def clear(self) -> None:
        """Go back to the starting contacts, no custom properties and full limits."""
        self.limits.clear()
        self.portal.reset()
        self._fill()

    # What tests ask for.

    def contacts(self) -> list[dict[str, str]]:
        """Return the properties of every contact that is not archived, `hs_object_id` included."""
        return [{**row.values, "hs_object_id": row.id} for row in self.portal.book.store]

    def contact(self, contact_id: str) -> dict[str, str] | None:
        """Return a contact's properties by id (or the id of one merged into it), or None."""
        row = self.portal.book.locate(contact_id)
        return None if row is None else {**row.values, "hs_object_id": row.id}

    def contact_by_key(self, value: str) -> dict[str, str] | None:
        """Return the contact that holds `value` in any unique property, or None."""
        for name in ("email", *self.portal.schema.unique()):
            row = self.portal.book.locate(value, name)
            if row is not None:
                return self.contact(row.id)
        return None

    def add_contact(self, properties: Mapping[str, str], *, additional_emails: Iterable[str] = ()) -> str:
        """Let the sales team type in a contact; return its id.

        Raises:
            ValueError: HubSpot does not take a value.
            afterclick.sandbox.UniqueClash: another contact has one of the unique values.

        """
        row = self.portal.book.add(self.portal.book.new_id(), self._read(properties), SALES)
        self.portal.book.add_emails(row, additional_emails)
        return row.id

    def edit_contact(self, contact_id: str, properties: Mapping[str, str]) -> None:
        """Let the sales team change a contact.

        Raises:
            KeyError: there is no such contact.
            ValueError: HubSpot does not take a value.

        """
        row = self.portal.book.locate(contact_id)
        if row is None:
            raise KeyError(contact_id)
        self.portal.book.change(row, self._read(properties), SALES)

    def archive(self, contact_id: str) -> None:
        """Let the sales team delete a contact; it can be seen under `archived=true`."""
        row = self.portal.book.locate(contact_id)
        if row is not None:
            self.portal.book.archive(row)

    def add_property(self, name: str, kind: str = "string", *, unique: bool = False) -> Property:
        """Define a custom contact property of type `kind` in the group `deep_link_attribution`."""
        group = "deep_link_attribution"
        self.portal.schema.groups.setdefault(group, Group(name=group, label="Deep Link Attribution"))
        field_type = {"string": "text", "number": "number", "bool": "booleancheckbox"}.get(kind, "date")
        label = name.replace("_", " ").capitalize()
        return self.portal.define(
            PropertyInput(
                name=name,
                label=label,
                type=kind,
                field_type=field_type,
                group_name=group,
                has_unique_value=unique,
            )
        )

    def _read(self, properties: Mapping[str, str]) -> dict[str, str]:
        values, bad = self.portal.checker.read(properties)
        if bad:
            raise ValueError("; ".join(found.message for found in bad))
        return values

    def _fill(self) -> None:
        for properties in (*self.options.contacts, *samples.people(self.options.samples)):
            self.add_contact(properties)


def make(options: Mapping[str, str]) -> HubSpotSandbox:
    """Return an emulator set up by texts, as a command line has them (see `Options`).

    Raises:
        ValueError: an option is unknown or has a wrong value; the text names it.

    """
    return HubSpotSandbox(parse_options(options, Options))


def _is_search(call: Call) -> bool:
    return call.path.endswith("/search")
