"""From raw values to typed settings, with every fault on the way and not only the first.

msgspec stops at the first fault, so tables are walked here and msgspec converts the leaves. Values
from the environment are text; numbers, switches and lists are read out of it by the type they go to.
"""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

import msgspec

from afterclick.config.secrets import Secret, SecretFault, SecretSource, secret_source, single_secret
from afterclick.config.units import parse_duration, parse_size
from afterclick.errors import Fault

S = TypeVar("S", bound=msgspec.Struct)

_BAD = object()
_EXPECTED = {
    "duration": "Write seconds, or a span like `500ms`, `90s`, `10m`, `3d`",
    "size": "Write bytes, or a size like `256KiB`",
}
_PLAIN = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "`true` or `false`",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


class Decoder:
    """Decodes tables and collects what is wrong with them in `faults`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[Fault] = []

    def struct(self, cls: type[S], raw: object, path: str, *, besides: Sequence[str] = ()) -> S | None:
        """Return the table as `cls`, or None after noting its faults.

        `besides` are further keys that a person may write in this table, for "did you mean".
        """
        if not isinstance(raw, Mapping):
            self.fault(path, "is no table", f"Write its settings under `[{path}]`.")
            return None
        before = len(self.faults)
        fields = {field.encode_name: field for field in msgspec.structs.fields(cls)}
        for key in raw.keys() - fields.keys():
            self.unknown(join(path, key), key, [*fields, *besides])
        values: dict[str, Any] = {}
        for key, field in fields.items():
            if key in raw:
                values[field.name] = self.value(field.type, raw[key], join(path, key))
            elif field.required:
                self.fault(join(path, key), "is missing", _described(field.type))
        if len(self.faults) > before:
            return None
        try:
            return cls(**values)
        except (ValueError, TypeError) as failure:
            self.fault(path, f"is refused: {failure}", "Set what it asks for.")
            return None

    def value(self, kind: Any, raw: object, path: str) -> Any:
        """Return one value, or a placeholder after noting what is wrong with it."""
        bare, metas = unwrap(kind)
        if bare is Secret or bare == (Secret | None):
            return self._secret(raw, path, single_secret)
        if bare is SecretSource:
            return self._secret(raw, path, secret_source)
        origin = get_origin(bare)
        if origin in (Union, types.UnionType):
            return self._one_of(kind, bare, metas, raw, path)
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            return self.struct(bare, raw, path)
        if origin is dict:
            return self._table(bare, raw, path)
        if origin in (tuple, list, frozenset, set):
            return self._sequence(kind, bare, raw, path)
        return self._leaf(kind, metas, raw, path)

    def fault(self, path: str, problem: str, remedy: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(path, problem, remedy))

    def unknown(self, path: str, key: str, known: Iterable[str]) -> None:
        """Note a key that does not exist, with the one that was probably meant."""
        self.fault(path, "there is no such setting", did_you_mean(key, known))

    def _secret(self, raw: object, path: str, read: Any) -> Any:
        if not isinstance(raw, str):
            self.fault(path, "is no text", "Write the secret in quotes, or `env:NAME` or `file:/path`.")
            return _BAD
        try:
            return read(raw, self._environ)
        except SecretFault as fault:
            self.fault(path, fault.problem, fault.remedy)
            return _BAD

    def _one_of(self, kind: Any, bare: Any, metas: list[msgspec.Meta], raw: object, path: str) -> Any:
        members = get_args(bare)
        if isinstance(raw, Mapping):
            for member in members:
                if isinstance(member, type) and issubclass(member, msgspec.Struct):
                    return self.struct(member, raw, path)
        for member in members:
            if get_origin(member) in (tuple, list) and isinstance(raw, str | list):
                return self._sequence(_annotated(member, metas), member, raw, path)
        if bool in members and isinstance(raw, str) and raw.lower() in ("true", "false"):
            return raw.lower() == "true"
        plain = tuple(member for member in members if not _is_struct(member))
        return self._leaf(_annotated(Union[plain], metas), metas, raw, path)  # noqa: UP007 - made at run time

    def _table(self, bare: Any, raw: object, path: str) -> Any:
        raw = _from_json(raw, "{")
        if not isinstance(raw, Mapping):
            self.fault(path, "is no table", f"Write its entries under `[{path}]`.")
            return _BAD
        key_kind, value_kind = get_args(bare)
        _, metas = unwrap(key_kind)
        reserved = {name for meta in metas for name in (meta.extra or {}).get("reserved", ())}
        result = {}
        for key, value in raw.items():
            where = join(path, key)
            if self._is_name(key_kind, key, where, reserved):
                result[key] = self.value(value_kind, value, where)
        return result

    def _is_name(self, kind: Any, key: object, path: str, reserved: set[str]) -> bool:
        try:
            msgspec.convert(key, kind)
        except msgspec.ValidationError:
            self.fault(path, "is no possible name", "Use lower-case letters, digits, `-` and `_`.")
            return False
        if key in reserved:
            self.fault(path, "is a name with a meaning of its own", "Choose another.")
            return False
        return True

    def _sequence(self, kind: Any, bare: Any, raw: object, path: str) -> Any:
        raw = _from_json(raw, "[")
        if isinstance(raw, str):
            raw = [part.strip() for part in raw.split(",")]
        if not isinstance(raw, list | tuple):
            self.fault(path, "is no list", "Write a list, or in the environment words with commas between.")
            return _BAD
        member = get_args(bare)[0]
        if member is not SecretSource and not _is_struct(member):
            return self._leaf(kind, unwrap(kind)[1], raw, path)
        if not raw:
            self.fault(path, "is empty", "Name at least one.")
        return get_origin(bare)(self.value(member, part, f"{path}[{i}]") for i, part in enumerate(raw))

    def _leaf(self, kind: Any, metas: list[msgspec.Meta], raw: object, path: str) -> Any:
        unit = next((meta.extra["unit"] for meta in metas if meta.extra and "unit" in meta.extra), None)
        expected = _EXPECTED.get(unit or "", "") or _described(kind)
        try:
            if unit is not None and isinstance(raw, str):
                raw = parse_duration(raw) if unit == "duration" else parse_size(raw)
            return msgspec.convert(raw, kind, strict=False)
        except msgspec.ValidationError as failure:
            problem, place = _problem(failure)
            self.fault(path + place, problem, f"{expected.rstrip('.')}.")
        except (ValueError, OverflowError):
            self.fault(path, f"is no {unit}", f"{expected.rstrip('.')}.")
        return _BAD


def join(path: str, key: object) -> str:
    """Return the path of a key in a table."""
    return f"{path}.{key}" if path else str(key)


def unwrap(kind: Any) -> tuple[Any, list[msgspec.Meta]]:
    """Return a type without its annotations, and those of them that msgspec knows."""
    if get_origin(kind) is not Annotated:
        return kind, []
    bare, *notes = get_args(kind)
    return bare, [note for note in notes if isinstance(note, msgspec.Meta)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the remedy for a word that is not known: the nearest one, or all of them."""
    words = sorted(set(known))
    near = difflib.get_close_matches(word, words, n=1)
    if near:
        return f"Did you mean `{near[0]}`?"
    return f"Known here: {', '.join(words)}." if words else "Remove it."


def _annotated(kind: Any, metas: list[msgspec.Meta]) -> Any:
    return Annotated[(kind, *metas)] if metas else kind


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _from_json(raw: object, opening: str) -> object:
    """Read a list or table out of a variable that holds JSON."""
    if not isinstance(raw, str) or not raw.strip().startswith(opening):
        return raw
    try:
        return cast("object", json.loads(raw))
    except ValueError:
        return raw


def _problem(failure: msgspec.ValidationError) -> tuple[str, str]:
    """Return what is wrong, and where inside the leaf. No value is part of it, except for a choice."""
    text, _, place = str(failure).partition(" - at `$")
    for word, plain in _PLAIN.items():
        text = text.replace(f"`{word}`", plain)
    return text[:1].lower() + text[1:], place.rstrip("`")


def _described(kind: Any) -> str:
    _, metas = unwrap(kind)
    text = next((meta.description for meta in metas if meta.description), "")
    return text or "Set it."
