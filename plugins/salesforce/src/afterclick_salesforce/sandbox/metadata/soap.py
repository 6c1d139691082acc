"""`/services/Soap/m/{version}`: one address for all calls, which are told apart by the body."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol
from xml.etree.ElementTree import Element

from afterclick.sandbox import Answer, Call
from afterclick_salesforce.sandbox.access import User
from afterclick_salesforce.sandbox.metadata.fields import CustomFields, missing
from afterclick_salesforce.sandbox.metadata.layouts import Layouts
from afterclick_salesforce.sandbox.metadata.value_sets import ValueSets
from afterclick_salesforce.sandbox.metadata.xml import (
    NAMESPACE,
    SOAP,
    TYPE,
    ComponentError,
    FaultError,
    add,
    envelope,
    local,
    parsed,
    strings,
    tag,
    text,
)
from afterclick_salesforce.sandbox.org import Org

MOST = 10
"""How many components a call may have."""
_RIGHTS = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"

Admit = Callable[[str], User]
"""Returns whose session id it is and spends a call, or raises `FaultError`."""


class Components(Protocol):
    """The components of one type."""

    def names(self) -> list[str]: ...
    def read(self, full_name: str, made: Element) -> bool: ...
    def write(self, full_name: str, given: Element) -> None: ...
    def delete(self, full_name: str) -> None: ...


class Soap:
    """The Metadata API of one org."""

    def __init__(self, org: Org, admit: Admit) -> None:
        self._org = org
        self._admit = admit
        self._operations: dict[str, Callable[[Element], Iterable[Element]]] = {
            "readMetadata": self._read,
            "listMetadata": self._list,
            "createMetadata": self._create,
            "updateMetadata": self._update,
            "upsertMetadata": self._upsert,
            "deleteMetadata": self._delete,
        }
        self.begin()

    def begin(self) -> None:
        """Follow the org, which has begun anew."""
        self.layouts = Layouts(self._org)
        self._types: dict[str, Components] = {
            "CustomField": CustomFields(self._org),
            "StandardValueSet": ValueSets(self._org),
            "Layout": self.layouts,
        }

    def call(self, call: Call) -> Answer:
        """Answer a call; what refuses it as a whole is a fault, with status 500."""
        try:
            return _answer(200, self._answered(call))
        except FaultError as fault:
            return _answer(500, _fault(fault))

    def _answered(self, call: Call) -> Element:
        if not call.headers.get("Content-Type", "").startswith("text/xml"):
            raise FaultError("UNKNOWN_EXCEPTION", "the Content-Type must be text/xml")
        if "SOAPAction" not in call.headers:
            raise FaultError("UNKNOWN_EXCEPTION", "the header SOAPAction is missing")
        whole = parsed(call.body)
        session = whole.findtext(f"{{{SOAP}}}Header/{tag('SessionHeader')}/{tag('sessionId')}", "")
        operation = next(iter(whole.find(f"{{{SOAP}}}Body") or ()), None)
        name = "" if operation is None else local(operation)
        if operation is None or name not in self._operations:
            raise FaultError("UNKNOWN_EXCEPTION", f"there is no operation {name!r}")
        if not self._admit(session).admin:
            raise FaultError("INSUFFICIENT_ACCESS", _RIGHTS)
        made = Element(tag(f"{name}Response"))
        made.extend(self._operations[name](operation))
        return made

    # Operations.

    def _read(self, operation: Element) -> Iterable[Element]:
        kind = text(operation, "type")
        components, names = self._components(kind), list(strings(operation, "fullNames"))
        _limit(names)
        result = Element(tag("result"))
        for name in names:
            record = add(result, "records")
            record.set(TYPE, kind)
            # What is not there comes back as an empty record.
            components.read(name, record)
        return [result]

    def _list(self, operation: Element) -> Iterable[Element]:
        for query in operation.findall(tag("queries")):
            kind = text(query, "type")
            for name in self._components(kind).names():
                made = Element(tag("result"))
                add(made, "fullName", name)
                add(made, "type", kind)
                yield made

    def _create(self, operation: Element) -> Iterable[Element]:
        def create(components: Components, name: str, given: Element) -> None:
            if name in components.names():
                raise ComponentError("DUPLICATE_DEVELOPER_NAME", f"there is already a component named {name}")
            components.write(name, given)

        return [_result(name, failed) for name, failed, _ in self._each(operation, create)]

    def _update(self, operation: Element) -> Iterable[Element]:
        def update(components: Components, name: str, given: Element) -> None:
            if name not in components.names():
                raise missing(name)
            components.write(name, given)

        return [_result(name, failed) for name, failed, _ in self._each(operation, update)]

    def _upsert(self, operation: Element) -> Iterable[Element]:
        done = self._each(operation, lambda components, name, given: components.write(name, given))
        return [_result(name, failed, created=new and failed is None) for name, failed, new in done]

    def _delete(self, operation: Element) -> Iterable[Element]:
        components, names = self._components(text(operation, "type")), list(strings(operation, "fullNames"))
        _limit(names)
        return [_result(name, _failure(partial(components.delete, name))) for name in names]

    # Steps.

    def _each(
        self, operation: Element, write: Callable[[Components, str, Element], None]
    ) -> list[tuple[str, ComponentError | None, bool]]:
        """Write each component; return its name, why it failed, and whether it was not there before."""
        given = operation.findall(tag("metadata"))
        _limit(given)
        kinds = {(one.get(TYPE) or "").rpartition(":")[2] for one in given}
        if len(kinds) != 1:
            raise FaultError("INVALID_TYPE", "all components of a call must be of one type")
        components = self._components(kinds.pop())
        done = []
        for one in given:
            name = text(one, "fullName")
            new = name not in components.names()
            failed = _failure(partial(write, components, name, one))
            done.append((name, failed, new))
        return done

    def _components(self, kind: str) -> Components:
        if kind not in self._types:
            raise FaultError("INVALID_TYPE", f"This type of metadata is not available for this org: {kind}")
        return self._types[kind]


def _limit(given: list[Element] | list[str]) -> None:
    if len(given) > MOST:
        said = f"record limit reached. cannot submit more than {MOST} records in this request"
        raise FaultError("EXCEEDED_ID_LIMIT", said)


def _failure(work: Callable[[], None]) -> ComponentError | None:
    try:
        work()
    except ComponentError as error:
        return error
    return None


def _result(name: str, failed: ComponentError | None, *, created: bool | None = None) -> Element:
    made = Element(tag("result"))
    if created is not None:
        add(made, "created", str(created).lower())
    if failed is not None:
        error = add(made, "errors")
        add(error, "message", failed.message)
        add(error, "statusCode", failed.code)
    add(made, "fullName", name)
    add(made, "success", str(failed is None).lower())
    return made


def _fault(fault: FaultError) -> Element:
    made = Element(f"{{{SOAP}}}Fault")
    for name, value in (("faultcode", f"sf:{fault.code}"), ("faultstring", f"{fault.code}: {fault.message}")):
        part = Element(name)
        part.text = value
        made.append(part)
    # The prefix of the code, which is no element's.
    made.set("xmlns:sf", NAMESPACE)
    return made


def _answer(status: int, content: Element) -> Answer:
    return Answer(status, envelope(content), {"Content-Type": "text/xml;charset=UTF-8"})
