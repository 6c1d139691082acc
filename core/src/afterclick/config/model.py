"""Every setting, by subject, with its unit, its default and the reason for it.

The reference in `core/docs/configuration.md` is made from these descriptions.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from afterclick.config.connection import Connection
from afterclick.config.secrets import Secret, SecretSource
from afterclick.config.types import DURATION, SIZE, Count, Duration, LongerDuration, Name, Port, Space
from afterclick.model.journey import Policy

DAY = 86_400.0

Stage = Literal["lead", "qualified", "opportunity", "customer"]
DEFAULT_STAGES: dict[str, Stage] = {"*": "customer"}


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The two ports: one for senders, one for operators."""

    host: Annotated[
        str,
        Meta(description="The address that senders reach. The default is every address of the machine."),
    ] = "0.0.0.0"  # noqa: S104 - senders come from outside
    port: Annotated[
        Port,
        Meta(description="The port of that address; 0 takes any free one and logs it."),
    ] = 8080
    admin_host: Annotated[
        str,
        Meta(
            description="The address of metrics, health and the admin API. The default is loopback, since "
            "metrics and health ask nobody who they are."
        ),
    ] = "127.0.0.1"
    admin_port: Annotated[Port, Meta(description="The port of that address.")] = 9090
    admin_token: Annotated[
        Secret | None,
        Meta(
            description="What the admin API takes as `Authorization: Bearer …`. Without one it answers on "
            "loopback only."
        ),
    ] = None
    max_body: Annotated[
        int,
        Meta(
            ge=1024,
            extra=SIZE,
            description="The largest body that is read, in bytes or like `256KiB`; a larger one is "
            "refused with 413. The sender's largest are a few KiB.",
        ),
    ] = 256 * 1024
    body_timeout: Annotated[
        LongerDuration,
        Meta(
            description="How long the head of a request may take to arrive, and then its body. The sender "
            "itself gives up after 10 seconds.",
        ),
    ] = 10.0
    keep_alive: Annotated[
        LongerDuration,
        Meta(
            description="How long an idle connection stays open. It must outlast a proxy's own (60 "
            "seconds in many), or the proxy meets connections that have just been closed.",
        ),
    ] = 75.0
    max_connections: Annotated[
        int,
        Meta(
            ge=1,
            description="How many connections may be open. A further one takes the place of the least "
            "useful, which is one that has delivered nothing yet, and is told 503 if all are busy. The "
            "default stays below the 1,024 open files that some systems allow a process.",
        ),
    ] = 900
    stop_grace: Annotated[
        Duration,
        Meta(
            description="How long a stop waits for requests and batches in flight. The default ends "
            "before the 10 seconds after which `docker stop` kills; what is cut off is taken up again at "
            "the next start."
        ),
    ] = 8.0


class Ledger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The durable store."""

    url: Annotated[
        str,
        Meta(
            description="Where it is: `sqlite:///` and a path (four slashes in all make it absolute). One "
            "process serves from one ledger."
        ),
    ] = "sqlite:///afterclick.db"
    commit_rows: Annotated[
        int,
        Meta(
            ge=1,
            le=4096,
            description="The most deliveries that share one commit. More gains little and lets the "
            "slowest wait longer.",
        ),
    ] = 256

    @property
    def path(self) -> str:
        """Return the path of the SQLite file."""
        return self.url.removeprefix("sqlite:///")


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sender of events, named by its table; its address ends in that name."""

    secrets: Annotated[
        tuple[SecretSource, ...],
        Meta(
            description="The signing secrets; a delivery that any of them signed is taken. Each a value, "
            "`env:NAME` or `file:/path`; a file is read again when it changes, and may hold several, one "
            "a line. In the environment separated by commas."
        ),
    ]
    kind: Annotated[
        Literal["tolinku", "app"],
        Meta(description="`tolinku` sends webhooks, `app` is your own backend, which reports registrations."),
    ] = "tolinku"
    space: Annotated[
        Space,
        Meta(
            description="The name space of the source's codes, tokens and user ids (one Appspace and its "
            "app). It is part of every key in the CRMs: do not change it later."
        ),
    ] = "main"


class Leads(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which leads reach a CRM."""

    stubs: Annotated[
        Literal["crm", "ledger", "none"],
        Meta(
            description="Where a journey that nobody has claimed is kept as a lead without a name: `crm` in "
            "the CRMs too, `ledger` only here, until there is a name, `none` only as long as it can be "
            "claimed; then it is dropped."
        ),
    ] = "crm"
    stub_delay: Annotated[
        Duration,
        Meta(
            description="How long a stub waits before it is sent, so that most people have their name by "
            "then."
        ),
    ] = 600.0
    max_stubs_per_day: Annotated[
        Count,
        Meta(
            description="The most stubs a day and connection; the rest is held with a finding. CRMs bill "
            "by record."
        ),
    ] = 1000
    expire_stubs: Annotated[
        Annotated[float, Meta(ge=DAY)] | None,
        Meta(
            extra=DURATION,
            description="How long a record without a name stays in a CRM after the last that was heard of "
            "it: a day at least, such as `90d`; for good unless set. Only records that nobody but "
            "Afterclick made and touched go.",
        ),
    ] = None


class Identity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How events are given to people."""

    window: Annotated[
        float,
        Meta(
            ge=3600,
            extra=DURATION,
            description="How far apart a tap, an install and a registration over one link may lie and "
            "still be one person's. Longer finds more and guesses more.",
        ),
    ] = 7 * DAY
    personal_prefixes: Annotated[
        tuple[str, ...],
        Meta(description="Link prefixes whose tokens are made for one person each, such as `invite`."),
    ] = ()
    pepper: Annotated[
        Secret | None,
        Meta(
            description="Mixed into the keys that the CRMs hold, so that nobody else can compute them. "
            "Set it before the first event or never: with another one no record is found again."
        ),
    ] = None


class Referrals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the sender's referral events mean."""

    created: Annotated[
        Literal["auto", "code", "signup"],
        Meta(
            description="What `referral.created` tells: `code`, that a referrer got a code (as "
            "documented); `signup`, that a friend signed up; `auto` decides by the fields of the payload."
        ),
    ] = "auto"


class Sync(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How leads are brought into the CRMs."""

    linger: Annotated[
        Duration,
        Meta(description="How long a changed lead waits for more, so that a burst costs one write."),
    ] = 1.0
    give_up_after: Annotated[
        LongerDuration,
        Meta(
            description="How long a lead that fails is tried before it is parked. A long weekend by default.",
        ),
    ] = 3 * DAY
    backoff_first: Annotated[
        LongerDuration, Meta(description="The wait after a lead's first failure; it doubles with each.")
    ] = 5.0
    backoff_max: Annotated[LongerDuration, Meta(description="The longest such wait.")] = 6 * 3600.0
    lease: Annotated[
        LongerDuration,
        Meta(description="How long a process that died keeps its lanes from the others."),
    ] = 10.0
    renew: Annotated[
        LongerDuration,
        Meta(description="How often a lease is renewed: at most half of it, so that one may fail."),
    ] = 3.0
    batches_in_flight: Annotated[
        int,
        Meta(
            ge=1,
            le=32,
            description="How many batches a connection has under way at once. The CRM's limit is reached "
            "with few.",
        ),
    ] = 4


class Privacy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of people."""

    keep_ip: Annotated[
        bool,
        Meta(
            description="Keep IP addresses in stored bodies. By default they are blanked before they are "
            "stored, and only a keyed hash is kept for 48 hours."
        ),
    ] = False


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long things are kept that nothing depends on any more."""

    events: Annotated[
        Annotated[float, Meta(ge=7 * DAY)] | None,
        Meta(
            extra=DURATION,
            description="How long events are kept once they are folded: 7 days at least, such as `400d`; for "
            "good unless set. Leads and records need them no more; `leads show` then lists fewer events, and "
            "what is gone cannot be folded again. Events that are not folded stay.",
        ),
    ] = None


class Log(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(
            description="The least that is told. `info` has refusals, failures and changes; `debug` every "
            "delivery."
        ),
    ] = "info"
    format: Annotated[
        Literal["auto", "json", "console"],
        Meta(
            description="`json` for machines, `console` for people; `auto` is `console` on a terminal only."
        ),
    ] = "auto"


SourceName = Annotated[Name, Meta(extra={"reserved": ("other",)})]
ConnectionName = Annotated[Name, Meta(extra={"reserved": ("fold", "other")})]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration."""

    server: Server = Server()
    ledger: Ledger = Ledger()
    sources: dict[SourceName, Source] = {}
    connections: dict[ConnectionName, Connection] = {}
    leads: Leads = Leads()
    identity: Identity = Identity()
    referrals: Referrals = Referrals()
    stages: Annotated[
        dict[str, Stage],
        Meta(
            description="Which stage a milestone brings a lead to: `lead`, `qualified`, `opportunity` or "
            '`customer`. `"*"` is any other milestone, `customer` unless set: a completed referral is a '
            "conversion."
        ),
    ] = msgspec.field(default_factory=lambda: dict(DEFAULT_STAGES))
    sync: Sync = Sync()
    privacy: Privacy = Privacy()
    retention: Retention = Retention()
    log: Log = Log()

    def policy(self) -> Policy:
        """Return the rules of identity in the form that the model takes."""
        pepper = self.identity.pepper
        return Policy(
            window=round(self.identity.window * 1000),
            personal_prefixes=frozenset(
                bare for prefix in self.identity.personal_prefixes if (bare := prefix.strip("/ "))
            ),
            referrals_created=self.referrals.created,
            pepper="" if pepper is None else pepper.reveal(),
        )
