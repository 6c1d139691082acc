"""Text that means something to some language on its way: it arrives as it is, and asks for nobody else."""

from __future__ import annotations

from afterclick.plugin import Ambiguous, Match, Rejected, Synced
from afterclick.sandbox import Person
from afterclick.testing.account import Account
from afterclick.testing.rules import rule
from afterclick.testing.verdicts import require

HOSTILE = {
    "quotes": "O'Brien said \"no\" to `ls` and ''",
    "backslashes": "C:\\temp\\new\\u0041 \\' \\\" \\",
    "SQL": "'; DROP TABLE leads; --",
    "SOQL": "x' OR Name LIKE '%' LIMIT 200 --",
    "SOSL": "? & | ! { } [ ] ( ) ^ ~ * : \\ \" ' + -",
    "search": 'a OR b AND NOT "c" field:value *',
    "CSV": '=HYPERLINK("http://example.com";"x"),+1,-1,@SUM(A1)\t;',
    "HTML": "<script>alert(1)</script> &amp; <b title='x'>",
    "JSON": '{"a": [null, "\\u0000"], "$ne": 1}',
    "templates": "{{ 7*7 }} ${x} #{y} %s %(a)s {0} <%= z %>",
    "URL": "../../etc?x=1&y=%00%2F+#frag;semi",
    "unicode": "Zoë Nuñez 日本語 한국어 עברית 🦊👩‍👩‍👧 ß ﬁ ǅ",
    "combining and bidi": "e\u0301\u0323 \u202eabc\u202c \u200b.",
    "astral": "𝒳𐍈𠜎",
    "lines": "one\ntwo\r\nthree\u2028four",
}
NUL = "a\x00b"
LONG = "x" * 65_530 + " é日🦊 end"
"""64 kB and some: cut by the core where a field holds less."""


@rule(
    "Text arrives as it was written, whatever it means in SQL, SOQL, JSON, HTML, CSV or a search; NUL may be "
    "left out, and what the CRM cannot hold is Rejected by the field's name.",
    "Campaigns and names are typed by anybody.",
)
async def hostile_text_arrives(account: Account) -> None:
    # A field that takes text of any length is the better test.
    spec = max(account.people.texts(), key=lambda one: one.max_length or 10_000_000)
    texts = {**HOSTILE, "NUL": NUL, "64 kB": LONG}
    leads = {name: account.people.somebody(attributes={spec.attribute: text}) for name, text in texts.items()}
    outcomes = await account.write("create", *leads.values())
    for (name, lead), outcome in zip(leads.items(), outcomes, strict=True):
        given = lead.values[spec.name]
        if isinstance(outcome, Rejected) and outcome.field == spec.name and name in ("NUL", "64 kB"):
            continue
        require(isinstance(outcome, Synced), f"{name}: create answers {outcome!r}")
        held = (await account.row(lead, outcome.record)).values.get(spec.name)
        allowed = {given, "ab", "a b", "a\ufffdb"} if name == "NUL" else {given}
        require(held in allowed, f"{name}: the CRM holds {_short(held)}, written was {_short(given)}")
        match = await account.found(lead)
        seen = match.record.values.get(spec.name)
        require(seen == held, f"{name}: match shows {_short(seen)}, the CRM holds {_short(held)}")
    await _enriched(account, spec.name)


async def _enriched(account: Account, name: str) -> None:
    leads = [account.people.somebody() for _ in HOSTILE]
    records = await account.created(*leads)
    changes = [
        account.change(lead, record, {name: text})
        for lead, record, text in zip(leads, records, HOSTILE.values(), strict=True)
    ]
    outcomes = await account.write("enrich", *changes)
    for kind, change, outcome in zip(HOSTILE, changes, outcomes, strict=True):
        require(isinstance(outcome, Synced), f"{kind}: enrich answers {outcome!r}")
        held = (await account.row(change.lead, change.record)).values.get(name)
        given = change.fields[name]
        require(held == given, f"{kind}: the CRM holds {_short(held)}, written was {_short(given)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 120 else f"{text[:60]} … {text[-40:]} ({len(str(value))} characters)"


ADDRESSES = (
    "*@example.com",
    "%@example.com",
    "victim' OR Email LIKE '%@example.com",
    "victim@example.com' --",
    '"a" OR email:victim@example.com',
    "a@example.com,victim@example.com",
    "victim\\@example.com",
    "victim@example.com\x00@example.org",
    "?email=victim@example.com&",
)


@rule(
    "An address that looks like a query asks for that address and nothing else.",
    "Addresses come from the sender: with a star in one, somebody could take over another one's record.",
    breaks=True,
)
async def a_hostile_address_finds_nobody(account: Account) -> None:
    account.emulator.type_in(Person(last_name="Victim", email="victim@example.com"))
    for address in ADDRESSES:
        lead = account.people.again(account.people.somebody(), emails=(address,))
        (outcome,) = (await account.call("match", lead)).outcomes
        wrong = isinstance(outcome, Match | Ambiguous)
        require(not wrong, f"the address {address!r} leads to the record of victim@example.com")
