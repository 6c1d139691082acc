"""Reads what Salesforce says went wrong into facts that are safe to show. Pure.

A refused call answers with a list of errors, a row of a Collections call names its code `statusCode`, and an
org under maintenance answers with HTML. A message may quote what people typed, so nothing of it is kept
but what is expected there: codes, names of fields and ids of records. Source: Salesforce, "REST API Developer
Guide" (status codes and error responses, duplicate rule header) and the StatusCode enumeration of its WSDL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from afterclick.plugin import Answer

DUPLICATE_VALUE = "DUPLICATE_VALUE"
DUPLICATES_DETECTED = "DUPLICATES_DETECTED"
LIMIT = "REQUEST_LIMIT_EXCEEDED"
LOCK = "UNABLE_TO_LOCK_ROW"
CONVERTED = "CANNOT_UPDATE_CONVERTED_LEAD"

_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,79}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_RECORD_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_HOLDER = re.compile(r"\b((?:00Q|003)[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?)\b")
_COLUMN = re.compile(r"No such column '([A-Za-z][A-Za-z0-9_]{0,79})'")
_EXTERNAL = re.compile(r"not accessible: ([A-Za-z][A-Za-z0-9_]{0,79})")
_DUPLICATE = re.compile(r"duplicate value found: ([A-Za-z][A-Za-z0-9_]{0,79}) duplicates")
_SECURITY = re.compile(r"fields?: ([A-Za-z][A-Za-z0-9_]{0,79}(?:, ?[A-Za-z][A-Za-z0-9_]{0,79})*)")


class Met(msgspec.Struct, frozen=True):
    """A record that a duplicate rule found."""

    object: str
    id: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one refused call (with its HTTP status) or of one row (status 0).

    `codes` are in the order in which they came; `fields` the fields at fault; `holders` the records that
    a message names as having a unique value; `matches` those that a duplicate rule found. `locked` and
    `concurrent` are read from messages. `understood` is False where the body is not Salesforce's JSON.
    """

    status: int = 0
    understood: bool = True
    codes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    matches: tuple[Met, ...] = ()
    locked: bool = False
    concurrent: bool = False

    def has(self, *codes: str) -> bool:
        """Tell whether one of the codes is among those of the error."""
        return not set(codes).isdisjoint(self.codes)


def of_answer(answer: Answer) -> Problem:
    """Read a refused call."""
    return of_body(answer.body, answer.status)


def of_body(body: bytes | msgspec.Raw, status: int) -> Problem:
    """Read the body of a refused call, or of a part of one."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    errors = found if isinstance(found, list) else [found]
    entries = [entry for entry in errors if isinstance(entry, dict)]
    if not entries:
        return Problem(status=status, understood=False)
    return of_errors(entries, status=status)


def of_errors(errors: Iterable[Mapping[str, Any]], *, status: int = 0) -> Problem:
    """Read the errors of a call or of a row."""
    entries = list(errors)
    messages = [text for entry in entries if isinstance(text := entry.get("message"), str)]
    codes = [entry.get(name) for entry in entries for name in ("statusCode", "errorCode", "error")]
    results = [found for entry in entries if isinstance(found := _duplicate_result(entry), dict)]
    known = _matching(_CODE, codes)
    return Problem(
        status=status,
        codes=known,
        fields=_fields(entries, messages),
        holders=tuple(dict.fromkeys(id for text in messages for id in _HOLDER.findall(text))),
        matches=tuple(dict.fromkeys(met for result in results for met in _matches(result))),
        locked=LOCK in known or any(LOCK in text for text in messages),
        concurrent=any("concurrent" in text.lower() for text in messages),
    )


def _fields(entries: Iterable[Mapping[str, Any]], messages: Iterable[str]) -> tuple[str, ...]:
    listed = [name for entry in entries if isinstance(found := entry.get("fields"), list) for name in found]
    for text in messages:
        for pattern in (_COLUMN, _EXTERNAL, _DUPLICATE):
            listed += pattern.findall(text)
        if "security settings" in text:
            listed += [name.strip() for names in _SECURITY.findall(text) for name in names.split(",")]
    return _matching(_NAME, listed)


def _duplicate_result(entry: Mapping[str, Any]) -> object:
    # Some versions of the API misspell it.
    return entry.get("duplicateResult") or entry.get("duplicateResut")


def _matches(result: Mapping[str, Any]) -> Iterable[Met]:
    for matched in _dicts(result.get("matchResults")):
        for one in _dicts(matched.get("matchRecords")):
            record = one.get("record")
            if not isinstance(record, dict):
                continue
            attributes = record.get("attributes")
            object = (attributes if isinstance(attributes, dict) else {}).get("type")
            id = record.get("Id") or record.get("id")
            object = object or matched.get("entityType")
            if isinstance(id, str) and _RECORD_ID.fullmatch(id) and isinstance(object, str):
                yield Met(object, id)


def _dicts(raw: object) -> list[dict[str, Any]]:
    return [entry for entry in raw if isinstance(entry, dict)] if isinstance(raw, list) else []


def _matching(pattern: re.Pattern[str], raw: Iterable[object]) -> tuple[str, ...]:
    """Return the texts that are what they should be, each once, in order."""
    return tuple(dict.fromkeys(text for text in raw if isinstance(text, str) and pattern.fullmatch(text)))
