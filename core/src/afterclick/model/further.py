"""Further attributes: values that have no name of their own, found by the path to them in a payload.

`data.reward.type` is `data["reward"]["type"]` of the sender's events, `properties.plan` the property
`plan` of a registration. A value is kept as JSON text, so that it has one total order whatever it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from afterclick.model.fields import Scalar
from afterclick.model.text import clean

DATA = "data."
PROPERTIES = "properties."
_FORM = re.compile(r"(data(\.[^.\s]+)+|properties\.\S+)")
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Scalar)


def is_further(attribute: str) -> bool:
    """Tell whether an attribute's name is the path of a further one."""
    return _FORM.fullmatch(attribute) is not None


def picked(data: Mapping[str, Any], attributes: Collection[str]) -> dict[str, str]:
    """Return the values that the attributes' paths lead to; a path that ends nowhere is left out."""
    found: dict[str, str] = {}
    for attribute in attributes:
        value: Any = data
        for name in attribute.removeprefix(DATA).split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        kept = _kept(value)
        if kept is not None:
            found[attribute] = kept
    return found


def properties_of(raw: object) -> dict[str, str]:
    """Return a registration's properties by attribute; what is empty or no single value is left out."""
    given = raw if isinstance(raw, Mapping) else {}
    kept = {f"{PROPERTIES}{name}": _kept(value) for name, value in given.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _kept(value: object) -> str | None:
    if isinstance(value, str):
        value = clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _encoder.encode(value).decode() if isinstance(value, str | int | float) else None


def shown(kept: str) -> Scalar:
    """Return a kept value as it was."""
    value: Scalar = _decoder.decode(kept)
    return value
