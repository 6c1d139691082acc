"""The emulator: every endpoint, who may call it, and what people do to its records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from random import Random
from typing import Any, ClassVar

from afterclick.sandbox import Answer, Call, Clock, Emulator, Person, RecordView, Route, parse_options
from afterclick_salesforce.sandbox import endpoints, people, problems, view
from afterclick_salesforce.sandbox.access import User
from afterclick_salesforce.sandbox.describing import NEWEST, OLDEST, SUPPORTED_SINCE
from afterclick_salesforce.sandbox.desk import Desk
from afterclick_salesforce.sandbox.limits import Limits
from afterclick_salesforce.sandbox.metadata import Soap
from afterclick_salesforce.sandbox.metadata.xml import FaultError
from afterclick_salesforce.sandbox.oauth import OAuth
from afterclick_salesforce.sandbox.options import Options
from afterclick_salesforce.sandbox.org import Org
from afterclick_salesforce.sandbox.queries import Queries
from afterclick_salesforce.sandbox.sessions import Sessions

MAX_TARGET = 16_384
"""The longest URI, and URI with headers, in bytes."""

_TYPED = {
    "first_name": "FirstName",
    "last_name": "LastName",
    "email": "Email",
    "phone": "Phone",
    "company": "Company",
}


class SalesforceSandbox(Emulator):
    """A Salesforce org in memory, as strict as documentation and field reports say that Salesforce is.

    Not emulated: Bulk API, Composite Graph and Tree, triggers and flows (but see `RowFault`), sharing rules,
    person accounts, record types, merging over SOAP.
    """

    name: ClassVar[str] = "salesforce"
    title: ClassVar[str] = "Salesforce"
    reasons: ClassVar[Mapping[int, Collection[str]]] = problems.REASONS

    def __init__(self, options: Options | None = None, *, clock: Clock | None = None) -> None:
        self.options = options or Options()
        super().__init__(clock=clock, seed=self.options.seed, faults=self.options.faults)
        self.limits = Limits(self.options, self.clock)
        self.org = Org(self.options, self.clock)
        self._desk = Desk(self.org)
        self._queries = Queries(self._desk)
        self._oauth = OAuth(self.org, lambda: self.sessions, self.limits, lambda: self.base_url)
        self.soap = Soap(self.org, self._admit_soap)
        self._begin()

    def _begin(self) -> None:
        self.sessions = Sessions(self.options, self.clock, Random(f"{self.options.seed}/sessions"))
        self.sessions.keep(self.options.admin_token, self.org.admin)
        for sobject, records in (("Lead", self.options.leads), ("Contact", self.options.contacts)):
            for values in records:
                self.people.add(sobject, values)
        self.people.add_samples(self.options.samples)

    # What the base asks for.

    @property
    def record_path(self) -> str:
        """Return where Salesforce's own pages show a record of any kind."""
        return "/lightning/r/{id}/view"

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Return the org's own fields, the first few."""
        return view.columns(self.org.tables["Lead"])

    @property
    def people(self) -> people.People:
        """Return what the sales team does in the org, for tests and demonstrations."""
        return people.People(self.org)

    def settings(self) -> dict[str, str]:
        """Return what opens the org: its address, the app's credentials, an administrator's token."""
        settings = {"client_id": self.options.client_id}
        if self.options.flow == "jwt":
            settings |= {"username": self.options.username, "private_key": self._oauth.private_key}
        else:
            settings["client_secret"] = self.options.client_secret
        settings["provisioning_token"] = self.options.admin_token
        if self.options.unlimited:
            settings["pacing"] = "false"
        if self.base_url:
            settings["base_url"] = self.base_url
        return settings

    def routes(self) -> Iterable[Route]:
        """Return the endpoints."""
        return endpoints.routes(self._desk, self._oauth, self.soap, self.limits, self._queries)

    def admit(self, call: Call) -> Answer | None:
        """Check the size of the request, its version, its session and the limits, in this order."""
        refused = _oversized(call) or self._wrong_version(call)
        if refused is not None or call.params.get("open"):
            return refused
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme not in ("Bearer", "OAuth"):
            return self.refuse(401, "header") if scheme else self.refuse(401)
        user = self.sessions.user(token)
        if user is None:
            return self.refuse(401)
        call.notes["user"] = user
        exceeded = self.limits.exceeded(self.calls.open)
        return self.refuse(403, exceeded) if exceeded else None

    def _admit_soap(self, session_id: str) -> User:
        user = self.sessions.user(session_id)
        if user is None:
            raise FaultError(
                "INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session"
            )
        exceeded = self.limits.exceeded(self.calls.open)
        if exceeded:
            [problem] = self.refuse(403, exceeded).body
            raise FaultError(problem["errorCode"], problem["message"])
        return user

    def _wrong_version(self, call: Call) -> Answer | None:
        number = float(call.params.get("version", NEWEST))
        if number < OLDEST:
            return self.refuse(410)
        return self.refuse(404) if number > NEWEST else None

    def finish(self, call: Call, answer: Answer) -> Answer:
        """Add what every answer to a known caller tells: what is spent, and that a version is old."""
        if "user" not in call.notes or isinstance(answer.body, bytes):
            return answer
        more = self.limits.headers()
        version = float(call.params.get("version", NEWEST))
        if version < SUPPORTED_SINCE:
            more["Warning"] = f'299 - "The API version {version} is deprecated and will be retired"'
        answer.headers = {**more, **answer.headers}
        return answer

    def refuse(self, status: int, reason: str = "") -> Answer:
        """Return Salesforce's answer of this status; the words for `reason` are in `reasons`."""
        return problems.refuse(status, reason)

    def violations(self) -> dict[str, int]:
        """Return how often each limit was exceeded: `daily`, `concurrent`, `logins`."""
        return self.limits.violations()

    def counts(self) -> dict[str, Any]:
        """Return what every emulator counts, and `assignments`: how often the assignment rule has run."""
        return {**super().counts(), "assignments": self.org.assignments.total()}

    def records(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return Leads and Contacts, the one changed last first (see `Emulator.records`)."""
        found = [
            view.summary(table, row, self.record_url(row.id))
            for table in (self.org.tables["Lead"], self.org.tables["Contact"])
            for row in table.store.newest(limit)
        ]
        found.sort(key=lambda one: one["updated_at"], reverse=True)
        return found[:limit]

    def view(self, record_id: str) -> RecordView | None:
        """Return the page of a Lead or Contact, also of a deleted one."""
        found = self.org.by_id(record_id)
        if found is None or found[0].sobject.name not in ("Lead", "Contact"):
            return None
        names = {row.id: row.values["Name"] for row in self.org.tables["User"]}
        return view.record(*found, names)

    def type_in(self, person: Person) -> str:
        """Let the sales team type in a Lead; a company that is not given is `-`, as people do."""
        values = {_TYPED[name]: text for name, text in person.by_name().items()}
        return self.people.add("Lead", {"LastName": "-", "Company": "-", **values})

    def clear(self) -> None:
        """Go back to the starting records, no custom fields, no sessions and full limits."""
        self.limits.clear()
        self.org.reset()
        self._desk.open()
        self.soap.begin()
        self._queries.forget()
        self._begin()


def _oversized(call: Call) -> Answer | None:
    target = len(call.target)
    if target > MAX_TARGET:
        return problems.refuse(414, "")
    headers = sum(len(name) + len(value) + 4 for name, value in call.headers.items())
    return problems.refuse(431, "") if target + headers > MAX_TARGET else None


def make(options: Mapping[str, str]) -> SalesforceSandbox:
    """Return an emulator set up by texts, as a command line has them (see `Options`).

    Raises:
        ValueError: an option is unknown or has a wrong value; the text names it.

    """
    return SalesforceSandbox(parse_options(options, Options))
