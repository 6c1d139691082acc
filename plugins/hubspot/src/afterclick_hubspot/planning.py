"""What provisioning would do, and what came of it. Pure.

Nothing that exists is ever changed: a property of the wrong type is a conflict that somebody has to
settle. Source: HubSpot, "Properties" guide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from afterclick.plugin import FieldSpec, Finding, Kind, Plan, PlanStep
from afterclick_hubspot import definitions, findings
from afterclick_hubspot.answers import Property
from afterclick_hubspot.definitions import Properties


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is, and what it should have. `archived` properties come back when made again."""

    fields: Sequence[FieldSpec]
    stages: Mapping[str, str]
    group: str
    group_label: str
    group_there: bool
    there: Properties
    archived: Properties

    @property
    def specs(self) -> dict[str, FieldSpec]:
        """Return each property once: two attributes may go into one."""
        return {spec.name: spec for spec in self.fields}

    def to_create(self) -> list[FieldSpec]:
        """Return the properties that are missing and can be made."""
        full = definitions.lacks_room(self.fields, self.there)
        return [
            spec
            for spec in self.specs.values()
            if spec.name not in self.there
            and not spec.standard
            and not (spec.unique and full)
            and (spec.kind is not Kind.CHOICE or spec.order)
            and not _errors(spec, self.archived.get(spec.name))
        ]


def plan(survey: Survey) -> Plan:
    """Return a step for the group and for each property."""
    steps = [
        PlanStep(
            action="keep" if survey.group_there else "create",
            what=f"group {survey.group}",
            detail=survey.group_label,
        )
    ]
    creatable = {spec.name for spec in survey.to_create()}
    steps += [_step(spec, survey, creatable) for spec in survey.specs.values()]
    faults = definitions.stage_faults(survey.fields, survey.there, survey.stages)
    steps += [PlanStep.conflict(f"stages of {finding.subject}", finding) for finding in faults]
    return Plan(steps=tuple(steps), notes=tuple(_notes(survey, creatable)))


def done(survey: Survey, made: Plan, refusals: Mapping[str, str]) -> Plan:
    """Return the plan as it was carried out, judged by what `survey` finds there afterwards.

    `refusals` are the reasons HubSpot gave, by property.
    """
    return msgspec.structs.replace(made, steps=tuple(_outcome(step, survey, refusals) for step in made.steps))


def _step(spec: FieldSpec, survey: Survey, creatable: set[str]) -> PlanStep:
    what = f"property {spec.name}"
    definition = survey.there.get(spec.name)
    errors = _errors(spec, definition or survey.archived.get(spec.name))
    if errors:
        return PlanStep.conflict(what, errors[0])
    if definition is not None:
        return PlanStep(action="keep", what=what, detail=_described(definition, spec, survey.group))
    if spec.name in creatable:
        form = definitions.FORMS[spec.kind]
        detail = f"{form.type}/{form.field_type}" + (", unique" if spec.unique else "")
        return PlanStep(action="create", what=what, detail=detail)
    if spec.standard:
        return PlanStep.conflict(what, findings.missing_standard(spec))
    if spec.kind is Kind.CHOICE:
        return PlanStep(action="conflict", what=what, detail="its choices are not known: make it by hand")
    return PlanStep.conflict(
        what, findings.unique_limit(definitions.count_unique(survey.there), definitions.MOST_UNIQUE)
    )


def _notes(survey: Survey, creatable: set[str]) -> list[str]:
    back = [name for name in survey.specs if name in creatable and name in survey.archived]
    notes = [f"archived properties come back with their old values: {', '.join(back)}"] if back else []
    for name, spec in survey.specs.items():
        if name in survey.there:
            faults = definitions.faults(spec, survey.there[name])
            notes += [f"{found.message}. {found.remedy}" for found in faults if found.level != "error"]
    return notes


def _outcome(step: PlanStep, survey: Survey, refusals: Mapping[str, str]) -> PlanStep:
    kind, _, name = step.what.partition(" ")
    if step.action != "create":
        return step
    if kind == "group":
        return msgspec.structs.replace(step, done=survey.group_there)
    if name not in survey.there:
        why = refusals.get(name, "HubSpot did not make it")
        return msgspec.structs.replace(step, action="conflict", detail=why)
    errors = _errors(survey.specs[name], survey.there[name])
    return PlanStep.conflict(step.what, errors[0]) if errors else msgspec.structs.replace(step, done=True)


def _errors(spec: FieldSpec, definition: Property | None) -> list[Finding]:
    if definition is None:
        return []
    return [found for found in definitions.faults(spec, definition) if found.level == "error"]


def _described(definition: Property, spec: FieldSpec, group: str) -> str:
    """Describe a property in place; another editor or group changes nothing for the service."""
    remarks = [f"{definition.type}/{definition.field_type or ''}"]
    if definition.has_unique_value:
        remarks.append("unique")
    if not spec.standard and definition.group_name not in (None, group):
        remarks.append("in another group")
    return ", ".join(remarks)
