"""Reads what HubSpot says went wrong into facts that are safe to show. Pure.

Every field of an error body is optional, and the same fault comes in several shapes. A message may
quote values that people typed, so nothing of it is kept but what is expected there: names of
properties, categories, scopes and record ids. Source: HubSpot, "Error handling"; the shapes of
duplicates as recorded on live accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from afterclick.plugin import Answer

UNIQUE_CODES = frozenset({"UNIQUE_VALUE_CONFLICT", "CONFLICTING_UNIQUE_VALUE"})
EXISTS_CODES = frozenset({"CONFLICT", "OBJECT_ALREADY_EXISTS", "CONTACT_EXISTS"})
REQUIRED_CODES = frozenset({"MISSING_REQUIRED_PROPERTY", "MISSING_CONDITIONAL_REQUIRED_PROPERTY"})
NO_PROPERTY = "PROPERTY_DOESNT_EXIST"
NOT_FOUND = "OBJECT_NOT_FOUND"
NAME_TAKEN = "PROPERTY_WITH_NAME_EXISTS"

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_SCOPE = re.compile(r"[a-z0-9][a-z0-9_.\-]{0,99}")
_CORRELATION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ID = re.compile(r"[0-9]{1,20}")
_EXISTING = re.compile(r"Existing ID:\s*([0-9]{1,20})")
_HOLDER = re.compile(r"([0-9]{1,20}) already has that value")
_COORDINATES = re.compile(r"propertyName=([a-z][a-z0-9_]{0,99})\b")
_POLICY = re.compile(r"\b(ten_secondly_rolling|secondly|daily)\b", re.IGNORECASE)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one error, of a whole call (with its HTTP status) or of one input (status 0).

    `codes` are all categories and codes found, upper case, the last part after a dot only; `fields`
    the properties at fault; `holder` the id of the record that is in the way; `traces` and `ids` the
    inputs concerned. `understood` is False where the body is not HubSpot's JSON.
    """

    status: int = 0
    understood: bool = True
    category: str = ""
    codes: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()
    holder: str | None = None
    traces: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    policy: str = ""
    correlation: str = ""
    unique_conflict: bool = False
    not_unique: bool = False

    @property
    def duplicate(self) -> bool:
        """Tell whether another record is in the way."""
        if self.unique_conflict:
            return True
        return NAME_TAKEN not in self.codes and (self.status == 409 or bool(self.codes & EXISTS_CODES))


def of_answer(answer: Answer) -> Problem:
    """Read the error body of a whole call."""
    try:
        body = answer.json()
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        return Problem(status=answer.status, understood=False)
    return _read(body, status=answer.status)


def of_item(item: Mapping[str, Any]) -> Problem:
    """Read one entry of the `errors` list of a batch answer."""
    return _read(item, status=0)


def _read(body: Mapping[str, Any], *, status: int) -> Problem:
    details = [body, *_details(body)]
    messages = [text for detail in details for text in _texts(detail.get("message"))]
    codes = _codes(details)
    return Problem(
        status=status,
        category=next(iter(_matching(_CODE, [body.get("category"), body.get("errorType")])), ""),
        codes=codes,
        fields=_fields(details, messages),
        holder=_holder(details, messages),
        traces=_context(details, "objectWriteTraceId"),
        ids=_context(details, "ids"),
        scopes=_matching(_SCOPE, _context(details, "requiredGranularScopes", "requiredScopes")),
        policy=_policy(body, messages),
        correlation=next(iter(_matching(_CORRELATION, [body.get("correlationId")])), ""),
        unique_conflict=bool(codes & UNIQUE_CODES) or any(_HOLDER.search(text) for text in messages),
        not_unique=any("non-unique" in text for text in messages),
    )


def _details(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of `errors`, and of the JSON list that older answers put into a message."""
    listed = body.get("errors")
    found = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    yield from found
    for holder in (body, *found):
        for text in _texts(holder.get("message")):
            yield from _inside(text)


def _inside(message: str) -> list[dict[str, Any]]:
    start = message.find("[{")
    if start < 0:
        return []
    try:
        entries = msgspec.json.decode(message[start : message.rfind("]") + 1])
    except msgspec.DecodeError:
        return []
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _codes(details: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    names = ("category", "subCategory", "code", "error", "errorType")
    raw = [detail.get(name) for detail in details for name in names]
    return frozenset(code.rpartition(".")[2].upper() for code in _matching(_CODE, raw))


def _fields(details: list[Mapping[str, Any]], messages: list[str]) -> tuple[str, ...]:
    named = [*_context(details, "propertyName", "name")]
    named += [text for detail in details for key in ("name", "in") for text in _texts(detail.get(key))]
    named += [found for text in messages for found in _COORDINATES.findall(text)[:1]]
    return _matching(_NAME, named)


def _holder(details: list[Mapping[str, Any]], messages: list[str]) -> str | None:
    """Return the id of the record in the way: structured first, then out of the text.

    The sentence about a unique value quotes the value before it names the holder: the last hit counts.
    """
    profiles = [profile for detail in details if isinstance(profile := detail.get("identityProfile"), dict)]
    tokens = [token for detail in details if isinstance(token := detail.get("errorTokens"), dict)]
    candidates = [
        *_context(details, "existingId"),
        *(text for profile in profiles for text in _texts(profile.get("vid"))),
        *(text for token in tokens for text in _texts(token.get("existingObjectId"))),
        *(found for text in messages for found in _EXISTING.findall(text)),
        *(found for text in messages for found in _HOLDER.findall(text)[-1:]),
    ]
    return next(iter(_matching(_ID, candidates)), None)


def _policy(body: Mapping[str, Any], messages: list[str]) -> str:
    named = _matching(_CODE, [body.get("policyName")])
    if named:
        return named[0].upper()
    found = next((hit for text in messages if (hit := _POLICY.search(text))), None)
    return found.group(1).upper() if found else ""


def _context(details: Iterable[Mapping[str, Any]], *keys: str) -> tuple[str, ...]:
    contexts = [context for detail in details if isinstance(context := detail.get("context"), dict)]
    return tuple(text for context in contexts for key in keys for text in _texts(context.get(key)))


def _texts(raw: object) -> tuple[str, ...]:
    """Return a value, or each of a list of values, as text; anything deeper is nothing we know."""
    values = raw if isinstance(raw, list) else [raw]
    return tuple(
        str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool)
    )


def _matching(pattern: re.Pattern[str], raw: Iterable[object]) -> tuple[str, ...]:
    """Return the texts that are what they should be, each once, in order."""
    texts = (text for value in raw for text in _texts(value))
    return tuple(dict.fromkeys(text for text in texts if pattern.fullmatch(text)))
