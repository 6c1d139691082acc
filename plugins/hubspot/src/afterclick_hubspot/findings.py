"""What an operator is told about the account, in the words of the one that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from afterclick.plugin import FieldSpec, Finding
from afterclick_hubspot import kinds


def credentials() -> Finding:
    """Return the finding for a token that HubSpot does not accept."""
    return kinds.CREDENTIALS.found("HubSpot refuses the access token")


def scopes(lacking: Sequence[str]) -> Finding:
    """Return the finding for a token that may not do what it is used for."""
    shown = ", ".join(lacking)
    return kinds.SCOPES.found(
        f"the service key lacks {shown or 'a scope'}",
        remedy=f"Add {shown or 'the scopes that the README lists'} to the service key.",
    )


def unreachable(reason: str) -> Finding:
    """Return the finding for an account that could not be read."""
    return kinds.UNREACHABLE.found(f"HubSpot could not be asked: {reason}")


def daily_limit(remaining: int, amount: int) -> Finding:
    """Return the finding for an account whose calls of the day are almost used up."""
    return kinds.DAILY_LIMIT.found(f"{remaining} of the account's {amount} calls are left today")


def api_version(version: str, ends: str) -> Finding:
    """Return the finding for an API version whose support ends soon, or has ended."""
    return kinds.API_VERSION.found(
        f"HubSpot's support for the API version {version} ends on {ends}", subject=version
    )


def missing(names: Sequence[str], connection: str) -> Finding:
    """Return the finding for properties that the account lacks."""
    shown = ", ".join(names)
    return kinds.FIELD_MISSING.found(
        f"HubSpot has no contact property {shown}" if shown else "HubSpot lacks a contact property",
        remedy=f"Run `afterclick provision {connection}` with a key that has `crm.schemas.contacts.read` and "
        "`crm.schemas.contacts.write`.",
        subject=_one(names),
    )


def missing_standard(spec: FieldSpec) -> Finding:
    """Return the finding for a property that should be HubSpot's own and is not there."""
    return kinds.FIELD_MISSING.found(
        f"HubSpot has no contact property {spec.name} of its own",
        remedy=f"Correct the property that `{spec.attribute}` goes to, or switch it off.",
        subject=spec.name,
    )


def wrong_type(spec: FieldSpec, actual: str, expected: str) -> Finding:
    """Return the finding for a property of a type that cannot hold what it should."""
    return kinds.FIELD_TYPE.found(
        f"the contact property {spec.name} holds {actual or 'an unknown type'}, not {expected}",
        remedy=f"Choose another name for `{spec.attribute}` and provision it; archiving frees no name.",
        subject=spec.name,
    )


def read_only(spec: FieldSpec) -> Finding:
    """Return the finding for a property that HubSpot computes or locks."""
    return kinds.FIELD_READ_ONLY.found(
        f"the contact property {spec.name} cannot be written",
        remedy=f"Choose another name for `{spec.attribute}`, or switch it off.",
        subject=spec.name,
    )


def not_unique(names: Sequence[str]) -> Finding:
    """Return the finding for a key property that was made without the unique rule."""
    shown = ", ".join(names)
    return kinds.KEY_NOT_UNIQUE.found(
        f"the contact property {shown or 'that holds the key'} does not require unique values",
        subject=_one(names),
    )


def day_only(spec: FieldSpec) -> Finding:
    """Return the finding for a property that was there already and holds a day without a time."""
    return kinds.DAY_ONLY.found(
        f"the contact property {spec.name} holds a day only; the time of day is left out", subject=spec.name
    )


def unknown_stages(spec: FieldSpec, stages: Iterable[str]) -> Finding:
    """Return the finding for stages that the account's pipeline does not have."""
    return kinds.STAGE_UNKNOWN.found(
        f"the contact property {spec.name} has no stage {', '.join(stages)}", subject=spec.name
    )


def stage_order(spec: FieldSpec, earlier: str, later: str) -> Finding:
    """Return the finding for two stages that stand the other way round in the account."""
    return kinds.STAGE_ORDER.found(
        f"in the contact property {spec.name} the stage {later} stands before {earlier}, so nobody who is "
        f"{earlier} ever becomes {later}",
        subject=spec.name,
    )


def unique_limit(used: int, most: int) -> Finding:
    """Return the finding for an account without room for one more unique property."""
    return kinds.UNIQUE_LIMIT.found(f"contacts have {used} unique properties; HubSpot allows {most}")


def provisioning_key(lacking: Sequence[str]) -> Finding:
    """Return the finding for a provisioning token that is refused, or lacks scopes."""
    if not lacking:
        return kinds.PROVISIONING_KEY.found("HubSpot refuses the provisioning token")
    return kinds.PROVISIONING_KEY.found(f"the provisioning token lacks {', '.join(lacking)}")


def provisioning_left() -> Finding:
    """Return the finding for a provisioning token that has done its work."""
    return kinds.PROVISIONING_LEFT.found("the provisioning token is not needed any more")


def plan(name: str, configured: float, allowed: float) -> Finding:
    """Return the finding for a plan that allows less than it was taken for."""
    return kinds.PLAN.found(
        f"`plan` {name} stands for {configured:g} calls in 10 s, HubSpot allows {allowed:g}"
    )


def no_key() -> Finding:
    """Return the finding for a configuration that switched the key off."""
    return kinds.NO_KEY.found("no contact property is configured to hold the key")


def unexpected(status: int) -> Finding:
    """Return the finding for an answer that HubSpot's contacts API does not give."""
    return kinds.ADDRESS.found(f"the address answered {status}, which is not HubSpot's contacts API")


def _one(names: Sequence[str]) -> str:
    """Return the only name; several are one finding, whichever of them it is today."""
    return names[0] if len(names) == 1 else ""
