"""What the secrets of sources must be, by the scheme that their senders sign with."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from afterclick.config.decode import Decoder
from afterclick.config.model import Source
from afterclick.config.secrets import weakness

STANDARD_PREFIX = "whsec_"
LEAST_BYTES = 24
"""The least that Standard Webhooks allows a key to have."""

_MAKE_ONE = "Make one and put it into your backend too: echo whsec_$(openssl rand -base64 32)"


def fault_of_standard_secret(value: str) -> str | None:
    """Say why a value is no secret of Standard Webhooks: `whsec_` and at least 24 bytes in base64."""
    problem = weakness(value)
    if problem is not None:
        return problem
    prefix, _, encoded = value.partition("_")
    if f"{prefix}_" != STANDARD_PREFIX:
        return f"does not begin with `{STANDARD_PREFIX}`, as the secrets of Standard Webhooks do"
    try:
        # Strictly: the libraries do not agree on what to make of other letters or missing padding.
        key = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        return f"holds no base64 behind `{STANDARD_PREFIX}`"
    if len(key) < LEAST_BYTES:
        return f"holds {len(key)} bytes; Standard Webhooks asks for {LEAST_BYTES} or more"
    return None


def check_sources(sources: Mapping[str, Source], decoder: Decoder) -> None:
    """Note secrets of apps that cannot be used, and those that two of them share."""
    holders: dict[str, str] = {}
    for name, source in sources.items():
        if source.kind != "app":
            continue
        for index, secret in enumerate(source.secrets):
            path = f"sources.{name}.secrets[{index}]"
            problem = secret.demand(fault_of_standard_secret)
            if problem is not None:
                decoder.fault(path, f"the secret {problem}", _MAKE_ONE)
                continue
            for value in secret.values:
                holder = holders.setdefault(value.reveal(), name)
                if holder != name:
                    decoder.fault(
                        path,
                        f"the secret is that of source `{holder}` too",
                        "Give each its own: the secret tells which source a registration is from.",
                    )
