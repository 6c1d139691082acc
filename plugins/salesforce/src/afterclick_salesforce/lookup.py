"""Reads records by id, key or e-mail address, each at most once in a hook call.

Whoever looks asks for what they need; what is not known yet is collected and read for all leads at once, up
to five queries a call. So two hundred people cost one call, and one more for those whose record led to
another. Queries read the database, so what was written a moment ago is found; search would not.
Source: Salesforce, "Composite", "Query" and "QueryAll" in the "REST API Developer Guide".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
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


class Group(NamedTuple):
    """What one query can ask for: records of an object by one field; `deleted` looks into the recycle bin."""

    object: str
    by: str
    deleted: bool = False


class Want(NamedTuple):
    """What is looked for: a value, and `folded`, the form in which it is compared."""

    group: Group
    value: str
    folded: str

    @classmethod
    def by_id(cls, object: str, id: str, *, deleted: bool = False) -> Want:
        """Return the want of one record."""
        return cls(Group(object, ID, deleted), id, same_id(id))

    @classmethod
    def having(cls, object: str, field: str, value: str, *, deleted: bool = False) -> Want:
        """Return the want of all records that have a value in a field of text."""
        return cls(Group(object, field, deleted), value, same(value))


class Pending(Exception):  # noqa: N818 - an instruction: read, then look again
    """Something that is needed has not been read yet."""


@dataclass(slots=True)
class Reading:
    """One query, and the rows that its pages brought so far; `following` is the next one's address."""

    group: Group
    text: str
    rows: list[Row] = field(default_factory=list)
    following: str = ""

    def add(self, page: Page) -> None:
        """Add a page.

        Raises:
            CallFailed: rows are missing; a record that an answer lacks would be taken for one that is gone.

        """
        self.rows += (Row(self.group.object, values) for values in page.records)
        self.following = "" if page.done else page.next_records_url or ""
        if not self.following and (len(self.rows) != page.total_size or not page.done):
            raise CallFailed("Salesforce's answer lacks rows that it counts", sent=True)


class Finder:
    """What has been read in one hook call, and what is still to be read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[Want, list[Row]] = {}
        self._wanted: dict[Want, None] = {}

    def all(self, wants: Sequence[Want]) -> list[Row]:
        """Return what was found, each record once, in the order of the wants.

        Raises:
            Pending: not all of them have been read.

        """
        known = self._known
        unread = [want for want in wants if want not in known]
        if unread:
            self._wanted |= dict.fromkeys(unread)
            raise Pending
        return list({same_id(row.id): row for want in wants for row in known[want]}.values())

    def one(self, object: str, id: str, *, deleted: bool = False) -> Row | None:
        """Return a record by its id; None if it is not there, or hidden from us."""
        return next(iter(self.all([Want.by_id(object, id, deleted=deleted)])), None)

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
        groups: dict[Group, list[Want]] = defaultdict(list)
        for want in wanted:
            groups[want.group].append(want)
        readings = [
            Reading(group, text) for group, wants in groups.items() for text in self._texts(group, wants)
        ]
        await self._run([one for one in readings if not one.group.deleted], self._client.api.queries)
        await self._run([one for one in readings if one.group.deleted], self._client.api.queries_with_deleted)
        found: dict[tuple[Group, str], list[Row]] = defaultdict(list)
        for reading in readings:
            fold = same_id if reading.group.by == ID else same
            for row in reading.rows:
                found[reading.group, fold(row.text(reading.group.by))].append(row)
        for want in wanted:
            self._known[want] = found.get((want.group, want.folded), [])

    def _texts(self, group: Group, wants: Iterable[Want]) -> Iterable[str]:
        object, by, deleted = group
        columns = (ID, DELETED, MASTER) if deleted else self._client.shape.columns(object)
        # A converted Lead is found by its key and id; by its address its Contact is.
        also = f"{CONVERTED} = false" if by == EMAIL and object == LEAD else ""
        if by not in (ID, EMAIL) and deleted:
            columns = (*columns, by)
        return soql.queries(columns, object, by, (want.value for want in wants), also=also)

    async def _run(
        self, readings: Sequence[Reading], ask: Callable[[Sequence[str]], Awaitable[Answer]]
    ) -> None:
        """Run queries, and read all their pages."""
        for start in range(0, len(readings), PARTS):
            part = readings[start : start + PARTS]
            self._collect(await ask([reading.text for reading in part]), part)
            while part := [reading for reading in part if reading.following]:
                following = [reading.following for reading in part]
                self._collect(await self._client.api.pages(following), part)

    def _collect(self, answer: Answer, readings: Sequence[Reading]) -> None:
        """Add the rows of every part."""
        if not answer.ok:
            self._refused(problem.of_answer(answer), readings[0].group.object)
        whole = answers.read(answer, answers.Composite)
        if whole is None or len(whole.composite_response) != len(readings):
            raise CallFailed(_UNREADABLE, sent=True)
        for reading, part in zip(readings, whole.composite_response, strict=True):
            if part.http_status_code != 200:
                self._refused(problem.of_body(part.body, part.http_status_code), reading.group.object)
            page = answers.decode(part.body, Page)
            if page is None:
                raise CallFailed(_UNREADABLE, sent=True)
            reading.add(page)

    def _refused(self, found: problem.Problem, object: str) -> None:
        verdict = errors.of_call(self._client.refused(found, object=object), (), writing=False)
        if isinstance(verdict, BatchRefused):
            raise verdict
        raise CallFailed(errors.reason(found), sent=True)
