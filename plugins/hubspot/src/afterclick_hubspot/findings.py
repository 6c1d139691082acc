"""What an operator is told about the account, and what to do. The codes are stable; the README lists them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from afterclick.plugin import FieldSpec, Finding

CREDENTIALS = "hubspot-credentials"
SCOPES = "hubspot-scopes"
UNREACHABLE = "hubspot-unreachable"
ADDRESS = "hubspot-address"
NO_KEY = "hubspot-no-key"
FIELD_MISSING = "hubspot-field-missing"
FIELD_TYPE = "hubspot-field-type"
FIELD_READ_ONLY = "hubspot-field-read-only"
KEY_NOT_UNIQUE = "hubspot-key-not-unique"
DAY_ONLY = "hubspot-day-only"
STAGE_UNKNOWN = "hubspot-stage-unknown"
UNIQUE_LIMIT = "hubspot-unique-limit"
DAILY_LIMIT = "hubspot-daily-limit"
API_VERSION = "hubspot-api-version"
FIELDS = "hubspot-fields"

CODES = (
    CREDENTIALS,
    SCOPES,
    UNREACHABLE,
    ADDRESS,
    NO_KEY,
    FIELD_MISSING,
    FIELD_TYPE,
    FIELD_READ_ONLY,
    KEY_NOT_UNIQUE,
    DAY_ONLY,
    STAGE_UNKNOWN,
    UNIQUE_LIMIT,
    DAILY_LIMIT,
    API_VERSION,
    FIELDS,
)


def credentials() -> Finding:
    """Return the finding for a token that HubSpot does not accept."""
    return Finding(
        code=CREDENTIALS,
        message="HubSpot refuses the access token",
        remedy="set `access_token` to a valid service key (HubSpot: Development > Keys > Service keys)",
        level="error",
    )


def scopes(lacking: Sequence[str]) -> Finding:
    """Return the finding for a token that may not do what it is used for."""
    shown = ", ".join(lacking)
    return Finding(
        code=SCOPES,
        message=f"the service key lacks {shown or 'a scope'}",
        remedy=f"add {shown or 'the scopes that the README lists'} to the service key",
        level="error",
        subject=shown,
    )


def unreachable(reason: str) -> Finding:
    """Return the finding for an account that could not be read."""
    return Finding(
        code=UNREACHABLE,
        message=f"HubSpot could not be asked: {reason}",
        remedy="try again later; look at status.hubspot.com and at the network",
        level="error",
    )


def daily_limit(remaining: int, amount: int) -> Finding:
    """Return the finding for an account whose calls of the day are almost used up."""
    return Finding(
        code=DAILY_LIMIT,
        message=f"{remaining} of the account's {amount} calls are left today",
        remedy="look for another tool that uses them up; the lane pauses until the account's midnight",
    )


def api_version(version: str, ends: str) -> Finding:
    """Return the finding for an API version whose support ends soon, or has ended."""
    return Finding(
        code=API_VERSION,
        message=f"HubSpot's support for the API version {version} ends on {ends}",
        remedy="set `api_version` to a newer one, after an upgrade of this plugin if need be",
        subject=version,
    )


def missing(names: Sequence[str], connection: str) -> Finding:
    """Return the finding for properties that the account lacks."""
    shown = ", ".join(names)
    return Finding(
        code=FIELD_MISSING,
        message=f"HubSpot has no contact property {shown}" if shown else "HubSpot lacks a contact property",
        remedy=f"run `afterclick provision {connection}`",
        level="error",
        subject=shown,
    )


def missing_standard(spec: FieldSpec) -> Finding:
    """Return the finding for a property that should be HubSpot's own and is not there."""
    return Finding(
        code=FIELD_MISSING,
        message=f"HubSpot has no contact property {spec.name} of its own",
        remedy=f"correct the property that `{spec.attribute}` goes to, or switch it off",
        level="error",
        subject=spec.name,
    )


def wrong_type(spec: FieldSpec, actual: str, expected: str) -> Finding:
    """Return the finding for a property of a type that cannot hold what it should."""
    return Finding(
        code=FIELD_TYPE,
        message=f"the contact property {spec.name} holds {actual or 'an unknown type'}, not {expected}",
        remedy=f"choose another name for `{spec.attribute}` and provision it; archiving frees no name",
        level="error",
        subject=spec.name,
    )


def read_only(spec: FieldSpec) -> Finding:
    """Return the finding for a property that HubSpot computes or locks."""
    return Finding(
        code=FIELD_READ_ONLY,
        message=f"the contact property {spec.name} cannot be written",
        remedy=f"choose another name for `{spec.attribute}`, or switch it off",
        level="error",
        subject=spec.name,
    )


def not_unique(names: Sequence[str]) -> Finding:
    """Return the finding for a key property that was made without the unique rule."""
    shown = ", ".join(names)
    return Finding(
        code=KEY_NOT_UNIQUE,
        message=f"the contact property {shown or 'that holds the key'} does not require unique values",
        remedy="choose another name for `key` and provision it; only new properties get the rule",
        level="error",
        subject=shown,
    )


def day_only(spec: FieldSpec) -> Finding:
    """Return the finding for a property that was there already and holds a day without a time."""
    return Finding(
        code=DAY_ONLY,
        message=f"the contact property {spec.name} holds a day only; the time of day is left out",
        remedy="nothing, or choose another name and run provision to keep the time",
        level="info",
        subject=spec.name,
    )


def unknown_stages(spec: FieldSpec, stages: Iterable[str]) -> Finding:
    """Return the finding for stages that the account's pipeline does not have."""
    shown = ", ".join(stages)
    return Finding(
        code=STAGE_UNKNOWN,
        message=f"the contact property {spec.name} has no stage {shown}",
        remedy="map the stage to one of the account's in `stages`, by internal name",
        level="warning",
        subject=spec.name,
    )


def unique_limit(used: int, most: int) -> Finding:
    """Return the finding for an account without room for one more unique property."""
    return Finding(
        code=UNIQUE_LIMIT,
        message=f"contacts have {used} unique properties; HubSpot allows {most}",
        remedy="archive a unique contact property that nothing uses",
        level="error",
    )


def no_key() -> Finding:
    """Return the finding for a configuration that switched the key off."""
    return Finding(
        code=NO_KEY,
        message="no contact property is configured to hold the key",
        remedy="do not switch off `key`; contacts are found again by it",
        level="error",
    )


def unexpected(status: int) -> Finding:
    """Return the finding for an answer that HubSpot's contacts API does not give."""
    return Finding(
        code=ADDRESS,
        message=f"the address answered {status}, which is not HubSpot's contacts API",
        remedy="correct `base_url` and `api_version`, and look at what stands between",
        level="error",
    )


def combined(found: Sequence[Finding]) -> Finding:
    """Return one finding that names several; a lane stops with one."""
    if len(found) == 1:
        return found[0]
    return Finding(
        code=FIELDS,
        message="; ".join(finding.message for finding in found),
        remedy="; ".join(dict.fromkeys(finding.remedy for finding in found)),
        level="error",
        subject=", ".join(finding.subject for finding in found if finding.subject),
    )
