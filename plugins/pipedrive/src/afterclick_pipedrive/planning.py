"""What provisioning would do, and what came of it. Pure.

Nothing that exists is changed: a field of the right name and another type, or two of one name, are for
a person. Custom fields of a plan are few, so the plan says how many it takes. Source: Pipedrive,
"Fields API v2" and "Usage limits".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from afterclick.plugin import FieldSpec, Finding, Kind, Plan, PlanStep
from afterclick_pipedrive import limits, pipelines, tables
from afterclick_pipedrive.answers import Field
from afterclick_pipedrive.fields import DEAL_KEY
from afterclick_pipedrive.tables import TYPES, Resolved

PERSON, DEAL = "person", "deal"
_CODE = re.compile(r"[0-9a-f]{40}")


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is, and what it should have. `deal` is None while deals are off."""

    specs: Sequence[FieldSpec]
    stages: Mapping[str, str]
    plan: str
    person: Sequence[Field]
    deal: Sequence[Field] | None = None

    @property
    def resolved(self) -> Resolved:
        """Return which of the fields are there."""
        return tables.resolve(self.specs, self.person, self.stages)

    @property
    def deal_key(self) -> Field | Finding | None:
        """Return the deal field of the key or what is wrong with it; None while deals are off."""
        return None if self.deal is None else pipelines.key_field(self.deal, "")


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """A field to be made: of `person` or `deal`."""

    of: str
    name: str
    type: str
    description: str = ""

    @property
    def what(self) -> str:
        """Return how the plan names it."""
        return f"{self.of} field {self.name}"

    @property
    def body(self) -> dict[str, Any]:
        """Return the body that makes it: shown with a record, and not asked for in a new one's form."""
        made: dict[str, Any] = {
            "field_name": self.name,
            "field_type": self.type,
            "ui_visibility": {"add_visible_flag": False, "details_visible_flag": True},
        }
        # Person fields take no description.
        return made | ({"description": self.description} if self.of == DEAL else {})


def to_make(survey: Survey) -> list[Making]:
    """Return the fields that are missing and can be made, each once."""
    makings = [
        Making(of=PERSON, name=spec.name, type=TYPES[spec.kind][0])
        for spec in {spec.name: spec for spec in survey.resolved.lacking}.values()
        if _can_be_made(spec)
    ]
    if survey.deal is not None and not tables.named(DEAL_KEY, survey.deal):
        told = "Names the person in Afterclick whose deal it is. Do not edit."
        makings.append(Making(of=DEAL, name=DEAL_KEY, type="varchar", description=told))
    return makings


def _can_be_made(spec: FieldSpec) -> bool:
    return spec.kind is not Kind.CHOICE and not _CODE.fullmatch(spec.name)


def plan(survey: Survey) -> Plan:
    """Return a step for each custom field."""
    resolved, makings = survey.resolved, to_make(survey)
    steps = [
        PlanStep(
            action="keep", what=f"person field {column.spec.name}", detail=f"{column.type}, {column.code}"
        )
        for column in resolved.columns
        if column.place == "custom"
    ]
    steps += [PlanStep(action="create", what=one.what, detail=one.type) for one in makings]
    steps += [_impossible(spec) for spec in resolved.lacking if not _can_be_made(spec)]
    steps += [_conflict(PERSON, finding) for finding in resolved.faults]
    key = survey.deal_key
    if isinstance(key, Field):
        steps.append(
            PlanStep(action="keep", what=f"deal field {DEAL_KEY}", detail=f"varchar, {key.field_code}")
        )
    elif key is not None and not any(one.of == DEAL for one in makings):
        steps.append(_conflict(DEAL, key))
    return Plan(steps=tuple(steps), notes=tuple(_notes(survey, len(makings))))


def _impossible(spec: FieldSpec) -> PlanStep:
    why = "its choices are not known: make it by hand"
    if spec.kind is not Kind.CHOICE:
        why = "no person field has this code: correct it, or map by name"
    return PlanStep(action="conflict", what=f"person field {spec.name}", detail=why)


def _conflict(of: str, finding: Finding) -> PlanStep:
    return PlanStep.conflict(f"{of} field {finding.subject}", finding)


def _notes(survey: Survey, new: int) -> Iterable[str]:
    there = sum(1 for field in (*survey.person, *(survey.deal or ())) if field.is_custom_field)
    allowed = limits.PLANS[survey.plan].custom_fields
    whose = "persons have" if survey.deal is None else "persons and deals have"
    yield (
        f"{new} of the {allowed} custom fields that the plan {survey.plan} allows a company are new; "
        f"{whose} {there} already, and those of other things count too"
    )
    if there + new > allowed:
        yield "there is not enough room: switch fields off in `fields`, or map to fields that are there"


def done(survey: Survey, made: Plan, refusals: Mapping[str, str]) -> Plan:
    """Return the plan as it was carried out, judged by what `survey` finds there afterwards.

    `refusals` are the reasons that Pipedrive gave, by step.
    """
    left = {one.what for one in to_make(survey)}
    steps = [
        step if step.action != "create" else _carried_out(step, step.what in left, refusals)
        for step in made.steps
    ]
    return msgspec.structs.replace(made, steps=tuple(steps))


def _carried_out(step: PlanStep, missing: bool, refusals: Mapping[str, str]) -> PlanStep:
    if not missing:
        return msgspec.structs.replace(step, done=True)
    why = refusals.get(step.what, "Pipedrive did not make it")
    return msgspec.structs.replace(step, action="conflict", detail=why)
