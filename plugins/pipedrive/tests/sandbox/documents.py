"""Which endpoint answers with which shape, and a check of answers against it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema

from . import shapes


def one(data: shapes.Form) -> shapes.Form:
    return {"success": "true", "data": data}


def page(data: shapes.Form, additional: shapes.Form = shapes.CURSOR) -> shapes.Form:
    return {"success": "true", "data": data, "additional_data": additional}


_ID = "[^/]+"
ANSWERS: list[tuple[str, str, shapes.Form]] = [
    ("POST", "/oauth/token", shapes.TOKENS),
    ("GET", "v2/persons/search", page({"items": [shapes.HIT]})),
    ("GET", "v2/(deals|leads)/search", page({"items": [shapes.HIT]})),
    ("GET", "v2/itemSearch", page({"items": [shapes.HIT]})),
    ("GET", "v2/itemSearch/field", page(shapes.HITS_OF_FIELD)),
    ("GET", "v2/persons", page([shapes.PERSON])),
    ("GET|PATCH|POST", f"v2/persons(/{_ID})?", one(shapes.PERSON)),
    ("DELETE", f"v2/(persons|deals)/{_ID}", one({"id": "integer"})),
    ("GET", "v2/deals(/archived)?", page([shapes.DEAL])),
    ("GET|PATCH|POST", f"v2/deals(/{_ID})?", one(shapes.DEAL)),
    ("GET", "v2/(person|deal)Fields", page([shapes.FIELD], shapes.CURSOR_OF_FIELDS)),
    ("GET|PATCH|POST|DELETE", f"v2/(person|deal)Fields(/{_ID})?", one(shapes.FIELD)),
    ("GET", "v2/pipelines", page([shapes.PIPELINE])),
    ("GET", f"v2/pipelines/{_ID}", one(shapes.PIPELINE)),
    ("GET", "v2/stages", page([shapes.STAGE])),
    ("GET", f"v2/stages/{_ID}", one(shapes.STAGE)),
    ("POST", f"v2/leads/{_ID}/convert/deal", page({"conversion_id": "uuid"}, "null")),
    ("GET", f"v2/leads/{_ID}/convert/status/{_ID}", page(shapes.CONVERSION, "null")),
    ("GET", "v1/users/me", one(shapes.ME)),
    ("GET", "v1/users", one([shapes.USER])),
    ("GET", f"v1/users/{_ID}", one(shapes.USER)),
    ("GET", f"v1/users/{_ID}/permissions", one("object")),
    (
        "GET",
        "v1/leads(/archived)?",
        page([shapes.LEAD], {k: v for k, v in shapes.PAGINATION.items() if k != "next_start?"}),
    ),
    ("GET|PATCH|POST", f"v1/leads(/{_ID})?", one(shapes.LEAD)),
    ("DELETE", f"v1/leads/{_ID}", one({"id": "uuid"})),
    ("GET", "v1/leadLabels", one([shapes.LABEL])),
    ("POST", "v1/leadLabels", one(shapes.LABEL)),
    ("GET", "v1/leadSources", one([{"name": "string"}])),
    ("GET", "v1/notes", page([shapes.NOTE], {"pagination": shapes.PAGINATION})),
    ("GET|PUT|POST", f"v1/notes(/{_ID})?", one(shapes.NOTE)),
    ("DELETE", f"v1/notes/{_ID}", one("boolean")),
    ("PUT", f"v1/persons/{_ID}/merge", one(shapes.MERGED_PERSON)),
    ("PUT", f"v1/deals/{_ID}/merge", one(shapes.MERGED_DEAL)),
]

_DAY, _TIME = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d"
_NULLS = ("|null", "|unset")
_WORDS: dict[str, dict[str, Any]] = {
    "any": {},
    "true": {"const": True},
    "unset": {"type": "null"},
    "custom": {"type": "object", "propertyNames": {"pattern": shapes.CODE}},
    "date": {"type": "string", "pattern": f"^{_DAY}$"},
    "uuid": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    "instant": {"type": "string", "pattern": f"^{_DAY}T{_TIME}Z$"},
    "precise": {"type": "string", "pattern": f"^{_DAY}T{_TIME}[.][0-9]{{3}}Z$"},
    "plain": {"type": "string", "pattern": f"^{_DAY} {_TIME}$"},
}


def check(method: str, path: str, body: object, *, nulls: bool = True) -> None:
    """Check that `body` is what the documents say the endpoint answers with success.

    With `nulls`, what is unset has to be there as null; without, it has to be left out.

    Raises:
        AssertionError: there is no such endpoint in them.
        jsonschema.ValidationError: it answers something else.

    """
    for number, (methods, pattern, _) in enumerate(ANSWERS):
        if re.fullmatch(methods, method) and re.fullmatch(f"(/api/|/)?{pattern}", path):
            _validator(number, nulls).validate(body)
            return
    raise AssertionError(f"no document has {method} {path}")


@cache
def _validator(number: int, nulls: bool) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_schema(ANSWERS[number][2], nulls))


def _schema(form: shapes.Form, nulls: bool) -> dict[str, Any]:
    if isinstance(form, str):
        words = [_WORDS.get(word, {"type": word}) for word in form.split("|") if nulls or word != "unset"]
        return words[0] if len(words) == 1 else {"anyOf": words}
    if isinstance(form, list):
        return {"type": "array", "items": _schema(form[0], nulls)}
    for null in _NULLS:
        if null in form:
            inner = _schema(form[null], nulls)
            return {"anyOf": [inner, {"type": "null"}]} if nulls or null == "|null" else inner
    named = {name: inner for name, inner in form.items() if name != shapes.CODE}
    return {
        "type": "object",
        "properties": {name.rstrip("?"): _schema(inner, nulls) for name, inner in named.items()},
        "patternProperties": {shapes.CODE: _schema(form[shapes.CODE], nulls)} if shapes.CODE in form else {},
        "required": [name for name, inner in named.items() if _is_always_there(name, inner, nulls)],
        "additionalProperties": False,
    }


def _is_always_there(name: str, form: shapes.Form, nulls: bool) -> bool:
    if isinstance(form, str):
        may_be_null = "null" in form or "unset" in form
    else:
        may_be_null = isinstance(form, dict) and any(null in form for null in _NULLS)
    return not name.endswith("?") and (nulls or not may_be_null)
