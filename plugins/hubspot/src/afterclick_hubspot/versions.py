"""The dated versions of HubSpot's API that this plugin speaks, and until when HubSpot supports them.

A version is current for six months and supported for eighteen. After that calls may go on working,
but nobody mends them. Source: HubSpot, "API versioning" and the changelog of 8 September 2026.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

Version = Literal["2026-03", "2026-09"]


class Support(msgspec.Struct, frozen=True):
    """When a version came out and when HubSpot's support for it ends."""

    released: date
    ends: date


SUPPORT: dict[str, Support] = {
    # Refuses API writes that break the account's rules on required fields.
    "2026-09": Support(date(2026, 9, 8), date(2028, 3, 8)),
    # The last one that does not look at those rules, for accounts whose rules refuse stubs.
    "2026-03": Support(date(2026, 3, 30), date(2027, 9, 30)),
}
DEFAULT: Version = "2026-09"
