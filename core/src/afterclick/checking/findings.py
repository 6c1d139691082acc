"""What a check tells the operator."""

from __future__ import annotations

from afterclick.plugin.findings import FindingKind

NO_SOURCE = FindingKind(
    code="no-source",
    meaning="No source is configured, so nobody may send anything; `afterclick serve` does not start.",
    remedy="Set WEBHOOK_SECRET to the webhook's signing secret, or add a table `[sources.tolinku]`.",
    level="error",
)
SOURCE_SILENT = FindingKind(
    code="source-silent",
    meaning="Nothing well signed has come from a source yet.",
    remedy="Run `afterclick serve`, and `afterclick send test` or Test in the sender's dashboard.",
    level="info",
)
SECRET_UNUSABLE = FindingKind(
    code="secret-unusable",
    meaning="The file of a source's secret changed and cannot be used; what was read before stays in force.",
    remedy="Write the signing secret into the file, one a line, and let this program read it.",
    level="error",
)
NO_PLUGIN = FindingKind(
    code="no-plugin",
    meaning="No CRM plugin is installed: events are kept and folded into leads, and go nowhere.",
    remedy="Install one, for example `pip install afterclick-hubspot`.",
)
PLUGIN_REFUSED = FindingKind(
    code="plugin-refused",
    meaning="A plugin is installed and cannot be used; the others go on, and its leads wait.",
    remedy="The message names the fault; install a version of the plugin that fits this one of Afterclick.",
    level="error",
)
NO_CONNECTION = FindingKind(
    code="no-connection",
    meaning="No CRM is connected: events are kept and folded into leads, and go nowhere.",
    remedy="Set a plugin's credentials; `afterclick plugins` names the variables.",
)
CONNECTION_HALF_SET = FindingKind(
    code="connection-half-set",
    meaning="A connection lacks settings and is left out.",
    remedy="Set what is named, or take away what is set of it.",
)
CONNECTION_AWAY = FindingKind(
    code="connection-away",
    meaning="Leads wait for a connection that was there before and is not configured now.",
    remedy="Configure it again, and they go on; if it is gone for good, nothing is lost by leaving them.",
    level="info",
)
PLAIN_HTTP = FindingKind(
    code="plain-http",
    meaning="Credentials and people's data cross the network to a CRM without TLS.",
    remedy="Use https in `base_url` and take `allow_http` away, unless the network is your own.",
)
ACCOUNT_UNREACHABLE = FindingKind(
    code="account-unreachable",
    meaning="A CRM did not answer a check, or asked to wait.",
    remedy="Look at the network and at the CRM's status page; the next check looks again.",
    level="error",
    blind=True,
)
ACCOUNT_REFUSED = FindingKind(
    code="account-refused",
    meaning="A CRM answered a check in a way that stops its lane.",
    remedy="Put credential and settings right; the plugin's page tells what it needs.",
    level="error",
    blind=True,
)
CHECK_FAILED = FindingKind(
    code="check-failed",
    meaning="A plugin's check broke or answered something that is no finding.",
    remedy="It is a fault of the plugin; report it to its authors with the message.",
    blind=True,
)
UNDECLARED = FindingKind(
    code="plugin-finding",
    meaning="A plugin found something under a code that it does not declare.",
    remedy="Follow the message.",
)
LIMIT_TOO_HIGH = FindingKind(
    code="limit-too-high",
    meaning="`limits` allows more than the CRM says it does; the CRM's figure counts.",
    remedy="Take the limit out of `limits`, or set it to at most what the CRM allows.",
)
BUDGET_TOO_HIGH = FindingKind(
    code="budget-too-high",
    meaning="`daily_budget` is more than the CRM allows the whole account in a day, so it protects nobody.",
    remedy="Set it to the part of the account's calls that is ours.",
)
BUDGET_SPENT = FindingKind(
    code="budget-spent",
    meaning="Less than a tenth of `daily_budget` is left; without any, the lane waits for the next day.",
    remedy="Raise `daily_budget`, or let the leads wait.",
)
CLOCK_SKEW = FindingKind(
    code="clock-skew",
    meaning="The clocks of this machine and of a CRM differ by more than a minute.",
    remedy="Let this machine follow a time server: events, leases and signatures depend on its clock.",
)
MILESTONE_UNMAPPED = FindingKind(
    code="milestone-unmapped",
    meaning="Leads passed a milestone that `stages` does not name, so it counts as `*` says; a stage never "
    "goes back, and some CRMs cannot take one back either.",
    remedy="Name it under `[stages]` with the stage that it brings a lead to.",
)
FOLDER_UNUSABLE = FindingKind(
    code="ledger-folder",
    meaning="The ledger's folder cannot be written.",
    remedy="Let the user that serves write there, or name another place in `ledger.url`.",
    level="error",
)
LEDGER_OLDER = FindingKind(
    code="ledger-older",
    meaning="The ledger was written by an older version; what it holds cannot be looked at before a start.",
    remedy="Start `afterclick serve`: it brings the ledger up to date.",
    level="info",
)
LEDGER_UNUSABLE = FindingKind(
    code="ledger-unusable",
    meaning="The ledger cannot be read: it is damaged, or of a newer version.",
    remedy="Follow the message; where the file is damaged, put the last backup in its place.",
    level="error",
)
DISK_LOW = FindingKind(
    code="disk-low",
    meaning="Little room is left on the ledger's disk; when it is full, deliveries are refused.",
    remedy="Make room, or move the ledger to a larger disk.",
)

KINDS = (
    NO_SOURCE,
    SOURCE_SILENT,
    SECRET_UNUSABLE,
    NO_PLUGIN,
    PLUGIN_REFUSED,
    NO_CONNECTION,
    CONNECTION_HALF_SET,
    CONNECTION_AWAY,
    PLAIN_HTTP,
    ACCOUNT_UNREACHABLE,
    ACCOUNT_REFUSED,
    CHECK_FAILED,
    UNDECLARED,
    LIMIT_TOO_HIGH,
    BUDGET_TOO_HIGH,
    BUDGET_SPENT,
    CLOCK_SKEW,
    MILESTONE_UNMAPPED,
    FOLDER_UNUSABLE,
    LEDGER_OLDER,
    LEDGER_UNUSABLE,
    DISK_LOW,
)
