"""Composite: up to 25 calls in one, of which later ones may use what earlier ones answered.

Source: REST API Developer Guide, "Send Multiple Requests Using Composite" and the pages on its bodies;
"allOrNone Parameters in Composite and Collections Requests".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec

from afterclick.sandbox import Answer, Call, Handler, Refused
from afterclick_salesforce.sandbox import problems
from afterclick_salesforce.sandbox.desk import Desk, body
from afterclick_salesforce.sandbox.problems import Problem

MAX_PARTS = 25
MAX_HEAVY = 5
"""How many of them may be queries or Collections."""

_HEAVY = re.compile(r"/(query|queryAll|composite/sobjects)\b")
_BASE = re.compile(r"/services/data/v(?P<version>\d+\.\d)(?P<path>/[^?]*)(\?(?P<query>.*))?", re.DOTALL)
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_FORBIDDEN = frozenset({"accept", "authorization", "content-type"})

HALTED = Problem("PROCESSING_HALTED", "The transaction was rolled back since another operation failed.")


class Part(msgspec.Struct, rename="camel"):
    """One call within the call."""

    method: str
    url: str
    reference_id: str
    body: Any = None
    http_headers: dict[str, str] = {}


class Request(msgspec.Struct, rename="camel"):
    composite_request: list[Part]
    all_or_none: bool = False


class _Endpoint(NamedTuple):
    method: str
    path: re.Pattern[str]
    handler: Handler


class Composite:
    """`/composite`, over the endpoints that a single call may have (method, path and handler)."""

    def __init__(self, desk: Desk, endpoints: Iterable[tuple[str, str, Handler]]) -> None:
        self._desk = desk
        self._endpoints = [
            _Endpoint(method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), handler)
            for method, path, handler in endpoints
        ]

    def run(self, call: Call) -> Answer:
        """Do all parts in order."""
        try:
            request = msgspec.convert(body(call), Request)
        except msgspec.ValidationError as error:
            raise problems.refusal("JSON_PARSER_ERROR", str(error)) from error
        self._admit(request.composite_request)
        with self._desk.writer.transaction() as transaction:
            answers = self._answers(call, request)
            failed = any(answer.status >= 400 for _, answer in answers)
            if request.all_or_none and failed:
                transaction.roll_back()
                answers = [(part, _halted(answer)) for part, answer in answers]
        made = [
            {
                "body": answer.body,
                "httpHeaders": answer.headers,
                "httpStatusCode": answer.status,
                "referenceId": part.reference_id,
            }
            for part, answer in answers
        ]
        lists = tuple(items for _, answer in answers for items in answer.lists)
        ordered = tuple(items for _, answer in answers for items in answer.ordered)
        return Answer(200, {"compositeResponse": made}, lists=lists, ordered=ordered)

    def _answers(self, call: Call, request: Request) -> list[tuple[Part, Answer]]:
        known: dict[str, Any] = {}
        found: list[tuple[Part, Answer]] = []
        for part in request.composite_request:
            try:
                answer = self._one(call, part, known)
            except Refused as refused:
                answer = refused.answer
            found.append((part, answer))
            if answer.status < 300:
                known[part.reference_id] = answer.body
            elif request.all_or_none:
                rest = request.composite_request[len(found) :]
                return [*found, *((other, problems.answer(HALTED)) for other in rest)]
        return found

    def _one(self, call: Call, part: Part, known: dict[str, Any]) -> Answer:
        match = _BASE.fullmatch(_filled(part.url, known))
        if match is None:
            raise Refused(problems.answer(problems.not_found()))
        if not _FORBIDDEN.isdisjoint(name.lower() for name in part.http_headers):
            raise problems.refusal("INVALID_INPUT", "a subrequest has a header that it may not have")
        for endpoint in self._endpoints:
            params = endpoint.path.fullmatch(match["path"])
            if params is not None and endpoint.method == part.method.upper():
                inner = self._call(call, part, match, known)
                inner.params = {
                    "version": match["version"],
                    **{name: unquote(value) for name, value in params.groupdict().items()},
                }
                answer = endpoint.handler(inner)
                call.inputs += inner.inputs
                return answer
        raise Refused(problems.answer(problems.not_found()))

    def _call(self, call: Call, part: Part, match: re.Match[str], known: dict[str, Any]) -> Call:
        """Return a part as a call of its own; what is to go wrong with the whole goes wrong with it."""
        content = {} if part.body is None else {"Content-Type": "application/json"}
        return Call(
            method=part.method.upper(),
            path=match["path"],
            query=dict(parse_qsl(match["query"] or "", keep_blank_values=True)),
            # Whatever case they come in: this is how the endpoints ask for them.
            headers={name.title(): text for name, text in {**part.http_headers, **content}.items()},
            body=msgspec.json.encode(_filled(part.body, known)),
            params={},
            overlooked=call.overlooked,
            ignored=call.ignored,
            notes={"user": call.notes["user"]},
        )

    def _admit(self, parts: list[Part]) -> None:
        if len(parts) > MAX_PARTS:
            text = f"The request cannot have more than {MAX_PARTS} subrequests"
            raise problems.refusal("INVALID_INPUT", text)
        if sum(bool(_HEAVY.search(part.url)) for part in parts) > MAX_HEAVY:
            text = f"The request cannot have more than {MAX_HEAVY} query or collection subrequests"
            raise problems.refusal("INVALID_INPUT", text)
        names = [part.reference_id for part in parts]
        if len(set(names)) < len(names):
            raise problems.refusal("INVALID_INPUT", "each referenceId must be given once")


def _halted(answer: Answer) -> Answer:
    """Return what a part says that was taken back; the one that failed says why."""
    return problems.answer(HALTED) if answer.status < 300 else answer


def _filled(value: Any, known: dict[str, Any]) -> Any:
    """Put what earlier parts answered in the place of `@{reference.path}`."""
    if isinstance(value, dict):
        return {name: _filled(inner, known) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, known) for inner in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    return _REFERENCE.sub(lambda match: str(_walk(known, match)), value)


def _walk(known: dict[str, Any], match: re.Match[str]) -> Any:
    try:
        found = known[match[1]]
        for name, index in _STEP.findall(match[2]):
            found = found[name] if name else found[int(index)]
    except (KeyError, IndexError, TypeError) as error:
        text = f"Invalid reference specified. No value for {match[0]} found"
        raise Refused(problems.answer(Problem("PROCESSING_HALTED", text))) from error
    return found
