"""Every rule of the conformance kit catches the plugin that breaks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conformance import broken_adopting, broken_answers, broken_finding, broken_keeping, broken_writing
from tests.conformance.breaking import BREAKERS

from afterclick.testing import RULES, Broken, try_rule

BROKEN = (broken_adopting, broken_answers, broken_finding, broken_keeping, broken_writing)
"""Modules that register their breakers when they are imported."""


def test_every_rule_has_its_breaker() -> None:
    assert sorted(BREAKERS) == sorted(RULES)


@pytest.fixture(autouse=True)
def _no_socket_left() -> Iterator[None]:
    yield
    while broken_keeping.SOCKETS:
        broken_keeping.SOCKETS.pop().close()


@pytest.mark.parametrize("name", BREAKERS)
def test_rule_catches_its_breaker(name: str) -> None:
    breaker = BREAKERS[name]

    with pytest.raises(Broken) as caught:
        try_rule(RULES[name], breaker.crm)

    assert breaker.words in str(caught.value)
