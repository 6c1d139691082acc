"""How people order faults: as words on a command line, or as the body of `POST /_sandbox/faults`."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from afterclick.sandbox.faults import Kind, Rule
from afterclick.sandbox.presets import preset

_KINDS: tuple[str, ...] = get_args(Kind)
_HEADER = "header."


class FaultOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /_sandbox/faults`: a preset, rules of one's own, or both.

    A `seed` makes what follows repeatable.
    """

    rules: tuple[Rule, ...] = ()
    preset: str = ""
    seed: int | None = None

    def all(self) -> tuple[Rule, ...]:
        """Return the rules of the preset, then the others.

        Raises:
            ValueError: there is no such preset, or nothing is ordered.

        """
        if not self.preset and not self.rules:
            raise ValueError("nothing is ordered: give `rules`, a `preset`, or both")
        return (*(preset(self.preset) if self.preset else ()), *self.rules)


def parse_rule(text: str) -> Rule:
    """Return the rule of `kind=status,status=429,reason=daily,header.Retry-After=7`, or of a JSON object.

    Raises:
        ValueError: it is no rule; the text says which part of it.

    """
    given = _json(text) if text.lstrip().startswith("{") else _pairs(text)
    kind = given.get("kind")
    if kind not in _KINDS:
        what = "a fault needs a kind" if kind is None else f"there is no fault {kind!r}"
        raise ValueError(f"{what}; there are: {', '.join(_KINDS)}")
    unknown = ", ".join(name for name in given if name not in Rule.__struct_fields__)
    if unknown:
        raise ValueError(f"a fault has no {unknown}; it has: {', '.join(Rule.__struct_fields__)}")
    try:
        return msgspec.convert(given, Rule, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _json(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"it is no JSON object: {error}") from error


def _pairs(text: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    headers: dict[str, str] = {}
    for pair in text.split(","):
        name, separator, value = (part.strip() for part in pair.partition("="))
        if not separator:
            raise ValueError(f"{pair.strip()!r} is not of the form name=value")
        if name.startswith(_HEADER):
            headers[name.removeprefix(_HEADER)] = value
        else:
            given[name] = value
    return {**given, "headers": headers} if headers else given


def told(rule: Rule) -> str:
    """Return a line for people: `status 429 (daily), 10 % of the calls with /batch/ in their path`."""
    parts: list[str] = [rule.kind]
    if rule.kind == "status":
        parts.append(f"{rule.status} ({rule.reason})" if rule.reason else str(rule.status))
    if rule.kind in ("delay", "lag"):
        parts.append(f"{rule.seconds:g} s")
    if rule.late:
        parts.append("after the work")
    return f"{' '.join(parts)}, {_share(rule)}"


def _share(rule: Rule) -> str:
    share = "all" if rule.probability == 1 else f"{rule.probability * 100:g} % of the"
    which = f"{share} {rule.method} calls" if rule.method else f"{share} calls"
    if rule.path:
        which += f" with {rule.path} in their path"
    if rule.skip:
        which += f", not the first {rule.skip}"
    return which if rule.times is None else f"{which}, {rule.times} times at most"
