"""Every endpoint of the emulator on one page."""

from __future__ import annotations

from collections.abc import Iterable

from afterclick.sandbox import Handler, Route
from afterclick_salesforce.sandbox.batches import Batches
from afterclick_salesforce.sandbox.composite import Composite
from afterclick_salesforce.sandbox.describing import Describing
from afterclick_salesforce.sandbox.desk import Desk
from afterclick_salesforce.sandbox.limits import Limits
from afterclick_salesforce.sandbox.metadata import Soap
from afterclick_salesforce.sandbox.oauth import OAuth
from afterclick_salesforce.sandbox.queries import Queries
from afterclick_salesforce.sandbox.rows import Rows
from afterclick_salesforce.sandbox.tooling import Tooling

BASE = r"/services/data/v{version:\d+\.\d}"
OPEN = {"open": True}
"""For whom no session is needed, and what counts against no limit."""


def routes(desk: Desk, oauth: OAuth, soap: Soap, limits: Limits, queries: Queries) -> Iterable[Route]:
    """Go through the endpoints."""
    about = Describing(desk, limits)
    yield Route("POST", "/services/oauth2/token", oauth.token, params=OPEN)
    yield Route("POST", r"/services/Soap/m/{version:\d+\.\d}", soap.call, "POST /services/Soap/m", OPEN)
    for path in ("/services/data", "/services/data/"):
        yield Route("GET", path, about.versions, "GET /services/data", OPEN)
    data = _data(desk, about, queries)
    for method, path, handler in [*data, ("POST", "/composite", Composite(desk, data).run)]:
        yield Route(method, BASE + path, handler, f"{method} /services/data/{{version}}{path}")


def _data(desk: Desk, about: Describing, queries: Queries) -> list[tuple[str, str, Handler]]:
    batches, rows = Batches(desk), Rows(desk)
    return [
        ("GET", "/query", queries.query),
        ("GET", "/queryAll", queries.query_all),
        ("GET", "/query/{locator}", queries.more),
        ("GET", "/tooling/query", queries.tooling),
        ("POST", "/tooling/sobjects/CustomField", Tooling(desk).create_field),
        ("POST", "/composite/sobjects", batches.create),
        ("PATCH", "/composite/sobjects", batches.update),
        ("DELETE", "/composite/sobjects", batches.delete),
        ("POST", "/composite/sobjects/{type}", batches.read),
        ("PATCH", "/composite/sobjects/{type}/{field}", batches.upsert),
        ("GET", "", about.resources),
        ("GET", "/limits", about.limits),
        ("GET", "/sobjects", about.objects),
        ("GET", "/sobjects/{type}", about.basic),
        ("GET", "/sobjects/{type}/describe", about.describe),
        ("POST", "/sobjects/{type}", rows.create),
        ("GET", "/sobjects/{type}/{id}", rows.read),
        ("PATCH", "/sobjects/{type}/{id}", rows.update),
        ("POST", "/sobjects/{type}/{id}", rows.post),
        ("DELETE", "/sobjects/{type}/{id}", rows.delete),
        ("GET", "/sobjects/{type}/{field}/{value}", rows.read_by_key),
        ("PATCH", "/sobjects/{type}/{field}/{value}", rows.upsert),
        ("POST", "/sobjects/{type}/{field}/{value}", rows.post),
    ]
