"""Elements of the Metadata API: how they are named, read, written, and in which order they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
TYPE = f"{{{XSI}}}type"

for _prefix, _uri in (("soapenv", SOAP), ("xsi", XSI)):
    ElementTree.register_namespace(_prefix, _uri)


class FaultError(Exception):
    """A whole call is refused: the code without its prefix, and the text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ComponentError(Exception):
    """One component is refused, the others are not."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def tag(name: str) -> str:
    """Return the name of an element of this API."""
    return f"{{{NAMESPACE}}}{name}"


def local(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def text(element: Element, name: str, default: str = "") -> str:
    """Return the text of the child `name`."""
    return (element.findtext(tag(name)) or default).strip()


def add(parent: Element, name: str, value: str | None = None) -> Element:
    """Append a child."""
    made = SubElement(parent, tag(name))
    made.text = value
    return made


def parsed(body: bytes) -> Element:
    """Return the root of a document.

    Raises:
        FaultError: it is none.

    """
    # Without a document type there are no entities that could grow.
    if b"<!DOCTYPE" in body:
        raise FaultError("UNKNOWN_EXCEPTION", "a document type is not allowed")
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - see above
    except ElementTree.ParseError as error:
        raise FaultError("UNKNOWN_EXCEPTION", f"the document cannot be read: {error}") from error


def check_order(element: Element) -> None:
    """Look whether `fullName` comes first and the rest by name, at every depth, as in the WSDL.

    Raises:
        FaultError: an element stands where the schema does not expect it.

    """
    names = [local(child) for child in element]
    for before, after in pairwise(names):
        if after == "fullName" or (before != "fullName" and after < before):
            raise FaultError("UNKNOWN_EXCEPTION", f"unexpected element {{{NAMESPACE}}}{after} after {before}")
    for child in element:
        check_order(child)


def envelope(content: Element) -> bytes:
    """Return the document that holds an answer."""
    whole = Element(f"{{{SOAP}}}Envelope")
    SubElement(whole, f"{{{SOAP}}}Body").append(content)
    made: bytes = ElementTree.tostring(whole, encoding="utf-8", xml_declaration=True)
    return made


def strings(parent: Element, name: str) -> Iterator[str]:
    """Go through the texts of the children of this name."""
    return ((child.text or "").strip() for child in parent.findall(tag(name)))


def children(name: str, parts: Iterable[tuple[str, str]]) -> Element:
    """Return an element with children that hold texts."""
    made = Element(tag(name))
    for part, value in parts:
        add(made, part, value)
    return made
