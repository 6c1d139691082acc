"""Reads records by id, key or e-mail address, each at most once in a hook call.

Whoever looks asks for what they need; what is not known yet is collected and read for all leads at once, up
to five queries a call. So two hundred people cost one call, and one more for those whose record led to
another. Queries read the database, so what was written a moment ago is found; search would not.
Source: Salesforce, "Composite", "Query" and "QueryAll" in the "REST API Developer Guide".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from afterclick.plugin import BatchRefused, CallFailed
from afterclick_salesforce import answers, errors, problem, soql
from afterclick_salesforce.answers import Page, Row
from afterclick_salesforce.api import PARTS
from afterclick_salesforce.client import Client
from afterclick_salesforce.fields import LEAD
from afterclick_salesforce.mapping import CONVERTED, EMAIL, same, same_id

ID = "Id"
MASTER = "MasterRecordId"
DELETED = "IsDeleted"


class Want(NamedTuple):
    """What is looked for: a value in a field of an object; `deleted` looks into the recycle bin."""

    object: str
    by: str
    value: str
    deleted: bool = False

    @property
    def place(self) -> tuple[str, str, str, bool]:
        """Return the form in which wants are compared."""
        value = same_id(self.value) if self.by == ID else same(self.value)
        return self.object, self.by, value, self.deleted


class Pending(Exception):  # noqa: N818 - an instruction: read, then look again
    """Something that is needed has not been read yet."""


class Finder:
    """What has been read in one hook call, and what is still to be read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[tuple[str, str, str, bool], list[Row]] = {}
        self._wanted: dict[tuple[str, str, str, bool], Want] = {}

    def all(self, wants: Iterable[Want]) -> list[Row]:
        """Return what was found, each record once, in the order of the wants.

        Raises:
            Pending: not all of them have been read.

        """
        asked = list(wants)
        unread = {want.place: want for want in asked if want.place not in self._known}
        if unread:
            self._wanted |= unread
            raise Pending
        rows = {same_id(row.id): row for want in asked for row in self._known[want.place]}
        return list(rows.values())

    def one(self, object: str, id: str, *, deleted: bool = False) -> Row | None:
        """Return a record by its id; None if it is not there, or hidden from us."""
        return next(iter(self.all([Want(object, ID, id, deleted)])), None)

    @property
    def idle(self) -> bool:
        """Tell whether nothing is left to read."""
        return not self._wanted

    async def read(self) -> None:
        """Read what is wanted.

        Raises:
            CallFailed: no answer, or Salesforce has a fault.
            BatchRefused: it does not take what was asked.
            LaneStop: every lead has to wait.

        """
        wanted, self._wanted = self._wanted, {}
        groups: dict[tuple[str, str, bool], list[Want]] = defaultdict(list)
        for want in wanted.values():
            groups[want.object, want.by, want.deleted].append(want)
        for deleted in (False, True):
            asked = [
                (object, text)
                for (object, by, bin), wants in groups.items()
                if bin is deleted
                for text in self._texts(object, by, wants, deleted=deleted)
            ]
            rows = await self._run(asked, deleted=deleted)
            for (object, by, bin), wants in groups.items():
                if bin is deleted:
                    self._keep(by, wants, [row for row in rows if row.object == object])

    def _texts(self, object: str, by: str, wants: Sequence[Want], *, deleted: bool) -> Iterable[str]:
        shape = self._client.shape
        columns = (ID, DELETED, MASTER) if deleted else shape.columns(object)
        # A converted Lead is found by its key and id; by its address its Contact is.
        also = f"{CONVERTED} = false" if by == EMAIL and object == LEAD else ""
        if by not in (ID, EMAIL) and deleted:
            columns = (*columns, by)
        return soql.queries(columns, object, by, (want.value for want in wants), also=also)

    def _keep(self, by: str, wants: Sequence[Want], rows: Sequence[Row]) -> None:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            value = row.text(by)
            found[same_id(value) if by == ID else same(value)].append(row)
        for want in wants:
            self._known[want.place] = found.get(want.place[2], [])

    async def _run(self, asked: Sequence[tuple[str, str]], *, deleted: bool) -> list[Row]:
        api = self._client.api
        rows: list[Row] = []
        for start in range(0, len(asked), PARTS):
            part = asked[start : start + PARTS]
            texts = [text for _, text in part]
            answer = await (api.queries_with_deleted(texts) if deleted else api.queries(texts))
            following = self._collect(answer, [object for object, _ in part], rows)
            while following:
                objects = [object for object, _ in following]
                answer = await api.pages([address for _, address in following])
                following = self._collect(answer, objects, rows)
        return rows

    def _collect(self, answer: Any, objects: Sequence[str], rows: list[Row]) -> list[tuple[str, str]]:
        """Add the rows of every part; return the addresses of further pages."""
        if not answer.ok:
            self._refused(problem.of_answer(answer), objects[0])
        whole = answers.read(answer, answers.Composite)
        if whole is None or len(whole.composite_response) != len(objects):
            raise CallFailed("Salesforce's answer cannot be read", sent=True)
        following = []
        for object, part in zip(objects, whole.composite_response, strict=True):
            if part.http_status_code != 200:
                self._refused(problem.of_body(part.body, part.http_status_code), object)
            page = answers.decode(part.body, Page)
            if page is None:
                raise CallFailed("Salesforce's answer cannot be read", sent=True)
            rows.extend(Row(object, values) for values in page.records)
            if not page.done and page.next_records_url:
                following.append((object, page.next_records_url))
        return following

    def _refused(self, found: problem.Problem, object: str) -> None:
        verdict = errors.of_call(self._client.refused(found, object=object), (), writing=False)
        if isinstance(verdict, BatchRefused):
            raise verdict
        raise CallFailed(errors.reason(found), sent=True)
