"""JSON into a typed struct, with every fault on the way and not only the first.

What is wrong with a field is told by what it must be, out of its type: no value is ever repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from afterclick.config.decode import did_you_mean, join, unwrap

S = TypeVar("S", bound=msgspec.Struct)

_LONGEST_NAME = 80


class Flaw(msgspec.Struct, frozen=True):
    """One thing that is wrong with a body: where, by dotted path, and what it must be instead."""

    path: str
    problem: str


def read_strictly(cls: type[S], raw: Mapping[str, Any]) -> tuple[S | None, list[Flaw]]:
    """Return an object as `cls`, or None and all its faults.

    Every field of `cls` has a form in its annotations: `Meta(extra={"form": "text in one line"})`.
    """
    known = {field.encode_name: field for field in msgspec.structs.fields(cls)}
    faults = [
        Flaw(_shown(name), f"there is no such field; {_lowered(did_you_mean(name, known))}")
        for name in raw
        if name not in known
    ]
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name not in raw:
            continue
        try:
            values[field.name] = msgspec.convert(raw[name], field.type)
        except msgspec.ValidationError:
            faults += _faults(field.type, raw[name], name)
    return (None, faults) if faults else (cls(**values), [])


def _faults(kind: Any, raw: object, path: str) -> list[Flaw]:
    """Return the faults inside a value that is wrong, or that it is wrong itself."""
    entries = next((part for part in _parts(kind) if get_origin(part) is dict), None)
    inner: list[Flaw] = []
    if entries is not None and isinstance(raw, Mapping):
        key_kind, value_kind = get_args(entries)
        for name, value in raw.items():
            where = join(path, _shown(name))
            for what, part in ((key_kind, name), (value_kind, value)):
                if not _fits(what, part):
                    inner.append(_fault(what, where))
    return inner or [_fault(kind, path)]


def _fits(kind: Any, raw: object) -> bool:
    try:
        msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        return False
    return True


def _fault(kind: Any, path: str) -> Flaw:
    extras = [meta.extra or {} for part in _parts(kind) for meta in unwrap(part)[1]]
    form = next(extra["form"] for extra in extras if "form" in extra)
    return Flaw(path, f"must be {form}")


def _parts(kind: Any) -> Iterator[Any]:
    """Return a type and those it is an alternative of, outermost first."""
    yield kind
    bare, metas = unwrap(kind)
    if metas:
        yield bare
    if get_origin(bare) is not dict:
        for part in get_args(bare):
            yield from _parts(part)


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _shown(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
