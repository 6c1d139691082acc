"""Every endpoint of the emulator on one page, with the scopes that it asks for.

Source of the scopes: developers.hubspot.com, the reference page of each endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable

from afterclick.sandbox import Handler, Route
from afterclick_hubspot.sandbox.account import Account
from afterclick_hubspot.sandbox.batches import Batches
from afterclick_hubspot.sandbox.contacts import Contacts
from afterclick_hubspot.sandbox.portal import Portal
from afterclick_hubspot.sandbox.properties import Properties
from afterclick_hubspot.sandbox.search import Search

READ = ("crm.objects.contacts.read",)
WRITE = ("crm.objects.contacts.write",)
READ_SCHEMA = ("crm.schemas.contacts.read", *READ)
WRITE_SCHEMA = ("crm.schemas.contacts.write",)
OBJECT_SCOPES = frozenset({*READ, *WRITE})
ALL_SCOPES = OBJECT_SCOPES | {*READ_SCHEMA, *WRITE_SCHEMA}

OBJECT_TYPES = ("contacts", "0-1")
"""The names of the contact type in a path."""

Endpoint = tuple[str, str, Handler, tuple[str, ...]]
"""Method, path below the base, handler, and the scopes of which a token needs one."""


def routes(portal: Portal, account: Account) -> Iterable[Route]:
    """Go through the endpoints of every version of the account."""
    for version in portal.options.versions:
        for object_type in OBJECT_TYPES:
            base = f"/crm/objects/{version}/{object_type}"
            yield from _routes(version, base, _objects(portal))
            base = f"/crm/properties/{version}/{object_type}"
            yield from _routes(version, base, _properties(portal))
        yield from _routes(version, f"/account-info/{version}", _account(account))


def _routes(version: str, base: str, endpoints: Iterable[Endpoint]) -> Iterable[Route]:
    """Return routes with full paths; the counts name them without version and kind of type name."""
    label_base = base.replace(version, "{version}").replace("/0-1", "/contacts")
    for method, path, handler, scopes in endpoints:
        params = {"version": version, "scopes": scopes}
        yield Route(method, base + path, handler, f"{method} {label_base}{path}", params)


def _objects(portal: Portal) -> list[Endpoint]:
    one, batch = Contacts(portal), Batches(portal)
    return [
        ("POST", "/batch/read", batch.read, READ),
        ("POST", "/batch/create", batch.create, WRITE),
        ("POST", "/batch/update", batch.update, WRITE),
        ("POST", "/batch/upsert", batch.upsert, WRITE),
        ("POST", "/batch/archive", batch.archive, WRITE),
        ("POST", "/search", Search(portal).search, READ),
        ("POST", "/merge", one.merge, WRITE),
        ("POST", "/gdpr-delete", one.erase, WRITE),
        ("POST", "", one.create, WRITE),
        ("GET", "", one.list, READ),
        ("GET", "/{id}", one.read, READ),
        ("PATCH", "/{id}", one.update, WRITE),
        ("DELETE", "/{id}", one.archive, WRITE),
    ]


def _properties(portal: Portal) -> list[Endpoint]:
    schema = Properties(portal)
    return [
        ("GET", "/groups", schema.list_groups, READ_SCHEMA),
        ("POST", "/groups", schema.create_group, WRITE_SCHEMA),
        ("GET", "/groups/{name}", schema.read_group, READ_SCHEMA),
        ("POST", "/batch/create", schema.batch_create, WRITE_SCHEMA),
        ("POST", "/batch/read", schema.batch_read, READ_SCHEMA),
        ("GET", "", schema.list, READ_SCHEMA),
        ("POST", "", schema.create, WRITE_SCHEMA),
        ("GET", "/{name}", schema.read, READ_SCHEMA),
        ("PATCH", "/{name}", schema.update, WRITE_SCHEMA),
        ("DELETE", "/{name}", schema.archive, WRITE_SCHEMA),
    ]


def _account(account: Account) -> list[Endpoint]:
    return [
        ("GET", "/details", account.details, ()),
        ("GET", "/api-usage/daily/private-apps", account.usage, ()),
    ]
