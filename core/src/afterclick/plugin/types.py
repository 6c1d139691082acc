"""The values that cross the line between core and plugin: frozen, checked by the host, without behaviour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

import msgspec

from afterclick.clock import Clock
from afterclick.model.fields import FieldSpec, Scalar
from afterclick.plugin.findings import Finding, FindingKind
from afterclick.plugin.http import Http

S = TypeVar("S")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What the CRM holds for a lead.

    `values` are the current values of the connection's fields by CRM field name, in canonical form
    (`afterclick.plugin.canonical`); an empty one is left out. `related` holds further objects of the
    lead, such as a deal, by kind. `named` says that the record has an e-mail or an owner,
    `created_at` (ISO 8601) how old it is: both decide which of two records survives.
    `touched` says whether anybody but us has worked with it, None where the CRM cannot tell: a record of
    which that is not known never expires.
    """

    kind: str
    id: str
    url: str | None = None
    values: Mapping[str, Scalar] = {}
    related: Mapping[str, str] = {}
    key: str | None = None
    named: bool = False
    created_at: str | None = None
    touched: bool | None = None


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """One person as a plugin sees it.

    `ref` names the input: unique within a batch, safe in a trace id, the same at every try.
    `keys` are strongest first: `match` asks for all, `create` uses the first. `values` are what the
    record should hold, by CRM field name and in canonical form; `attributes` all that is known of
    the lead, by attribute, for titles and templates. `uncertain_since` is the time (milliseconds)
    of a write whose fate is unknown. `doubles` are further records that the ledger knows to be the
    person's, without their values.
    """

    ref: str
    keys: tuple[str, ...]
    values: Mapping[str, Scalar] = {}
    attributes: Mapping[str, Scalar] = {}
    emails: tuple[str, ...] = ()
    record: Record | None = None
    stub: bool = False
    uncertain_since: int | None = None
    doubles: tuple[Record, ...] = ()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One write to one record: only `fields` differ.

    `pending` names further steps that `match` or the last call said are missing.
    """

    lead: Lead
    record: Record
    fields: Mapping[str, Scalar]
    pending: tuple[str, ...] = ()


class Absorption(msgspec.Struct, frozen=True, kw_only=True):
    """Two records of one person: `double` goes into `survivor`, which the core has brought up to date.

    Only a double that we created (`created_by_us`) may be retired. `pending` are the steps that
    remain, empty at the first call.
    """

    lead: Lead
    survivor: Record
    double: Record
    created_by_us: bool = False
    pending: tuple[str, ...] = ()


# What `match` answers, per lead.


class Match(msgspec.Struct, frozen=True):
    """The lead's record, with its current values.

    `doubles` are further records found under the lead's other keys; `pending` names steps that are
    missing although every value is right (a deal), so that `enrich` is called in any case.
    """

    record: Record
    doubles: tuple[Record, ...] = ()
    pending: tuple[str, ...] = ()


class NoMatch(msgspec.Struct, frozen=True):
    """No record carries any of the lead's keys."""


class Ambiguous(msgspec.Struct, frozen=True):
    """Several records could be the lead's and nothing says which: the lead is held with a finding."""

    candidates: tuple[Record, ...]
    reason: str


class NotYet(msgspec.Struct, frozen=True):
    """The CRM cannot tell yet; ask again after `after` seconds. Costs no try."""

    after: float
    reason: str


# What a write answers, per input.


class Synced(msgspec.Struct, frozen=True):
    """Written; `record` as the CRM returned it. `pending` asks for a further call at once."""

    record: Record
    pending: tuple[str, ...] = ()


class Exists(msgspec.Struct, frozen=True):
    """A create met a record that is there already. It is read and merged next."""

    record: Record


class RetryLater(msgspec.Struct, frozen=True):
    """**Certainly** not applied; may succeed later. `after` in seconds, None for the core's back-off."""

    reason: str
    after: float | None = None


class Rejected(msgspec.Struct, frozen=True):
    """Refused for good. With `field` (its CRM name) the core drops that field and sends the rest."""

    reason: str
    field: str | None = None


class Uncertain(msgspec.Struct, frozen=True):
    """The write may have happened; the lead is matched again before anything is sent."""

    reason: str


class Gone(msgspec.Struct, frozen=True):
    """The known record was deleted by somebody; it stays away."""

    reason: str = ""


MatchOutcome = Match | NoMatch | Ambiguous | NotYet | Gone | RetryLater
Outcome = Synced | Exists | RetryLater | Rejected | Uncertain | Gone


STRAY_MARKS = ("token", "campaign")
"""The attributes of which a stray has one: code that makes records of its own writes them."""


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """A record that carries a link's token or campaign and no key: code that was there before us made it.

    `emails` are all addresses it has. `token` is that of its link where it stands elsewhere than in the
    field `token`, such as in a name. `stand_ins` are values, by CRM field name, that such code puts where it
    knows none: what is known of the person may replace them, as it replaces our own.
    """

    record: Record
    emails: tuple[str, ...] = ()
    token: str | None = None
    stand_ins: Mapping[str, Scalar] = {}


class Strays(msgspec.Struct, frozen=True, kw_only=True):
    """A part of all strays. `after` is where the next part begins, None at the end.

    `looked` counts the records that were read for it, where the CRM cannot choose.
    """

    strays: tuple[Stray, ...] = ()
    after: str | None = None
    looked: int = 0


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of the CRM: at most `amount` of cost in any `seconds`. The core stays below it.

    With `pace` calls are spread over the time; without, as fits a day's quota, they are only
    counted, and the lane waits for the next period once our share is spent.
    """

    bucket: str
    amount: float
    seconds: float
    pace: bool = True


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing `provision` would do, did, found in place or cannot do."""

    action: Literal["create", "keep", "conflict"]
    what: str
    detail: str = ""
    done: bool = False

    @classmethod
    def conflict(cls, what: str, finding: Finding) -> Self:
        """Return the step that somebody has to take by hand, as a finding says."""
        return cls(action="conflict", what=what, detail=f"{finding.message}. {finding.remedy}")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an account lacks: the answer of `provision`."""

    steps: tuple[PlanStep, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[PlanStep, ...]:
        """Return the steps that are still to be done."""
        return tuple(step for step in self.steps if step.action == "create" and not step.done)

    @property
    def conflicts(self) -> tuple[PlanStep, ...]:
        """Return what somebody has to put right by hand."""
        return tuple(step for step in self.steps if step.action == "conflict")


class PluginInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What `describe` says.

    `environment` maps variables of the shell to settings (`{"HUBSPOT_ACCESS_TOKEN":
    "access_token"}`). `settings` is a msgspec Struct; fields without a default must be set, those
    named in `secrets` are redacted everywhere. `creates` is `keyed` where the CRM itself refuses a
    second record with the same key. `late_effect` is how long (seconds) after our deadline a write
    may still land, `list_lag` how long until a reliable read shows it. `findings` are all kinds that it
    may tell of.
    """

    name: str
    title: str
    contract: int
    settings: type[msgspec.Struct]
    fields: tuple[FieldSpec, ...]
    base_url: str = ""
    secrets: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    batch_size: int = 100
    limits: tuple[Limit, ...] = ()
    creates: Literal["keyed", "unkeyed"] = "keyed"
    call_deadline: float = 30.0
    late_effect: float = 15.0
    list_lag: float = 5.0
    stages: Mapping[str, str] = {}
    findings: tuple[FindingKind, ...] = ()


class State(Protocol):
    """A small durable store of the connection, for things such as rotating tokens."""

    async def get(self, key: str) -> str | None:
        """Return what was stored under `key`, or None."""
        ...

    async def set(self, key: str, value: str) -> None:
        """Store durably: on return the value survives a crash."""
        ...


class Log(Protocol):
    """A bound structlog logger; secrets and personal data are redacted by key, but do not log them."""

    def debug(self, event: str, **values: Any) -> Any:
        """Log a detail."""

    def info(self, event: str, **values: Any) -> Any:
        """Log a change of state."""

    def warning(self, event: str, **values: Any) -> Any:
        """Log what an operator should look at."""


class Context(Generic[S]):
    """What a hook works with: one connection's settings, HTTP access, fields and durable state.

    `expires` tells whether `retire` will be asked to remove records of stubs (`leads.expire_stubs`).
    `connect` may narrow `fields` to what the account has, and set `zone` to the account's time zone
    where the operator named none: both count until the next `connect`.
    """

    def __init__(
        self,
        *,
        connection: str,
        settings: S,
        http: Http,
        clock: Clock,
        log: Log,
        fields: Sequence[FieldSpec],
        state: State,
        stages: Mapping[str, str] | None = None,
        zone: str = "UTC",
        expires: bool = False,
    ) -> None:
        self.connection = connection
        self.settings = settings
        self.http = http
        self.clock = clock
        self.log = log
        self.fields = tuple(fields)
        self.state = state
        self.stages = dict(stages or {})
        self.zone = zone
        self.expires = expires
        self.client: Any = None
