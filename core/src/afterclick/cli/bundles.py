"""Options that several commands share, as one argument: a dataclass whose fields are options.

typer reads a command's options from its signature. `bundled` puts the fields of every argument that is
such a dataclass into that signature, and hands the command the dataclass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_type_hints


def bundled(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command as typer is to see it."""
    hints = get_type_hints(command, include_extras=True)
    bundles: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        bundle = bundles.get(parameter.name)
        if bundle is None:
            parameters.append(
                parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
            )
        else:
            parameters += _parameters(bundle)

    def seen(**given: Any) -> Any:
        made = {
            name: bundle(**{field.name: given.pop(field.name) for field in fields(bundle)})
            for name, bundle in bundles.items()
        }
        return command(**given, **made)

    seen.__name__, seen.__doc__ = command.__name__, command.__doc__
    seen.__annotations__ = {one.name: one.annotation for one in parameters}
    seen.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what `inspect` reads
    return seen


def _parameters(bundle: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(bundle, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name]
        )
        for field in fields(bundle)
    ]


def _default(field: Field[Any]) -> Any:
    return inspect.Parameter.empty if field.default is MISSING else field.default
