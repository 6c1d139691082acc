"""The fields of one connection: the plugin's defaults, as the operator changed them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from afterclick.config.connection import Connection, FieldOverride, FieldSetting
from afterclick.config.decode import Decoder, did_you_mean, join
from afterclick.model.fields import FieldSpec, Kind, Rule, Scalar
from afterclick.model.further import is_further
from afterclick.model.lead import PERSON_FIELDS, REFERRER_FIELDS, STAGES, TOUCH_FIELDS

ATTRIBUTES = (
    "key",
    "short",
    "user_id",
    "lead_source",
    "install_date",
    "claim_date",
    "referral_date",
    "registration_date",
    "conversion_date",
    "referral_source",
    "minutes_to_convert",
    "milestone",
    "stage",
    *TOUCH_FIELDS,
    *(f"last_touch_{name}" for name in TOUCH_FIELDS),
    *PERSON_FIELDS,
    "name",
    *REFERRER_FIELDS,
)
"""What can be known of a lead: every name of `afterclick.model.lead.attributes`, and who referred it."""

CONSTANT = "set_on_create."
"""What the attribute of a constant begins with: no lead has it, so its placeholder is what counts."""

_KINDS = {name: Kind.DATETIME for name in ATTRIBUTES if name.endswith("_date")} | {
    "minutes_to_convert": Kind.NUMBER,
    "referrer_referrals": Kind.NUMBER,
}


def fields_of(
    connection: Connection, defaults: Sequence[FieldSpec], path: str, decoder: Decoder
) -> tuple[FieldSpec, ...]:
    """Return the connection's fields: the defaults with its overrides, further ones, and constants."""
    specs: list[FieldSpec] = []
    path_of_fields = join(path, "fields")
    known = {spec.attribute for spec in defaults}
    for spec in defaults:
        override = _override(connection.fields.get(spec.attribute, True))
        changed = _changed(spec, override, join(path_of_fields, spec.attribute), decoder)
        if changed is not None:
            specs.append(changed)
    for label, setting in connection.fields.items():
        if label not in known:
            further = _further(label, _override(setting), known, join(path_of_fields, label), decoder)
            if further is not None:
                specs.append(further)
    specs += [_constant(name, value) for name, value in connection.set_on_create.items()]
    _refuse_doubles(specs, path_of_fields, decoder)
    return tuple(specs)


def _override(setting: FieldSetting) -> FieldOverride:
    if isinstance(setting, FieldOverride):
        return setting
    if isinstance(setting, str):
        return FieldOverride(name=setting)
    return FieldOverride(off=not setting)


def _changed(spec: FieldSpec, override: FieldOverride, path: str, decoder: Decoder) -> FieldSpec | None:
    if spec.rule is Rule.KEY and (override.off or override.rule is not None):
        decoder.fault(path, "is how records are found again", "Only its name can be changed.")
        return spec
    if override.off or not _is_known(override.attribute or spec.attribute, {spec.attribute}, path, decoder):
        return None
    return msgspec.structs.replace(spec, **_set(override))


def _is_known(attribute: str, defaults: set[str], path: str, decoder: Decoder) -> bool:
    if attribute in ATTRIBUTES or attribute in defaults or is_further(attribute):
        return True
    decoder.fault(
        path,
        f"no lead has an attribute `{attribute}`",
        f"{did_you_mean(attribute, ATTRIBUTES)} Or a path: `data.reward_type`, `properties.plan`.",
    )
    return False


def _further(
    label: str, override: FieldOverride, known: set[str], path: str, decoder: Decoder
) -> FieldSpec | None:
    attribute = override.attribute or label
    if override.off or not _is_known(attribute, known, path, decoder):
        return None
    if override.name is None:
        decoder.fault(path, "names no field of the CRM", "Write its `name`.")
        return None
    spec = FieldSpec(
        attribute=attribute,
        name=override.name,
        title=override.title or attribute.replace("_", " ").capitalize(),
        kind=_KINDS.get(attribute, Kind.TEXT),
    )
    return msgspec.structs.replace(spec, **_set(override))


def _set(override: FieldOverride) -> dict[str, object]:
    """Return what an override changes, by the field names of FieldSpec."""
    changes = {
        "name": override.name,
        "attribute": override.attribute,
        "rule": None if override.rule is None else Rule(override.rule),
        "kind": override.kind,
        "title": override.title,
        "max_length": override.max_length,
        "placeholder": override.placeholder,
    }
    return {name: value for name, value in changes.items() if value is not None}


def _constant(name: str, value: Scalar) -> FieldSpec:
    if isinstance(value, bool):
        value = "true" if value else "false"
    number = isinstance(value, int | float)
    return FieldSpec(
        attribute=CONSTANT + name,
        name=name,
        title=name,
        kind=Kind.NUMBER if number else Kind.TEXT,
        rule=Rule.CREATE,
        placeholder=str(value).replace("{", "{{").replace("}", "}}"),
        standard=True,
    )


def _refuse_doubles(specs: Iterable[FieldSpec], path: str, decoder: Decoder) -> None:
    """Note fields of the CRM that two of ours would write by turns."""
    seen: dict[str, FieldSpec] = {}
    for spec in specs:
        other = seen.setdefault(spec.name, spec)
        apart = other.kinds and spec.kinds and not set(other.kinds) & set(spec.kinds)
        if other is not spec and not apart:
            decoder.fault(
                path,
                f"`{other.attribute}` and `{spec.attribute}` both write the CRM's `{spec.name}`",
                "Rename one of them or switch it off.",
            )


def stages_of(
    connection: Connection, defaults: Mapping[str, str], path: str, decoder: Decoder
) -> dict[str, str]:
    """Return the CRM's words for the stages; a stage that is set to nothing has none."""
    for stage in connection.stages.keys() - set(STAGES):
        decoder.unknown(join(join(path, "stages"), stage), stage, STAGES)
    return {stage: word for stage, word in {**defaults, **connection.stages}.items() if word}


def digest(
    fields: Sequence[FieldSpec], stages: Mapping[str, str], time_zone: str, *, creates: bool = True
) -> str:
    """Return 16 hex digits that change whenever a lead may be written differently."""
    rules = [
        [
            spec.name,
            spec.attribute,
            spec.kind,
            spec.rule,
            spec.max_length,
            spec.order,
            spec.placeholder,
            spec.kinds,
        ]
        for spec in sorted(fields, key=lambda spec: (spec.name, spec.attribute, spec.kinds))
    ]
    parts = [rules, sorted(stages.items()), time_zone]
    text = msgspec.json.encode(parts if creates else [*parts, creates])
    return hashlib.sha256(text).hexdigest()[:16]
