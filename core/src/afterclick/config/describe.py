"""The configuration described: the reference for people, and what is in force with secrets masked."""

from __future__ import annotations

import enum
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from afterclick.config.connection import OWN, Connection, FieldOverride
from afterclick.config.decode import join, unwrap
from afterclick.config.environment import variable
from afterclick.config.model import Settings
from afterclick.config.secrets import MASK, Secret, SecretSource, uncover
from afterclick.config.units import show_duration, show_size
from afterclick.plugin.types import PluginInfo

_FIELD_PATH = "connections.<name>.fields.<attribute>"
_WORDS: dict[object, str] = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}
_UNITS = {"duration": "span of time", "size": "size"}


class Row(msgspec.Struct, frozen=True):
    """One setting as the reference shows it; an empty `default` is nothing, or what the description says."""

    path: str
    variable: str
    kind: str
    default: str
    description: str

    @property
    def key(self) -> str:
        """Return the last part of the path."""
        return self.path.rpartition(".")[2]


class Section(msgspec.Struct, frozen=True):
    """One table of the configuration."""

    path: str
    title: str
    rows: tuple[Row, ...]


def sections() -> tuple[Section, ...]:
    """Return every table and every setting in it."""
    return tuple(_sections(Settings, ""))


def _sections(cls: type[msgspec.Struct], path: str) -> Iterator[Section]:
    rows = []
    deeper: list[tuple[type[msgspec.Struct], str]] = []
    for field in msgspec.structs.fields(cls):
        where = join(path, field.encode_name)
        bare, _ = unwrap(field.type)
        named: Any = get_args(bare)[1] if get_origin(bare) is dict else None
        if _is_struct(bare):
            deeper.append((bare, where))
        elif _is_struct(named):
            deeper.append((named, join(where, "<name>")))
        elif field.name != OWN:
            rows.append(row_of(field, where))
    if rows:
        title = (cls.__doc__ or "").partition("\n")[0]
        yield Section(path, title, tuple(rows))
    for inner, where in deeper:
        yield from _sections(inner, where)
    if cls is Connection:
        yield from _sections(FieldOverride, _FIELD_PATH)


def row_of(field: msgspec.structs.FieldInfo, path: str) -> Row:
    """Return a field of a settings type as a row, its description out of its annotation."""
    _, metas = unwrap(field.type)
    description = next((meta.description for meta in metas if meta.description), "")
    return Row(path, variable(path), _kind(field.type), _default(field), description)


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _kind(kind: Any) -> str:
    bare, metas = unwrap(kind)
    unit = _unit(metas)
    if unit:
        return _UNITS[unit]
    if bare in (Secret, SecretSource):
        return "secret"
    origin = get_origin(bare)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(bare))
    if origin in (Union, types.UnionType):
        words = dict.fromkeys(_kind(part) for part in get_args(bare) if part is not type(None))
        return " or ".join(words)
    if origin is dict:
        return "table"
    if origin in (tuple, list, frozenset, set):
        return f"list of {_plural(_kind(get_args(bare)[0]))}"
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return ", ".join(f"`{member.value}`" for member in bare)
    return "table" if _is_struct(bare) else _WORDS.get(bare, str(bare))


def _plural(word: str) -> str:
    return "texts" if word == "text" else f"{word}s"


def _unit(metas: list[msgspec.Meta]) -> str:
    return next((meta.extra["unit"] for meta in metas if meta.extra and "unit" in meta.extra), "")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    factory = field.default_factory
    value = field.default if factory is msgspec.NODEFAULT else factory()
    if value in (None, "", (), [], {}):
        return ""
    return f"`{_literal(shown_value(field.type, value))}`"


def shown_value(kind: Any, value: object) -> object:
    """Return a value the way a person writes it: spans and sizes with their unit, secrets masked."""
    _, metas = unwrap(kind)
    unit = _unit(metas)
    if unit == "duration" and isinstance(value, float | int):
        return show_duration(value)
    if unit == "size" and isinstance(value, int):
        return show_size(value)
    return _plain(value)


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, SecretSource):
        return MASK if value.reference == "a value" else value.reference
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, msgspec.Struct):
        return {
            name: _plain(item)
            for name, item in msgspec.structs.asdict(value).items()
            if item not in (None, False)
        }
    if isinstance(value, tuple | list | frozenset | set):
        return [_plain(item) for item in value]
    return value


# Markdown


def reference_markdown() -> str:
    """Return the reference of every setting, the generated part of `core/docs/configuration.md`."""
    parts = []
    for section in sections():
        name = section.path or "top level"
        parts.append(f"### `{name}`\n\n{section.title}\n\n{_table(section.rows)}")
    return "\n\n".join(parts) + "\n"


def plugin_markdown(info: PluginInfo) -> str:
    """Return the reference of a plugin's own settings."""
    path = f"connections.{info.name}"
    shorter = {setting: name for name, setting in info.environment.items()}
    rows = []
    for field in msgspec.structs.fields(info.settings):
        row = row_of(field, join(path, field.encode_name))
        if field.encode_name in shorter:
            row = msgspec.structs.replace(row, variable=shorter[field.encode_name])
        if field.encode_name in info.secrets:
            row = msgspec.structs.replace(row, kind="secret")
        rows.append(row)
    return _table(tuple(rows)) + "\n"


def _table(rows: tuple[Row, ...]) -> str:
    lines = ["| key | variable | type | default | |", "|---|---|---|---|---|"]
    for row in rows:
        cells = (f"`{row.key}`", f"`{row.variable}`", row.kind, row.default, row.description)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


# What is in force


def effective(settings: Settings, plugins: Mapping[str, PluginInfo] | None = None) -> str:
    """Return the settings in force as TOML, defaults included and secrets masked.

    `plugins` tells which of a connection's own settings are secret; those of a plugin that is not
    among them are all masked.
    """
    tree = _tree(settings, plugins or {})
    return "\n".join(_toml(tree, "")).lstrip("\n") + "\n"


def _tree(value: msgspec.Struct, plugins: Mapping[str, PluginInfo]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for field in msgspec.structs.fields(type(value)):
        item = getattr(value, field.name)
        if field.name == OWN and isinstance(value, Connection):
            continue
        if isinstance(item, msgspec.Struct):
            result[field.encode_name] = _tree(item, plugins)
        elif field.name in ("sources", "connections"):
            result[field.encode_name] = {name: _named(name, one, plugins) for name, one in item.items()}
        elif item not in (None, ""):
            result[field.encode_name] = shown_value(field.type, item)
    return result


def _named(name: str, value: msgspec.Struct, plugins: Mapping[str, PluginInfo]) -> dict[str, Any]:
    tree = _tree(value, plugins)
    if isinstance(value, Connection):
        info = plugins.get(value.plugin or name)
        secret: Collection[str] = value.own if info is None else info.secrets
        tree |= {key: MASK if key in secret else _plain(uncover(item)) for key, item in value.own.items()}
    return tree


def _toml(tree: Mapping[str, Any], path: str) -> Iterator[str]:
    values = {key: item for key, item in tree.items() if not isinstance(item, Mapping)}
    if values:
        if path:
            yield f"\n[{path}]"
        yield from (f"{_toml_key(key)} = {_literal(item)}" for key, item in values.items())
    for key, item in tree.items():
        if isinstance(item, Mapping):
            yield from _toml(item, join(path, _toml_key(key)))


def _toml_key(key: str) -> str:
    bare = key.replace("_", "").replace("-", "")
    return key if bare.isascii() and bare.isalnum() else _literal(key)


def _literal(value: object) -> str:
    # What JSON writes for these types is TOML as well.
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml_key(key)} = {_literal(item)}" for key, item in value.items()) + "}"
    return msgspec.json.encode(value).decode()
