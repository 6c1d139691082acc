"""What provisioning would do, and what came of it. Pure.

Nothing that exists is ever changed: a field of the wrong type is a conflict that somebody has to settle.
Rights are only added, to a permission set of our own. Source: Salesforce, "Object Reference" (PermissionSet,
ObjectPermissions, FieldPermissions, PermissionSetAssignment).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from afterclick.plugin import FieldSpec, Kind, Plan, PlanStep, Rule
from afterclick_salesforce import definitions, metadata
from afterclick_salesforce.fields import CONTACT, CUSTOM, ID_LENGTH, LEAD, OBJECTS
from afterclick_salesforce.metadata import Defined
from afterclick_salesforce.settings import SalesforceSettings

RIGHTS: Mapping[str, tuple[str, ...]] = {LEAD: ("Read", "Create", "Edit"), CONTACT: ("Read", "Edit")}
DELETE = "Delete"
LEAD_SOURCE = "Deep Link"
"""What the attribute `lead_source` is for everybody."""
_PUT_OFF = "by hand: see the README"


class FieldName(NamedTuple):
    """A field of an object."""

    object: str
    name: str

    def __str__(self) -> str:
        return f"{self.object}.{self.name}"


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """An org as it is, and what it should have.

    `there` are its custom fields, `defined` those of them that leads are written to. `permission_set` is its
    id, None where it is missing; `objects` and `granted` are what it grants, `rows` the ids of the records
    that say so. `deletes` tells whether Leads may have to be deleted. `user` is the integration user, empty
    where nobody knows. `source_there` is None where the picklist could not be read.
    """

    settings: SalesforceSettings
    deletes: bool
    fields: Sequence[FieldSpec]
    there: frozenset[FieldName]
    defined: Mapping[FieldName, Defined]
    lead_source: str
    source_there: bool | None
    permission_set: str | None
    objects: Mapping[str, frozenset[str]]
    granted: frozenset[FieldName]
    rows: Mapping[str | FieldName, str]
    user: str
    assigned: bool
    layouts: Mapping[str, bool | None]

    @property
    def wanted(self) -> dict[FieldName, FieldSpec]:
        """Return the custom fields that are needed, by object."""
        return wanted(self.fields, self.settings)

    def to_create(self) -> dict[FieldName, FieldSpec]:
        """Return the fields that are missing and can be made."""
        return {
            field: spec
            for field, spec in self.wanted.items()
            if field not in self.there and spec.kind in metadata.TYPES
        }

    def to_grant(self) -> list[FieldName]:
        """Return the fields that the permission set should grant and does not; there they are or will be."""
        made = self.to_create()
        needless = {field for field, there in self.defined.items() if there.required} | self.granted
        return [
            field for field in self.wanted if field not in needless and (field in self.there or field in made)
        ]

    def rights(self, object: str) -> frozenset[str]:
        """Return the rights on an object that are needed."""
        deletes = object == LEAD and self.deletes
        return frozenset({*RIGHTS[object], *([DELETE] if deletes else [])})

    def lacking(self) -> list[str]:
        """Return the objects on which the permission set grants too little."""
        return [one for one in OBJECTS if not self.rights(one) <= self.objects.get(one, frozenset())]


def wanted(fields: Sequence[FieldSpec], settings: SalesforceSettings) -> dict[FieldName, FieldSpec]:
    """Return the custom fields that are needed, by object."""
    specs = [*fields, pointer_spec(settings.merged_into)]
    return {
        FieldName(object, spec.name): spec
        for object in OBJECTS
        for spec in specs
        if spec.name.endswith(CUSTOM) and definitions.applies(spec, object)
    }


def pointer_spec(name: str) -> FieldSpec:
    """Return the field that points from a retired Lead to the record in its place."""
    return FieldSpec(
        attribute="merged_into",
        name=name,
        title="Deep Link Merged Into",
        max_length=ID_LENGTH,
        kinds=(LEAD,),
        description="The record that took this Lead's place. Do not edit.",
    )


def plan(survey: Survey) -> Plan:
    """Return a step for each field, the picklist's value, the permission set and what it grants."""
    steps = [_field_step(field, spec, survey) for field, spec in survey.wanted.items()]
    steps += list(_source_step(survey))
    steps.append(
        _step(survey.permission_set is not None, _set_name(survey), "shown to people as Deep Link Sync")
    )
    for object in OBJECTS:
        detail = ", ".join(sorted(survey.rights(object)))
        steps.append(_step(object not in survey.lacking(), f"rights on {object}", detail))
    grants = survey.to_grant()
    named = ", ".join(map(str, grants)) or "all of them"
    steps.append(_step(not grants, "access to fields", named))
    steps.append(_assignment_step(survey))
    steps += list(_layout_steps(survey))
    return Plan(steps=tuple(steps), notes=tuple(_notes(survey)))


def done(survey: Survey, made: Plan, refusals: Mapping[str, str]) -> Plan:
    """Return the plan as it was carried out, judged by what `survey` finds there afterwards.

    `refusals` are the codes that Salesforce gave, by step.
    """
    now = {step.what: step for step in plan(survey).steps}
    return msgspec.structs.replace(
        made, steps=tuple(_outcome(step, now.get(step.what), refusals) for step in made.steps)
    )


def _outcome(step: PlanStep, now: PlanStep | None, refusals: Mapping[str, str]) -> PlanStep:
    if step.action != "create":
        return step
    if now is not None and now.action == "keep":
        return msgspec.structs.replace(step, done=True)
    if now is not None and now.action == "conflict":
        return now
    why = refusals.get(step.what, "Salesforce did not do it")
    return msgspec.structs.replace(step, action="conflict", detail=f"{why}; {_PUT_OFF}")


def _step(there: bool, what: str, detail: str) -> PlanStep:
    return PlanStep(action="keep" if there else "create", what=what, detail=detail)


def _set_name(survey: Survey) -> str:
    return f"permission set {survey.settings.permission_set}"


def _field_step(field: FieldName, spec: FieldSpec, survey: Survey) -> PlanStep:
    what = f"field {field}"
    there = survey.defined.get(field)
    if there is not None and (fault := _fault(spec, there)):
        return PlanStep(action="conflict", what=what, detail=f"{fault}; put it right, or choose another name")
    if field in survey.there:
        return PlanStep(action="keep", what=what, detail=there.type if there is not None else "")
    if spec.kind is Kind.CHOICE:
        return PlanStep(action="conflict", what=what, detail="its choices are not known: make it by hand")
    parts = dict(metadata.field_parts(spec, field.name))
    remarks = [f"{parts['type']}({parts['length']})" if "length" in parts else parts["type"]]
    remarks += [word for word, name in (("External ID", "externalId"), ("Unique", "unique")) if name in parts]
    return PlanStep(action="create", what=what, detail=", ".join(remarks))


def _fault(spec: FieldSpec, there: Defined) -> str:
    """Return what is wrong with a field that is there, empty if nothing is."""
    if there.type not in metadata.HOLDS[spec.kind]:
        return f"it is of the type {there.type}"
    if spec.rule is Rule.KEY and not (there.unique and there.external_id):
        return "it is not both Unique and External ID"
    return ""


def _source_step(survey: Survey) -> Iterable[PlanStep]:
    if survey.lead_source and survey.source_there is not None:
        yield _step(survey.source_there, f"value {survey.lead_source} of LeadSource", "")


def _assignment_step(survey: Survey) -> PlanStep:
    what = f"{_set_name(survey)} for the integration user"
    if not survey.user:
        return PlanStep(action="conflict", what=what, detail=f"the login does not work yet; {_PUT_OFF}")
    return _step(survey.assigned, what, survey.user)


def _layout_steps(survey: Survey) -> Iterable[PlanStep]:
    for name, there in survey.layouts.items():
        what = f"section on layout {name}"
        if there is None:
            yield PlanStep(action="conflict", what=what, detail="the org has no such layout")
        else:
            yield _step(there, what, metadata.SECTION)


def _notes(survey: Survey) -> Iterable[str]:
    if survey.lead_source and survey.source_there is None:
        yield (
            f"whether LeadSource has the value {survey.lead_source} could not be read; add it in Setup, "
            "Object Manager, Lead, Fields & Relationships, Lead Source"
        )
    if not survey.layouts:
        yield "no page layout is changed; name some in `layouts` to have a section added to them"
