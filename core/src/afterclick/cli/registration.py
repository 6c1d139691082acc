"""`afterclick send registration`: report a registration as an app's own backend would."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import typer
from rich.text import Text
from standardwebhooks import Webhook

from afterclick.cli.common import run
from afterclick.cli.output import AsJson, ConfigFile, console, print_json
from afterclick.cli.sending import TIMEOUT
from afterclick.clock import SystemClock
from afterclick.config.load import load
from afterclick.config.model import Settings
from afterclick.errors import AfterclickError

ADDRESS = "/v1/registrations"
_MAKE_A_SOURCE = 'Add one: [sources.app] with kind = "app" and secrets = ["whsec_…"].'
_HINTS = {
    404: "The service has no source of kind `app`, or a proxy in front does not pass this address on.",
    409: "Another registration came under this --id. Leave it out for a new one.",
    503: "The service cannot store now; see its log.",
}


def send_registration(  # noqa: PLR0913, PLR0917 - one option a field
    user_id: str = typer.Option(None, help="Your own id of the user."),
    email: str = typer.Option(None, help="The user's e-mail address."),
    first_name: str = typer.Option(None),
    last_name: str = typer.Option(None),
    phone: str = typer.Option(None),
    company: str = typer.Option(None),
    registered_at: str = typer.Option(None, help="Such as 2026-05-21T09:14:00Z; default: now."),
    referral_code: str = typer.Option(None, help="The code through which the user came."),
    token: str = typer.Option(None, help="The token of the link that was tapped."),
    prefix: str = typer.Option(None, help="The prefix of its route."),
    deep_link_path: str = typer.Option(None, help="Both in one, such as /promo/may-sale."),
    platform: str = typer.Option(None, help="ios, android, desktop or web."),
    campaign: str = typer.Option(None),
    properties: list[str] = typer.Option(
        [], "--property", "-p", help="Anything else of the user, as name=value."
    ),
    id: str = typer.Option(None, help="The webhook-id; the same one again is a retry. Default: a new one."),
    source: str = typer.Option(None, help="The source whose secret signs it; default: the only `app`."),
    to: str = typer.Option(None, help="The URL; default: the service of this configuration."),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Report that somebody signed up, for example: registration --email ada@example.com --user-id u_1."""
    settings = load(config, os.environ)
    fields = {
        "user_id": user_id,
        "email": email,
        "first_name": first_name,
        "last_name": last_name,
        "phone": phone,
        "company": company,
        "registered_at": registered_at,
        "referral_code": referral_code,
        "token": token,
        "prefix": prefix,
        "deep_link_path": deep_link_path,
        "platform": platform,
        "campaign": campaign,
        "properties": dict(_pair(text) for text in properties) or None,
    }
    body = msgspec.json.encode({name: value for name, value in fields.items() if value is not None})
    id = id or f"cli-{uuid.uuid4().hex}"
    headers = signed(body, id, SystemClock().now(), _secret(settings, source))
    url = to or f"http://127.0.0.1:{settings.server.port}{ADDRESS}"
    status, answer = run(_post(url, body, headers))
    if as_json:
        print_json({"url": url, "webhook_id": id, "status": status, "answer": answer})
    else:
        event = f", event {answer['event']}" if answer.get("event") is not None else ""
        console().print(Text(f"registration → {url}: {status}, {answer.get('status', 'not stored')}{event}"))
    if status != 200:
        raise AfterclickError(f"the service answered {status}", hint=_hint(status, answer))


def signed(body: bytes, id: str, at: int, secret: str) -> dict[str, str]:
    """Return the headers of a message that is sent at `at` (milliseconds), signed as Standard Webhooks."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(at // 1000),
        "webhook-signature": Webhook(secret).sign(id, moment, body.decode()),
    }


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise typer.BadParameter(f"{text!r} is not of the form name=value")
    return name, value


def _secret(settings: Settings, name: str | None) -> str:
    apps = {key: source for key, source in settings.sources.items() if source.kind == "app"}
    if not apps:
        raise AfterclickError("there is no source of kind `app`", hint=_MAKE_A_SOURCE)
    if name is None and len(apps) == 1:
        name = next(iter(apps))
    if name not in apps:
        problem = "there are several apps" if name is None else f"there is no app {name!r}"
        raise AfterclickError(problem, hint=f"Name one with --source: {', '.join(apps)}.")
    return apps[name].secrets[0].values[0].reveal()


async def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(
                url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                return answer.status, _object(await answer.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
            raise AfterclickError(
                f"nobody answers at {url} ({type(failure).__name__})",
                hint="Start the service with `afterclick serve`, or name another URL with --to.",
            ) from failure


def _object(raw: bytes) -> dict[str, Any]:
    """Return a JSON object; nothing of an answer that is none, such as a proxy's page."""
    try:
        found = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _hint(status: int, answer: dict[str, Any]) -> str:
    faults = answer.get("faults")
    if faults:
        return "; ".join(f"{fault['path'] or 'the registration'} {fault['problem']}" for fault in faults)
    if 300 <= status < 400:
        return "A proxy redirects; name the final URL."
    return str(_HINTS.get(status) or answer.get("message") or "See the service's log.")
