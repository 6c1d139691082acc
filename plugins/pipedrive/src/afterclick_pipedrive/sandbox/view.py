"""What the sales team sees of a person: who it is, the account's own fields, and what hangs on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from afterclick.sandbox import Card, Field, RecordView, Row, Step, Write, listed
from afterclick_pipedrive.sandbox import fields, values
from afterclick_pipedrive.sandbox.company import Company
from afterclick_pipedrive.sandbox.users import called

MAX_COLUMNS = 6
KEYS = ("key", "token")
"""Fields that are for machines: the table shows them last, or not at all."""

_ABOUT = {
    "name": "Name",
    "emails": "Email",
    "phones": "Phone",
    "org_id": "Organization",
    "owner_id": "Owner",
}


def columns(company: Company) -> tuple[tuple[str, str], ...]:
    """Return what the table of persons shows besides name and e-mail address."""
    own = company.fields["person"].custom()
    own.sort(key=lambda field: field.field_name.lower().endswith(KEYS))
    return tuple((field.field_code, field.field_name) for field in own[:MAX_COLUMNS])


def summaries(company: Company, rows: Iterable[Row], url: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    """Go through persons as `Emulator.records` lists them; `url` gives the address of a page by id."""
    badges = _badges(company)
    for row in rows:
        yield _summary(company, row, url(row.id), badges.get(int(row.id), ""))


def _summary(company: Company, row: Row, url: str, badge: str) -> dict[str, Any]:
    own = {field.field_code: field for field in company.fields["person"].custom()}
    properties = {
        name: values.words(own[name], value) if name in own else _plain(company, name, value)
        for name, value in row.values.items()
    }
    return listed(
        row,
        url,
        kind="person",
        title=row.values["name"],
        subtitle=_first(row.values["emails"]),
        badge=badge,
        properties=properties,
    )


def person(company: Company, row: Row) -> RecordView:
    """Return a person's page."""
    own = company.fields["person"].custom()
    about = tuple(_about(company, row, name, label) for name, label in _ABOUT.items())
    cards = [Card("About this person", about)]
    if own:
        cards.append(Card("Custom fields", tuple(_custom(row, field) for field in own), accent=True))
    return RecordView(
        id=row.id,
        kind="person",
        title=row.values["name"],
        subtitle=_first(row.values["emails"]),
        badge=_badges(company).get(int(row.id), ""),
        archived=row.archived,
        cards=(*cards, *_related(company, int(row.id))),
        history=tuple(step for write in reversed(row.writes) if (step := _step(company, write)).text),
    )


def _related(company: Company, person_id: int) -> Iterable[Card]:
    """Go through a card for each deal, then for the leads and the notes."""
    for deal in company.deals:
        if deal.values.get("person_id") == person_id:
            yield Card(f"Deal: {deal.values['title']}", tuple(_deal_fields(company, deal)), accent=True)
    for title, store, name in (("Leads", company.leads, "title"), ("Notes", company.notes, "content")):
        found = [row for row in store if row.values.get("person_id") == person_id]
        if found:
            yield Card(title, tuple(_written(row, name) for row in found))


def _deal_fields(company: Company, deal: Row) -> Iterable[Field]:
    stage = next((s for s in company.pipelines.stages if s.id == deal.values["stage_id"]), None)
    place = f"{stage.pipeline.name}: {stage.name}" if stage else ""
    yield Field("Status", "status", deal.values["status"])
    yield Field("Stage", "stage_id", place)
    for field in company.fields["deal"].custom():
        if field.field_code in deal.values:
            yield _custom(deal, field)


def _written(row: Row, name: str) -> Field:
    return Field(row.writes[0].origin, name, row.values[name], row.writes[0].origin, row.created)


def _about(company: Company, row: Row, name: str, label: str) -> Field:
    return _with_origin(row, name, label, _plain(company, name, row.values.get(name)))


def _custom(row: Row, field: fields.Field) -> Field:
    value = row.values.get(field.field_code)
    text = "" if value is None else values.words(field, value)
    return _with_origin(row, field.field_code, field.field_name, text)


def _with_origin(row: Row, name: str, label: str, text: str) -> Field:
    write = row.origin(name)
    if write is None or not text:
        return Field(label, name, text)
    return Field(label, name, text, write.origin, write.at)


def _step(company: Company, write: Write) -> Step:
    """Tell one write in words."""
    own = {field.field_code: field for field in company.fields["person"].custom()}
    parts = []
    for name, value in write.values.items():
        if name in own:
            told = "cleared" if value is None else values.words(own[name], value)
            parts.append(f"{own[name].field_name}: {told}")
        elif name in _ABOUT and (text := _plain(company, name, value)):
            parts.append(f"{_ABOUT[name]}: {text}")
    return Step(write.at, write.origin, " · ".join(parts))


def _plain(company: Company, name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in ("emails", "phones"):
        return ", ".join(one["value"] for one in value)
    if name == "owner_id":
        return called(value)
    if name == "org_id":
        return company.organizations.get(value, "")
    return str(value)


def _first(addresses: Iterable[Mapping[str, Any]]) -> str:
    return next((one["value"] for one in addresses if one["primary"]), "")


def _badges(company: Company) -> dict[int, str]:
    """Return, by person, what became of the newest deal or, without one, that there is a lead."""
    leads = {lead.values.get("person_id"): "Lead" for lead in company.leads}
    deals = {deal.values.get("person_id"): f"Deal {deal.values['status']}" for deal in company.deals}
    return {person_id: badge for person_id, badge in {**leads, **deals}.items() if person_id is not None}
