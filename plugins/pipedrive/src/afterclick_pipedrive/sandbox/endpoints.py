"""Every endpoint of the emulator on one page, with its price in tokens and the scopes that it asks for.

Source: the two specifications, `x-token-cost` and `security` of each operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from afterclick.sandbox import Handler, Route
from afterclick_pipedrive.sandbox.access import Access
from afterclick_pipedrive.sandbox.company import Company
from afterclick_pipedrive.sandbox.deals import Deals
from afterclick_pipedrive.sandbox.field_endpoints import FieldEndpoints
from afterclick_pipedrive.sandbox.leads import Leads
from afterclick_pipedrive.sandbox.merges import Conversions, Merges
from afterclick_pipedrive.sandbox.notes import Notes
from afterclick_pipedrive.sandbox.persons import Persons
from afterclick_pipedrive.sandbox.pipelines import PipelineEndpoints
from afterclick_pipedrive.sandbox.search import Search
from afterclick_pipedrive.sandbox.users import Users

V2 = "/api/v2"
V1 = ("/api/v1", "/v1")
"""Both prefixes of v1; on the shared host, leads are below the second one only."""

CONTACTS = ("contacts:full",)
READ_CONTACTS = ("contacts:read", *CONTACTS)
DEALS = ("deals:full",)
READ_DEALS = ("deals:read", *DEALS)
LEADS = ("leads:full",)
READ_LEADS = ("leads:read", *LEADS)
SEARCH = ("search:read",)


class Endpoint(NamedTuple):
    """One operation: path below the prefix, price in tokens, and the scopes of which an app needs one."""

    method: str
    path: str
    handler: Handler
    price: int
    scopes: tuple[str, ...]
    search: bool = False


def routes(company: Company, access: Access, users: Users) -> Iterator[Route]:
    """Go through the endpoints of both versions, and the one that gives access tokens."""
    yield Route("POST", "/oauth/token", access.token, params={"open": True})
    for group in (_persons, _deals, _conversions, _fields, _pipelines, _search):
        yield from _routes(V2, "v2", group(company))
    for prefix in V1:
        yield from _routes(prefix, "v1", _users(users))
        yield from _routes(prefix, "v1", _notes(company))
        yield from _routes(prefix, "v1", _merges(company))
        if prefix != "/api/v1" or not company.options.shared_host:
            yield from _routes(prefix, "v1", _leads(company))


def _routes(prefix: str, version: str, endpoints: Iterable[Endpoint]) -> Iterator[Route]:
    """Return routes with full paths; the counts name both prefixes of v1 alike."""
    for one in endpoints:
        params = {"price": one.price, "scopes": one.scopes, "search": one.search}
        label = f"{one.method} /{version}{one.path}"
        yield Route(one.method, prefix + one.path, one.handler, label, params)


def _persons(company: Company) -> list[Endpoint]:
    one = Persons(company)
    return [
        # Before `/persons/{id}`, which would take it for an id.
        Endpoint(
            "GET", "/persons/search", Search(company).persons, 20, (*READ_CONTACTS, *SEARCH), search=True
        ),
        Endpoint("GET", "/persons", one.list, 10, READ_CONTACTS),
        Endpoint("POST", "/persons", one.create, 5, CONTACTS),
        Endpoint("GET", "/persons/{id}", one.read, 1, READ_CONTACTS),
        Endpoint("PATCH", "/persons/{id}", one.update, 5, CONTACTS),
        Endpoint("DELETE", "/persons/{id}", one.delete, 3, CONTACTS),
    ]


def _deals(company: Company) -> list[Endpoint]:
    one = Deals(company)
    return [
        Endpoint("GET", "/deals/search", Search(company).deals, 20, (*READ_DEALS, *SEARCH), search=True),
        Endpoint("GET", "/deals/archived", one.list_archived, 20, READ_DEALS),
        Endpoint("GET", "/deals", one.list, 10, READ_DEALS),
        Endpoint("POST", "/deals", one.create, 5, DEALS),
        Endpoint("GET", "/deals/{id}", one.read, 1, READ_DEALS),
        Endpoint("PATCH", "/deals/{id}", one.update, 5, DEALS),
        Endpoint("DELETE", "/deals/{id}", one.delete, 3, DEALS),
    ]


def _conversions(company: Company) -> list[Endpoint]:
    one = Conversions(company)
    status = "/leads/{id}/convert/status/{conversion_id}"
    return [
        Endpoint("GET", "/leads/search", Search(company).leads, 20, (*READ_LEADS, *SEARCH), search=True),
        Endpoint("POST", "/leads/{id}/convert/deal", one.convert, 40, LEADS),
        Endpoint("GET", status, one.status, 1, READ_LEADS),
    ]


def _leads(company: Company) -> list[Endpoint]:
    one = Leads(company)
    return [
        Endpoint("GET", "/leads", one.list, 20, READ_LEADS),
        Endpoint("POST", "/leads", one.create, 10, LEADS),
        Endpoint("GET", "/leads/archived", one.list_archived, 40, READ_LEADS),
        Endpoint("GET", "/leads/{id}", one.read, 2, READ_LEADS),
        Endpoint("PATCH", "/leads/{id}", one.update, 10, LEADS),
        Endpoint("DELETE", "/leads/{id}", one.delete, 6, LEADS),
        Endpoint("GET", "/leadLabels", one.labels, 10, READ_LEADS),
        Endpoint("POST", "/leadLabels", one.create_label, 10, LEADS),
        Endpoint("GET", "/leadSources", one.sources, 2, READ_LEADS),
    ]


def _notes(company: Company) -> list[Endpoint]:
    one = Notes(company)
    writing = (*DEALS, *CONTACTS)
    reading = (*READ_DEALS, *READ_CONTACTS)
    return [
        Endpoint("GET", "/notes", one.list, 20, reading),
        Endpoint("POST", "/notes", one.create, 10, writing),
        Endpoint("GET", "/notes/{id}", one.read, 2, reading),
        Endpoint("PUT", "/notes/{id}", one.update, 10, writing),
        Endpoint("DELETE", "/notes/{id}", one.delete, 6, writing),
    ]


def _merges(company: Company) -> list[Endpoint]:
    both = Merges(company)
    return [
        Endpoint("PUT", "/persons/{id}/merge", both.persons, 40, CONTACTS),
        Endpoint("PUT", "/deals/{id}/merge", both.deals, 40, DEALS),
    ]


def _fields(company: Company) -> Iterator[Endpoint]:
    persons, deals = FieldEndpoints(company, "person"), FieldEndpoints(company, "deal")
    for path, fields, read, write in (
        ("/personFields", persons, READ_CONTACTS, "contact-fields:full"),
        ("/dealFields", deals, READ_DEALS, "deal-fields:full"),
    ):
        writing = ("admin", write)
        yield Endpoint("GET", path, fields.list, 10, (*read, *writing))
        yield Endpoint("POST", path, fields.create, 5, writing)
        yield Endpoint("GET", f"{path}/{{field_code}}", fields.read, 1, (*read, *writing))
        yield Endpoint("PATCH", f"{path}/{{field_code}}", fields.update, 5, writing)
        yield Endpoint("DELETE", f"{path}/{{field_code}}", fields.delete, 3, writing)


def _pipelines(company: Company) -> list[Endpoint]:
    both = PipelineEndpoints(company)
    scopes = (*READ_DEALS, "admin")
    return [
        Endpoint("GET", "/pipelines", both.list, 5, scopes),
        Endpoint("GET", "/pipelines/{id}", both.read, 1, scopes),
        Endpoint("GET", "/stages", both.list_stages, 5, scopes),
        Endpoint("GET", "/stages/{id}", both.read_stage, 1, scopes),
    ]


def _search(company: Company) -> list[Endpoint]:
    search = Search(company)
    return [
        Endpoint("GET", "/itemSearch", search.items, 20, SEARCH, search=True),
        Endpoint("GET", "/itemSearch/field", search.field, 20, SEARCH, search=True),
    ]


def _users(users: Users) -> list[Endpoint]:
    return [
        Endpoint("GET", "/users/me", users.me, 2, ("base",)),
        Endpoint("GET", "/users", users.list, 20, ("users:read",)),
        Endpoint("GET", "/users/{id}", users.read, 2, ("users:read",)),
        Endpoint("GET", "/users/{id}/permissions", users.permissions, 10, ("users:read",)),
    ]
