"""Plugins that take answers for what they are not, and go on where they should stop."""

from __future__ import annotations

from typing import Any

from afterclick_acme import plugin as acme
from tests.conformance.breaking import answers, breaker, breaks, key, to

from afterclick.plugin import (
    CallFailed,
    NoMatch,
    NotAuthorized,
    Record,
    Rejected,
    RetryLater,
    Synced,
    Throttled,
    Uncertain,
)

answers(
    "a-forgotten-input-is-uncertain", "nothing was made", "create", to(Uncertain, lambda _: RetryLater("?"))
)


async def by_place(leads: Any, ctx: Any, part: slice) -> Any:
    people = [{"ref": lead.ref, "values": lead.values} for lead in leads]
    results = (await acme.call(ctx, "POST", "/people", {"people": people}))[part]
    return [acme.verdict(result, ctx) for result in results]


@breaker("shuffled-results-find-their-inputs", "the CRM holds")
async def create_by_place(leads: Any, ctx: Any) -> Any:
    return await by_place(leads, ctx, slice(None))


@breaker("doubled-results-count-once", "the CRM holds")
async def create_by_the_last(leads: Any, ctx: Any) -> Any:
    return await by_place(leads, ctx, slice(-len(leads), None))


answers(
    "an-empty-success-is-no-success",
    "the CRM holds",
    "create",
    to(Uncertain, lambda lead: Synced(Record(kind="person", id="p0", values=lead.values))),
)


answers(
    "an-unanswered-look-up-decides-nothing",
    "has no record",
    "match",
    to(RetryLater, lambda _: NoMatch()),
)


@breaker("a-poison-row-costs-only-itself", "whose values are right")
async def create_all_or_none(leads: Any, ctx: Any) -> Any:
    outcomes = await acme.create(leads, ctx)
    refused = next((one for one in outcomes if isinstance(one, Rejected)), None)
    return [refused or outcome for outcome in outcomes]


@breaker("a-failed-read-decides-nothing", "NoMatch")
async def match_nothing_on_failure(leads: Any, ctx: Any) -> Any:
    try:
        return await acme.match(leads, ctx)
    except CallFailed:
        return [NoMatch() for _ in leads]


async def create_hopefully(leads: Any, ctx: Any) -> Any:
    """Take a create without an answer for one that was not done."""
    try:
        return await acme.create(leads, ctx)
    except CallFailed as failed:
        return [RetryLater(failed.reason) for _ in leads]


breaks("a-server-error-leaves-writes-open", "nothing was made", create_hopefully)
breaks("a-cut-connection-leaves-writes-open", "RetryLater", create_hopefully)
breaks("time-out-before-the-write", "at its deadline", create_hopefully)
breaks("time-out-after-the-write", "at its deadline", create_hopefully)


@breaker("a-refused-credential-stops-the-lane", "create is answered with 401")
async def create_without_a_stop(leads: Any, ctx: Any) -> Any:
    try:
        return await acme.create(leads, ctx)
    except NotAuthorized as refused:
        return [RetryLater(refused.reason) for _ in leads]


@breaker("a-missing-right-stops-the-lane", "enrich is answered with 403")
async def enrich_without_a_stop(changes: Any, ctx: Any) -> Any:
    try:
        return await acme.enrich(changes, ctx)
    except NotAuthorized as refused:
        return [Rejected(refused.reason) for _ in changes]


@breaker("a-limit-in-seconds-is-kept", "the stop says 10 s")
async def match_with_a_guess(leads: Any, ctx: Any) -> Any:
    try:
        return await acme.match(leads, ctx)
    except Throttled as limit:
        raise Throttled(limit.reason, after=10, scope="calls") from limit


@breaker("a-limit-as-a-date-is-kept", "the stop says 10 s")
async def match_with_seconds_only(leads: Any, ctx: Any) -> Any:
    answer = await ctx.http.request("GET", "/fields", bucket="calls", headers=key(ctx))
    if answer.status == 429:
        header = answer.headers.get("Retry-After", "")
        raise Throttled("limit", after=float(header) if header.isdigit() else 10, scope="calls")
    return await acme.match(leads, ctx)


@breaker("a-stop-carries-what-was-done", "not sent, which claims")
async def create_one_by_one(leads: Any, ctx: Any) -> Any:
    return [outcome for lead in leads for outcome in await acme.create([lead], ctx)]
