"""The searches: an index that is behind, keeps what was deleted, and costs the most of all reads.

Sources: the v2 specification of `/itemSearch`, `/itemSearch/field`, `/persons/search`, `/deals/search` and
`/leads/search`. That the index lags and keeps deleted records was seen by several clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from afterclick.sandbox import Answer, Call, Refused, Row, Store
from afterclick_pipedrive.sandbox import bodies, paging, values
from afterclick_pipedrive.sandbox.company import Company
from afterclick_pipedrive.sandbox.fields import SEARCHABLE, Entity, Fields

MAX_TERM = 500
"""The longest term; a very long one was seen to give a 400, how long is not known."""
MAX_ITEMS = 100
"""The largest page of `itemSearch`."""

Values = Mapping[str, Any]


class Kind(NamedTuple):
    """One kind of record to search: whose fields it has, and what else can be looked at."""

    entity: Entity
    what: tuple[str, ...]


KINDS = {
    "person": Kind("person", ("custom_fields", "email", "name", "notes", "phone")),
    "deal": Kind("deal", ("custom_fields", "notes", "title")),
    "lead": Kind("deal", ("custom_fields", "notes", "title")),
}
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "exact": lambda text, term: text == term,
    "beginning": str.startswith,
    "middle": str.__contains__,
}


class Search:
    """All searches. None of them takes a filter by one custom field but `itemSearch/field`."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def persons(self, call: Call) -> Answer:
        """Search persons: `/persons/search`."""
        wanted = paging.whole(call, "organization_id")
        return self._found(call, ("person",), lambda given: wanted in (None, given.get("org_id")))

    def deals(self, call: Call) -> Answer:
        """Search deals: `/deals/search`."""
        return self._found(call, ("deal",), _related(call, ("status",)))

    def leads(self, call: Call) -> Answer:
        """Search leads: `/leads/search`."""
        return self._found(call, ("lead",), _related(call, ()))

    def items(self, call: Call) -> Answer:
        """Search everything: `/itemSearch`."""
        kinds = paging.several(call, "item_types", len(KINDS)) or list(KINDS)
        for kind in kinds:
            if kind not in KINDS:
                raise Refused(bodies.invalid(("item_types", f"Not emulated or unknown: {kind}")))
        return self._found(call, kinds, lambda given: True, MAX_ITEMS)

    def field(self, call: Call) -> Answer:
        """Search the values of one field: `/itemSearch/field`. Unlike the others it heeds case."""
        kind = paging.choice(call, "entity_type", KINDS, "")
        code = call.query.get("field", "")
        searched = self._company.fields[KINDS[kind].entity].get(code)
        if searched is None:
            raise Refused(bodies.invalid(("field", "Field does not exist")))
        how = paging.choice(call, "match", _MATCHES, "exact")
        term = _term(call, exact=how == "exact")
        matches = _MATCHES[how]
        found = [
            (row, text)
            for row, given in self._company.indexed(call, self._store(kind))
            for text in self._texts(kind, searched.field_code, row, given)
            if searched.field_type in SEARCHABLE and matches(text, term)
        ]
        shown, more = paging.window(call, found)
        hits = [self._hit(row, code, text) for row, text in shown]
        call.inputs = 1
        body = {"success": True, "data": hits, "additional_data": {"next_cursor": more}}
        return Answer(200, body, lists=(hits,))

    def _hit(self, row: Row, code: str, text: str) -> dict[str, Any]:
        item = {"id": _id(row), code: text}
        return item if self._company.options.field_hits == "plain" else {"result_score": 1.0, "item": item}

    def _found(
        self,
        call: Call,
        kinds: Iterable[str],
        fits: Callable[[Values], bool],
        maximum: int = paging.MAX_LIMIT,
    ) -> Answer:
        exact = paging.choice(call, "exact_match", ("true", "false"), "false") == "true"
        term = _term(call, exact=exact).lower()
        hits: list[dict[str, Any]] = []
        for kind in kinds:
            what = self._what(call, kind)
            for row, given in self._company.indexed(call, self._store(kind)):
                if not fits(given):
                    continue
                texts = {name: self._all(kind, name, row, given) for name in what}
                matched = {
                    name: [t for t in found if (t.lower() == term if exact else term in t.lower())]
                    for name, found in texts.items()
                }
                if any(matched.values()):
                    hits.append(
                        {"result_score": 1.0 if exact else 0.5, "item": self._item(kind, row, matched)}
                    )
        shown, more = paging.window(call, hits, maximum)
        call.inputs = 1
        body = {"success": True, "data": {"items": shown}, "additional_data": {"next_cursor": more}}
        return Answer(200, body, lists=(shown,))

    def _what(self, call: Call, kind: str) -> list[str]:
        allowed = KINDS[kind].what
        asked = paging.several(call, "fields", 10)
        if asked is None:
            return list(allowed)
        wrong = [name for name in asked if name not in {n for k in KINDS.values() for n in k.what}]
        if wrong:
            raise Refused(bodies.invalid(("fields", f"Invalid value: {', '.join(wrong)}")))
        return [name for name in asked if name in allowed]

    def _all(self, kind: str, what: str, row: Row, given: Values) -> list[str]:
        if what != "custom_fields":
            return list(self._texts(kind, what, row, given))
        fields = self._company.fields[KINDS[kind].entity]
        return [
            text
            for field in fields.custom()
            if field.field_type in SEARCHABLE
            for text in self._texts(kind, field.field_code, row, given)
        ]

    def _texts(self, kind: str, what: str, row: Row, given: Values) -> Iterator[str]:
        """Go through the texts that a record has in a field, as the index holds them."""
        if what in ("email", "phone"):
            yield from (one["value"] for one in given.get(f"{what}s", ()))
        elif what == "notes":
            yield from _notes(self._company, f"{kind}_id", _id(row))
        elif given.get(what) not in (None, values.EMPTY):
            yield _text(self._company.fields[KINDS[kind].entity], what, given[what])

    def _store(self, kind: str) -> Store:
        return {"person": self._company.persons, "deal": self._company.deals, "lead": self._company.leads}[
            kind
        ]

    def _item(self, kind: str, row: Row, matched: Mapping[str, list[str]]) -> dict[str, Any]:
        given = row.values
        item = {
            "id": _id(row),
            "type": kind,
            "visible_to": int(given["visible_to"]),
            "owner": {"id": given["owner_id"]},
            "organization": self._organization(given.get("org_id")),
            "custom_fields": matched.get("custom_fields", []),
            "notes": matched.get("notes", []),
        }
        if kind == "person":
            addresses = {name: [one["value"] for one in given[name]] for name in ("phones", "emails")}
            return {**item, "name": given["name"], **addresses}
        return {
            **item,
            "title": given["title"],
            "person": self._person(given.get("person_id")),
            "is_archived": given["is_archived"],
            **(self._worth(given) if kind == "deal" else {}),
        }

    def _worth(self, given: Values) -> dict[str, Any]:
        stage = next(one for one in self._company.pipelines.stages if one.id == given["stage_id"])
        plain = {name: given[name] for name in ("value", "currency", "status")}
        return {**plain, "stage": {"id": stage.id, "name": stage.name}}

    def _organization(self, org_id: int | None) -> dict[str, Any] | None:
        if org_id is None:
            return None
        return {"id": org_id, "name": self._company.organizations[org_id], "address": None}

    def _person(self, person_id: int | None) -> dict[str, Any] | None:
        row = None if person_id is None else self._company.persons.get(str(person_id))
        return None if row is None else {"id": person_id, "name": row.values["name"]}


def _related(call: Call, words: Iterable[str]) -> Callable[[Values], bool]:
    """Return a test of the filters by person, organization and `words` that a search of deals has."""
    wanted: dict[str, Any] = {
        "person_id": paging.whole(call, "person_id"),
        "org_id": paging.whole(call, "organization_id"),
        **{word: call.query.get(word) for word in words},
    }
    return lambda given: all(value in (None, given.get(name)) for name, value in wanted.items())


def _term(call: Call, *, exact: bool) -> str:
    term = call.query.get("term", "").strip()
    least = 1 if exact else 2
    if not least <= len(term) <= MAX_TERM:
        raise Refused(bodies.invalid(("term", f"String must contain {least} to {MAX_TERM} characters")))
    return term


def _id(row: Row) -> int | str:
    return int(row.id) if row.id.isdecimal() else row.id


def _notes(company: Company, link: str, record_id: int | str) -> Iterator[str]:
    return (note.values["content"] for note in company.notes if note.values.get(link) == record_id)


def _text(fields: Fields, code: str, value: Any) -> str:
    field = fields.get(code)
    return str(value) if field is None or not field.is_custom_field else values.words(field, value)
