"""Secrets and people are planted everywhere, and must turn up nowhere.

A real process runs with debug logs through what goes well and what does not, one of its CRMs answers
every call by repeating the credential, and then everything that it wrote or said is searched.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.acceptance.running import RUNNING, Process, environment, inherited, provision
from tests.support.signing import headers_of
from tests.support.wire import payload, signature

from afterclick.clock import SystemClock, to_iso
from afterclick.config.describe import sections
from afterclick.host.discovery import discover
from afterclick.sandbox import serve
from afterclick.sandbox.faults import Rule
from afterclick_hubspot.sandbox import HubSpotSandbox
from afterclick_hubspot.sandbox.options import Options

# None has a form by which it could be known.
WEBHOOK = "canary5151webhook7f"
FROM_FILE = "canary5151fromfile3c"
APP = "whsec_" + base64.b64encode(b"canary 5151 of the app, 32 bytes").decode()
ADMIN = "canary5151admin9d"
PEPPER = "canary5151pepper4b"
ACCESS = "canary5151access2e"
PROVISIONING = "canary5151provisioning8a"
ECHOED = "canary5151echoed6c"
PIPEDRIVE = "canary5151pipedrive1b"
PIPEDRIVE_ADMIN = "canary5151pipeadmin0d"
OAUTH_SECRET = "canary5151oauthsecret5f"
REFRESH = "canary5151refresh6e"
CONSUMER = "canary5151consumer9a"
CONSUMER_SECRET = "canary5151consumersecret2d"
PRIVATE_KEY = "canary5151privatekey7c"
SALESFORCE_ADMIN = "canary5151sfadmin4e"

PLANTED: Mapping[str, tuple[str, ...]] = {
    "sources.<name>.secrets": (WEBHOOK, FROM_FILE, APP),
    "server.admin_token": (ADMIN,),
    "identity.pepper": (PEPPER,),
    "hubspot: access_token": (ACCESS, ECHOED),
    "hubspot: provisioning_token": (PROVISIONING,),
    "pipedrive: api_token": (PIPEDRIVE,),
    "pipedrive: provisioning_token": (PIPEDRIVE_ADMIN,),
    "pipedrive: client_secret": (OAUTH_SECRET,),
    "pipedrive: refresh_token": (REFRESH,),
    "salesforce: client_id": (CONSUMER,),
    "salesforce: client_secret": (CONSUMER_SECRET,),
    "salesforce: private_key": (PRIVATE_KEY,),
    "salesforce: provisioning_token": (SALESFORCE_ADMIN,),
}
SECRETS = tuple(itertools.chain.from_iterable(PLANTED.values()))
IP = "203.0.113.77"
EMAIL = "canary.person@example.org"
PHONE = "+49 5151 515151"
PEOPLE = (IP, "2001:db8::5151", EMAIL, "canary.person", PHONE, "Canaria")


def test_every_secret_setting_has_a_canary() -> None:
    rows = [row.path for section in sections() for row in section.rows if "secret" in row.kind]
    plugins = [
        f"{name}: {secret}" for name, plugin in discover().plugins.items() for secret in plugin.info.secrets
    ]

    assert sorted(PLANTED) == sorted(rows + plugins)


@asynccontextmanager
async def echoing() -> AsyncIterator[str]:
    """Run a CRM whose errors repeat what they were sent, and return its URL."""
    statuses = itertools.cycle((400, 500, 429, 400, 401, 403))

    async def echo(request: web.Request) -> web.Response:
        text = f"{request.headers.get('Authorization')} may not: {await request.text()}"
        body = {"status": "error", "message": text, "category": "VALIDATION_ERROR", "correlationId": ECHOED}
        trace = {"X-HubSpot-Correlation-Id": ECHOED, "x-correlation-id": PIPEDRIVE}
        return web.json_response(body, status=next(statuses), reason=f"Not {ECHOED}", headers=trace)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def settings(folder: Path, crm: str, echo: str) -> dict[str, str]:
    """Return an environment with a canary in every setting that is secret."""
    file = folder / "secret"
    file.write_text(FROM_FILE)
    return environment(
        folder,
        crm,
        WEBHOOK_SECRET=WEBHOOK,
        HUBSPOT_ACCESS_TOKEN=ACCESS,
        HUBSPOT_PROVISIONING_TOKEN=PROVISIONING,
        AFTERCLICK_SOURCES__FILED__SECRETS=f"file:{file}",
        AFTERCLICK_SOURCES__APP__KIND="app",
        AFTERCLICK_SOURCES__APP__SECRETS=APP,
        AFTERCLICK_SERVER__ADMIN_TOKEN=ADMIN,
        AFTERCLICK_IDENTITY__PEPPER=PEPPER,
        AFTERCLICK_CONNECTIONS__ECHO__PLUGIN="hubspot",
        AFTERCLICK_CONNECTIONS__ECHO__ACCESS_TOKEN=ECHOED,
        AFTERCLICK_CONNECTIONS__ECHO__BASE_URL=echo,
        AFTERCLICK_CONNECTIONS__ECHO_TOKEN__PLUGIN="pipedrive",
        AFTERCLICK_CONNECTIONS__ECHO_TOKEN__API_TOKEN=PIPEDRIVE,
        AFTERCLICK_CONNECTIONS__ECHO_TOKEN__PROVISIONING_TOKEN=PIPEDRIVE_ADMIN,
        AFTERCLICK_CONNECTIONS__ECHO_TOKEN__BASE_URL=echo,
        AFTERCLICK_CONNECTIONS__ECHO_APP__PLUGIN="pipedrive",
        AFTERCLICK_CONNECTIONS__ECHO_APP__CLIENT_ID="app",
        AFTERCLICK_CONNECTIONS__ECHO_APP__CLIENT_SECRET=OAUTH_SECRET,
        AFTERCLICK_CONNECTIONS__ECHO_APP__REFRESH_TOKEN=REFRESH,
        AFTERCLICK_CONNECTIONS__ECHO_APP__BASE_URL=echo,
        AFTERCLICK_CONNECTIONS__ECHO_ORG__PLUGIN="salesforce",
        AFTERCLICK_CONNECTIONS__ECHO_ORG__CLIENT_ID=CONSUMER,
        AFTERCLICK_CONNECTIONS__ECHO_ORG__CLIENT_SECRET=CONSUMER_SECRET,
        AFTERCLICK_CONNECTIONS__ECHO_ORG__PROVISIONING_TOKEN=SALESFORCE_ADMIN,
        AFTERCLICK_CONNECTIONS__ECHO_ORG__BASE_URL=echo,
        AFTERCLICK_CONNECTIONS__ECHO_KEY__PLUGIN="salesforce",
        AFTERCLICK_CONNECTIONS__ECHO_KEY__CLIENT_ID=CONSUMER,
        AFTERCLICK_CONNECTIONS__ECHO_KEY__USERNAME="sync@example.com",
        AFTERCLICK_CONNECTIONS__ECHO_KEY__PRIVATE_KEY=PRIVATE_KEY,
        AFTERCLICK_CONNECTIONS__ECHO_KEY__BASE_URL=echo,
        AFTERCLICK_SYNC__BACKOFF_FIRST="1s",
    )


async def deliver(http: aiohttp.ClientSession, url: str) -> tuple[list[int], list[str]]:
    """Send what is right and what is not; return the statuses and all signatures that were sent."""
    now = SystemClock().now()
    person = {"ip": IP, "user_agent": EMAIL, "client_ip": "2001:db8::5151"}
    hook = payload("install.tracked", to_iso(now - 60_000), prefix="p", token="t", **person)
    other = payload("referral.completed", to_iso(now), referral_code="c", referred_user_id=EMAIL, **person)
    odd = f'{{"event": "install.tracked", "data": {{"ip": "{IP}", "x": "{WEBHOOK}'.encode()
    told = {"user_id": EMAIL, "email": EMAIL, "phone": PHONE, "first_name": "Canaria", "prefix": "p"}
    profile = json.dumps({**told, "token": "t"}).encode()
    wrong = json.dumps({**told, EMAIL: 1, "registered_at": IP}).encode()
    another = json.dumps({**told, "last_name": IP}).encode()

    def signed(body: bytes, secret: str = WEBHOOK) -> dict[str, str]:
        return {"X-Webhook-Signature": signature(body, secret), "X-Forwarded-For": IP, "Cookie": WEBHOOK}

    def app(body: bytes, id: str, secret: str = APP) -> dict[str, str]:
        return headers_of(body, id=id, at=now, secrets=(secret,))

    forged = "whsec_" + base64.b64encode(b"x" * 32).decode()
    sent = [
        ("/webhooks/tolinku", hook, signed(hook)),
        ("/webhooks/tolinku", hook, signed(hook)),
        ("/webhooks/filed", other, signed(other, FROM_FILE)),
        ("/webhooks/tolinku", odd, signed(odd)),
        ("/webhooks/tolinku", other, signed(other, "a wrong one")),
        ("/webhooks/tolinku", other, {"X-Webhook-Signature": WEBHOOK, "X-Forwarded-For": IP}),
        (f"/webhooks/tolinku?secret={WEBHOOK}&ip={IP}", other, signed(other)),
        (f"/webhooks/{WEBHOOK}", other, signed(other)),
        ("/webhooks/tolinku", b"x" * 300_000, signed(b"x" * 300_000)),
        ("/v1/registrations", profile, app(profile, EMAIL)),
        ("/v1/registrations", another, app(another, EMAIL)),
        ("/v1/registrations", wrong, app(wrong, "b")),
        ("/v1/registrations", profile, app(profile, "c", forged)),
        ("/v1/registrations", profile, {**app(profile, "d"), "webhook-timestamp": IP}),
        ("/v1/registrations", profile, {"webhook-signature": APP, "webhook-id": EMAIL}),
    ]
    statuses, texts = [], []
    for path, body, headers in sent:
        async with http.post(url + path, data=body, headers=headers) as answer:
            statuses.append(answer.status)
            texts.append(await answer.text())
    signatures = [
        value.removeprefix("v1,")
        for _, _, headers in sent
        for name, value in headers.items()
        if name.lower().endswith("signature")
    ]
    assert_clean("answers", "\n".join(texts), (*SECRETS, *signatures))
    return statuses, signatures


async def ask(http: aiohttp.ClientSession, url: str) -> str:
    """Return all that the admin port says, to those who may ask and to those who may not."""
    said = []
    paths = ["/metrics", "/healthz/live", "/healthz/ready"]
    paths += [f"/api/{name}" for name in ("status", "findings", "leads", "events", "attempts", "none")]
    for path, token in itertools.product(paths, (ADMIN, PEPPER, "")):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with http.get(url + path, headers=headers) as answer:
            said.append(await answer.text())
    return "\n".join(said)


async def command(environ: Mapping[str, str], folder: Path, *words: str) -> str:
    """Run a command of the program and return all that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "afterclick",
        *words,
        cwd=folder,
        env={**inherited(), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return printed.decode()


def assert_clean(where: str, text: str, planted: tuple[str, ...]) -> None:
    """Make sure that nothing of what was planted stands in a text."""
    assert [(where, canary, _around(text, canary)) for canary in planted if canary in text] == []


def _around(text: str, canary: str) -> str:
    place = text.index(canary)
    return text[max(0, place - 200) : place + 100]


COMMANDS = (
    ("config", "show"),
    ("config", "show", "--json"),
    ("plugins",),
    ("check",),
    ("findings",),
    ("leads",),
    ("events",),
    ("parked",),
    ("fields",),
    ("provision",),
)


def wrong_settings(environ: Mapping[str, str]) -> list[dict[str, str]]:
    """Return configurations with faults right beside or within the secrets."""
    return [
        {**environ, "AFTERCLICK_SERVER__PORT": WEBHOOK, "HUBSPOT_ACCESS_TOKEN": ""},
        {**environ, "AFTERCLICK_SOURCES__APP__SECRETS": APP + "canary"},
        {**environ, "AFTERCLICK_SOURCES__APP__SECRETS": WEBHOOK},
        {**environ, "AFTERCLICK_LEDGER__URL": PEPPER},
        {**environ, "AFTERCLICK_CONNECTIONS__ECHO__ACCESS_TOKENS": ECHOED},
    ]


@pytest.fixture
def ended() -> Iterator[None]:
    """End processes that a failing test leaves."""
    yield
    while RUNNING:
        RUNNING.pop().kill()


@pytest.mark.usefixtures("ended")
async def test_nothing_planted_comes_to_light(tmp_path: Path) -> None:
    options = Options(unlimited=True, token=PROVISIONING, restricted_token=ACCESS)
    sandbox = HubSpotSandbox(options)
    async with serve(sandbox) as crm, echoing() as echo, aiohttp.ClientSession() as http:
        environ = settings(tmp_path, crm.url, echo)
        await provision(tmp_path, {k: v for k, v in environ.items() if "ECHO" not in k})
        sandbox.faults.add(
            *(Rule(kind="status", status=status, times=1) for status in (400, 500, 429)),
            Rule(kind="cut_within", times=1),
        )
        process = Process(tmp_path, environ)
        url = await process.started()
        statuses, signatures = await deliver(http, url)
        await synced(process, sandbox)
        admin = next(line["port"] for line in process.lines() if line.get("face") == "admin")
        said = await ask(http, f"http://127.0.0.1:{admin}")
        environ["AFTERCLICK_SERVER__ADMIN_PORT"] = str(admin)
        printed = [await command(environ, tmp_path, *words) for words in COMMANDS]
        refused = [await command(one, tmp_path, "plugins") for one in wrong_settings(environ)]
        assert process.stop() == 0

    log = process.log.read_text()
    assert statuses == [200, 200, 200, 200, 401, 401, 200, 404, 413, 200, 409, 422, 401, 401, 401]
    assert {"delivery-accepted", "delivery-refused"} <= {line["event"] for line in process.lines()}
    assert_clean("log", log, (*SECRETS, *PEOPLE, *signatures))
    assert_clean("admin port", said, (*SECRETS, *signatures))
    for words, text in zip(COMMANDS, printed, strict=True):
        assert_clean(" ".join(words), text, SECRETS)
    for text in refused:
        assert "canary" not in text, text
        assert "fault" in text
    for file in tmp_path.iterdir():
        if file.name != "secret":
            # What a sender wrote into its own body is kept; nothing of ours is.
            ours = tuple(one for one in SECRETS if one != WEBHOOK)
            assert_clean(file.name, file.read_bytes().decode("latin-1"), (*ours, IP))


async def synced(process: Process, sandbox: HubSpotSandbox) -> None:
    """Return when the one CRM has the person, and the other has refused every way it can."""
    async with asyncio.timeout(30):
        while not sandbox.records() or len([one for one in process.lines() if _is_failed(one)]) < 3:
            await asyncio.wait({asyncio.ensure_future(SystemClock().sleep(0.05))})


def _is_failed(line: Mapping[str, Any]) -> bool:
    return line.get("connection") == "echo" and line["level"] in ("info", "warning", "error")
