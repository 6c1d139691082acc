"""Every kind of finding that this plugin may tell of; the README's table is made from them."""

from __future__ import annotations

from afterclick.plugin import FindingKind

NO_CREDENTIALS = FindingKind(
    code="pipedrive-no-credentials",
    meaning="Neither an API token nor a whole OAuth app is set.",
    remedy="Set `api_token`, or `client_id`, `client_secret` and `refresh_token`.",
    level="error",
    blind=True,
)
CREDENTIALS = FindingKind(
    code="pipedrive-credentials",
    meaning="Pipedrive refuses the credential, or the company's account is not open.",
    remedy="Set `api_token` to the user's token (Personal preferences > API), or install the app anew; see "
    "that the subscription is paid.",
    level="error",
    blind=True,
)
RIGHTS = FindingKind(
    code="pipedrive-rights",
    meaning="The user or the OAuth app may not do what it is used for.",
    remedy="Give the user's permission set, or the app, what the README lists.",
    level="error",
    blind=True,
)
UNREACHABLE = FindingKind(
    code="pipedrive-unreachable",
    meaning="Pipedrive could not be asked.",
    remedy="Try again later; look at status.pipedrive.com and at the network.",
    level="error",
    blind=True,
)
LIMITED = FindingKind(
    code="pipedrive-limited",
    meaning="Pipedrive takes no call for now: the day's tokens are spent, or it blocks the company.",
    remedy="Wait; look in Company settings > API usage which tool spends the tokens.",
    blind=True,
)
ADDRESS = FindingKind(
    code="pipedrive-address",
    meaning="Something answered that is not the Pipedrive API this plugin speaks.",
    remedy="Correct `domain` or `base_url`, look at what stands between, and upgrade this plugin.",
    level="error",
    blind=True,
)
FIELD_MISSING = FindingKind(
    code="pipedrive-field-missing",
    meaning="The account lacks custom fields.",
    remedy="Provision the account, or map to a field that is there, by name or code.",
    level="error",
)
FIELD_TWICE = FindingKind(
    code="pipedrive-field-twice",
    meaning="Two custom fields have the name that is looked for.",
    remedy="Rename one of them in Pipedrive, or map to the right one by its code of 40 digits.",
    level="error",
)
FIELD_TYPE = FindingKind(
    code="pipedrive-field-type",
    meaning="A custom field has a type that cannot hold what goes there.",
    remedy="Choose another name for it and provision that; a type cannot be changed.",
    level="error",
)
FIELD_UNKNOWN = FindingKind(
    code="pipedrive-field-unknown",
    meaning="A field of Pipedrive's own is configured that this plugin cannot write.",
    remedy="Correct the name, or switch the field off.",
    level="error",
)
FIELDS = FindingKind(
    code="pipedrive-fields",
    meaning="Several faults of fields at once, as the paused lane tells them.",
    remedy="See the rows of each of them.",
    level="error",
)
LABEL_UNKNOWN = FindingKind(
    code="pipedrive-label-unknown",
    meaning="`stages` names a person label that the account lacks.",
    remedy="Make the label in Pipedrive, or correct `stages`.",
)
PIPELINE = FindingKind(
    code="pipedrive-pipeline",
    meaning="A pipeline or stage that is configured for deals is not there, or the user does not see it.",
    remedy="Correct `deal_pipeline`, `deal_stage` or `deal_on_conversion`, or let the user see the pipeline.",
    level="error",
)
TOKENS = FindingKind(
    code="pipedrive-tokens",
    meaning="How much of our share of the day's tokens is spent, and on how many people.",
    remedy="Nothing; with little left, lower the load or raise `daily_token_share`.",
    level="info",
)
TOKENS_LOW = FindingKind(
    code="pipedrive-tokens-low",
    meaning="Less than a tenth of our share of the day's tokens is left; enrichments wait until tomorrow.",
    remedy='Raise `daily_token_share`, set `search = "never"` if this ledger is the only one, or buy tokens.',
)
PROVISIONING_LEFT = FindingKind(
    code="pipedrive-provisioning-left",
    meaning="There is a provisioning token, and nothing is left to make.",
    remedy="Take `provisioning_token` out of the configuration.",
    level="info",
)

KINDS = (
    NO_CREDENTIALS,
    CREDENTIALS,
    RIGHTS,
    UNREACHABLE,
    LIMITED,
    ADDRESS,
    FIELD_MISSING,
    FIELD_TWICE,
    FIELD_TYPE,
    FIELD_UNKNOWN,
    FIELDS,
    LABEL_UNKNOWN,
    PIPELINE,
    TOKENS,
    TOKENS_LOW,
    PROVISIONING_LEFT,
)
