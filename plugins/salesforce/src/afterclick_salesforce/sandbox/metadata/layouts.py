"""Layout: which fields a page shows, in which sections."""

from __future__ import annotations

from copy import deepcopy
from xml.etree.ElementTree import Element

from afterclick_salesforce.sandbox.metadata.fields import missing
from afterclick_salesforce.sandbox.metadata.xml import ComponentError, add, check_order, tag, text
from afterclick_salesforce.sandbox.org import Org

_SHOWN = {
    "Lead": ("FirstName", "LastName", "Company", "Email", "Phone", "Status", "LeadSource"),
    "Contact": ("FirstName", "LastName", "AccountId", "Email", "Phone", "LeadSource"),
}


class Layouts:
    """The page layouts of an org, as components. What is not looked at here is kept as it was sent."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._layouts = {f"{sobject}-{sobject} Layout": _layout(sobject) for sobject in _SHOWN}

    def names(self) -> list[str]:
        """Return the full names of those that are there."""
        return list(self._layouts)

    def read(self, full_name: str, made: Element) -> bool:
        """Write a layout into `made`; False if there is none."""
        found = self._layouts.get(full_name)
        if found is None:
            return False
        add(made, "fullName", full_name)
        made.extend(deepcopy(list(found)))
        return True

    def write(self, full_name: str, given: Element) -> None:
        """Replace a layout as a whole.

        Raises:
            ComponentError: there is none, it shows a field that is not there, or lacks a required one.

        """
        check_order(given)
        if full_name not in self._layouts:
            raise missing(full_name)
        sobject = self._org.tables[full_name.partition("-")[0]].sobject
        shown = [item.text or "" for item in given.iter(tag("field"))]
        for name in shown:
            if sobject.field(name) is None:
                said = f"In field: field - no CustomField named {sobject.name}.{name} found"
                raise ComponentError("FIELD_INTEGRITY_EXCEPTION", said)
        if len(set(shown)) < len(shown):
            raise ComponentError("FIELD_INTEGRITY_EXCEPTION", "a field is on the layout twice")
        for name in sobject.required:
            if name not in shown:
                said = f"Layout must contain an item for required layout field: {name}"
                raise ComponentError("FIELD_INTEGRITY_EXCEPTION", said)
        kept = Element(tag("layout"))
        kept.extend(deepcopy([part for part in given if part.tag != tag("fullName")]))
        self._layouts[full_name] = kept

    def delete(self, full_name: str) -> None:
        """Refuse: every object needs its layout.

        Raises:
            ComponentError: always.

        """
        raise ComponentError("DELETE_FAILED", f"{full_name} is in use")

    def sections(self, full_name: str) -> dict[str, list[str]]:
        """Return the fields that a layout shows, by section."""
        return {
            text(section, "label"): [item.text or "" for item in section.iter(tag("field"))]
            for section in self._layouts[full_name].findall(tag("layoutSections"))
        }


def _layout(sobject: str) -> Element:
    made = Element(tag("layout"))
    section = add(made, "layoutSections")
    for name, value in (("customLabel", "false"), ("detailHeading", "false"), ("editHeading", "true")):
        add(section, name, value)
    add(section, "label", f"{sobject} Information")
    column = add(section, "layoutColumns")
    for name in _SHOWN[sobject]:
        item = add(column, "layoutItems")
        add(item, "behavior", "Required" if name in ("LastName", "Company") else "Edit")
        add(item, "field", name)
    add(section, "style", "TwoColumnsTopToBottom")
    add(made, "showEmailCheckbox", "false")
    return made
