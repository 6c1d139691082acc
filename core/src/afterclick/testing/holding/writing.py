"""Making records and keeping them up to date, with respect for what people typed."""

from __future__ import annotations

from afterclick.model.fields import Kept, Rule, differences, kept
from afterclick.plugin import Exists, FieldSpec, Lead, Match, Record, RetryLater, Scalar, Synced, Uncertain
from afterclick.testing.account import Account
from afterclick.testing.rules import rule
from afterclick.testing.verdicts import DoesNotApply, require


def two_texts(account: Account, kind: str) -> tuple[FieldSpec, FieldSpec]:
    """Return two fields that take any text."""
    texts = account.people.texts(kind)
    if len(texts) < 2:
        raise DoesNotApply("it takes two fields of text that the core may change")
    return texts[0], texts[1]


def lacking(account: Account, lead: Lead, record: Record, base: dict[str, Scalar]) -> dict[str, Scalar]:
    """Return what the core would write: the three-way merge of ours, theirs and what we wrote last."""
    wanted = account.people.with_values(lead).values
    return differences(account.ctx.fields, wanted, record.values, base, record_kind=record.kind)


def all_agree(account: Account, lead: Lead, record: Record, base: dict[str, Scalar], hook: str) -> None:
    """Check that a record, as `match` shows it, holds what was written, in the same form."""
    fields = lacking(account, lead, record, base)
    require(not fields, f"right after {hook}, the core would write {fields} again")
    wanted = account.people.with_values(lead).values
    reasons = kept(account.ctx.fields, wanted, record.values, fields, record_kind=record.kind)
    edited = {name: record.values.get(name) for name, why in reasons.items() if why is Kept.EDITED}
    theirs = {name: wanted[name] for name in edited}
    require(not edited, f"right after {hook}, match shows {edited} where {theirs} was written")


@rule(
    "create makes one record per lead, with the key and every value that it was given.",
    "What is left out looks empty, and is written again in every pass.",
)
async def create_holds_what_it_was_given(account: Account) -> None:
    leads = [account.people.somebody(), account.people.somebody(named=True)]
    records = await account.created(*leads)
    for lead, record in zip(leads, records, strict=True):
        rows = await account.rows_of(lead)
        require(len(rows) == 1, f"{lead.ref} has {len(rows)} records in the CRM")
        require(rows[0].id == record.id, f"it answers record {record.id!r}, the CRM holds {rows[0].id!r}")
        require(rows[0].key == lead.keys[0], f"the key is {rows[0].key!r}, not the strongest")
        for spec in account.ctx.fields:
            if spec.name in lead.values and (not spec.kinds or record.kind in spec.kinds):
                held, given = rows[0].values.get(spec.name), lead.values[spec.name]
                require(held == given, f"{spec.name} is {held!r} in the CRM, given was {given!r}")


@rule(
    "A create that is sent again makes no second record.",
    "The answer to a create can get lost: then nobody knows whether it happened, and it is tried again.",
    breaks=True,
)
async def create_repeated_makes_one_record(account: Account) -> None:
    for named in (False, True):
        lead = account.people.somebody(named=named)
        account.strike("cut_after")
        since, before = account.clock.now(), len(account.rows())
        (outcome,) = await account.write("create", lead)
        account.peace()
        require(not isinstance(outcome, RetryLater), f"with the answer lost, create says {outcome!r}")
        if account.caller.plugin.info.creates == "keyed":
            (outcome,) = await account.write("create", lead)
            there = isinstance(outcome, Exists | Synced | RetryLater | Uncertain)
            require(there, f"the second create is answered with {outcome!r}")
        await account.settle()
        match = await account.found(account.people.again(lead, uncertain_since=since))
        more = len(account.rows()) - before
        require(more == 1, f"the CRM holds {more} records more than before")
        rows = await account.rows_of(lead)
        require(len(rows) == 1, f"{len(rows)} records have the lead's key")
        require(rows[0].id == match.record.id, f"match finds {match.record.id!r}, there is {rows[0].id!r}")


@rule(
    "enrich writes the fields of the change, and blanks none.",
    "An empty value is knowledge that we lack, not that the record should lose.",
)
async def enrich_never_blanks(account: Account) -> None:
    lead = account.people.somebody(named=True)
    (record,) = await account.created(lead)
    first, _ = two_texts(account, record.kind)
    before = await account.row(lead, record)
    thin = Lead(ref=lead.ref, keys=lead.keys, emails=lead.emails)
    await account.enriched(thin, record, {first.name: "autumn"})
    after = await account.row(lead, record)
    expected = {**before.values, first.name: "autumn"}
    changed = {name: after.values.get(name) for name in expected if after.values.get(name) != expected[name]}
    require(not changed, f"after a change of {first.name} alone, other fields are {changed}")


@rule(
    "enrich leaves alone what it was not told to write, whatever the lead's values are.",
    "The other values were typed by a person, and the core has seen that.",
    breaks=True,
)
async def enrich_keeps_a_persons_value(account: Account) -> None:
    lead = account.people.somebody(named=True)
    (record,) = await account.created(lead)
    first, second = two_texts(account, record.kind)
    account.edit(record, {second.name: "typed by sales"})
    known = account.known(lead, record, attributes={**lead.attributes, first.attribute: "autumn"})
    match = await account.found(known)
    seen = match.record.values.get(second.name)
    require(seen == "typed by sales", f"match shows {seen!r} where a person typed something")
    fields = lacking(account, known, match.record, dict(record.values))
    require(second.name not in fields, f"the core would write over {second.name}")
    await account.enriched(known, match.record, fields)
    row = await account.row(lead, record)
    require(
        row.values.get(second.name) == "typed by sales", f"{second.name} is {row.values.get(second.name)!r}"
    )
    require(row.values.get(first.name) == "autumn", f"{first.name} is {row.values.get(first.name)!r}")


@rule(
    "What was written reads back as the same value, so the second pass has nothing to do.",
    "A value that comes back in another form looks typed by a person: it is never brought up to date again.",
)
async def enrich_does_nothing_the_second_time(account: Account) -> None:
    lead = account.people.somebody(named=True)
    (record,) = await account.created(lead)
    match = await account.found(account.known(lead, record))
    all_agree(account, lead, match.record, dict(record.values), "create")
    late: dict[str, Scalar] = {
        "campaign": "autumn",
        "referral_source": "Noa",
        "conversion_date": "2026-05-21T11:59:30.987Z",
        "minutes_to_convert": 1605,
    }
    more = account.people.again(account.known(lead, record), late)
    written = await account.enriched(
        more, match.record, lacking(account, more, match.record, dict(record.values))
    )
    match = await account.found(more)
    all_agree(account, more, match.record, dict(written.values), "enrich")


@rule(
    "enrich answers with the whole record: what it held, and what was written.",
    "The core keeps the answer as what the CRM holds; what is missing there looks empty.",
)
async def enrich_answers_with_the_whole_record(account: Account) -> None:
    lead = account.people.somebody(named=True)
    (record,) = await account.created(lead)
    first, _ = two_texts(account, record.kind)
    match = await account.found(account.known(lead, record))
    done = await account.enriched(lead, match.record, {first.name: "autumn"})
    expected = {**match.record.values, first.name: "autumn"}
    wrong = {name: done.values.get(name) for name in expected if done.values.get(name) != expected[name]}
    require((done.kind, done.id) == (record.kind, record.id), f"it answers {done.kind} {done.id}")
    require(not wrong, f"the answer has {wrong} where the record has {[expected[name] for name in wrong]}")


@rule(
    "The key of a record never changes, even when a stronger one is learned.",
    "Other programs, and ledgers put back from a backup, find the record by it.",
)
async def the_key_stays(account: Account) -> None:
    lead = account.people.somebody()
    (record,) = await account.created(lead)
    first, _ = two_texts(account, record.kind)
    stronger = account.people.again(lead, keys=(account.people.further_key("user"), *lead.keys))
    key = next(spec.name for spec in account.ctx.fields if spec.rule is Rule.KEY)
    require(key not in account.people.with_values(stronger).values, f"{key} is written to known records")
    match = await account.found(stronger)
    await account.enriched(stronger, match.record, {first.name: "autumn"})
    row = await account.row(stronger, record)
    require(row.key == lead.keys[0], f"the key is {row.key!r}, the record was made under {lead.keys[0]!r}")


@rule(
    "enrich of a record that somebody deleted is no success.",
    "A version that counts as synced is not looked at again.",
    breaks=True,
)
async def enrich_notices_a_deleted_record(account: Account) -> None:
    lead = account.people.somebody()
    (record,) = await account.created(lead)
    first, _ = two_texts(account, record.kind)
    account.delete(record)
    (outcome,) = await account.write("enrich", account.change(lead, record, {first.name: "autumn"}))
    require(not isinstance(outcome, Synced), f"it answers {outcome!r}")


@rule(
    "A batch as large as the plugin says is taken whole, each input with the outcome of its own.",
    "The core hands over that many at once, and reads the answers by their places.",
)
async def a_full_batch_is_taken(account: Account) -> None:
    leads = [account.people.somebody() for _ in range(account.caller.plugin.info.batch_size)]
    records = await account.created(*leads)
    for lead, record in zip(leads, records, strict=True):
        require(record.key == lead.keys[0], f"the outcome of {lead.ref} is the record of {record.key!r}")
    outcomes = await account.match(*leads)
    for lead, record, outcome in zip(leads, records, outcomes, strict=True):
        right = isinstance(outcome, Match) and outcome.record.id == record.id
        require(right, f"match answers {outcome!r} for {lead.ref}, whose record is {record.id}")
