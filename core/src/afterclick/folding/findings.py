"""What the fold tells the operator."""

from __future__ import annotations

from afterclick.plugin.findings import FindingKind

IDENTITY_REFUSED = FindingKind(
    code="identity-refused",
    meaning="Two people with different user ids state one identity; the first holder keeps it.",
    remedy="Nothing was united. Compare both with `afterclick leads show`.",
    ends="a week went by without another",
)

KINDS = (IDENTITY_REFUSED,)
