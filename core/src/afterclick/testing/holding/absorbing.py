"""Two records of one person become one, whatever happens on the way; and erasing."""

from __future__ import annotations

from collections.abc import Mapping

from afterclick.plugin import Gone, Lead, Match, Record, Rejected, RetryLater, Synced
from afterclick.testing.account import Account
from afterclick.testing.rules import rule
from afterclick.testing.verdicts import Broken, require

STEPS = 12
"""More requests, and more calls, than any absorption takes."""


async def two_records(account: Account) -> tuple[Lead, Record, Record]:
    """Return a person with two records, both made by us, as a match shows them."""
    first, second = account.people.somebody(named=True), account.people.somebody()
    survivor, double = await account.created(first, second)
    lead = account.people.again(first, keys=(*first.keys, *second.keys))
    match = await account.found(account.known(lead, survivor))
    return lead, match.record, double


async def see_through(account: Account, lead: Lead, survivor: Record, double: Record) -> Record:
    """Absorb until nothing is left to do, as the core does; return the survivor."""
    pending: tuple[str, ...] = ()
    for _ in range(STEPS):
        match = await account.found(account.known(lead, survivor))
        absorption = account.absorption(lead, match.record, double, created_by_us=True, pending=pending)
        (outcome,) = await account.write("absorb", absorption)
        require(isinstance(outcome, Synced), f"all being well, absorb answers {outcome!r}")
        survivor, pending = outcome.record, outcome.pending
        if not pending:
            return survivor
    raise Broken(f"after {STEPS} calls absorb still asks for {pending}")


async def one_is_left(account: Account, lead: Lead, survivor: Record, before: Mapping[str, object]) -> None:
    """Check that every key leads to the survivor, or to nothing, and that it holds what it held."""
    for keys in (lead.keys, *((key,) for key in lead.keys)):
        (outcome,) = await account.match(account.people.again(lead, keys=keys, record=None, emails=()))
        found = (
            [outcome.record.id, *(one.id for one in outcome.doubles)] if isinstance(outcome, Match) else []
        )
        right = found == [survivor.id] or (not found and len(keys) < len(lead.keys))
        require(right, f"under {len(keys)} of {len(lead.keys)} keys match finds {found}, not {survivor.id}")
    row = await account.row(lead, survivor)
    lost = {name: value for name, value in before.items() if row.values.get(name) != value}
    require(not lost, f"the survivor lost {lost}")


@rule(
    "absorb brings a double into its survivor, after a crash at any of its requests as well, and done twice.",
    "A process can die between any two requests, and begins again with nothing but the two ids.",
    breaks=True,
)
async def absorb_survives_every_crash(account: Account) -> None:
    account.needs("absorb")
    for kind in ("cut_before", "cut_after"):
        for place in range(STEPS):
            lead, survivor, double = await two_records(account)
            before = dict((await account.row(lead, survivor)).values)
            strike = account.strike(kind, skip=place)
            crashed = account.absorption(lead, survivor, double, created_by_us=True)
            (outcome,) = (await account.call("absorb", crashed)).outcomes
            account.peace()
            lies = kind == "cut_after" and strike.fired and isinstance(outcome, RetryLater)
            require(not lies, f"{kind} at request {place + 1}: {outcome!r} claims that nothing was done")
            await account.settle()
            match = await account.found(account.known(lead, survivor))
            survivor = await see_through(account, lead, match.record, double)
            survivor = await see_through(account, lead, survivor, double)
            await one_is_left(account, lead, survivor, before)
            if not strike.fired:
                break
        else:
            raise Broken(f"one absorption takes more than {STEPS} requests that write")


@rule(
    "absorb calls a double retired only if it is, also where the CRM reports success and has done nothing.",
    "Afterclick forgets a double that was retired: one that is still there stays for good.",
    breaks=True,
)
async def absorb_leaves_no_double_behind(account: Account) -> None:
    account.needs("absorb")
    for kind in ("overlook", "ignore"):
        lead, survivor, double = await two_records(account)
        before = dict((await account.row(lead, survivor)).values)
        account.strike(kind)
        absorption = account.absorption(lead, survivor, double, created_by_us=True)
        (outcome,) = (await account.call("absorb", absorption)).outcomes
        account.peace()
        await account.settle()
        if not isinstance(outcome, Synced) or outcome.pending:
            match = await account.found(account.known(lead, survivor))
            survivor = await see_through(account, lead, match.record, double)
        await one_is_left(account, lead, survivor, before)


@rule(
    "absorb retires no record that somebody else made.",
    "What people typed in is theirs; a double of theirs is a finding, not ours to remove.",
)
async def absorb_spares_what_is_not_ours(account: Account) -> None:
    account.needs("absorb")
    lead, survivor, double = await two_records(account)
    theirs = account.absorption(lead, survivor, double, created_by_us=False)
    (outcome,) = await account.write("absorb", theirs)
    require(isinstance(outcome, Rejected), f"it answers {outcome!r} for a record that is not ours")
    ids = {row.id for row in await account.rows_of(lead)}
    require(double.id in ids, "the record of somebody else is gone")


@rule(
    "erase removes a record for good, and may be repeated.",
    "A person who asks to be forgotten has a right to it, also where the first answer got lost.",
)
async def erase_is_for_good(account: Account) -> None:
    account.needs("erase")
    lead = account.people.somebody(named=True)
    (record,) = await account.created(lead)
    for _ in range(2):
        (outcome,) = await account.write("erase", record)
        require(isinstance(outcome, Synced | Gone), f"it answers {outcome!r}")
    (found,) = await account.match(lead)
    require(not isinstance(found, Match), "the record is still found")
    require(not await account.rows_of(lead), "the record is still there")
