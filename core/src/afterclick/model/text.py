"""Clean text out of whatever a payload holds."""

from __future__ import annotations

import hashlib
import re

MAX_TEXT = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def clean(raw: object) -> str | None:
    """Return clean text, or None for what is absent, empty or no scalar.

    Control characters, NUL and lone surrogates break databases, headers and CRMs; they become a
    blank. Very long text is cut, with a digest so that two long tokens stay two.
    """
    if isinstance(raw, str):
        text = raw
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        text = str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw)
    else:
        return None
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    text = text.strip()
    if len(text) > MAX_TEXT:
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        text = f"{text[: MAX_TEXT - 18]}…{digest}"
    return text or None
