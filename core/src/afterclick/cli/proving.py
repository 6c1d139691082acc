"""Whether a public URL lets Tolinku's deliveries through: TLS, no redirect, an untouched body.

Each of the three is a finding of its own, since each is mended in another place: the certificate, the
front's rules, the front's filters. What was not reached is told as unknown and never as right.
"""

from __future__ import annotations

import enum
from urllib.parse import urlsplit

import aiohttp
import msgspec

from afterclick.cli.sending import TIMEOUT, Delivery, delivery, sign
from afterclick.clock import to_iso

DATA = {"webhook_id": "wh_afterclick", "appspace_id": "as_afterclick"}
REDIRECTS = range(300, 400)
OK, UNAUTHORISED = 200, 401


class Seen(enum.StrEnum):
    """How a finding came out."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Observation(msgspec.Struct, frozen=True):
    """One of the three: what was seen, and what to do about it."""

    subject: str
    seen: Seen
    told: str
    remedy: str = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a URL."""

    url: str
    status: int | None = None
    findings: tuple[Observation, ...] = ()

    @property
    def stands(self) -> bool:
        """Tell whether deliveries of the sender get through."""
        return all(one.seen is Seen.OK for one in self.findings)


class _Answer(msgspec.Struct, frozen=True):
    status: int
    location: str


async def prove(http: aiohttp.ClientSession, url: str, secret: str, *, now: int) -> Proof:
    """Send deliveries of type `test`, one of them forged, and tell what became of them.

    Raises:
        aiohttp.ClientError, TimeoutError: nobody answers there, for another reason than TLS.

    """
    if urlsplit(url).scheme != "https":
        tls = _tls(Seen.WRONG, "the URL has no https", "The sender takes https only; give the front TLS.")
        return await _proved(http, url, secret, now, tls)
    try:
        return await _proved(http, url, secret, now, _tls(Seen.OK, "the certificate is valid for this name"))
    except (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch) as failure:
        tls = _tls(
            Seen.WRONG,
            _reason(failure),
            "Give the front a certificate of a public authority for this name, with its whole chain.",
        )
        return Proof(url=url, findings=(tls, _redirect(None), _body(Seen.UNKNOWN, "nothing was sent")))


async def _proved(http: aiohttp.ClientSession, url: str, secret: str, now: int, tls: Observation) -> Proof:
    answer = await _ask(http, url, odd(now, secret))
    return Proof(
        url=url,
        status=answer.status,
        findings=(tls, _redirect(answer), await _body_of(http, url, secret, now, answer)),
    )


def odd(now: int, secret: str) -> Delivery:
    """Return a delivery whose bytes whatever reads and writes JSON anew would change."""
    text = (
        f'{{ "timestamp" : "{to_iso(now)}",\r\n\t"event":"test",'
        f'"data":{{"webhook_id":"{DATA["webhook_id"]}", "appspace_id":"\\u0061s_afterclick","n":1.0}}}}\n\n'
    )
    body = text.encode()
    return Delivery(event="test", body=body, signature=sign(secret, body))


async def _ask(http: aiohttp.ClientSession, url: str, one: Delivery) -> _Answer:
    async with http.post(
        url, data=one.body, headers=one.headers, timeout=TIMEOUT, allow_redirects=False
    ) as answer:
        await answer.read()
        return _Answer(answer.status, answer.headers.get("Location", ""))


def _tls(seen: Seen, told: str, remedy: str = "") -> Observation:
    return Observation("TLS", seen, told, remedy)


def _redirect(answer: _Answer | None) -> Observation:
    subject = "no redirect"
    if answer is None:
        return Observation(subject, Seen.UNKNOWN, "nothing was sent")
    if answer.status not in REDIRECTS:
        return Observation(subject, Seen.OK, f"answered with {answer.status} in place")
    return Observation(
        subject,
        Seen.WRONG,
        f"{answer.status} to {answer.location or 'nowhere'}",
        "The sender follows no redirect: register the URL in its end, or have the front answer in place.",
    )


def _body(seen: Seen, told: str, remedy: str = "") -> Observation:
    return Observation("untouched body", seen, told, remedy)


async def _body_of(
    http: aiohttp.ClientSession, url: str, secret: str, now: int, answer: _Answer
) -> Observation:
    """Tell whether the signature of unusual bytes still fits at the other end, and is looked at at all."""
    if answer.status == OK:
        forged = delivery("test", now, DATA, "forged by `afterclick send test`")
        status = (await _ask(http, url, forged)).status
        if status == UNAUTHORISED:
            return _body(Seen.OK, "the signature fits there, and a forged one is refused")
        return _body(
            Seen.WRONG,
            f"a forged signature is answered with {status} too",
            "What answers there is not Afterclick, or not this source; look at the front's routes.",
        )
    if answer.status != UNAUTHORISED:
        return _body(Seen.UNKNOWN, f"answered with {answer.status} before the signature was looked at")
    # Compact JSON passes through most of what writes bodies anew.
    plain = await _ask(http, url, delivery("test", now, DATA, secret))
    if plain.status == OK:
        return _body(
            Seen.WRONG,
            "the signature of plain bytes fits, that of unusual ones does not: bodies are written anew",
            "Switch off what reads JSON on the way (a WAF's normalising, an API gateway's mapping).",
        )
    return _body(
        Seen.UNKNOWN,
        "no signature fits there",
        "The service has another secret, or the front drops X-Webhook-Signature or changes every body.",
    )


def _reason(failure: Exception) -> str:
    cause = getattr(failure, "certificate_error", None) or getattr(failure, "os_error", None) or failure
    return getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or str(cause)
