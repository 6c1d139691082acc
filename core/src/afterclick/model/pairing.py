"""Which records that other code made belong to which leads. Pure.

A link's token is no person, so it only says who comes into question; what else both know decides. A record is
given to a lead where each is the only one for the other. Everything else is told with the reason, and left.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from afterclick.model.traces import MADE_AFTER, MADE_BEFORE, SAME_MOMENT, Fit, Suitor, Trace, fit

MOST_ALIKE = 50
"""Leads of one link that are gone through one by one; of more only those of the same moment are."""

SHOWN = 5
"""Leads that are named where several come into question."""


class Pair(msgspec.Struct, frozen=True):
    """A record and its lead, and what speaks for it."""

    record: str
    lead: int
    because: tuple[str, ...]


class Doubt(msgspec.Struct, frozen=True):
    """A record that is given to nobody: the leads that come into question, some of them, and why not."""

    record: str
    leads: tuple[int, ...]
    reason: str


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of records: of those with a lead, of those in doubt, and of strangers' ones."""

    pairs: tuple[Pair, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    strangers: tuple[str, ...] = ()


def pair(records: Sequence[Trace], leads: Iterable[Suitor]) -> Pairing:
    """Say which record belongs to which lead; the order of either means nothing."""
    suitors = {one.lead: one for one in leads}
    places = _Places(suitors.values())
    fits = {record.id: [fit(record, suitors[lead]) for lead in places.of(record)] for record in records}
    asked: dict[int, list[tuple[str, Fit]]] = defaultdict(list)
    for id, found in fits.items():
        for one in _best(found):
            asked[one.lead].append((id, one))
    pairs: list[Pair] = []
    doubts: list[Doubt] = []
    strangers: list[str] = []
    for record in sorted(records, key=lambda one: one.id):
        found = fits[record.id]
        best = _best(found)
        reason = _doubt(record.id, best, asked, suitors) if best else _none_fits(found, places.alike(record))
        if reason is None:
            pairs.append(Pair(record.id, best[0].lead, best[0].because))
        elif reason:
            shown = sorted(fit.lead for fit in best or found)
            doubts.append(Doubt(record.id, tuple(shown[:SHOWN]), reason))
        else:
            strangers.append(record.id)
    return Pairing(pairs=tuple(pairs), doubts=tuple(doubts), strangers=tuple(strangers))


def _best(fits: Sequence[Fit]) -> list[Fit]:
    """Return the fits that count: those of which something of the person is sure, else all that may be."""
    possible = [fit for fit in fits if not fit.against]
    return [fit for fit in possible if fit.sure] or possible


def _none_fits(found: Sequence[Fit], alike: int) -> str:
    """Return why no lead is the record's, empty if none so much as came by its link."""
    if found:
        return found[0].against
    return f"{_many(alike, 'lead')} came by that link, none of them at its moment" if alike else ""


def _doubt(
    record: str,
    best: Sequence[Fit],
    asked: Mapping[int, Sequence[tuple[str, Fit]]],
    suitors: Mapping[int, Suitor],
) -> str | None:
    """Return why a record is not given to a lead, None if it is."""
    if len(best) > 1:
        return f"{_many(len(best), 'lead')} could be its person, and nothing tells which"
    (fit,) = best
    if suitors[fit.lead].has_record:
        return f"lead {fit.lead} has a record already"
    rivals = [other for other, one in asked[fit.lead] if other != record and one.sure >= fit.sure]
    if rivals:
        return f"lead {fit.lead} has {_many(len(rivals) + 1, 'record')} that could be its own"
    return None if fit.because else f"only the campaign says so: it is that of lead {fit.lead}"


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}s" if count != 1 else f"1 {thing}"


class _Places:
    """Where leads are found by what a record says."""

    def __init__(self, suitors: Iterable[Suitor]) -> None:
        self._names: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._times: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for one in suitors:
            for name in _links(one.tokens, one.campaigns):
                self._names[name].append(one.lead)
                self._times[name] += [(at, one.lead) for at in one.heard]
            for name in _people(one.emails, one.users):
                self._names[name].append(one.lead)
        for times in self._times.values():
            times.sort()

    def alike(self, record: Trace) -> int:
        """Return how many leads came by a record's link."""
        link = _link_of(record)
        return 0 if link is None else len(self._names.get(link, ()))

    def of(self, record: Trace) -> list[int]:
        """Return the leads that come into question for a record."""
        users = () if record.user is None else (record.user,)
        found = {lead for name in _people(record.emails, users) for lead in self._names.get(name, ())}
        link = _link_of(record)
        if link is not None:
            alike = self._names.get(link, ())
            found |= set(alike) if len(alike) <= MOST_ALIKE else self._at_its_time(link, record)
        return sorted(found)

    def _at_its_time(self, link: tuple[str, str], record: Trace) -> set[int]:
        times = self._times[link]
        return {
            lead
            for begin, end in _spans(record)
            for _, lead in times[bisect_left(times, (begin, 0)) : bisect_right(times, (end, 1 << 62))]
        }


def _spans(record: Trace) -> Iterator[tuple[int, int]]:
    for at in record.moments.values():
        yield at - SAME_MOMENT, at + SAME_MOMENT
    if record.made_at is not None:
        yield record.made_at - MADE_AFTER, record.made_at + MADE_BEFORE


def _links(tokens: Iterable[str], campaigns: Iterable[str]) -> Iterator[tuple[str, str]]:
    yield from (("token", token) for token in tokens)
    yield from (("campaign", campaign) for campaign in campaigns)


def _people(emails: Iterable[str], users: Iterable[str]) -> Iterator[tuple[str, str]]:
    yield from (("email", email) for email in emails)
    yield from (("user", user) for user in users)


def _link_of(record: Trace) -> tuple[str, str] | None:
    """Return how a record names its link: by token, and only without one by campaign."""
    if record.token is not None:
        return "token", record.token
    return None if record.campaign is None else ("campaign", record.campaign)
