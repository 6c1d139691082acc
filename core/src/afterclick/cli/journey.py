"""A lead's journey as `afterclick leads show` prints it: time line, values with their origin, referrer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from afterclick.cli.output import moment, print_table
from afterclick.ledger.reads import Reads
from afterclick.ledger.rows import LeadRow, Referrer, StoredEvent
from afterclick.model.fields import Scalar
from afterclick.model.lead import attributes, first_touch, referrer_attributes
from afterclick.model.memory import LinkMemory
from afterclick.model.timeline import Moment, Origin, origins, timeline

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Journey:
    """What is known of one lead."""

    values: Mapping[str, Scalar]
    origins: Mapping[str, Origin]
    moments: Sequence[Moment]
    referrer: Referrer | None

    def as_dict(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "timeline": [msgspec.to_builtins(one) for one in self.moments],
            "origins": {name: msgspec.to_builtins(origin) for name, origin in self.origins.items()},
            "referrer": None if self.referrer is None else self._referrer(self.referrer),
        }

    def print(self, title: str) -> None:
        """Show it to a person."""
        rows = [(name, value, self.origins.get(name)) for name, value in sorted(self.values.items())]
        print_table(title, ("Attribute", "Value", "Known from"), rows, empty="")
        print_table(
            "What happened",
            ("Time", "What", "After", "Known from"),
            [(moment(one.at), one.what, span(one.after), one.origin) for one in self.moments],
            empty="Nothing yet.",
        )
        if self.referrer is not None:
            print_table("Referred by", ("", ""), list(self._referrer(self.referrer).items()), empty="")

    def _referrer(self, referrer: Referrer) -> dict[str, Any]:
        known = referrer_attributes(referrer.state, record=None, referrals=referrer.referrals)
        records = {f"record in {name}": url for name, url in sorted(referrer.records.items())}
        return {"lead": referrer.lead, **known, **records}


async def read_journey(ledger: Reads, row: LeadRow, events: Sequence[StoredEvent]) -> Journey:
    """Read what a lead's row and events do not hold: its link and its referrer."""
    decisions = {event.tie: event.decision for event in events if event.decision is not None}
    named = row.state.referrer
    referrer = (row.space, "" if named is None else named.value)
    return Journey(
        values=attributes(row.state),
        origins=origins(row.state, decisions),
        moments=timeline(row.state, decisions, await _link(ledger, row)),
        referrer=(await ledger.referrers([referrer])).get(referrer),
    )


async def _link(ledger: Reads, row: LeadRow) -> LinkMemory | None:
    touch = first_touch(row.state)
    if touch is None:
        return None
    prefix, token = (touch.fields[name].value if name in touch.fields else "" for name in ("prefix", "token"))
    return await ledger.link(row.space, prefix, token)


def span(milliseconds: int | None) -> str:
    """Return a span of time in its two largest units: `2 d 3 h`, `18 min`, `4 s`."""
    if milliseconds is None:
        return ""
    seconds = milliseconds // 1000
    for size, name, smaller, other in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", 1, "s"),
    ):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {name}" + (f" {rest} {other}" if rest else "")
    return f"{seconds} s"
