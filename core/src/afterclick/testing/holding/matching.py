"""Finding a person's record: by id, under every key, and never by guessing."""

from __future__ import annotations

from afterclick.plugin import Ambiguous, Gone, LaneStop, Lead, Match, NoMatch, NotYet
from afterclick.sandbox import Person, UniqueClash
from afterclick.sandbox import Rule as Fault
from afterclick.testing.account import Account
from afterclick.testing.rules import rule
from afterclick.testing.verdicts import require


@rule(
    "match finds what create made: by its id, and under its key.",
    "A record that is not found again is made a second time.",
)
async def match_finds_what_create_made(account: Account) -> None:
    leads = [account.people.somebody(), account.people.somebody(named=True)]
    records = await account.created(*leads)
    for lead, record in zip(leads, records, strict=True):
        for asked in (lead, account.known(lead, record)):
            match = await account.found(asked)
            how = "by id" if asked.record else "by key"
            require(match.record.id == record.id, f"{how}: {match.record.id!r} instead of {record.id!r}")
            require(match.record.key == lead.keys[0], f"{how}: its key is {match.record.key!r}")
            for name, value in lead.values.items():
                if name in record.values:
                    seen = match.record.values.get(name)
                    require(seen == value, f"{how}: {name} is {seen!r} after {value!r} was written")


@rule(
    "match asks for all keys of a lead, in whatever place the right one stands.",
    "A person gets further keys, and the record keeps its first one: it would be lost, and made again.",
)
async def match_finds_it_under_any_key(account: Account) -> None:
    lead = account.people.somebody()
    (record,) = await account.created(lead)
    new = [account.people.further_key(kind) for kind in ("user", "email", "link")]
    for place in range(len(new) + 1):
        keys = (*new[:place], lead.keys[0], *new[place:])
        match = await account.found(account.people.again(lead, keys=keys))
        require(match.record.id == record.id, f"as key {place + 1} of {len(keys)} it is not found")


@rule(
    "match tells of every record that carries a key of the lead.",
    "When two leads turn out to be one person, both have a record: one that is left out stays for ever.",
)
async def match_tells_of_doubles(account: Account) -> None:
    first, second = account.people.somebody(named=True), account.people.somebody()
    made = {record.id for record in await account.created(first, second)}
    match = await account.found(account.people.again(first, keys=(*first.keys, *second.keys)))
    found = {match.record.id, *(double.id for double in match.doubles)}
    require(found == made, f"of the records {sorted(made)} it tells of {sorted(found)}")


@rule(
    "match answers NoMatch for somebody new, and each lead of a batch in its place.",
    "An answer in the wrong place writes one person's data into another one's record.",
)
async def match_keeps_the_places_of_a_batch(account: Account) -> None:
    known = [account.people.somebody() for _ in range(3)]
    records = await account.created(*known)
    leads: list[Lead] = []
    for lead in known:
        leads += [account.people.somebody(), lead]
    outcomes = await account.match(*leads)
    expected = [None, records[0].id, None, records[1].id, None, records[2].id]
    for outcome, wanted in zip(outcomes, expected, strict=True):
        if wanted is None:
            require(isinstance(outcome, NoMatch), f"for somebody new it answers {outcome!r}")
        else:
            right = isinstance(outcome, Match) and outcome.record.id == wanted
            require(right, f"where record {wanted} is right it answers {outcome!r}")


@rule(
    "match answers Gone for a known record that somebody deleted.",
    "What a person deleted stays away; taken for new, it would come back.",
    breaks=True,
)
async def match_tells_of_a_deleted_record(account: Account) -> None:
    lead = account.people.somebody()
    (record,) = await account.created(lead)
    account.delete(record)
    (outcome,) = await account.match(account.known(lead, record))
    require(isinstance(outcome, Gone), f"it answers {outcome!r}")


@rule(
    "Of two records that could be the lead's, match does not quietly choose one: Ambiguous, or a Match that "
    "names the other among its doubles.",
    "What is written to the wrong one of two people cannot be taken back.",
    breaks=True,
)
async def two_candidates_are_not_chosen_between(account: Account) -> None:
    lead = account.people.somebody(named=True)
    first, second = _type_in_two(account, lead.emails[0])
    emails = tuple(dict.fromkeys((first[1], second[1])))
    (outcome,) = await account.match(account.people.again(lead, emails=emails))
    ids = {first[0], second[0]}
    if isinstance(outcome, Ambiguous):
        told = {one.id for one in outcome.candidates}
    elif isinstance(outcome, Match):
        told = {outcome.record.id, *(double.id for double in outcome.doubles)}
    else:
        told = set()
        # A CRM that is never asked for addresses cannot have two of them.
        (one,) = await account.match(account.people.again(lead, emails=emails[:1]))
        if isinstance(one, NoMatch) and isinstance(outcome, NoMatch):
            return
    require(told >= ids, f"two people typed in have the lead's address; it answers {outcome!r}")


def _type_in_two(account: Account, email: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Let two people be typed in with one address, or with two where the CRM lets only one have it."""
    first = account.emulator.type_in(Person(last_name="Hopper", email=email))
    try:
        second = account.emulator.type_in(Person(last_name="Lamarr", email=email))
    except (UniqueClash, ValueError):
        other = f"second-{email}"
        return (first, email), (account.emulator.type_in(Person(last_name="Lamarr", email=other)), other)
    return (first, email), (second, email)


@rule(
    "While a write of unknown fate may have landed, match does not take silence for absence.",
    "A search index that is behind shows no record; taken for the truth, it makes a second one.",
    breaks=True,
)
async def silence_is_no_proof(account: Account) -> None:
    lead = account.people.somebody(named=True)
    since = account.clock.now()
    await account.created(lead)
    account.emulator.faults.add(Fault(kind="lag", seconds=3600))
    asked = account.people.again(lead, uncertain_since=since)
    (outcome,) = await account.match(asked)
    require(isinstance(outcome, Match | NotYet), f"with the search index behind it answers {outcome!r}")
    account.emulator.faults.clear()
    await account.settle()
    (outcome,) = await account.match(asked)
    require(isinstance(outcome, Match), f"after the settle time it answers {outcome!r}")


@rule(
    "connect and match only read, and declare every read that is neither GET nor HEAD.",
    "A connection that only looks (observe, preview, check) lets nothing else through, and stops.",
)
async def match_only_reads(account: Account) -> None:
    known, new = account.people.somebody(), account.people.somebody(named=True)
    (record,) = await account.created(known)
    account.strikes.only_reads = True
    try:
        account.ctx.client = await account.caller.single("connect")
        await account.match(known, account.known(account.people.somebody(), record), new)
    except LaneStop as stop:
        require(False, f"where nothing may be written: {type(stop).__name__}: {stop.reason}")
