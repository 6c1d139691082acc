"""What an operator is told about the org, in the words of the one that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from afterclick.plugin import FieldSpec, Finding
from afterclick_salesforce import kinds
from afterclick_salesforce.limits import Usage
from afterclick_salesforce.refusals import Refusal


def refused_login(refusal: Refusal) -> Finding:
    """Return the finding for a login that Salesforce refuses."""
    return kinds.CREDENTIALS.found(f"Salesforce refuses the login: {refusal.meaning}", remedy=refusal.remedy)


def incomplete(lacking: str) -> Finding:
    """Return the finding for settings that make neither of the two flows."""
    return kinds.CREDENTIALS.found(f"the connection lacks {lacking}", remedy=f"Set {lacking}.")


def bad_key() -> Finding:
    """Return the finding for a private key that nothing can be signed with."""
    return kinds.CREDENTIALS.found(
        "`private_key` is no RSA key in PEM form without a passphrase",
        remedy="Write the whole key, its BEGIN and END lines included, or `file:` and its path.",
    )


def no_access(reason: str) -> Finding:
    """Return the finding for a user, or an edition, without the API."""
    return kinds.ACCESS.found(f"the integration user may not use the API: {reason}")


def not_my_domain(host: str) -> Finding:
    """Return the finding for an address that is not the org's own."""
    return kinds.ADDRESS.found(f"{host} is not the org's My Domain")


def unexpected(status: int) -> Finding:
    """Return the finding for an answer that Salesforce's API does not give."""
    return kinds.ADDRESS.found(f"the address answered {status}, which is not Salesforce's API")


def version(wanted: str) -> Finding:
    """Return the finding for an API version that the org does not serve."""
    return kinds.VERSION.found(f"the org does not serve the API version {wanted}", subject=wanted)


def version_old(used: str) -> Finding:
    """Return the finding for an API version that will be retired."""
    return kinds.VERSION_OLD.found(f"Salesforce will retire the API version {used}", subject=used)


def unreachable(reason: str) -> Finding:
    """Return the finding for an org that could not be read."""
    return kinds.UNREACHABLE.found(f"Salesforce could not be asked: {reason}")


def object_access(object: str, lacking: Iterable[str]) -> Finding:
    """Return the finding for rights on an object that the user lacks."""
    return kinds.OBJECT.found(
        f"the integration user may not {' or '.join(lacking)} {object}s", subject=object
    )


def no_delete(object: str) -> Finding:
    """Return the finding for records that are to be deleted by a user who may not."""
    return kinds.NO_DELETE.found(f"the integration user may not delete {object}s", subject=object)


def no_key() -> Finding:
    """Return the finding for a configuration that switched the key off."""
    return kinds.NO_KEY.found("no field is configured to hold the key")


def missing(object: str, names: Sequence[str], connection: str) -> Finding:
    """Return the finding for fields that the org certainly lacks."""
    return kinds.FIELD_MISSING.found(
        f"{object} has no field {', '.join(names)}",
        remedy=f"Run `afterclick provision {connection}` with an administrator's token.",
        subject=_one(object, names),
    )


def missing_standard(object: str, spec: FieldSpec) -> Finding:
    """Return the finding for a field that should be Salesforce's own and cannot be seen."""
    return kinds.FIELD_MISSING.found(
        f"{object} has no field {spec.name} of its own that the integration user may see",
        remedy=f"Correct the field that `{spec.attribute}` goes to, switch it off, or grant access to it.",
        subject=f"{object}.{spec.name}",
    )


def hidden(object: str, names: Sequence[str]) -> Finding:
    """Return the finding for fields that are there and hidden from the user."""
    return kinds.FIELD_HIDDEN.found(
        f"{object} has {', '.join(names)}, and field-level security hides it from the integration user",
        subject=_one(object, names),
    )


def absent(object: str, names: Sequence[str], connection: str) -> Finding:
    """Return the finding for fields that are missing or hidden, where nobody can tell which."""
    return kinds.FIELD_ABSENT.found(
        f"{object} has no field {', '.join(names)} that the integration user may see",
        remedy=f"Run `afterclick provision {connection}` with an administrator's token, and assign the "
        "permission set that it makes to the integration user.",
        subject=_one(object, names),
    )


def read_only(object: str, names: Sequence[str]) -> Finding:
    """Return the finding for fields that the user may not edit."""
    return kinds.FIELD_READ_ONLY.found(
        f"the integration user may not edit {', '.join(names)} of {object}", subject=_one(object, names)
    )


def wrong_type(object: str, spec: FieldSpec, actual: str, expected: str) -> Finding:
    """Return the finding for a field of a type that cannot hold what it should."""
    return kinds.FIELD_TYPE.found(
        f"{spec.name} of {object} holds {actual or 'an unknown type'}, not {expected}",
        remedy=f"Choose another name for `{spec.attribute}` and provision it.",
        subject=f"{object}.{spec.name}",
    )


def not_unique(object: str, name: str, lacking: Iterable[str]) -> Finding:
    """Return the finding for a key field without the rules that make it one."""
    return kinds.KEY_NOT_UNIQUE.found(
        f"{name} of {object} is not {' and not '.join(lacking)}", subject=f"{object}.{name}"
    )


def contact_fields(names: Sequence[str]) -> Finding:
    """Return the finding for fields that Contact lacks."""
    return kinds.CONTACT_FIELDS.found(
        f"Contact has no field {', '.join(names)} that the integration user may edit"
    )


def pointer(name: str) -> Finding:
    """Return the finding for a missing field for the record that took a stub's place."""
    return kinds.POINTER.found(f"Lead has no field {name} that the integration user may edit", subject=name)


def day_only(object: str, spec: FieldSpec) -> Finding:
    """Return the finding for a field that was there already and holds a day without a time."""
    return kinds.DAY_ONLY.found(
        f"{spec.name} of {object} holds a day only; the time of day is left out",
        subject=f"{object}.{spec.name}",
    )


def unknown_choice(object: str, name: str, values: Iterable[str]) -> Finding:
    """Return the finding for values that a picklist lacks."""
    return kinds.CHOICE_UNKNOWN.found(
        f"the picklist {name} of {object} has no value {', '.join(values)}", subject=f"{object}.{name}"
    )


def status_converted(values: Iterable[str]) -> Finding:
    """Return the finding for a stage that is mapped to a status of converted Leads."""
    return kinds.STATUS_CONVERTED.found(f"the status {', '.join(values)} stands for converted Leads")


def storage() -> Finding:
    """Return the finding for an org without room."""
    return kinds.STORAGE.found("Salesforce has no room for further records")


def daily_limit(usage: Usage) -> Finding:
    """Return the finding for an org whose calls are almost used up."""
    return kinds.DAILY_LIMIT.found(f"{usage.used} of the org's {usage.allowed} calls in 24 hours are used up")


def provisioning_token(reason: str) -> Finding:
    """Return the finding for a provisioning token that does not work."""
    return kinds.PROVISIONING_TOKEN.found(f"the provisioning token does not work: {reason}")


def provisioning_left() -> Finding:
    """Return the finding for a provisioning token that has done its work."""
    return kinds.PROVISIONING_LEFT.found("the provisioning token is not needed any more")


def _one(object: str, names: Sequence[str]) -> str:
    """Return the only name; several are one finding, whichever of them it is today."""
    return f"{object}.{names[0]}" if len(names) == 1 else object
