"""Worlds for the examples of one file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fuzz.world import World, world


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service without a CRM."""
    with world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service with a CRM."""
    with world(tmp_path_factory.mktemp("world"), crm=True) as made:
        yield made
