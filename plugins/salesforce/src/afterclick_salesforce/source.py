"""The fields and the permission set as a Salesforce DX project, for orgs that are deployed from source.

    python -m afterclick_salesforce.source FOLDER

writes it with the default names; `plugins/salesforce/sfdx` is made that way. Source: Salesforce, "Metadata
API Developer Guide" (CustomField, PermissionSet) and "Salesforce DX Developer Guide" (source format).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from afterclick.plugin import FieldSpec
from afterclick_salesforce import metadata
from afterclick_salesforce.definitions import applies
from afterclick_salesforce.fields import CUSTOM, DEFAULT_FIELDS, OBJECTS
from afterclick_salesforce.planning import RIGHTS, pointer_spec

API_VERSION = "68.0"
PERMISSION_SET = "Deep_Link_Sync"
POINTER = "Deep_Link_Merged_Into__c"
_DEFAULT = "force-app/main/default"


def files() -> dict[str, str]:
    """Return the texts of the project's files, by path within it."""
    specs = [spec for spec in (*DEFAULT_FIELDS, pointer_spec(POINTER)) if spec.name.endswith(CUSTOM)]
    made = {"sfdx-project.json": json.dumps(_PROJECT, indent=2) + "\n"}
    for object in OBJECTS:
        for spec in specs:
            if applies(spec, object):
                path = f"{_DEFAULT}/objects/{object}/fields/{spec.name}.field-meta.xml"
                made[path] = _text("CustomField", metadata.field_parts(spec, spec.name))
    path = f"{_DEFAULT}/permissionsets/{PERMISSION_SET}.permissionset-meta.xml"
    made[path] = _text("PermissionSet", _permission_set(specs))
    return made


_PROJECT = {
    "packageDirectories": [{"path": "force-app", "default": True}],
    "name": "afterclick",
    "sourceApiVersion": API_VERSION,
}

Parts = Iterator[tuple[str, str | Mapping[str, str]]]


def _permission_set(specs: list[FieldSpec]) -> Parts:
    """Yield the parts of the permission set; its whole content, since deploying it replaces it."""
    yield "description", "What Afterclick's integration user needs."
    for object in OBJECTS:
        for spec in specs:
            if applies(spec, object):
                yield (
                    "fieldPermissions",
                    {"editable": "true", "field": f"{object}.{spec.name}", "readable": "true"},
                )
    yield "hasActivationRequired", "false"
    yield "label", PERMISSION_SET.replace("_", " ")
    for object in OBJECTS:
        rights = RIGHTS[object]
        granted = {
            f"allow{right}": str(right in rights).lower() for right in ("Create", "Delete", "Edit", "Read")
        }
        yield (
            "objectPermissions",
            {**granted, "modifyAllRecords": "false", "object": object, "viewAllRecords": "false"},
        )


def _text(kind: str, parts: Iterator[tuple[str, str]] | Parts) -> str:
    whole = Element(kind, {"xmlns": metadata.NAMESPACE})
    for name, value in parts:
        part = SubElement(whole, name)
        if isinstance(value, str):
            part.text = value
            continue
        for inner, text in value.items():
            SubElement(part, inner).text = text
    indent(whole, "    ")
    body: str = tostring(whole, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def write(folder: Path) -> None:
    """Write the project."""
    for path, text in files().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
