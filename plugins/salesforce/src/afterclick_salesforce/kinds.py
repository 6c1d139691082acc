"""Every kind of finding that this plugin may tell of; the README's table is made from them."""

from __future__ import annotations

from afterclick.plugin import FindingKind

CREDENTIALS = FindingKind(
    code="salesforce-credentials",
    meaning="Salesforce refuses the login, for the reason that is named.",
    remedy="Correct the settings of the External Client App, or those of the connection.",
    level="error",
    blind=True,
)
ACCESS = FindingKind(
    code="salesforce-access",
    meaning="The login works, and the integration user may not use the API.",
    remedy="Give the app the scope `api` and the user the permission API Enabled; not every edition has it.",
    level="error",
    blind=True,
)
ADDRESS = FindingKind(
    code="salesforce-address",
    meaning="The address is not the org's My Domain, or what answered there is not Salesforce's API.",
    remedy="Set `SF_INSTANCE_URL` to `https://<My Domain>.my.salesforce.com` (Setup: My Domain).",
    level="error",
    blind=True,
)
VERSION = FindingKind(
    code="salesforce-api-version",
    meaning="Salesforce has retired the API version, or does not know it.",
    remedy="Set `api_version` to one that the org lists under `/services/data/`.",
    level="error",
    blind=True,
)
VERSION_OLD = FindingKind(
    code="salesforce-api-version-old",
    meaning="Salesforce warns that it will retire the API version.",
    remedy="Set `api_version` to a newer one that the org lists under `/services/data/`.",
)
UNREACHABLE = FindingKind(
    code="salesforce-unreachable",
    meaning="Salesforce could not be asked.",
    remedy="Try again later; look at status.salesforce.com and at the network.",
    level="error",
    blind=True,
)
OBJECT = FindingKind(
    code="salesforce-object-access",
    meaning="The integration user may not read, create or edit Leads or Contacts.",
    remedy="Assign the permission set that provisioning makes to the integration user.",
    level="error",
)
NO_DELETE = FindingKind(
    code="salesforce-no-delete",
    meaning="The settings ask for Leads to be deleted (`doubles`, `leads.expire_stubs`), and the integration "
    "user may not, so they stay.",
    remedy="Provision the org; or in Setup, Permission Sets, the set, Object Settings, Leads: tick Delete.",
)
NO_KEY = FindingKind(
    code="salesforce-no-key",
    meaning="The field `key` is switched off; records are found again by it.",
    remedy="Do not switch off `key`.",
    level="error",
)
FIELD_MISSING = FindingKind(
    code="salesforce-field-missing",
    meaning="The org has no such field.",
    remedy="Provision the org; for one of Salesforce's own fields, correct the name.",
    level="error",
)
FIELD_HIDDEN = FindingKind(
    code="salesforce-field-hidden",
    meaning="The org has the field, and field-level security hides it from the integration user.",
    remedy="Assign the permission set that provisioning makes, or tick the field in one that the user has.",
    level="error",
)
FIELD_ABSENT = FindingKind(
    code="salesforce-field-absent",
    meaning="A field is missing, or hidden by field-level security: the integration user cannot tell which.",
    remedy="Provision the org, and assign the permission set that it makes to the integration user.",
    level="error",
)
FIELD_READ_ONLY = FindingKind(
    code="salesforce-field-read-only",
    meaning="The integration user may see the field and not edit it.",
    remedy="Tick Edit for it in the permission set; a formula field needs another name in `fields`.",
    level="error",
)
FIELD_TYPE = FindingKind(
    code="salesforce-field-type",
    meaning="A field has a type that cannot hold what goes there.",
    remedy="Choose another name for it and provision that.",
    level="error",
)
KEY_NOT_UNIQUE = FindingKind(
    code="salesforce-key-not-unique",
    meaning="The key's field is not both Unique and External ID.",
    remedy="Edit the field in Setup and tick both boxes; records that share a value must be put right first.",
    level="error",
)
CONTACT_FIELDS = FindingKind(
    code="salesforce-contact-fields",
    meaning="Contact lacks fields that Lead has: what happens after a Lead was converted is not shown there.",
    remedy="Provision the org.",
)
POINTER = FindingKind(
    code="salesforce-pointer",
    meaning="Lead has no field for the record that took its place, so doubles stay as they are.",
    remedy="Provision the org, set `merged_into` to the right name, or set `doubles` to `keep`.",
)
DAY_ONLY = FindingKind(
    code="salesforce-day-only",
    meaning="A field holds a day, not a moment; the time of day is left out.",
    remedy="Nothing, or choose another name and provision it to keep the time.",
    level="info",
)
CHOICE_UNKNOWN = FindingKind(
    code="salesforce-choice-unknown",
    meaning="A picklist lacks a value that is written to it.",
    remedy="Add the value in Setup, or provision the org; map stages to the org's own values in `stages`.",
)
STATUS_CONVERTED = FindingKind(
    code="salesforce-status-converted",
    meaning="`stages` maps a stage to a status of converted Leads; writing it converts nobody and hides the "
    "Lead.",
    remedy="Map the stage to another status.",
    level="error",
)
STORAGE = FindingKind(
    code="salesforce-storage",
    meaning="The org's data storage is full.",
    remedy="Delete records or buy storage; keep stubs in the ledger with `leads.stubs`.",
    level="error",
)
DAILY_LIMIT = FindingKind(
    code="salesforce-daily-limit",
    meaning="Few of the org's API calls of the last 24 hours are left; at `quota_share` the lane waits.",
    remedy="Look for another integration that uses them up.",
)
PROVISIONING_TOKEN = FindingKind(
    code="salesforce-provisioning-token",
    meaning="The provisioning token is refused, or lacks rights.",
    remedy="Make a new one as an administrator, or take it away.",
)
PROVISIONING_LEFT = FindingKind(
    code="salesforce-provisioning-left",
    meaning="There is a provisioning token, and nothing is left to make.",
    remedy="Take `provisioning_token` out of the configuration.",
    level="info",
)
FIELDS = FindingKind(
    code="salesforce-fields",
    meaning="Several faults of fields at once, as the paused lane tells them.",
    remedy="See the rows of each of them.",
    level="error",
)

KINDS = (
    CREDENTIALS,
    ACCESS,
    ADDRESS,
    VERSION,
    VERSION_OLD,
    UNREACHABLE,
    OBJECT,
    NO_DELETE,
    NO_KEY,
    FIELD_MISSING,
    FIELD_HIDDEN,
    FIELD_ABSENT,
    FIELD_READ_ONLY,
    FIELD_TYPE,
    KEY_NOT_UNIQUE,
    CONTACT_FIELDS,
    POINTER,
    DAY_ONLY,
    CHOICE_UNKNOWN,
    STATUS_CONVERTED,
    STORAGE,
    DAILY_LIMIT,
    PROVISIONING_TOKEN,
    PROVISIONING_LEFT,
    FIELDS,
)
