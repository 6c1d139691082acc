"""What each refusal of a login means, and what somebody has to do about it. Pure.

Salesforce answers with `error` and `error_description`; one `error` covers many causes, so the description is
searched for the words that tell them apart. Neither is ever shown: both are looked up here.
Source: Salesforce help, "OAuth 2.0 Authorization Flow Errors"; the wordings also as reported in the field.
"""

from __future__ import annotations

from typing import NamedTuple

from afterclick_salesforce.answers import TokenFault


class Refusal(NamedTuple):
    """One cause: how it is recognised, what it means, what to do."""

    error: str
    words: tuple[str, ...]
    meaning: str
    remedy: str


_APP = "in Setup, External Client App Manager, the app's settings"

REFUSALS = (
    Refusal(
        "invalid_client_id",
        (),
        "it does not know the consumer key",
        "Copy the consumer key once more; a new app takes up to ten minutes until it works.",
    ),
    Refusal(
        "invalid_client",
        (),
        "the consumer secret is wrong",
        "Copy the consumer secret once more, or rotate it.",
    ),
    Refusal(
        "invalid_grant",
        ("not supported on this domain",),
        "the flow works on the org's own domain only",
        "Set `SF_INSTANCE_URL` to the org's My Domain, not to login.salesforce.com or test.salesforce.com.",
    ),
    Refusal(
        "invalid_grant",
        ("no client credentials user",),
        "the app has no Run As user",
        f"Name the integration user as Run As ({_APP}, Policies).",
    ),
    Refusal(
        "invalid_grant",
        ("no valid scopes",),
        "the app has no scope that this flow can grant",
        f"Add the scope `api` ({_APP}, OAuth Settings).",
    ),
    Refusal(
        "invalid_grant",
        ("hasn't approved", "has not approved"),
        "the integration user is not pre-authorised for the app",
        f"Let admin-approved users be pre-authorised, and add the permission set ({_APP}, Policies).",
    ),
    Refusal(
        "invalid_grant",
        ("audience", "assertion"),
        "it does not accept the signed assertion",
        "Set `audience` to `https://test.salesforce.com` for a sandbox, compare the app's certificate with "
        "`private_key`, and the machine's clock with the time.",
    ),
    Refusal(
        "unsupported_grant_type",
        (),
        "the flow is not switched on for the app",
        f"Enable the client credentials flow, or the JWT bearer flow ({_APP}, OAuth Settings).",
    ),
    Refusal(
        "inactive_user", (), "the integration user is not active", "Activate the user, or name another one."
    ),
    Refusal("inactive_org", (), "the org is locked or closed", "Ask the org's administrator."),
    Refusal(
        "",
        ("not installed",),
        "the app belongs to another org",
        "Make an External Client App in this org, and use its consumer key.",
    ),
)

_OTHER = Refusal(
    "",
    (),
    "for a reason that this version does not know",
    "Look at the login history of the integration user in Setup; it names the reason.",
)
_BUSY = "already being processed"
_TOO_OFTEN = ("rate_limit_exceeded", "login_rate_exceeded")


def explain(fault: TokenFault) -> Refusal:
    """Return what a refusal means."""
    error, text = fault.error.lower(), fault.error_description.lower().replace("’", "'")
    for refusal in REFUSALS:
        named = refusal.error in ("", error)
        if named and (not refusal.words or any(word in text for word in refusal.words)):
            return refusal
    return _OTHER


def is_busy(fault: TokenFault) -> bool:
    """Tell whether another login of the same kind was under way."""
    return _BUSY in fault.error_description.lower()


def is_too_often(fault: TokenFault) -> bool:
    """Tell whether the user has logged in too often within an hour."""
    return fault.error.lower() in _TOO_OFTEN or "login_rate_exceeded" in fault.error_description.lower()
