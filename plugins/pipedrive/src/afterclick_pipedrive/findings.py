"""What an operator is told about the account, in the words of the one that it is about."""

from __future__ import annotations

from collections.abc import Sequence

from afterclick.plugin import FieldSpec, Finding
from afterclick_pipedrive import kinds


def no_credentials() -> Finding:
    """Return the finding for a connection that cannot prove who it is."""
    return kinds.NO_CREDENTIALS.found("no credential is set for Pipedrive")


def credentials(reason: str) -> Finding:
    """Return the finding for a credential that Pipedrive does not accept."""
    return kinds.CREDENTIALS.found(reason)


def rights(reason: str) -> Finding:
    """Return the finding for a credential that may not do what it is used for."""
    return kinds.RIGHTS.found(f"{reason}: a right or a scope is missing")


def unreachable(reason: str) -> Finding:
    """Return the finding for an account that could not be read."""
    return kinds.UNREACHABLE.found(f"Pipedrive could not be asked: {reason}")


def limited(reason: str) -> Finding:
    """Return the finding for an account that takes no call now."""
    return kinds.LIMITED.found(f"Pipedrive could not be asked: {reason}")


def unexpected(status: int) -> Finding:
    """Return the finding for an answer that the API does not give."""
    return kinds.ADDRESS.found(
        f"the address answered {status}, which is not Pipedrive's API as this plugin knows it"
    )


def missing(names: Sequence[str], of: str, connection: str) -> Finding:
    """Return the finding for fields that the account lacks."""
    return kinds.FIELD_MISSING.found(
        f"Pipedrive has no {of} field {', '.join(names)}",
        remedy=f"Run `afterclick provision {connection}`, or map to a field that is there, by name or code.",
        subject=names[0] if len(names) == 1 else of,
    )


def twice(name: str, codes: Sequence[str]) -> Finding:
    """Return the finding for a name that two fields have."""
    return kinds.FIELD_TWICE.found(
        f"Pipedrive has {len(codes)} fields {name}: {', '.join(sorted(codes))}", subject=name
    )


def wrong_type(name: str, actual: str, expected: Sequence[str]) -> Finding:
    """Return the finding for a field of a type that cannot hold what it should."""
    return kinds.FIELD_TYPE.found(
        f"Pipedrive's field {name} has the type {actual or 'unknown'}, not {' or '.join(expected)}",
        subject=name,
    )


def unknown(spec: FieldSpec) -> Finding:
    """Return the finding for a constant that goes nowhere."""
    return kinds.FIELD_UNKNOWN.found(
        f"Pipedrive has no person field {spec.name} that this plugin can write", subject=spec.name
    )


def unknown_labels(labels: Sequence[str]) -> Finding:
    """Return the finding for stages whose label nobody made."""
    return kinds.LABEL_UNKNOWN.found(f"Pipedrive has no person label {', '.join(labels)}", subject="label")


def no_pipeline(name: str) -> Finding:
    """Return the finding for a pipeline that is not there."""
    return kinds.PIPELINE.found(f"Pipedrive shows no pipeline {name or 'at all'}", subject=name)


def no_stage(name: str, pipeline: str) -> Finding:
    """Return the finding for a stage that is not there."""
    return kinds.PIPELINE.found(f"the pipeline {pipeline} has no stage {name or 'at all'}", subject=name)


def tokens(spent: float, amount: float, people: int, per_person: float | None) -> Finding:
    """Return the finding that tells what today's tokens went to."""
    each = "" if per_person is None else f", {per_person:.1f} each"
    return kinds.TOKENS.found(
        f"{spent:.0f} of our {amount:.0f} tokens of today (UTC) are spent, on {people} people written{each}"
    )


def tokens_low(left: float, amount: float) -> Finding:
    """Return the finding for a day that is almost spent."""
    return kinds.TOKENS_LOW.found(f"{left:.0f} of our {amount:.0f} tokens are left today")


def provisioning_left() -> Finding:
    """Return the finding for a provisioning token that has done its work."""
    return kinds.PROVISIONING_LEFT.found("the provisioning token is not needed any more")
