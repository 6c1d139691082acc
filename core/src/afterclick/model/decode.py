"""From the sender's bytes to facts, tolerant of every dialect its pages show.

Null, empty and blank count as absent, numbers become text, unknown fields are ignored. Where a
payload names one thing twice the documented name wins over the article's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from afterclick.clock import from_iso
from afterclick.model.event import CREATED, Facts
from afterclick.model.further import picked
from afterclick.model.text import clean

MAX_TYPE = 80
_REFERRAL_PREFIX = "ref"
_IP_VALUE = re.compile(
    rb'("(?:client_|remote_|visitor_)?ip(?:_address|_addr)?"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)'
)


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """What a body says. `problem` tells why it is no event; then only `type` may be known.

    `timestamp` is the payload's own time in milliseconds, None if missing or unreadable.
    """

    type: str = ""
    timestamp: int | None = None
    facts: Facts = Facts()
    ip: str | None = None
    problem: str | None = None


class _Envelope(msgspec.Struct):
    event: Any = None
    timestamp: Any = None
    data: Any = None


_decoder = msgspec.json.Decoder(_Envelope)


def decode(body: bytes, further: Collection[str] = ()) -> Decoded:
    """Read one delivery's body. Never raises: what cannot be read has a `problem`.

    `further` are the attributes `data.…` to be read besides.
    """
    try:
        envelope = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        lenient = decode_leniently(body)
        if isinstance(lenient, str):
            return Decoded(problem=lenient)
        envelope = _Envelope(lenient.get("event"), lenient.get("timestamp"), lenient.get("data"))
    event = clean(envelope.event)
    timestamp = parse_time(envelope.timestamp)
    if event is None or not isinstance(envelope.event, str):
        return Decoded(timestamp=timestamp, problem="the body names no event")
    event = event[:MAX_TYPE]
    if envelope.data is None:
        return Decoded(type=event, timestamp=timestamp)
    if not isinstance(envelope.data, dict):
        return Decoded(type=event, timestamp=timestamp, problem="data is not an object")
    data = envelope.data
    facts = read_facts(event, data)
    if further:
        facts = msgspec.structs.replace(facts, further=picked(data, further))
    return Decoded(type=event, timestamp=timestamp, facts=facts, ip=clean(data.get("ip")))


def decode_leniently(body: bytes) -> dict[str, Any] | str:
    """Return a body's object, or why there is none.

    Accepts what the strict decoder refuses but JSON allows, such as a lone surrogate.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    if not isinstance(value, dict):
        return "the body is not an object"
    return value


def parse_time(raw: object) -> int | None:
    """Return milliseconds for ISO 8601 with an offset, or for epoch seconds or milliseconds."""
    if isinstance(raw, bool):
        return None
    try:
        if isinstance(raw, int | float) or (isinstance(raw, str) and raw.strip().isdigit()):
            number = int(raw)
            return number if number >= 100_000_000_000 else number * 1000
        return from_iso(raw.strip().upper()) if isinstance(raw, str) else None
    except (ValueError, OverflowError):
        return None


def blank_addresses(body: bytes) -> bytes:
    """Return the body with every IP address field set to null, everything else byte for byte."""
    return _IP_VALUE.sub(rb"\1null", body) if b"ip" in body else body


def read_facts(event: str, data: Mapping[str, Any]) -> Facts:
    """Map a payload's fields, in either dialect, to their one name."""
    path = _Path.of(data)
    said = {name: text for name, raw in data.items() if (text := clean(raw)) is not None}
    referral = event.startswith("referral.")
    code = said.get("referral_code")
    prefix, token = _link(said, path, code, referral=referral)
    if code is None and (referral or prefix == _REFERRAL_PREFIX):
        code = token
    return Facts(
        prefix=prefix,
        token=token,
        code=code,
        campaign=said.get("campaign") or said.get("utm_campaign") or path.campaign,
        source=said.get("source") or said.get("utm_source") or path.source,
        platform=_lower(said.get("platform") or said.get("os")),
        device=said.get("device_type"),
        country=said.get("country"),
        host=_lower(said.get("hostname")) or path.host,
        url=said.get("url") or said.get("referral_url"),
        method=said.get("method"),
        milestone=said.get("milestone"),
        referrer=said.get("referrer_id") or said.get("referrer_token"),
        names_referrer_as=_referrer_dialect(said) if event == CREATED else None,
        referred_user=said.get("referred_user_id"),
    )


def _link(
    said: Mapping[str, str], path: _Path, code: str | None, *, referral: bool
) -> tuple[str | None, str | None]:
    """Return prefix and token of the link that was tapped.

    A referral event is about its code. Any other names the link, and may say besides through whose
    code somebody came; only where it names no link is the code's own link meant.
    """
    prefix = _slashless(said.get("prefix"))
    token = said.get("token")
    if referral:
        token = code or token or path.token
        return prefix or path.prefix or _REFERRAL_PREFIX, token
    token = token or path.token
    if token is None and code is not None:
        return prefix or _REFERRAL_PREFIX, code
    return prefix or path.prefix or (_REFERRAL_PREFIX if code and code == token else None), token


def _referrer_dialect(said: Mapping[str, str]) -> str | None:
    """Tell who a `referral.created` is about: the documented names win where both are there."""
    if "referrer_id" in said or "referral_url" in said:
        return "code"
    return "signup" if "referrer_token" in said else None


class _Path(msgspec.Struct, frozen=True):
    """What a path or URL says: first segment prefix, second token, whatever follows."""

    prefix: str | None = None
    token: str | None = None
    campaign: str | None = None
    source: str | None = None
    host: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> _Path:
        raws = (data.get(name) for name in ("deep_link_path", "url", "route", "referral_url"))
        found = [cls.parse(raw.strip()) for raw in raws if isinstance(raw, str) and raw.strip()]
        if len(found) < 2:
            return found[0] if found else _NO_PATH
        # Prefix and token belong together; everything else is the first that says it.
        link = max(found, key=lambda path: (path.token is not None, path.prefix is not None))
        return cls(
            prefix=link.prefix,
            token=link.token,
            campaign=next((path.campaign for path in found if path.campaign), None),
            source=next((path.source for path in found if path.source), None),
            host=next((path.host for path in found if path.host), None),
        )

    @classmethod
    def parse(cls, raw: str) -> _Path:
        try:
            parts = urlsplit(raw)
            host = parts.hostname
        except ValueError:
            return _NO_PATH
        segments = [clean(unquote(segment)) for segment in parts.path.split("/")]
        named = [segment for segment in segments if segment]
        query = parse_qs(parts.query) if parts.query else {}
        return cls(
            prefix=named[0] if named else None,
            token=named[1] if len(named) > 1 else None,
            campaign=clean(query.get("utm_campaign", [None])[0]),
            source=clean(query.get("utm_source", [None])[0]),
            host=_lower(clean(host)),
        )


_NO_PATH = _Path()


def _slashless(text: str | None) -> str | None:
    return (text.strip("/ ") or None) if text else None


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None
