"""What a pass tells the operator, each with its remedy."""

from __future__ import annotations

from afterclick.ledger.rows import FindingRow

REMEDIES = {
    "record-ambiguous": "Decide in the CRM which record is the person's and give it the key.",
    "record-gone": "Nothing is recreated behind a person's back; the lead stays held.",
    "record-shared": "Two people lead to one record. Compare them with `afterclick leads show`.",
    "record-double": "Merge the records in the CRM; attribution is kept up to date on the first.",
    "stubs-waiting": "The rest comes tomorrow. Raise `leads.max_stubs_per_day`, or set `leads.stubs`.",
    "lead-rejected": "See `afterclick leads show`; the lead waits until it or the mapping changes.",
    "lead-parked": "Remove the cause; the lead goes on when it or the mapping changes.",
    "field-rejected": "The rest was written. Correct the field in the CRM or in the configuration.",
}


def finding(code: str, connection: str, subject: str, message: str, now: int) -> FindingRow:
    """Return a finding of a sync lane."""
    return FindingRow(
        code=code,
        connection=connection,
        subject=subject,
        message=message,
        remedy=REMEDIES[code],
        level="warning",
        first_at=now,
        last_at=now,
    )
