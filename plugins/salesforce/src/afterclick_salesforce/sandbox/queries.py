"""`/query`, `/queryAll` and the pages that follow.

Source: REST API Developer Guide, "Query", "QueryAll", "Query Options Header"; App Limits Cheatsheet for
the two days of a cursor.
"""

from __future__ import annotations

from typing import NamedTuple

from afterclick.sandbox import MILLISECONDS_PER_DAY, Answer, Call, Row
from afterclick_salesforce.sandbox import problems
from afterclick_salesforce.sandbox.access import Sight
from afterclick_salesforce.sandbox.desk import Desk, caller, record_url
from afterclick_salesforce.sandbox.soql import Prepared, QueryError, parse, prepare
from afterclick_salesforce.sandbox.table import Table

MAX_PAGE = 2_000
MIN_PAGE = 200
CURSOR_LIFE = 2 * MILLISECONDS_PER_DAY


class _Cursor(NamedTuple):
    """A query with more than one page: the records that matched when it ran."""

    query: Prepared
    rows: list[Row]
    size: int
    opened: int


class _Eyes:
    """An org as one caller sees it (`soql.Source`), or its definitions."""

    def __init__(self, desk: Desk, call: Call) -> None:
        self._org = desk.org
        self._user = caller(call)
        self._version: str = call.params["version"]
        self._tooling: bool = call.params.get("tooling", False)

    def now(self) -> int:
        return self._org.clock.now()

    def sight(self, name: str) -> Sight | None:
        return self._org.sight(self._user, name, tooling=self._tooling)

    def table(self, name: str) -> Table:
        return (self._org.definitions if self._tooling else self._org.tables)[name]

    def record_url(self, sobject: str, row_id: str) -> str:
        return record_url(sobject, row_id, self._version)


class Queries:
    """The endpoints of queries."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cursors: dict[str, _Cursor] = {}

    def query(self, call: Call) -> Answer:
        """Run a query over the live records."""
        return self._run(call, deleted=False)

    def query_all(self, call: Call) -> Answer:
        """Run a query over the records in the recycle bin, too."""
        return self._run(call, deleted=True)

    def tooling(self, call: Call) -> Answer:
        """Run a query over the definitions of the org."""
        call.params["tooling"] = True
        return self._run(call, deleted=False)

    def more(self, call: Call) -> Answer:
        """Return the page that `nextRecordsUrl` led to."""
        name, _, start = call.params["locator"].rpartition("-")
        cursor = self._cursors.get(name)
        if cursor is None or not start.isdecimal() or self._too_old(cursor):
            raise problems.refusal("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(call, name, cursor, int(start))

    def forget(self) -> None:
        """Drop the cursors."""
        self._cursors.clear()

    def _run(self, call: Call, *, deleted: bool) -> Answer:
        text = call.query.get("q")
        if text is None:
            raise problems.refusal("MALFORMED_QUERY", "SOQL query is missing")
        try:
            query = prepare(parse(text), _Eyes(self._desk, call))
            rows = query.rows(deleted=deleted)
        except QueryError as error:
            raise problems.refusal(error.code, error.message) from error
        if query.counts:
            return Answer(200, {"totalSize": len(rows), "done": True, "records": []})
        name = f"01g{len(self._cursors):015d}"
        cursor = _Cursor(query, rows, _page_size(call), self._desk.org.clock.now())
        if len(rows) > cursor.size:
            self._cursors[name] = cursor
        return self._page(call, name, cursor, 0)

    def _page(self, call: Call, name: str, cursor: _Cursor, start: int) -> Answer:
        end = start + cursor.size
        records = [cursor.query.record(row) for row in call.heeded(cursor.rows[start:end])]
        call.inputs = len(records)
        done = end >= len(cursor.rows)
        body = {"totalSize": len(cursor.rows), "done": done, "records": records}
        if not done:
            body["nextRecordsUrl"] = f"/services/data/v{call.params['version']}/query/{name}-{end}"
        return Answer(200, body, lists=(records,))

    def _too_old(self, cursor: _Cursor) -> bool:
        return self._desk.org.clock.now() - cursor.opened > CURSOR_LIFE


def _page_size(call: Call) -> int:
    """Return how many records a page holds; what the header asks for is kept within 200 and 2,000."""
    name, _, value = call.headers.get("Sforce-Query-Options", "").partition("=")
    if name.strip().lower() != "batchsize" or not value.strip().isdecimal():
        return MAX_PAGE
    return min(MAX_PAGE, max(MIN_PAGE, int(value)))
