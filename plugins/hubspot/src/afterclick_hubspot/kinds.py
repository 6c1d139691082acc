"""Every kind of finding that this plugin may tell of; the README's table is made from them."""

from __future__ import annotations

from afterclick.plugin import FindingKind

CREDENTIALS = FindingKind(
    code="hubspot-credentials",
    meaning="HubSpot refuses the access token.",
    remedy="Set `access_token` to a valid service key (HubSpot: Development > Keys > Service keys).",
    level="error",
    blind=True,
)
SCOPES = FindingKind(
    code="hubspot-scopes",
    meaning="The service key lacks the scopes that are named.",
    remedy="Add them to the service key.",
    level="error",
    blind=True,
)
UNREACHABLE = FindingKind(
    code="hubspot-unreachable",
    meaning="HubSpot could not be asked.",
    remedy="Try again later; look at status.hubspot.com and at the network.",
    level="error",
    blind=True,
)
ADDRESS = FindingKind(
    code="hubspot-address",
    meaning="Something answered that is not HubSpot's contacts API.",
    remedy="Correct `base_url` and `api_version`, and look at what stands between.",
    level="error",
    blind=True,
)
NO_KEY = FindingKind(
    code="hubspot-no-key",
    meaning="The field `key` is switched off; contacts are found again by it.",
    remedy="Do not switch off `key`.",
    level="error",
)
FIELD_MISSING = FindingKind(
    code="hubspot-field-missing",
    meaning="The account lacks contact properties.",
    remedy="Provision the account; for one of HubSpot's own properties, correct the name.",
    level="error",
)
FIELD_TYPE = FindingKind(
    code="hubspot-field-type",
    meaning="A contact property has a type that cannot hold what goes there.",
    remedy="Choose another name for it and provision that; archiving frees no name.",
    level="error",
)
FIELD_READ_ONLY = FindingKind(
    code="hubspot-field-read-only",
    meaning="HubSpot computes or locks a contact property.",
    remedy="Choose another name for it, or switch the field off.",
    level="error",
)
KEY_NOT_UNIQUE = FindingKind(
    code="hubspot-key-not-unique",
    meaning="The key's property was made without unique values.",
    remedy="Choose another name for `key` and provision it; only new properties get the rule.",
    level="error",
)
DAY_ONLY = FindingKind(
    code="hubspot-day-only",
    meaning="A contact property holds a day, not a moment; the time of day is left out.",
    remedy="Nothing, or choose another name and provision it to keep the time.",
    level="info",
)
STAGE_UNKNOWN = FindingKind(
    code="hubspot-stage-unknown",
    meaning="`stages` names a stage that the account lacks.",
    remedy="Map the stage to one of the account's in `stages`, by internal name.",
)
STAGE_ORDER = FindingKind(
    code="hubspot-stage-order",
    meaning="`stages` maps a later stage to one that the account has earlier; HubSpot only moves forward.",
    remedy="Map the stages to the account's in its own order.",
)
UNIQUE_LIMIT = FindingKind(
    code="hubspot-unique-limit",
    meaning="There is no room for another unique contact property.",
    remedy="Archive a unique contact property that nothing uses.",
    level="error",
)
PROVISIONING_KEY = FindingKind(
    code="hubspot-provisioning-key",
    meaning="HubSpot refuses the provisioning token, or it lacks scopes.",
    remedy="Give the key `crm.schemas.contacts.read` and `crm.schemas.contacts.write`, or take it away.",
)
PROVISIONING_LEFT = FindingKind(
    code="hubspot-provisioning-left",
    meaning="There is a provisioning token, and nothing is left to make.",
    remedy="Delete that service key in HubSpot, and take `provisioning_token` out of the configuration.",
    level="info",
)
PLAN = FindingKind(
    code="hubspot-plan",
    meaning="`plan` stands for more calls than HubSpot allows; until its first answer too many may be sent.",
    remedy="Set `plan` to the account's.",
)
DAILY_LIMIT = FindingKind(
    code="hubspot-daily-limit",
    meaning="Less than a tenth of the account's calls are left today; without any, the lane waits.",
    remedy="Look for another tool that uses them up.",
)
API_VERSION = FindingKind(
    code="hubspot-api-version",
    meaning="HubSpot's support for the API version ends within 90 days, or has ended.",
    remedy="Set `api_version` to a newer one, after an upgrade of this plugin if need be.",
)
FIELDS = FindingKind(
    code="hubspot-fields",
    meaning="Several faults of fields at once, as the paused lane tells them.",
    remedy="See the rows of each of them.",
    level="error",
)

KINDS = (
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
    STAGE_ORDER,
    UNIQUE_LIMIT,
    PROVISIONING_KEY,
    PROVISIONING_LEFT,
    PLAN,
    DAILY_LIMIT,
    API_VERSION,
    FIELDS,
)
