"""`afterclick send`: a signed event, as Tolinku would send it, to try a running service."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import typer
from rich.text import Text

from afterclick.cli.common import run
from afterclick.cli.output import AsJson, ConfigFile, console, print_json
from afterclick.cli.proving import DATA, Proof, Seen, prove
from afterclick.cli.sending import delivery, send
from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.config.model import Settings
from afterclick.errors import AfterclickError

app = typer.Typer(help="Send a signed event to a running service.", no_args_is_help=True)

_MARKS = {Seen.OK: "✓", Seen.WRONG: "✗", Seen.UNKNOWN: "?"}
T = TypeVar("T")

_SOURCE = typer.Option("tolinku", "--source", help="The source whose secret signs it.")
_TO = typer.Option(None, "--to", help="The webhook's URL; default: the service of this configuration.")


@app.command("test")
def send_test(
    source: str = _SOURCE, to: str | None = _TO, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Send the event of the dashboard's Test button: it is stored and does nothing else.

    With --to it proves what is on the way: TLS, no redirect, a body that arrives as it was sent.
    """
    if to is None:
        _send("test", DATA, source, to, config, as_json)
        return
    secret = _secret(load(config, os.environ), source)
    proof = run(_reached(to, lambda http: prove(http, to, secret, now=SystemClock().now())))
    if as_json:
        print_json(proof)
    else:
        _tell(proof)
    if not proof.stands:
        status = "" if proof.status is None else f" (status {proof.status})"
        raise AfterclickError(f"deliveries do not get through to {to}{status}", hint=_proof_hint(proof))


@app.command("event")
def send_event(
    type: str = typer.Argument(..., help="The type, such as `install.tracked`."),
    data: list[str] = typer.Option([], "--data", "-d", help="A field of the payload, as name=value."),
    source: str = _SOURCE,
    to: str = _TO,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Send any event, for example: event install.tracked -d prefix=promo -d token=may-sale."""
    fields = {}
    for pair in data:
        name, separator, value = pair.partition("=")
        if not separator:
            raise typer.BadParameter(f"{pair!r} is not of the form name=value")
        fields[name] = value
    _send(type, fields, source, to, config, as_json)


def _send(
    type: str, data: dict[str, str], source: str, to: str | None, config: str | None, as_json: bool
) -> None:
    settings = load(config, os.environ)
    one = delivery(type, SystemClock().now(), data, _secret(settings, source))
    url = to or _own_url(settings, source)
    status = run(_reached(url, lambda http: send(http, url, one)))
    if as_json:
        print_json({"url": url, "event": type, "status": status})
    else:
        verdict = "stored" if status == 200 else "not stored"
        console().print(Text(f"{type} → {url}: {status}, {verdict}"))
    if status != 200:
        raise AfterclickError(f"the service answered {status}", hint=_hint(status))


async def _reached(url: str, work: Callable[[aiohttp.ClientSession], Awaitable[T]]) -> T:
    async with aiohttp.ClientSession() as session:
        try:
            return await work(session)
        except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
            raise AfterclickError(
                f"nobody answers at {url} ({type(failure).__name__})",
                hint="Start the service with `afterclick serve`, or name another URL with --to.",
            ) from failure


def _tell(proof: Proof) -> None:
    for one in proof.findings:
        console().print(Text(f"{_MARKS[one.seen]} {one.subject}: {one.told}"))
        if one.remedy:
            console().print(Text(f"    → {one.remedy}"))


def _proof_hint(proof: Proof) -> str:
    """Return what the findings do not tell: what the status means."""
    if proof.status is None or proof.status in {200, 401} or 300 <= proof.status < 400:
        return ""
    return _hint(proof.status)


def _secret(settings: Settings, source: str) -> str:
    known = settings.sources.get(source)
    if known is None:
        names = ", ".join(settings.sources) or "none; set WEBHOOK_SECRET"
        raise AfterclickError(f"there is no source {source!r}", hint=f"Configured: {names}.")
    return known.secrets[0].values[0].reveal()


def _own_url(settings: Settings, source: str) -> str:
    return f"http://127.0.0.1:{settings.server.port}/webhooks/{source}"


def _hint(status: int) -> str:
    if status == 401:
        return "The secret differs from the one the service was started with."
    if 300 <= status < 400:
        return "A proxy redirects; the sender follows no redirect. Name the final URL."
    return {
        404: "The service has no such source.",
        413: "The body is larger than server.max_body.",
        503: "The service cannot store now; see its log.",
    }.get(status, "See the service's log.")
