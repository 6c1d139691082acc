"""What links and referral codes remember, so that events which lack a fact can inherit it."""

from __future__ import annotations

import msgspec

from afterclick.model.event import Event
from afterclick.model.lead import Stamp, earlier, valued

MAX_CAMPAIGNS = 16
"""A campaign comes from a URL that anybody can type: only so many are remembered per link."""


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """How often a link or code was clicked, installed through, led to a person, converted."""

    clicks: int = 0
    installs: int = 0
    people: int = 0
    conversions: int = 0

    def plus(self, *, clicks: int = 0, installs: int = 0, people: int = 0, conversions: int = 0) -> Counts:
        """Return the sums."""
        return Counts(
            self.clicks + clicks,
            self.installs + installs,
            self.people + people,
            self.conversions + conversions,
        )


class LinkMemory(msgspec.Struct, frozen=True):
    """The campaigns seen on a link, each with the first and last time (ms), and its counts."""

    campaigns: dict[str, tuple[int, int]] = {}
    counts: Counts = Counts()

    def seen(self, campaign: str, at: int) -> LinkMemory:
        """Return the memory with one more sighting; the newest campaigns are kept."""
        first, last = self.campaigns.get(campaign, (at, at))
        campaigns = self.campaigns | {campaign: (min(first, at), max(last, at))}
        if len(campaigns) > MAX_CAMPAIGNS:
            oldest = min(campaigns, key=lambda name: (campaigns[name][1], name))
            campaigns = {name: span for name, span in campaigns.items() if name != oldest}
        return msgspec.structs.replace(self, campaigns=campaigns)

    def campaign_at(self, at: int) -> str | None:
        """Return the campaign seen last, not later than `at`; None if there was none yet."""
        known = [(min(last, at), name) for name, (first, last) in self.campaigns.items() if first <= at]
        return max(known)[1] if known else None


class CodeMemory(msgspec.Struct, frozen=True):
    """Whose a referral code is, and since when.

    Each part is the earliest that a `referral.created` about the code said. All are inferred: they
    are said of the code, and hold for the leads that came through it.
    """

    described: Stamp | None = None
    named: Stamp | None = None
    linked: Stamp | None = None
    counts: Counts = Counts()

    @property
    def referrer(self) -> str | None:
        """Return whose code it is."""
        return None if self.named is None else self.named.value

    @property
    def url(self) -> str | None:
        """Return the link that carries the code."""
        return None if self.linked is None else self.linked.value

    def after(self, event: Event) -> CodeMemory:
        """Return the memory after a `referral.created` about the code."""
        said = Stamp(True, event.occurred_at, event.tie)
        referrer, url = event.facts.referrer, event.facts.url
        return msgspec.structs.replace(
            self,
            described=earlier(self.described, said),
            named=earlier(self.named, None if referrer is None else valued(said, referrer)),
            linked=earlier(self.linked, None if url is None else valued(said, url)),
        )
