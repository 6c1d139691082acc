"""Takes IP addresses out of a body before it is stored."""

from __future__ import annotations

from afterclick.model.decode import blank_addresses

_KEY = b'"ip":"'


def blank(body: bytes) -> bytes:
    """Return what `blank_addresses` returns, for the usual body at a tenth of its price.

    Usual is a body whose only mention of an address is one `"ip":"…"` without escapes.
    """
    start = body.find(_KEY)
    if start < 0 or body.count(b'ip"') != 1 or b"ip_addr" in body or b"\\" in body:
        return blank_addresses(body)
    value = start + len(_KEY) - 1
    end = body.find(b'"', value + 1)
    return body if end < 0 else body[:value] + b"null" + body[end + 1 :]
