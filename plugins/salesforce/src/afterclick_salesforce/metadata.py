"""The Metadata API's XML: fields, a picklist's values, a section of a page layout. Pure.

It is the API that makes fields in production orgs; Tooling refuses there. Elements stand in the order of its
WSDL: `fullName`, then by name. What exists and is extended goes back as it was read, with one element more,
so that nothing of it is lost. Source: Salesforce, "Metadata API Developer Guide" (upsertMetadata,
readMetadata, CustomField, StandardValueSet, Layout).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from afterclick.plugin import FieldSpec, Kind
from afterclick_salesforce.fields import TEXT_LIMIT

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
MOST = 10
"""Components that one call takes."""
VALUE_SET = "LeadSource"
SECTION = "Deep Link Attribution"

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = f"{{{_XSI}}}type"
_DIGITS = 18
_INDEXED = ("key", "token")
"""Attributes whose fields are External IDs: those get an index."""


class Outcome(NamedTuple):
    """What became of one component; `code` is empty where it worked."""

    name: str
    code: str


class FaultError(Exception):
    """The whole call was refused, with a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def envelope(operation: Element, token: str) -> bytes:
    """Return the body of a call."""
    whole = Element(f"{{{_SOAP}}}Envelope")
    session = SubElement(SubElement(whole, f"{{{_SOAP}}}Header"), _tag("SessionHeader"))
    SubElement(session, _tag("sessionId")).text = token
    SubElement(whole, f"{{{_SOAP}}}Body").append(operation)
    body: bytes = ElementTree.tostring(whole, encoding="utf-8", xml_declaration=True)
    return body


def upsert(components: Iterable[Element]) -> Element:
    """Return the operation that makes components, or brings them up to date."""
    return _operation("upsertMetadata", components)


def update(components: Iterable[Element]) -> Element:
    """Return the operation that replaces components that exist."""
    return _operation("updateMetadata", components)


def read(type: str, names: Iterable[str]) -> Element:
    """Return the operation that reads components."""
    operation = Element(_tag("readMetadata"))
    SubElement(operation, _tag("type")).text = type
    for name in names:
        SubElement(operation, _tag("fullNames")).text = name
    return operation


def _operation(name: str, components: Iterable[Element]) -> Element:
    operation = Element(_tag(name))
    operation.extend(components)
    return operation


def custom_field(object: str, spec: FieldSpec) -> Element:
    """Return the definition of a field."""
    made = Element(_tag("metadata"), {_TYPE: "CustomField"})
    for name, value in field_parts(spec, f"{object}.{spec.name}"):
        SubElement(made, _tag(name)).text = value
    return made


def field_parts(spec: FieldSpec, full_name: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a field's definition, in the order of the WSDL."""
    yield "fullName", full_name
    if spec.unique:
        yield "caseSensitive", "false"
    if spec.description:
        yield "description", spec.description
    if spec.attribute in _INDEXED:
        yield "externalId", "true"
    yield "label", spec.title
    if spec.kind is Kind.TEXT:
        yield "length", str(min(spec.max_length or TEXT_LIMIT, TEXT_LIMIT))
    if spec.kind is Kind.NUMBER:
        yield "precision", str(_DIGITS)
        yield "scale", "0"
    yield "type", TYPES[spec.kind]
    if spec.unique:
        yield "unique", "true"


TYPES = {Kind.TEXT: "Text", Kind.NUMBER: "Number", Kind.DATETIME: "DateTime", Kind.DATE: "Date"}
"""What the Metadata API calls the kinds that can be made without knowing their choices."""


HOLDS: Mapping[Kind, frozenset[str]] = {
    Kind.TEXT: frozenset({"Text", "TextArea", "LongTextArea", "Email", "Phone", "Url", "Picklist"}),
    Kind.NUMBER: frozenset({"Number", "Currency", "Percent"}),
    # A day is accepted for a moment: it loses its time.
    Kind.DATETIME: frozenset({"DateTime", "Date"}),
    Kind.DATE: frozenset({"Date"}),
    Kind.CHOICE: frozenset({"Picklist", "Text"}),
}
"""What the Metadata API calls the fields that can hold a kind."""


class Defined(NamedTuple):
    """A custom field that is there, as far as it matters here."""

    type: str
    unique: bool = False
    external_id: bool = False
    required: bool = False
    """Whether every record needs it; then everybody sees it, and nothing can be granted."""


def defined(field: Element) -> Defined:
    """Return what the definition of a field says."""
    return Defined(
        field.findtext(_tag("type"), ""),
        unique=field.findtext(_tag("unique")) == "true",
        external_id=field.findtext(_tag("externalId")) == "true",
        required=field.findtext(_tag("required")) == "true",
    )


def full_name(record: Element) -> str:
    """Return the name of a component that was read."""
    return record.findtext(_tag("fullName"), "")


def with_value(values: Element, value: str) -> Element:
    """Return a standard value set with one value more."""
    extended = _as_metadata(values, "StandardValueSet")
    entry = Element(_tag("standardValue"))
    for name, text in (("fullName", value), ("default", "false"), ("label", value)):
        SubElement(entry, _tag(name)).text = text
    extended.append(entry)
    return extended


def values_of(values: Element) -> list[str]:
    """Return the names in a standard value set."""
    return [entry.findtext(_tag("fullName"), "") for entry in values.iter(_tag("standardValue"))]


def with_section(layout: Element, fields: Sequence[str]) -> Element:
    """Return a page layout with a section that shows fields, in two columns, after the others."""
    extended = _as_metadata(layout, "Layout")
    places = [index for index, part in enumerate(extended) if part.tag == _tag("layoutSections")]
    extended.insert(places[-1] + 1 if places else len(extended), _section(fields))
    return extended


def _section(fields: Sequence[str]) -> Element:
    made = Element(_tag("layoutSections"))
    for name, text in (("customLabel", "true"), ("detailHeading", "true"), ("editHeading", "true")):
        SubElement(made, _tag(name)).text = text
    SubElement(made, _tag("label")).text = SECTION
    half = (len(fields) + 1) // 2
    for part in (fields[:half], fields[half:]):
        column = SubElement(made, _tag("layoutColumns"))
        for name in part:
            item = SubElement(column, _tag("layoutItems"))
            SubElement(item, _tag("behavior")).text = "Readonly"
            SubElement(item, _tag("field")).text = name
    SubElement(made, _tag("style")).text = "TwoColumnsTopToBottom"
    return made


def has_section(layout: Element) -> bool:
    """Tell whether a page layout has the section already."""
    return any(label.text == SECTION for label in layout.iter(_tag("label")))


def _as_metadata(record: Element, type: str) -> Element:
    extended = Element(_tag("metadata"), {_TYPE: type})
    extended.extend(record)
    return extended


def outcomes(body: bytes) -> list[Outcome]:
    """Read the answer of an upsert or update.

    Raises:
        FaultError: the whole call was refused.
        ValueError: it cannot be read.

    """
    return [
        Outcome(
            result.findtext(_tag("fullName"), ""),
            ""
            if result.findtext(_tag("success")) == "true"
            else result.findtext(f"{_tag('errors')}/{_tag('statusCode')}", "UNKNOWN"),
        )
        for result in _parsed(body).iter(_tag("result"))
    ]


def records(body: bytes) -> list[Element]:
    """Read the answer of a read; a component that is not there comes back empty and is left out.

    Raises:
        FaultError: the whole call was refused.
        ValueError: it cannot be read.

    """
    return [
        record for record in _parsed(body).iter(_tag("records")) if record.find(_tag("fullName")) is not None
    ]


def _parsed(body: bytes) -> Element:
    # Salesforce sends no document type; without one there are no entities that could grow.
    if b"<!DOCTYPE" in body:
        raise ValueError("the answer has a document type")
    try:
        whole = ElementTree.fromstring(body)  # noqa: S314 - see above
    except ElementTree.ParseError:
        raise ValueError("the answer is no XML") from None
    code = whole.findtext(f".//{{{_SOAP}}}Fault/faultcode")
    if code is not None:
        raise FaultError(code.rpartition(":")[2])
    return whole


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
