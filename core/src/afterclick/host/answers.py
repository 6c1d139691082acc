"""What a hook hands back, made right: a plugin may be anybody's, and msgspec constructors check no types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from afterclick.plugin.errors import BatchRefused, LaneStop, Throttled
from afterclick.plugin.findings import Finding
from afterclick.plugin.types import MatchOutcome, Outcome, RetryLater, Strays, Uncertain

UNSAFE = frozenset({"create", "enrich", "absorb", "retire", "erase"})
"""Hooks whose write may have happened, or may still land, when they fail; a read is simply repeated."""

SHORTEST_STOP, LONGEST_STOP = 1.0, 86_400.0
"""Seconds for which a lane waits where the plugin names no time, and the longest it may ask for."""

_MATCH_OUTCOMES = frozenset(get_args(MatchOutcome))
_OUTCOMES = frozenset(get_args(Outcome))


def lost(hook: str, reason: str, *, sent: bool) -> RetryLater | Uncertain:
    """Return the outcome of an input that got none."""
    return Uncertain(reason) if hook in UNSAFE and sent else RetryLater(reason)


def checked(hook: str, answer: Any, count: int) -> tuple[list[Any], str | None]:
    """Return one right outcome per input, and what is wrong with an answer in which nothing is right.

    An outcome that is missing or wrong never counts as success.
    """
    if not isinstance(answer, list | tuple) or len(answer) != count:
        found = f"{len(answer)} outcomes" if isinstance(answer, list | tuple) else type(answer).__name__
        reason = f"{hook} returned {found} for {count} inputs"
        return [lost(hook, reason, sent=True)] * count, reason
    right = [_right(one, _kinds(hook)) for one in answer]
    outcomes = [_wrong(hook, given) if one is None else one for one, given in zip(right, answer, strict=True)]
    nothing_right = count > 0 and all(one is None for one in right)
    return outcomes, outcomes[0].reason if nothing_right else None


def partial(hook: str, stop: LaneStop, count: int) -> list[Any]:
    """Return the outcomes that a stop carries; None for an input without one."""
    outcomes: list[Any] = [None] * count
    known = getattr(stop, "outcomes", None)
    if isinstance(known, Mapping):
        for index, one in known.items():
            if type(index) is int and 0 <= index < count:
                outcomes[index] = _outcome(hook, one)
    return outcomes


def _outcome(hook: str, given: Any) -> Any:
    right = _right(given, _kinds(hook))
    return _wrong(hook, given) if right is None else right


def _wrong(hook: str, given: Any) -> RetryLater | Uncertain:
    return lost(hook, f"{hook} returned a wrong {type(given).__name__}", sent=True)


def _kinds(hook: str) -> frozenset[type]:
    return _MATCH_OUTCOMES if hook == "match" else _OUTCOMES


def _right(value: Any, kinds: frozenset[type]) -> Any:
    """Return a struct with the types that it declares, or None if it has others."""
    kind = type(value)
    if kind not in kinds:
        return None
    try:
        return msgspec.convert(msgspec.to_builtins(value), type=kind)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError):
        return None


def checked_findings(answer: Any) -> tuple[list[Finding], str | None]:
    """Return what `check` found, and what is wrong with its answer if that is no list of findings."""
    listed = [] if answer is None else answer
    if not isinstance(listed, list | tuple):
        return [], f"check returned {type(listed).__name__}, not a list of findings"
    right = [_right(one, frozenset({Finding})) for one in listed]
    wrong = next(
        (type(one).__name__ for one, found in zip(listed, right, strict=True) if found is None), None
    )
    problem = None if wrong is None else f"check returned a wrong {wrong} among its findings"
    return [found for found in right if found is not None], problem


def checked_strays(answer: Any) -> tuple[Strays | None, str]:
    """Return a part of a plugin's strays, or None and what is wrong with its answer."""
    right = _right(answer, frozenset({Strays}))
    if right is None:
        return None, f"strays returned a wrong {type(answer).__name__}"
    keyed = sum(one.record.key is not None for one in right.strays)
    return (None, f"strays returned {keyed} records that have a key") if keyed else (right, "")


def put_right(stop: LaneStop) -> LaneStop:
    """Give a stop a reason, a time and a finding that can be worked with."""
    stop.reason = _text(getattr(stop, "reason", None), type(stop).__name__)
    stop.finding = _right(getattr(stop, "finding", None), frozenset({Finding}))
    if isinstance(stop, Throttled):
        stop.scope = _text(getattr(stop, "scope", None), "unknown")
        after = getattr(stop, "after", None)
        known = isinstance(after, int | float) and after > 0
        stop.after = min(float(after or 0), LONGEST_STOP) if known else SHORTEST_STOP
    return stop


def put_right_refusal(refused: BatchRefused) -> BatchRefused:
    """Give a refusal a reason, and no field that is no name."""
    refused.reason = _text(getattr(refused, "reason", None), "the CRM refused the batch")
    field = getattr(refused, "field", None)
    refused.field = field if isinstance(field, str) else None
    return refused


def _text(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) and value else otherwise
