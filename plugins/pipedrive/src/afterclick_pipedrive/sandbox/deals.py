"""The endpoints of deals: `/api/v2/deals`.

Sources: the v2 specification; pipedrive.readme.io "Responses" and the changelog on caps, on pipeline
visibility and on archived deals. About the source fields: juhokoskela/pipedrive-go, which quotes
Pipedrive's support.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from afterclick.sandbox import Answer, Call, Refused, Row
from afterclick_pipedrive.sandbox import bodies, paging
from afterclick_pipedrive.sandbox.company import Company
from afterclick_pipedrive.sandbox.limits import Caller
from afterclick_pipedrive.sandbox.persons import EVERYONE, MAX_IDS, MAX_WANTED, Visibility, changed_within
from afterclick_pipedrive.sandbox.pipelines import Stage
from afterclick_pipedrive.sandbox.times import instant, read
from afterclick_pipedrive.sandbox.values import BadValue, day

STATUSES = ("open", "won", "lost")
_TIMES = ("won_time", "lost_time", "close_time")
_LINKS = ("owner_id", "person_id", "org_id", "pipeline_id", "stage_id")
"""What lists can be filtered by, besides the status."""


class DealPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an update may send. `channel_id` stands in no document and is taken; v1's `user_id` is not."""

    title: str | UnsetType = UNSET
    owner_id: int | UnsetType = UNSET
    person_id: int | UnsetType | None = UNSET
    org_id: int | UnsetType | None = UNSET
    pipeline_id: int | UnsetType = UNSET
    stage_id: int | UnsetType = UNSET
    value: float | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    status: Literal["open", "won", "lost"] | UnsetType = UNSET
    probability: float | UnsetType | None = UNSET
    lost_reason: str | UnsetType | None = UNSET
    visible_to: Visibility | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET
    won_time: str | UnsetType = UNSET
    lost_time: str | UnsetType = UNSET
    close_time: str | UnsetType | None = UNSET
    expected_close_date: str | UnsetType = UNSET
    label_ids: list[int] | UnsetType = UNSET
    channel_id: str | UnsetType | None = UNSET
    custom_fields: dict[str, Any] | UnsetType = UNSET


class DealInput(DealPatch, frozen=True, forbid_unknown_fields=True):
    """What a create may send. `origin_id` is dropped without a word: it is for leads."""

    origin_id: str | UnsetType | None = UNSET


class Deals:
    """The endpoints of single deals and of their lists."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def create(self, call: Call) -> Answer:
        """Make a deal, in the stage given or the first of the default pipeline."""
        call.inputs = 1
        wanted = self._company.body(call, DealInput)
        if wanted.title in (UNSET, ""):
            raise Refused(bodies.invalid(("title", "Required")))
        given = self._read(wanted)
        stage = self._stage(wanted)
        check_cap(self._company, given["title"])
        caller: Caller = call.notes["caller"]
        row = add_deal(self._company, given, stage, self._company.origin(call), owner_id=caller.user_id)
        return Answer(self._company.options.created_status, self._one(row))

    def read(self, call: Call) -> Answer:
        """Return a deal, an archived one as well."""
        row = self._company.read(self._company.deals, call.params["id"], "Deal")
        wanted = paging.several(call, "custom_fields", MAX_WANTED)
        return Answer(200, self._one(row, wanted))

    def list(self, call: Call) -> Answer:
        """Return a page of deals that are not archived, whatever their status. It is no search."""
        return self._page(call, archived=False)

    def list_archived(self, call: Call) -> Answer:
        """Return a page of archived deals."""
        return self._page(call, archived=True)

    def update(self, call: Call) -> Answer:
        """Write to a deal: only what is sent changes. An archived one has to be taken out first."""
        call.inputs = 1
        patch = self._company.body(call, DealPatch)
        row = self._company.live(self._company.deals, call.params["id"], "Deal")
        if row.values["is_archived"] and patch.is_archived is not False:
            return bodies.error(400, "Archived deals cannot be edited")
        if patch.title == "":
            raise Refused(bodies.invalid(("title", "String must contain at least 1 character(s)")))
        given = self._read(patch)
        if patch.stage_id is not UNSET or patch.pipeline_id is not UNSET:
            given |= placed(self._stage(patch), self._company.clock.now())
        change_deal(self._company, row, given, self._company.origin(call))
        return Answer(200, self._one(row))

    def delete(self, call: Call) -> Answer:
        """Mark a deal as deleted; it is gone for good 30 days later."""
        call.inputs = 1
        row = self._company.live(self._company.deals, call.params["id"], "Deal")
        self._company.deals.archive(row, self._company.clock.now())
        return Answer(200, {"success": True, "data": {"id": int(row.id)}})

    def _page(self, call: Call, *, archived: bool) -> Answer:
        ids = paging.several(call, "ids", MAX_IDS)
        wanted = paging.several(call, "custom_fields", MAX_WANTED)
        links = {name: paging.whole(call, name) for name in _LINKS}
        status = paging.choice(call, "status", ("", *STATUSES, "deleted"), "")
        since, until = paging.moment(call, "updated_since"), paging.moment(call, "updated_until")
        deals = self._company.deals
        rows = deals.archived() if status == "deleted" else self._company.listed(deals, ids)
        found = (
            row
            for row in rows
            if row.values["is_archived"] is archived
            and (ids is None or row.id in ids)
            and (status in ("", "deleted") or row.values["status"] == status)
            and all(value in (None, row.values.get(name)) for name, value in links.items())
            and changed_within(row, since, until)
        )
        return paging.page(call, found, paging.ROWS, lambda row: as_object(self._company, row, wanted))

    def _read(self, wanted: DealPatch) -> dict[str, Any]:
        placing = ("custom_fields", "stage_id", "pipeline_id", "origin_id")
        given = {
            name: value
            for name, value in msgspec.structs.asdict(wanted).items()
            if value is not UNSET and name not in placing
        }
        check_links(self._company, given)
        for name in _TIMES:
            if given.get(name) is not None:
                given[name] = _moment(name, given[name])
        if "expected_close_date" in given:
            _check_day("expected_close_date", given["expected_close_date"])
        if wanted.custom_fields is not UNSET:
            given |= self._company.custom("deal", wanted.custom_fields)
        return given

    def _stage(self, wanted: DealPatch) -> Stage:
        """Return the stage that a deal is to be in."""
        pipelines = self._company.pipelines
        if wanted.stage_id is not UNSET:
            stage = pipelines.stage(wanted.stage_id)
            if stage is not None and wanted.pipeline_id not in (UNSET, stage.pipeline.id):
                raise Refused(bodies.invalid(("stage_id", "Stage does not belong to the pipeline")))
            return stage or _no_place("stage_id", "Stage")
        pipeline_id = None if wanted.pipeline_id is UNSET else wanted.pipeline_id
        return pipelines.first_stage(pipeline_id) or _no_place("pipeline_id", "Pipeline")

    def _one(self, row: Row, wanted: Sequence[str] | None = None) -> dict[str, Any]:
        return {"success": True, "data": as_object(self._company, row, wanted)}


def add_deal(
    company: Company, given: dict[str, Any], stage: Stage, origin: str, *, owner_id: int, **more: Any
) -> Row:
    """Store a new deal; `more` are values that no body can bring."""
    now = company.clock.now()
    defaults: dict[str, Any] = {
        "owner_id": owner_id,
        "creator_user_id": owner_id,
        "value": 0,
        "currency": "USD",
        "status": "open",
        "visible_to": EVERYONE,
        "is_archived": False,
        "label_ids": [],
        "origin": "API",
    }
    values = {**defaults, **placed(stage, now), **_closed(given, now), **more}
    return company.deals.add(str(company.new_id()), values, now, origin)


def change_deal(company: Company, row: Row, given: dict[str, Any], origin: str) -> None:
    """Write to a stored deal."""
    now = company.clock.now()
    company.deals.change(row, _closed(given, now), now, origin)


def placed(stage: Stage, now: int) -> dict[str, Any]:
    """Return what says where a deal is."""
    return {"stage_id": stage.id, "pipeline_id": stage.pipeline.id, "stage_change_time": now}


def check_cap(company: Company, title: str) -> None:
    """Check that the plan holds another deal or lead; what it does not goes to the waitlist.

    Raises:
        Refused: it does not. Sent again, it stands on the waitlist twice.

    """
    cap = company.caps.deals
    if cap is not None and len(company.deals) + len(company.leads) >= cap:
        company.waitlist.append(title)
        raise Refused(bodies.deals_capped())


def check_links(company: Company, given: dict[str, Any]) -> None:
    """Check that person and organization exist.

    Raises:
        Refused: one does not, or is deleted.

    """
    person_id, org_id = given.get("person_id"), given.get("org_id")
    row = None if person_id is None else company.persons.get(str(person_id))
    if person_id is not None and (row is None or row.archived):
        raise Refused(bodies.invalid(("person_id", "Person not found")))
    if org_id is not None and org_id not in company.organizations:
        raise Refused(bodies.invalid(("org_id", "Organization not found")))


def as_object(company: Company, row: Row, wanted: Sequence[str] | None = None) -> dict[str, Any]:
    """Return a deal as v2 returns it; `wanted` are the custom fields asked for, None for all."""
    given = row.values
    always = ("owner_id", "creator_user_id", "pipeline_id", "stage_id", "value", "currency", "status")
    where_set = ("person_id", "org_id", "probability", "lost_reason", "expected_close_date", "channel_id")
    times = ("archive_time", "stage_change_time", *_TIMES)
    return {
        "id": int(row.id),
        "title": given["title"],
        **{name: given[name] for name in always},
        **{name: given.get(name) for name in where_set},
        "add_time": instant(row.created),
        "update_time": instant(row.updated),
        **{name: instant(given[name]) if name in given else None for name in times},
        "is_deleted": row.archived,
        "is_archived": given["is_archived"],
        "visible_to": given["visible_to"],
        "label_ids": given["label_ids"],
        "origin": given["origin"],
        "origin_id": None,
        "channel": None,
        "source_lead_id": given.get("source_lead_id"),
        "arr": None,
        "mrr": None,
        "acv": None,
        "custom_fields": company.custom_of("deal", row, wanted),
    }


def _closed(given: dict[str, Any], now: int) -> dict[str, Any]:
    """Return `given` with the times that go with a status or with archiving."""
    status = given.get("status")
    times: dict[str, Any] = {}
    if status == "open":
        times = dict.fromkeys(_TIMES)
    elif status is not None:
        times = {f"{status}_time": now, "close_time": now}
    if "is_archived" in given:
        times["archive_time"] = now if given["is_archived"] else None
    return {**times, **given}


def _no_place(name: str, what: str) -> Stage:
    raise Refused(bodies.invalid((name, f"{what} not found or not visible")))


def _moment(name: str, text: str) -> int:
    try:
        return read(text)
    except ValueError as bad:
        raise Refused(bodies.invalid((name, str(bad)))) from bad


def _check_day(name: str, text: str) -> None:
    try:
        day(text)
    except BadValue as bad:
        raise Refused(bodies.invalid((name, str(bad)))) from bad
