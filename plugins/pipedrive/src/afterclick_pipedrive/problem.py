"""Reads what Pipedrive says went wrong into facts that are safe to show. Pure.

The keys of an error body vary and all are optional. A text may quote values that people typed, so
nothing of it is kept but what is expected there: codes, and the names of fields. Source: Pipedrive,
"Responses"; the shapes of refused custom fields as the changelog of May 2026 and live clients show them.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from afterclick.plugin import Answer

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_HASH = re.compile(r"\b[0-9a-f]{40}\b")
_PATH = re.compile(r"(?:^|[;:]\s*)([a-z_]{1,40})(?:[.\[][\w.\[\]]*)?:\s")
_SPELLED = {"emails": "email", "phones": "phone", "label_ids": "label"}
"""Fields that a body spells otherwise than the mapping."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one refused call.

    `hashes` are codes of custom fields that the text names, `names` other fields of the body.
    `understood` is False where the body is not Pipedrive's JSON.
    """

    status: int
    understood: bool = True
    code: str = ""
    hashes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def capped(self) -> bool:
        """Tell whether the plan allows no more of them."""
        return self.code.startswith("feature_capping")

    @property
    def reason(self) -> str:
        """Say what went wrong, in codes and names."""
        parts = [f"Pipedrive answered {self.status}"]
        if self.status < 400:
            parts.append("and says that it failed")
        if self.code:
            parts.append(f"({self.code})")
        if self.hashes or self.names:
            parts.append(f"on {', '.join((*self.names, *self.hashes))}")
        return " ".join(parts)


def of_answer(answer: Answer) -> Problem:
    """Read the body of a refused call."""
    try:
        body = answer.json()
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        return Problem(status=answer.status, understood=False)
    texts = [text for name in ("error", "error_info", "message") if isinstance(text := body.get(name), str)]
    names = [_SPELLED.get(name, name) for text in texts for name in _PATH.findall(text)]
    named = [*_texts(body, "field_code"), *(found for text in texts for found in _HASH.findall(text))]
    return Problem(
        status=answer.status,
        code=next(iter(_codes(body)), ""),
        hashes=tuple(dict.fromkeys(found for found in named if _HASH.fullmatch(found))),
        names=tuple(dict.fromkeys(name for name in names if name not in _NO_FIELDS)),
    )


def is_gone(answer: Answer) -> bool:
    """Tell whether Pipedrive itself says that there is no such record; a page of somebody else does not."""
    return answer.status == 404 and of_answer(answer).understood


_NO_FIELDS = frozenset({"custom_fields", "failed", "error"})


def _codes(body: dict[str, Any]) -> list[str]:
    return [text for text in _texts(body, "code") if _CODE.fullmatch(text)]


def _texts(body: Any, name: str) -> list[str]:
    """Return the texts that stand under a name, wherever in the body."""
    if isinstance(body, dict):
        own = [body[name]] if isinstance(body.get(name), str) else []
        return own + [text for value in body.values() for text in _texts(value, name)]
    if isinstance(body, list):
        return [text for value in body for text in _texts(value, name)]
    return []
