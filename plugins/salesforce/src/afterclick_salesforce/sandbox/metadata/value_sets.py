"""StandardValueSet: the values of LeadSource, which Leads and Contacts share."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import msgspec

from afterclick_salesforce.sandbox.metadata.fields import missing
from afterclick_salesforce.sandbox.metadata.xml import ComponentError, add, tag, text
from afterclick_salesforce.sandbox.org import Org
from afterclick_salesforce.sandbox.schema import Choice

NAME = "LeadSource"


class ValueSets:
    """The standard value sets of an org, as components."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def names(self) -> list[str]:
        """Return the full names of those that are there."""
        return [NAME]

    def read(self, full_name: str, made: Element) -> bool:
        """Write the values into `made`; False if there is no such set."""
        if full_name != NAME:
            return False
        add(made, "fullName", NAME)
        add(made, "sorted", "false")
        for one in self._org.tables["Lead"].sobject.fields[NAME].choices:
            entry = add(made, "standardValue")
            add(entry, "fullName", one.value)
            add(entry, "default", str(one.default).lower())
            add(entry, "label", one.label)
        return True

    def write(self, full_name: str, given: Element) -> None:
        """Replace the values: those that are not given are values no more.

        Raises:
            ComponentError: there is no such set, or it would be empty.

        """
        if full_name != NAME:
            raise missing(full_name)
        choices = tuple(
            Choice(text(entry, "fullName"), text(entry, "label"), text(entry, "default") == "true")
            for entry in given.findall(tag("standardValue"))
        )
        if not choices or not all(one.value and one.label for one in choices):
            raise ComponentError("REQUIRED_FIELD_MISSING", "each value needs a fullName and a label")
        if len({one.value.lower() for one in choices}) < len(choices):
            raise ComponentError("DUPLICATE_VALUE", "two values have one name")
        for sobject in ("Lead", "Contact"):
            field = self._org.tables[sobject].sobject.fields[NAME]
            self._org.define(sobject, msgspec.structs.replace(field, choices=choices))

    def delete(self, full_name: str) -> None:
        """Refuse: a standard value set cannot be deleted.

        Raises:
            ComponentError: always.

        """
        raise ComponentError("INSUFFICIENT_ACCESS_OR_READONLY", f"{full_name} cannot be deleted")
