"""Looks at who may send, whether they did, and whether their secrets can be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from afterclick.checking import findings as kinds
from afterclick.checking.look import Look
from afterclick.config.model import Source
from afterclick.ledger.rows import Arrival
from afterclick.plugin.findings import Finding

_KINDS = (kinds.NO_SOURCE, kinds.SOURCE_SILENT, kinds.SECRET_UNUSABLE)


def at_sources(sources: Mapping[str, Source], arrivals: Mapping[str, Arrival]) -> Look:
    """Look at the sources; `arrivals` has the newest delivery of each that ever sent."""
    return Look.of(_KINDS, _found(sources, arrivals))


def _found(sources: Mapping[str, Source], arrivals: Mapping[str, Arrival]) -> Iterator[Finding]:
    if not sources:
        yield kinds.NO_SOURCE.found("nobody may send anything")
    for name, source in sources.items():
        for secret in source.secrets:
            if secret.problem is not None:
                yield kinds.SECRET_UNUSABLE.found(f"the source {name}: {secret.problem}", subject=name)
        if name not in arrivals:
            yield kinds.SOURCE_SILENT.found(f"nothing has come from the source {name} yet", subject=name)
