"""What the fold reads and writes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from afterclick.ledger.rows import (
    EventState,
    Fence,
    FoldCommit,
    LeadRow,
    StoredEvent,
    Untold,
    Want,
    as_event,
)
from afterclick.ledger.sqlite import lanes
from afterclick.ledger.sqlite.database import Database, Row
from afterclick.model.decode import decode
from afterclick.model.event import Event
from afterclick.model.identity import Identity
from afterclick.model.journey import Ask, Journey, Slot
from afterclick.model.lead import decode_state, encode_state
from afterclick.model.memory import CodeMemory, LinkMemory
from afterclick.model.view import TOLD_AT_ONCE, CodeName, Decision, Needs, Resolution, View

_FREE = {
    Slot.INSTALL: "install = 0",
    Slot.CLAIM: "claim = 0",
    Slot.PERSON: "person = 0 AND (install = 1 OR claim = 1)",
}
_ABOVE_ALL = 2**63 - 1
_json = msgspec.json.Encoder()
_pack = msgspec.msgpack.Encoder()
_links = msgspec.msgpack.Decoder(LinkMemory)
_codes = msgspec.msgpack.Decoder(CodeMemory)
_decisions = msgspec.msgpack.Decoder(Decision)


def ids(values: Iterable[int]) -> str:
    """Return numbers as a JSON list, the form in which statements take a set."""
    return _json.encode(list(values)).decode()


def unfolded(db: Database, limit: int) -> list[StoredEvent]:
    """Return new events, oldest first."""
    return [event_row(row) for row in db.run("unfolded", (limit,))]


def event_row(row: Row) -> StoredEvent:
    """Read an event."""
    return StoredEvent(
        id=row[0],
        space=row[1],
        source=row[2],
        type=row[3],
        bucket=row[4],
        tie=row[5],
        occurred_at=row[6],
        received_at=row[7],
        body=row[8],
        ip_hash=row[9],
        time_replaced=bool(row[10]),
        state=EventState(row[11]),
        lead=row[12],
        decision=None if row[13] is None else _decisions.decode(row[13]),
        reason=row[14],
    )


def lead_row(row: Row) -> LeadRow:
    """Read a lead."""
    return LeadRow(
        id=row[0],
        space=row[1],
        state=decode_state(row[2]),
        keys=tuple(row[3].split()),
        version=row[4],
        joined_into=row[5],
        created_at=row[6],
        changed_at=row[7],
    )


def leads(db: Database, wanted: Iterable[int]) -> dict[int, LeadRow]:
    """Return leads by id."""
    return {row[0]: lead_row(row) for row in db.run("lead_by_ids", (ids(wanted),))}


def view(db: Database, needs: Needs) -> View:
    """Return what a batch has to know."""
    seen = View(next_lead=db.run("next_lead")[0][0])
    names = [(name.space, name.kind, name.value) for name in needs.identities]
    seen.identities = {Identity(*name): lead for *name, lead in db.run_rows("identities", names)}
    seen.leads = {id: row.state for id, row in leads(db, set(seen.identities.values())).items()}
    found: dict[str, Journey] = {}
    for ask in _answerable(db, needs.asks):
        for journey in _asked(db, ask):
            found[journey.key] = journey
    waiting = {journey.lead for journey in found.values() if journey.person and not journey.touched}
    for row in db.run("journeys_of_leads", (ids(set(seen.leads) | waiting),)):
        found[row[0]] = _journey(row)
    seen.journeys = list(found.values())
    seen.homeless = list(_left(db, needs))
    _remember(db, needs, seen)
    return seen


def _left(db: Database, needs: Needs) -> Iterable[Event]:
    """Return the touches at the batch's addresses that belong to no journey yet."""
    spans = [(*address, *span) for address, span in needs.addresses.items()]
    for span in db.run_rows("addresses_with_left", spans):
        for row in db.run("unattributed_at_address", span):
            stored = event_row(row)
            yield as_event(stored, decode(stored.body, needs.further).facts)


def _answerable(db: Database, asks: Iterable[Ask]) -> Iterable[Ask]:
    """Return the asks whose link or address has an open journey; most of personal links have none."""
    places: dict[tuple[str, Slot], dict[Row, list[Ask]]] = defaultdict(lambda: defaultdict(list))
    for ask in asks:
        of_link = ask.ip_hash is None
        place = places["links_asked" if of_link else "addresses_asked", ask.slot]
        place[ask.space, ask.token if of_link else ask.ip_hash].append(ask)
    for (statement, slot), named in places.items():
        for row in db.run_rows_text(_with_free(db, statement, slot), list(named)):
            yield from named[row]


def _with_free(db: Database, statement: str, slot: Slot) -> str:
    return db.text(statement).replace("{free}", _FREE[slot])


def _asked(db: Database, ask: Ask) -> Iterable[Journey]:
    """Return the journeys nearest to the events that ask: before the first, among them, after the last."""
    names = {name: getattr(ask, name) for name in ("space", "limit", "host", "platform", "campaign")}
    if ask.ip_hash is not None:
        names |= {"ip_hash": ask.ip_hash}
        before, after = "journeys_before_at_address", "journeys_after_at_address"
    else:
        names |= {"token": ask.token, "prefix": ask.prefix}
        before, after = "journeys_before", "journeys_after"
    spans = [
        (before, ask.earliest - ask.reach, ask.earliest),
        (after, ask.latest + 1, ask.latest + ask.reach),
    ]
    if ask.latest > ask.earliest:
        spans.append((before, ask.earliest + 1, ask.latest))
    return [
        _journey(row)
        for statement, first, last in spans
        for row in db.run_text(_with_free(db, statement, ask.slot), names | {"first": first, "last": last})
    ]


def _journey(row: Row) -> Journey:
    return Journey(
        key=row[0],
        space=row[1],
        lead=row[2],
        opened_at=row[3],
        prefix=row[4],
        token=row[5],
        ip_hash=row[6],
        ip_at=row[7],
        host=row[8],
        platform=row[9],
        campaign=row[10],
        install=bool(row[11]),
        claim=bool(row[12]),
        person=bool(row[13]),
    )


def _remember(db: Database, needs: Needs, seen: View) -> None:
    for *link, memory in db.run_rows("links", list(needs.links)):
        seen.links[tuple(link)] = _links.decode(memory)
    for space, code, memory in db.run_rows("codes", list(needs.codes)):
        seen.codes[space, code] = _codes.decode(memory)
    left = TOLD_AT_ONCE
    for name in sorted(needs.described):
        found = _through(db, name, _ABOVE_ALL, left + 1)
        seen.through[name] = found[:left]
        if len(found) > left:
            seen.beyond[name] = found[left] + 1
        left -= len(seen.through[name])


def _through(db: Database, name: CodeName, below: int, most: int) -> list[int]:
    return [row[0] for row in db.run("leads_through", (*name, below, most))]


def untold(db: Database, limit: int) -> Untold | None:
    """Return the next leads to be told of a code, highest ids first."""
    row = db.one("untold")
    if row is None:
        return None
    name = (row[0], row[1])
    found = _through(db, name, row[2], limit)
    below = found[-1] if len(found) == limit else None
    return Untold(code=name, memory=_codes.decode(row[3]), leads=found, below=below)


def link(db: Database, space: str, prefix: str, token: str) -> LinkMemory | None:
    """Return what a link remembers."""
    for *_, memory in db.run_rows("links", [(space, prefix, token)]):
        return _links.decode(memory)
    return None


def decode_code(raw: bytes) -> CodeMemory:
    """Read what a code remembers."""
    return _codes.decode(raw)


def commit(db: Database, fold: FoldCommit) -> float:
    """Store a batch in one transaction; return the seconds that it took without the commit itself."""
    started = time.perf_counter()
    with db.transaction():
        lanes.check(db, fold.fence)
        _put(db, fold)
        took = time.perf_counter() - started
    return took


def _put(db: Database, fold: FoldCommit) -> None:
    out = fold.resolution
    for joined, root in out.joins.items():
        db.run("join_lead", {"root": root, "joined": joined})
        db.run("join_identities", (root, joined))
        db.run("join_journeys", (root, joined))
        db.run("join_through", (root, joined))
    put_leads(db, fold.leads)
    for joined, root in out.joins.items():
        # Again, for a lead that was founded and joined in this very batch.
        db.run("join_lead", {"root": root, "joined": joined})
        db.run("join_syncs", (joined,))
    _put_resolution(db, out, fold.now + fold.journey_life)
    put_wants(db, fold.leads, fold.wants)
    events = [(id, state.value, *become) for id, (state, *become) in fold.events.items()]
    db.run_rows("fold_event", events)


def put_leads(db: Database, rows: Sequence[LeadRow]) -> None:
    """Store leads, and the milestones that they have passed."""
    db.run_rows("put_lead", [_lead_values(row) for row in rows])
    db.run_rows("put_milestone", [(*name, at) for name, at in _milestones(rows).items()])


def put_wants(db: Database, rows: Sequence[LeadRow], wants: Sequence[Want]) -> None:
    """Raise what connections should have of these leads."""
    versions = {row.id: row.version for row in rows}
    db.run_rows("want", [(want.connection, want.lead, versions[want.lead], want.due_at) for want in wants])
    sooner = [(want.connection, want.lead, want.due_at) for want in wants if want.sooner]
    db.run_rows("want_sooner", sooner)


def _put_resolution(db: Database, out: Resolution, expires_at: int) -> None:
    db.run_rows("close_journey", [(key,) for key in out.closed])
    db.run_rows(
        "put_identity", [(name.space, name.kind, name.value, lead) for name, lead in out.identities.items()]
    )
    db.run_rows("put_journey", [_journey_values(journey, expires_at) for journey in out.journeys.values()])
    db.run_rows("put_through", [(*name, lead) for name, leads in out.through.items() for lead in leads])
    db.run_rows("put_untold", [(*name, below) for name, below in out.untold.items() if below is not None])
    db.run_rows("drop_untold", [name for name, below in out.untold.items() if below is None])
    db.run_rows("put_link", [(*name, _pack.encode(memory)) for name, memory in out.links.items()])
    db.run_rows(
        "put_code", [(*name, memory.referrer, _pack.encode(memory)) for name, memory in out.codes.items()]
    )


def _milestones(rows: Iterable[LeadRow]) -> dict[tuple[str, str], int]:
    """Return the milestones of these leads with their times, by space and name."""
    return {(row.space, name): stamp.at for row in rows for name, stamp in row.state.milestones.items()}


def _lead_values(row: LeadRow) -> tuple[object, ...]:
    return (
        row.id,
        row.space,
        encode_state(row.state),
        " ".join(row.keys),
        row.version,
        row.created_at,
        row.changed_at,
    )


def _journey_values(journey: Journey, expires_at: int) -> tuple[object, ...]:
    return (
        journey.key,
        journey.space,
        journey.lead,
        journey.opened_at,
        journey.prefix,
        journey.token,
        journey.ip_hash,
        journey.ip_at,
        journey.host,
        journey.platform,
        journey.campaign,
        int(journey.install),
        int(journey.claim),
        int(journey.person),
        expires_at,
    )


def mark_events(db: Database, fence: Fence, events: Sequence[int], state: EventState, reason: str) -> None:
    """Set events aside."""
    with db.transaction():
        lanes.check(db, fence)
        db.run_rows("fold_event", [(id, state.value, None, None, reason) for id in events])
