"""What `afterclick serve` asks of the system before it starts."""

from __future__ import annotations

import resource

import pytest
from structlog.testing import capture_logs

from afterclick.cli.serve import allow_files

UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "after", "told"),
    [
        (1024, 4096, 1200, False),
        (1024, UNLIMITED, 1200, False),
        (1024, 1100, 1100, True),
        (256, 256, 256, True),
        (65_536, 65_536, 65_536, False),
        (UNLIMITED, UNLIMITED, UNLIMITED, False),
    ],
)
def test_open_files_are_allowed_for_every_connection(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, after: int, told: bool
) -> None:
    limits = {resource.RLIMIT_NOFILE: (soft, hard)}
    monkeypatch.setattr("resource.getrlimit", limits.__getitem__)
    monkeypatch.setattr("resource.setrlimit", limits.__setitem__)
    with capture_logs() as lines:
        allow_files(900)

    assert limits[resource.RLIMIT_NOFILE] == (after, hard)
    assert [line["event"] for line in lines] == ["open-files-scarce"] * told


def test_system_may_refuse_to_allow_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(which: int, limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr("resource.getrlimit", lambda which: (64, 4096))
    monkeypatch.setattr("resource.setrlimit", refuse)
    with capture_logs() as lines:
        allow_files(900)

    assert [(line["allowed"], line["needed"]) for line in lines] == [(64, 1200)]
