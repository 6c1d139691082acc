"""Reads records by id, key or e-mail address, each at most once in a hook call.

Whoever looks asks for what they need; what is not known yet is collected and read for all leads at once, up
to five queries a call. So two hundred people cost one call, and one more for those whose record led to
another. Queries read the database, so what was written a moment ago is found; search would not.
Source: Salesforce, "Composite", "Query" and "QueryAll" in the "REST API Developer Guide".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from afterclick.plugin import Answer, BatchRefused, CallFailed
from afterclick_salesforce import answers, errors, problem, soql
from afterclick_salesforce.answers import Page, Row
from afterclick_salesforce.api import PARTS
from afterclick_salesforce.client import Client
from afterclick_salesforce.fields import LEAD
from afterclick_salesforce.mapping import CONVERTED, EMAIL, same, same_id

ID = "Id"
MASTER = "MasterRecordId"
DELETED = "IsDeleted"
_UNREADABLE = "Salesforce's answer cannot be read"


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


@dataclass(slots=True)
class Reading:
    """One query, and the rows that its pages brought so far; `following` is the next one's address."""

    object: str
    text: str
    rows: list[Row] = field(default_factory=list)
    following: str = ""

    def add(self, page: Page) -> None:
        """Add a page.

        Raises:
            CallFailed: rows are missing; a record that an answer lacks would be taken for one that is gone.

        """
        self.rows += (Row(self.object, values) for values in page.records)
        self.following = "" if page.done else page.next_records_url or ""
        if not self.following and (len(self.rows) != page.total_size or not page.done):
            raise CallFailed("Salesforce's answer lacks rows that it counts", sent=True)


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
        """Run queries, (object, text) each, and read all their pages."""
        api = self._client.api
        readings = [Reading(object, text) for object, text in asked]
        for start in range(0, len(readings), PARTS):
            part = readings[start : start + PARTS]
            texts = [reading.text for reading in part]
            self._collect(await (api.queries_with_deleted(texts) if deleted else api.queries(texts)), part)
            while part := [reading for reading in part if reading.following]:
                self._collect(await api.pages([reading.following for reading in part]), part)
        return [row for reading in readings for row in reading.rows]

    def _collect(self, answer: Answer, readings: Sequence[Reading]) -> None:
        """Add the rows of every part."""
        if not answer.ok:
            self._refused(problem.of_answer(answer), readings[0].object)
        whole = answers.read(answer, answers.Composite)
        if whole is None or len(whole.composite_response) != len(readings):
            raise CallFailed(_UNREADABLE, sent=True)
        for reading, part in zip(readings, whole.composite_response, strict=True):
            if part.http_status_code != 200:
                self._refused(problem.of_body(part.body, part.http_status_code), reading.object)
            page = answers.decode(part.body, Page)
            if page is None:
                raise CallFailed(_UNREADABLE, sent=True)
            reading.add(page)

    def _refused(self, found: problem.Problem, object: str) -> None:
        verdict = errors.of_call(self._client.refused(found, object=object), (), writing=False)
        if isinstance(verdict, BatchRefused):
            raise verdict
        raise CallFailed(errors.reason(found), sent=True)
