"""The hooks of the plugin. Acme takes many people in one request, so each hook sends one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from afterclick.plugin import (
    CONTRACT_VERSION,
    Absorption,
    Ambiguous,
    CallFailed,
    Change,
    Context,
    Exists,
    FieldSpec,
    Finding,
    FindingKind,
    Gone,
    Kind,
    Lead,
    Limit,
    Match,
    MatchOutcome,
    NoMatch,
    NotAuthorized,
    Outcome,
    Plan,
    PlanStep,
    PluginInfo,
    Record,
    Rejected,
    RetryLater,
    Rule,
    Synced,
    Throttled,
    Uncertain,
    canonical,
    hookimpl,
)


class AcmeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator sets."""

    api_key: Annotated[str, msgspec.Meta(min_length=1, description="Acme's API key. Required, secret.")]


Ctx = Context[AcmeSettings]
Json = Mapping[str, Any]

FIELDS = (
    FieldSpec(attribute="key", name="afterclick_key", title="Afterclick key", rule=Rule.KEY, unique=True),
    FieldSpec(attribute="token", name="link_token", title="Link token", max_length=255),
    FieldSpec(attribute="campaign", name="campaign", title="First campaign"),
    FieldSpec(attribute="install_date", name="installed_at", title="Installed", kind=Kind.DATETIME),
    FieldSpec(attribute="conversion_date", name="converted_at", title="Converted", kind=Kind.DATETIME),
    FieldSpec(attribute="email", name="email", title="E-mail", standard=True),
    FieldSpec(
        attribute="last_name",
        name="surname",
        title="Surname",
        placeholder="Deep link {token} {short}",
        standard=True,
    ),
)

FIELD_MISSING = FindingKind(
    code="acme-field-missing",
    meaning="The account lacks a field.",
    remedy="Run `afterclick provision acme --apply`.",
    level="error",
)


@hookimpl
def describe() -> PluginInfo:
    """Say what the plugin is; no credential is known yet."""
    return PluginInfo(
        name="acme",
        title="Acme",
        contract=CONTRACT_VERSION,
        settings=AcmeSettings,
        secrets=("api_key",),
        environment={"ACME_API_KEY": "api_key"},
        base_url="https://api.acme.example",
        batch_size=50,
        limits=(Limit(bucket="calls", amount=100, seconds=10),),
        fields=FIELDS,
        findings=(FIELD_MISSING,),
    )


async def call(ctx: Ctx, method: str, path: str, body: Any = None, *, reads: bool | None = None) -> Any:
    """Send one request and return what it says; what makes everybody wait is raised."""
    headers = {"Authorization": f"Bearer {ctx.settings.api_key}"}
    answer = await ctx.http.request(method, path, json=body, headers=headers, bucket="calls", reads=reads)
    if answer.status in (401, 403):
        raise NotAuthorized(f"Acme answered {answer.status}")
    if answer.status == 429:
        raise Throttled("Acme's limit", after=answer.retry_after(ctx.clock.now()) or 10, scope="calls")
    try:
        return answer.json()["results"] if answer.ok else _failed(answer.status)
    except (msgspec.DecodeError, KeyError, TypeError) as failure:
        raise CallFailed("Acme's answer cannot be read", sent=True) from failure


def _failed(status: int) -> None:
    raise CallFailed(f"Acme answered {status}", sent=True)


def to_record(person: Json, ctx: Ctx) -> Record:
    """Return a person as a record, its values in the form in which the core compares them."""
    read = {spec.name: canonical(spec.kind, person["values"].get(spec.name)) for spec in ctx.fields}
    values = {name: value for name, value in read.items() if value is not None}
    key = person["values"].get("afterclick_key")
    return Record(kind="person", id=person["id"], url=person["url"], key=key, values=values)


@hookimpl
async def match(leads: Sequence[Lead], ctx: Ctx) -> list[MatchOutcome]:
    """Look everybody up by id, by all keys and by address, in one request that only reads."""
    asked = list({value for lead in leads for value in (*_known(lead), *lead.emails)})
    results = await call(ctx, "POST", "/people/find", {"values": asked}, reads=True)
    found = {result["value"]: [to_record(one, ctx) for one in result["people"]] for result in results}
    return [_outcome(lead, found) for lead in leads]


def _known(lead: Lead) -> tuple[str, ...]:
    return (*([lead.record.id] if lead.record else []), *lead.keys)


def _outcome(lead: Lead, found: Mapping[str, Sequence[Record]]) -> MatchOutcome:
    if any(value not in found for value in (*_known(lead), *lead.emails)):
        return RetryLater("Acme's answer does not mention it")
    ours = {record.id: record for value in _known(lead) for record in found[value]}
    typed = {record.id: record for email in lead.emails for record in found[email]}
    if not ours and len(typed) > 1:
        return Ambiguous(tuple(typed.values()), "several people have this address")
    if ours or typed:
        first, *others = (ours | typed).values()
        return Match(first, doubles=tuple(others))
    return Gone("Acme has no such person any more") if lead.record else NoMatch()


@hookimpl
async def create(leads: Sequence[Lead], ctx: Ctx) -> list[Outcome]:
    """Make people; Acme itself refuses a second one with the same key."""
    people = [{"ref": lead.ref, "values": lead.values} for lead in leads]
    return await write(ctx, "POST", people)


@hookimpl
async def enrich(changes: Sequence[Change], ctx: Ctx) -> list[Outcome]:
    """Change people by their ids."""
    people = [{"ref": change.lead.ref, "id": change.record.id, "values": change.fields} for change in changes]
    return await write(ctx, "PATCH", people)


async def write(ctx: Ctx, method: str, people: Sequence[Json]) -> list[Outcome]:
    """Send a batch; a result belongs to the input whose `ref` it repeats, whatever its place."""
    results = await call(ctx, method, "/people", {"people": people})
    said = {result["ref"]: result for result in results}
    return [verdict(said.get(person["ref"]), ctx) for person in people]


def verdict(result: Json | None, ctx: Ctx) -> Outcome:
    """Return what became of one input; silence is never a success."""
    match result:
        case {"status": "done", "person": person}:
            return Synced(to_record(person, ctx))
        case {"status": "exists", "person": person}:
            return Exists(to_record(person, ctx))
        case {"status": "gone"}:
            return Gone("Acme has no such person any more")
        case {"status": "refused", "field": field}:
            return Rejected(f"Acme refuses {field}", field=field)
    return Uncertain("Acme's answer does not mention it")


@hookimpl
async def absorb(absorptions: Sequence[Absorption], ctx: Ctx) -> list[Outcome]:
    """Remove doubles that we made; one that is gone already counts as removed."""
    ours = [one.double.id for one in absorptions if one.created_by_us]
    gone = await remove(ctx, ours)
    return [_absorbed(one, gone) for one in absorptions]


def _absorbed(one: Absorption, gone: set[str]) -> Outcome:
    if not one.created_by_us:
        return Rejected("somebody else made it")
    return Synced(one.survivor) if one.double.id in gone else Uncertain("Acme's answer does not mention it")


@hookimpl
async def erase(records: Sequence[Record], ctx: Ctx) -> list[Outcome]:
    """Remove people for good."""
    gone = await remove(ctx, [record.id for record in records])
    return [Gone() if record.id in gone else Uncertain("not mentioned") for record in records]


async def remove(ctx: Ctx, ids: Sequence[str]) -> set[str]:
    """Delete people, and return the ids that Acme has no more."""
    return set(await call(ctx, "DELETE", "/people", {"ids": ids})) if ids else set()


async def missing(ctx: Ctx) -> list[FieldSpec]:
    """Return the fields that the account lacks."""
    there = set(await call(ctx, "GET", "/fields"))
    return [spec for spec in ctx.fields if spec.name not in there]


@hookimpl
async def check(ctx: Ctx) -> list[Finding]:
    """Tell of every field that is missing."""
    return [
        FIELD_MISSING.found(f"Acme has no field {spec.name}", subject=spec.name)
        for spec in await missing(ctx)
    ]


@hookimpl
async def provision(apply: bool, ctx: Ctx) -> Plan:
    """Make the fields that are missing."""
    lacking = await missing(ctx)
    for spec in lacking if apply else []:
        await call(ctx, "POST", "/fields", {"name": spec.name, "title": spec.title, "type": spec.kind})
    steps = [
        PlanStep(action="create" if spec in lacking else "keep", what=spec.name, done=apply)
        for spec in ctx.fields
    ]
    return Plan(steps=tuple(steps))


@hookimpl
def sandbox(options: Mapping[str, str]) -> Any:
    """Return the emulator, which only trials need."""
    from afterclick_acme.sandbox import AcmeSandbox

    return AcmeSandbox(**options)
