"""Keeps secrets and people out of log lines: by the name of a value, and by what a text looks like."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

MASK = "***"
_DEEPEST = 6
_LONGEST = 2_000
_LONGEST_TRACE = 12_000

_SECRET_KEY = re.compile(
    r"secret|token|signature|authorization|password|passwd|pepper|cookie|credential|api[-_]?key|private[-_]?key"
    r"|e[-_]?mail|phone|(first|last|full)[-_]?name"
    r"|(^|[-_])(ip|ip[-_]?hash|ip[-_]?addr(ess)?|remote|remote[-_]?addr|peer(name)?)$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"\bwhsec_[^\s\"',;)]+"
    r"|\bpat-[\w-]+"
    r"|\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}"
    r"|\b(?:sha256=)?[0-9a-f]{64}\b"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]+"
    # Tried only where a word begins, or a long text without blanks would cost its length squared.
    r"|(?<![^\s@<>\"'=,;:()/*])[^\s@<>\"'=,;:()/*]+@[^\s@<>\"'=,;:()/*]+\.[^\s@<>\"'=,;:()/*]+",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(?<=://)[^/\s@]+@")
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}:[0-9a-f:.]{1,40})(?!\w)", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def is_secret_key(key: str) -> bool:
    """Tell whether a value of this name must not be shown, whatever it is."""
    return _SECRET_KEY.search(key) is not None


def scrub(text: str) -> str:
    """Return a text without what looks like a secret, a signature, an e-mail or an IP address."""
    text = _USER_INFO.sub(f"{MASK}@", text)
    text = _SECRET_TEXT.sub(MASK, text)
    return _ADDRESS.sub(_hide_address, text) if ":" in text or "." in text else text


def _hide_address(found: re.Match[str]) -> str:
    text = found[0]
    bare = text.rstrip(".:") if not text.endswith("::") else text
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return text
    # Where the service itself listens is nobody's secret.
    if address.is_loopback or address.is_unspecified:
        return text
    return MASK + text[len(bare) :]


def redact(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they may be logged: at any depth, and nothing longer than a line can bear."""
    return {key: _by_key(key, value, 0) for key, value in values.items()}


def _by_key(key: object, value: object, depth: int) -> object:
    name = str(key)
    if value is None or isinstance(value, bool):
        return value
    return MASK if is_secret_key(name) else _value(value, depth)


def _value(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _text(str(value), _LONGEST, _CONTROL)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {scrub(str(key)): _by_key(key, item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(item, depth + 1) for item in value]
    return _text(str(value), _LONGEST, _CONTROL)


def _text(text: str, longest: int, control: re.Pattern[str]) -> str:
    # Half an address does not look like one: cut between words first, and once more when it is clean.
    cut = text[: 2 * longest].rpartition(" ")[0] if len(text) > 2 * longest else text
    cut = control.sub(" ", scrub(cut))
    return cut[:longest] + ("…" if len(text) > longest else "")


def redactor(logger: object, method: str, line: MutableMapping[str, Any]) -> dict[str, Any]:
    """Redact a log line: the structlog processor that stands right before the renderer."""
    trace = line.pop("exception", None)
    clean = redact(line)
    if isinstance(trace, str):
        clean["exception"] = _text(trace, _LONGEST_TRACE, _CONTROL_BUT_LINES)
    return clean
