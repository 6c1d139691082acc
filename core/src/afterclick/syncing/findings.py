"""What the sync lanes tell the operator."""

from __future__ import annotations

from afterclick.plugin.errors import LaneStop, NotAuthorized, WriteRefused
from afterclick.plugin.findings import FindingKind

_IN_STEP = "the lead is in step again"
_LANE_WORKS = "the lane works again"

RECORD_AMBIGUOUS = FindingKind(
    code="record-ambiguous",
    meaning="Several records could be the lead's and nothing says which; the lead is held.",
    remedy="Decide in the CRM which is the person's, give it the key, and `afterclick retry` the lead.",
    ends=_IN_STEP,
)
RECORD_GONE = FindingKind(
    code="record-gone",
    meaning="Somebody deleted the record in the CRM; the lead is held.",
    remedy="Nothing is recreated behind a person's back; `afterclick retry --recreate` does it.",
    ends=_IN_STEP,
)
RECORD_SHARED = FindingKind(
    code="record-shared",
    meaning="A record was found that another person holds; the lead is held.",
    remedy="Two people lead to one record. Compare them with `afterclick leads show`.",
    ends=_IN_STEP,
)
RECORD_DOUBLE = FindingKind(
    code="record-double",
    meaning="One person has several records, and not all of them are ours to retire.",
    remedy="Merge the records in the CRM; attribution is kept up to date on the first.",
    ends="the lead has one record",
)
STUBS_WAITING = FindingKind(
    code="stubs-waiting",
    meaning="More people without a name came today than `leads.max_stubs_per_day`.",
    remedy="The rest comes tomorrow. Raise `leads.max_stubs_per_day`, or set `leads.stubs`.",
    ends="a week went by without another",
)
LEAD_REJECTED = FindingKind(
    code="lead-rejected",
    meaning="The CRM refuses the lead for good; it is parked.",
    remedy="See `afterclick parked`; it waits until it or the mapping changes, or for `afterclick retry`.",
    ends=_IN_STEP,
)
LEAD_PARKED = FindingKind(
    code="lead-parked",
    meaning="The lead failed for longer than `sync.give_up_after`; it is parked.",
    remedy="Remove the cause, and `afterclick retry` it; it also wakes when it or the mapping changes.",
    ends=_IN_STEP,
)
FIELD_REJECTED = FindingKind(
    code="field-rejected",
    meaning="The CRM refuses a field's value; the rest was written.",
    remedy="Correct the field in the CRM or in the configuration.",
    ends="no lead has a refused value of that field",
)
RECORD_NOT_ERASED = FindingKind(
    code="record-not-erased",
    meaning="A person was forgotten, and a record of theirs is still in the CRM.",
    remedy="Erase the record in the CRM by hand; nothing here knows of it any more.",
    ends="a week went by without another",
)
NOT_AUTHORIZED = FindingKind(
    code="not-authorized",
    meaning="The credential is refused or lacks a permission; the lane waits and tries again each minute.",
    remedy="Put the right credential in place, with the permissions that the plugin's page names.",
    level="error",
    ends=_LANE_WORKS,
)
MISCONFIGURED = FindingKind(
    code="misconfigured",
    meaning="The account lacks something that every lead needs; the lane waits and tries again.",
    remedy="Follow the message; often `afterclick provision <connection> --apply`.",
    level="error",
    ends=_LANE_WORKS,
)

WRITE_REFUSED = FindingKind(
    code="write-refused",
    meaning='In `mode = "observe"` the plugin sent what it had not declared as a read; it was stopped.',
    remedy="Nothing was written. Tell the plugin's author, who has to declare what only reads.",
    level="error",
    ends=_LANE_WORKS,
)

KINDS = (
    RECORD_AMBIGUOUS,
    RECORD_GONE,
    RECORD_SHARED,
    RECORD_DOUBLE,
    STUBS_WAITING,
    LEAD_REJECTED,
    LEAD_PARKED,
    FIELD_REJECTED,
    RECORD_NOT_ERASED,
    NOT_AUTHORIZED,
    MISCONFIGURED,
    WRITE_REFUSED,
)

STOPS = (NOT_AUTHORIZED, MISCONFIGURED, WRITE_REFUSED)
"""What is told of a lane that waits."""


def of_stop(stop: LaneStop) -> FindingKind:
    """Return the kind of finding for a lane that waits."""
    if isinstance(stop, NotAuthorized):
        return NOT_AUTHORIZED
    return WRITE_REFUSED if isinstance(stop, WriteRefused) else MISCONFIGURED
