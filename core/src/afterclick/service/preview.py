"""What some webhooks would cause: folded and passed by the code that serves, and stored nowhere.

Bodies become events as the receiver makes them, events become leads as the fold lane does it beside what
the ledger knows, and the persons that follow go through a lane's own pass. Its reads reach the CRM; its
writes are taken down at the gate and go no further.
"""

from __future__ import annotations

import secrets
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from afterclick.clock import Clock
from afterclick.config.connections import ConnectionPlan
from afterclick.config.model import Settings
from afterclick.folding.lane import work_out
from afterclick.host.connection import Connected
from afterclick.host.gates import Taken
from afterclick.host.showing import Curtain
from afterclick.ledger.rows import (
    Due,
    EventState,
    FoldCommit,
    NewEvent,
    StoredEvent,
)
from afterclick.ledger.sqlite import SqliteReader
from afterclick.observe.events import Said
from afterclick.observe.metrics import Metrics
from afterclick.plugin.errors import CallFailed, LaneStop
from afterclick.receiver.intake import IP_SECRET
from afterclick.receiver.signature import Key
from afterclick.receiver.webhook import read_delivery
from afterclick.service.connections import destination, fold_rules, mapped, pass_rules
from afterclick.service.dry import NOBODY, DryLedger, NoLease
from afterclick.service.following import following
from afterclick.service.previewed import CallPreview, ConnectionPreview, EventPreview, LeadPreview
from afterclick.syncing.batch import Pass

TOO_LATE = "the CRM did not answer in time"
REPEAT = "it was received before, and a repeat changes nothing"


@dataclass(frozen=True, slots=True)
class Folded:
    """Webhooks as events, and what follows from them."""

    events: tuple[EventPreview, ...]
    commit: FoldCommit


class Previewer:
    """Works out what webhooks of one source would cause.

    `blank` treats the CRMs as empty: records that the ledger knows of are not looked for.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: SqliteReader,
        clock: Clock,
        plan: ConnectionPlan,
        *,
        source: str,
        blank: bool = False,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._plan = plan
        self._source = source
        self._blank = blank

    async def fold(self, bodies: Sequence[bytes]) -> Folded:
        """Return what the events would be and what follows from all of them together."""
        key = Key(await self._ledger.known_secret(IP_SECRET) or secrets.token_bytes(32))
        configured = self._settings.sources.get(self._source)
        space = "main" if configured is None else configured.space
        now = self._clock.now()
        read = [
            read_delivery(body, space=space, source=self._source, now=now, address_key=key) for body in bodies
        ]
        stored: dict[int, StoredEvent] = {}
        repeats: set[int] = set()
        for place, event in enumerate(read):
            # Below zero, as no event in the ledger is.
            id = place - len(read)
            if await self._is_repeat(event, read[:place]):
                repeats.add(id)
            elif event.state is EventState.NEW:
                stored[id] = StoredEvent(id=id, **msgspec.structs.asdict(event))
        commit = await work_out(
            self._ledger,
            list(stored.values()),
            policy=self._settings.policy(),
            rules=fold_rules(self._settings, self._plan),
            destinations=[destination(one.name, one) for one in self._plan.ready],
            fence=NOBODY,
            now=now,
        )
        events = [
            _told(event, place - len(read), commit, repeat=place - len(read) in repeats)
            for place, event in enumerate(read)
        ]
        return Folded(tuple(events), commit)

    async def _is_repeat(self, event: NewEvent, before: Sequence[NewEvent]) -> bool:
        same = any((one.bucket, one.tie) == (event.bucket, event.tie) for one in before)
        return same or await self._ledger.was_received(event.bucket, event.tie)

    async def calls(
        self, folded: Folded, connected: Connected, taken: Taken, curtain: Curtain
    ) -> ConnectionPreview:
        """Return the calls that a connection would make; `taken` is the gate that it was opened with."""
        due, leads = await following(self._ledger, folded.commit, connected.name, blank=self._blank)
        told = ConnectionPreview(connection=connected.name, mode=connected.resolved.mode, leads=tuple(leads))
        if not due:
            return told
        caller = connected.caller
        try:
            caller.ctx.client = await caller.single("connect")
        except (LaneStop, CallFailed, TimeoutError) as failure:
            return msgspec.structs.replace(told, problem=getattr(failure, "reason", "") or TOO_LATE)
        except Exception as failure:
            # A fault of the plugin: what the other connections would do is of interest all the same.
            caller.ctx.log.warning(Said.CONNECT_FAILED, failure=type(failure).__name__, exc_info=failure)
            reason = f"the plugin's connect failed: {type(failure).__name__}"
            return msgspec.structs.replace(told, problem=reason)
        taken.requests.clear()
        try:
            return await self._passed(told, due, connected, taken, curtain)
        finally:
            with suppress(Exception):
                await caller.single("disconnect")

    async def _passed(
        self,
        told: ConnectionPreview,
        due: Sequence[Due],
        connected: Connected,
        taken: Taken,
        curtain: Curtain,
    ) -> ConnectionPreview:
        ledger = DryLedger(
            self._ledger,
            connected.name,
            {one.lead.id: frozenset((one.lead.id, *(row.lead for row in one.joined))) for one in due},
            lambda: len(taken.requests),
        )
        ctx, rules = connected.caller.ctx, pass_rules(self._settings, connected)
        shown = msgspec.structs.replace(
            mapped(self._settings, connected.resolved), fields=ctx.fields, zone=ctx.zone
        )
        metrics, problem = Metrics(), None
        groups = [due[start : start + rules.batch] for start in range(0, len(due), rules.batch)]
        begun = []
        for group in groups:
            begun.append((len(taken.requests), "match", tuple(one.lead.id for one in group)))
            work = Pass(
                ledger, self._clock, connected.caller, NoLease(), mapped=shown, rules=rules, metrics=metrics
            )
            report = await work.run(group)
            if report.stop is not None or (report.failed and not ledger.notes):
                problem = report.stop.reason if report.stop else "the CRM does not answer"
                break
        marks = sorted([*begun, *ledger.notes], key=lambda mark: mark[0])
        return msgspec.structs.replace(
            told,
            leads=tuple(_outcome(one, ledger) for one in told.leads),
            calls=tuple(_calls(taken, marks, curtain)),
            problem=problem,
        )


def _told(event: NewEvent, id: int, commit: FoldCommit, *, repeat: bool) -> EventPreview:
    decision = commit.resolution.decisions.get(id)
    if decision is None:
        state, reason = ("repeat", REPEAT) if repeat else (event.state.value, event.reason)
        return EventPreview(type=event.type, state=state, reason=reason)
    state, lead, _, reason = commit.events[id]
    return EventPreview(
        type=event.type,
        state=state.value,
        how=decision.how,
        lead=lead,
        new=lead in commit.resolution.founded,
        candidates=decision.candidates,
        reason=reason,
    )


def _outcome(told: LeadPreview, ledger: DryLedger) -> LeadPreview:
    """Return a lead with what is written for it, else with the reason why nothing is."""
    writes = tuple(operation for _, operation, leads in ledger.notes if told.lead in leads)
    if writes or told.note is not None:
        return msgspec.structs.replace(told, writes=writes)
    settled = next((one for one in reversed(ledger.settles) if one.lead == told.lead), None)
    if settled is None:
        found = next((one for one in ledger.findings if one.subject == f"lead {told.lead}"), None)
        note = "not asked about" if found is None else found.message
    elif settled.synced is not None:
        note = "its record is right as it is"
    else:
        note = settled.reason or "not now"
    return msgspec.structs.replace(told, note=note)


def _calls(
    taken: Taken, marks: Sequence[tuple[int, str, tuple[int, ...]]], curtain: Curtain
) -> Iterator[CallPreview]:
    """Go through the requests, each with the hook that sent it and the leads it was sent for."""
    starts = [start for start, _, _ in marks]
    for place, request in enumerate(taken.requests):
        _, hook, leads = marks[bisect_right(starts, place) - 1]
        yield CallPreview(hook=hook, leads=leads, request=curtain.show(request))
