"""Records of other code: found wherever they are, taken over by a key, and otherwise left alone."""

from __future__ import annotations

from afterclick.host.answers import checked_strays
from afterclick.plugin import CallFailed, LaneStop, Rule, Stray
from afterclick.sandbox import Person
from afterclick.testing.account import Account
from afterclick.testing.rules import rule
from afterclick.testing.verdicts import Broken, DoesNotApply, require

ADDRESS = "kit-stray@example.com"
MOST_PARTS = 50


@rule(
    "strays finds every record that has a link's token and no key, with its values and addresses, and no "
    "other.",
    "One that is left out is doubled later, or is the rival that makes a pair doubtful.",
    breaks=True,
)
async def strays_finds_what_other_code_made(account: Account) -> None:
    account.needs("strays")
    first, second = _stray(account, "spring"), _stray(account, "autumn", email="")
    account.emulator.type_in(Person(last_name="Typed in", email="kit-typed@example.com"))
    await account.created(account.people.somebody())
    await account.settle()
    found = {one.record.id: one for one in await _listed(account)}
    made = {first, second}
    require(found.keys() == made, f"of the strays {sorted(made)} it finds {sorted(found)}")
    token = _field(account, "token")
    for id, value, emails in ((first, "spring", {ADDRESS}), (second, "autumn", set())):
        stray = found[id]
        held = stray.token or stray.record.values.get(token)
        require(held == value, f"of {id}, whose token is {value!r}, it tells {held!r}")
        told = {email.lower() for email in stray.emails} | {str(_email(account, stray)).lower()}
        require(emails <= told, f"of {id} it does not tell the address")


@rule(
    "strays only reads, and comes to an end.",
    "It is asked for on accounts that nothing may be written to, with millions of records.",
    breaks=True,
)
async def strays_changes_nothing(account: Account) -> None:
    account.needs("strays")
    _stray(account, "spring")
    await account.settle()
    before = account.rows()
    account.strikes.only_reads = True
    try:
        await _listed(account)
    finally:
        account.strikes.only_reads = False
    require(account.rows() == before, "records are not as they were")


@rule(
    "A stray takes a key by enrich, shows it from then on, and is no stray any more.",
    "A record that is given to a lead and stays without a key is doubled once the ledger is lost.",
    breaks=True,
)
async def a_stray_takes_a_key(account: Account) -> None:
    account.needs("strays")
    id = _stray(account, "spring")
    await account.settle()
    (stray,) = await _listed(account)
    lead = account.people.somebody()
    await account.enriched(lead, stray.record, {_field(account, "key"): lead.keys[0]})
    await account.settle()
    match = await account.found(account.known(lead, stray.record))
    require(match.record.key == lead.keys[0], f"{id} was given a key, and has {match.record.key}")
    left = [one.record.id for one in await _listed(account)]
    require(not left, f"with the key it is still listed: {left}")


def _stray(account: Account, token: str, *, email: str = ADDRESS) -> str:
    """Let other code make a record, and return its id."""
    if account.crm.edit is None:
        raise DoesNotApply("the kit cannot make a record of other code: give `Crm(edit=…)`")
    id = account.emulator.type_in(Person(last_name="Made by code", email=email))
    account.crm.edit(account.emulator, id, {_field(account, "token"): token})
    return id


def _field(account: Account, attribute: str) -> str:
    """Return the CRM's name of the field for an attribute."""
    for spec in account.ctx.fields:
        if spec.attribute == attribute or (attribute == "key" and spec.rule is Rule.KEY):
            return spec.name
    raise DoesNotApply(f"the plugin has no field for `{attribute}`")


def _email(account: Account, stray: Stray) -> object:
    names = [spec.name for spec in account.ctx.fields if spec.attribute == "email"]
    return next((stray.record.values[name] for name in names if name in stray.record.values), "")


async def _listed(account: Account) -> list[Stray]:
    """Return all strays, part by part."""
    found: list[Stray] = []
    after: str | None = None
    for _ in range(MOST_PARTS):
        try:
            part, wrong = checked_strays(await account.caller.single("strays", after=after))
        except (LaneStop, CallFailed) as failure:
            raise Broken(f"all being well, strays raised {type(failure).__name__}: {failure}") from failure
        if part is None:
            raise Broken(wrong)
        found += part.strays
        after = part.after
        if after is None:
            return found
    raise Broken(f"it does not come to an end within {MOST_PARTS} parts")
