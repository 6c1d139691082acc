"""Answers that are not what was asked for: forgotten, doubled, shuffled, empty."""

from __future__ import annotations

import msgspec

from afterclick.plugin import Lead, Match, NoMatch, Rejected, RetryLater, Synced, Uncertain
from afterclick.testing.account import Account
from afterclick.testing.holding.claims import changed_as_claimed, created_as_claimed, several
from afterclick.testing.rules import rule
from afterclick.testing.verdicts import Broken, require

SHORT = 0.4
"""Seconds, in earnest, that a call may take where a rule waits for its end."""


async def garbled(account: Account, *kinds: str) -> None:
    """Let every kind of fault meet a create and an enrich of several, and check what is claimed."""
    for kind in kinds:
        new, changes = await several(account)
        account.strike(kind)
        await created_as_claimed(account, new, (await account.call("create", *new)).outcomes)
        account.peace()
        account.strike(kind)
        await changed_as_claimed(account, changes, (await account.call("enrich", *changes)).outcomes)
        account.peace()


@rule(
    "An id, key or address that the answer to a read does not mention counts as not answered, not as absent.",
    "A record that was only forgotten would be made a second time, or let go of as deleted.",
    breaks=True,
)
async def an_unanswered_look_up_decides_nothing(account: Account) -> None:
    leads = [account.people.somebody() for _ in range(4)]
    await account.created(*leads)
    for kind in ("forget", "overlook", "shuffle", "duplicate", "empty", "ignore"):
        await _matched(account, kind, leads)


async def _matched(account: Account, kind: str, leads: list[Lead]) -> None:
    account.strike(kind, on="read")
    outcomes = (await account.call("match", *leads)).outcomes
    account.peace()
    for lead, outcome in zip(leads, outcomes, strict=True):
        require(not isinstance(outcome, NoMatch), f"{kind}: match says that {lead.ref} has no record")
        right = not isinstance(outcome, Match) or outcome.record.key in lead.keys
        require(right, f"{kind}: match finds another one's record for {lead.ref}")


@rule(
    "An input that the CRM's answer does not mention is Uncertain, never a success and never 'not done'.",
    "CRMs forget results of a batch whose work they did; some forget the work.",
    breaks=True,
)
async def a_forgotten_input_is_uncertain(account: Account) -> None:
    await garbled(account, "forget", "overlook")


@rule(
    "Results are told apart by what they say of themselves, not by their place.",
    "Batches are worked on in parallel: their results come in any order.",
    breaks=True,
)
async def shuffled_results_find_their_inputs(account: Account) -> None:
    for _ in range(3):
        await garbled(account, "shuffle")
        # In another order, and all is well: nothing may have got lost either.
        new, _ = await several(account, 6)
        account.strike("shuffle")
        outcomes = await account.write("create", *new)
        account.peace()
        for lead, outcome in zip(new, outcomes, strict=True):
            right = isinstance(outcome, Synced) and outcome.record.key == lead.keys[0]
            require(right, f"{lead.ref} has the outcome {outcome!r}")


@rule(
    "A result that comes twice counts once.",
    "The second one would be taken for the outcome of another input.",
    breaks=True,
)
async def doubled_results_count_once(account: Account) -> None:
    await garbled(account, "duplicate")


@rule(
    "Success without a result is no success.",
    "A gateway answers 200 with nothing in it while the CRM behind it does something, or nothing.",
    breaks=True,
)
async def an_empty_success_is_no_success(account: Account) -> None:
    await garbled(account, "empty", "ignore", "blank")


@rule(
    "A row that the CRM refuses is Rejected, or its batch is refused whole; the others are written.",
    "One bad value would hold up everybody who is in its batch.",
    breaks=True,
)
async def a_poison_row_costs_only_itself(account: Account) -> None:
    name, value = _poison(account)
    good = [account.people.somebody() for _ in range(3)]
    base = account.people.somebody()
    bad = msgspec.structs.replace(base, values={**base.values, name: value})
    leads = [good[0], bad, *good[1:]]
    outcomes = await account.write("create", *leads)
    refused = outcomes[1]
    require(isinstance(refused, Rejected), f"for {name}={value!r} create answers {refused!r}")
    fields = {None, name}
    require(refused.field in fields, f"it blames {refused.field!r}, and {name!r} is at fault")
    for lead, outcome in zip(leads, outcomes, strict=True):
        right = lead is bad or isinstance(outcome, Synced)
        require(right, f"{lead.ref}, whose values are right, gets {outcome!r}")
    await created_as_claimed(account, leads, outcomes)
    records = [outcome.record for outcome in outcomes if isinstance(outcome, Synced)]
    (answer,) = await account.write("enrich", account.change(good[0], records[0], {name: value}))
    require(isinstance(answer, Rejected), f"for {name}={value!r} enrich answers {answer!r}")


def _poison(account: Account) -> tuple[str, str | int | float | bool]:
    if account.crm.poison is None:
        raise Broken("the kit does not know a value that the CRM refuses: give `Crm(poison=(field, value))`")
    return account.crm.poison


@rule(
    "A CRM that cannot answer leaves match undecided.",
    "NoMatch out of a failed read makes a second record of everybody.",
    breaks=True,
)
async def a_failed_read_decides_nothing(account: Account) -> None:
    lead = account.people.somebody()
    (record,) = await account.created(lead)
    for kind, status in (("status", 500), ("status", 503), ("cut_before", 503), ("cut_within", 503)):
        for asked in (lead, account.known(lead, record)):
            account.strike(kind, on="any", times=None, status=status)
            called = await account.call("match", asked)
            account.peace()
            (outcome,) = called.outcomes
            undecided = outcome is None or isinstance(outcome, RetryLater)
            require(undecided, f"{kind} {status}: match answers {outcome!r}")


@rule(
    "A server error leaves a write open: Uncertain, not 'not done'.",
    "A 502 or 504 comes from a gateway that gave up waiting; the work behind it goes on.",
    breaks=True,
)
async def a_server_error_leaves_writes_open(account: Account) -> None:
    for status in (500, 502, 503, 504):
        for late in (False, True):
            new, changes = await several(account, 2)
            account.strike("status", status=status, late=late)
            called = await account.call("create", *new)
            account.peace()
            await created_as_claimed(account, new, called.outcomes)
            account.strike("status", status=status, late=late)
            called = await account.call("enrich", *changes)
            account.peace()
            await changed_as_claimed(account, changes, called.outcomes)


@rule(
    "A connection that is cut leaves a write open, whether the CRM had done it or not.",
    "From outside, both look the same.",
    breaks=True,
)
async def a_cut_connection_leaves_writes_open(account: Account) -> None:
    for kind in ("cut_before", "cut_after", "cut_within"):
        new, changes = await several(account, 2)
        account.strike(kind)
        called = await account.call("create", *new)
        account.peace()
        first = called.outcomes[0]
        open_or_done = first is not None and not isinstance(first, RetryLater | Rejected)
        require(open_or_done or kind == "cut_before", f"{kind}: create answers {first!r}")
        await created_as_claimed(account, new, called.outcomes)
        account.strike(kind)
        called = await account.call("enrich", *changes)
        account.peace()
        await changed_as_claimed(account, changes, called.outcomes)


async def time_runs_out(account: Account, *, late: bool) -> None:
    """Let a create wait for longer than its deadline, then let the CRM go on, and look again."""
    (lead,) = new = [account.people.somebody()]
    patient = account.caller
    await account.hurry(SHORT)
    since = account.clock.now()
    strike = account.strike("delay", seconds=86_400.0, late=late)
    (outcome,) = (await account.call("create", *new)).outcomes
    require(strike.fired, "create sent nothing that the kit could see as a write")
    require(isinstance(outcome, Uncertain), f"at its deadline create answers {outcome!r}")
    account.caller = patient
    if account.time is not None:
        account.time.release()
    for _ in range(1000):
        if account.emulator.calls.open == 0:
            break
        await account.clock.sleep(0.001)
    account.peace()
    await account.settle()
    match = await account.found(account.people.again(lead, uncertain_since=since))
    rows = await account.rows_of(lead)
    require([row.id for row in rows] == [match.record.id], f"the CRM holds {len(rows)} records of one lead")


@rule(
    "A create whose time is over before the CRM did it is Uncertain: it may still land.",
    "Counted as not done, it is sent again, and both land.",
    breaks=True,
)
async def time_out_before_the_write(account: Account) -> None:
    await time_runs_out(account, late=False)


@rule(
    "A create whose time is over after the CRM did it is Uncertain.",
    "Counted as not done, it is sent again.",
    breaks=True,
)
async def time_out_after_the_write(account: Account) -> None:
    await time_runs_out(account, late=True)
