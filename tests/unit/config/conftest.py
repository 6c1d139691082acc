"""A plugin as the configuration sees it: what it says of itself, and nothing behind it."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from afterclick.model.fields import FieldSpec, Kind, Rule
from afterclick.plugin.types import Limit, PluginInfo


class AcmeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an account of a CRM that does not exist."""

    api_token: Annotated[str, Meta(min_length=1, description="The key of the API.")]
    account: Annotated[int, Meta(ge=1, description="The number of the account.")]
    plan: Annotated[str, Meta(pattern="^(small|large)$", description="`small` or `large`.")] = "small"


@pytest.fixture
def acme() -> PluginInfo:
    """Return a plugin with two required settings, a limit, a stage and five fields."""
    return PluginInfo(
        name="acme",
        title="Acme",
        contract=1,
        settings=AcmeSettings,
        base_url="https://api.acme.example",
        secrets=("api_token",),
        environment={"ACME_TOKEN": "api_token", "ACME_ACCOUNT": "account", "ACME_URL": "base_url"},
        limits=(Limit(bucket="burst", amount=100, seconds=10), Limit(bucket="search", amount=5, seconds=1)),
        stages={"lead": "New", "customer": "Won"},
        fields=(
            FieldSpec(attribute="key", name="dl_key", title="Key", rule=Rule.KEY, unique=True),
            FieldSpec(attribute="token", name="dl_token", title="Token", max_length=64),
            FieldSpec(attribute="campaign", name="dl_campaign", title="Campaign"),
            FieldSpec(attribute="stage", name="status", title="Status", kind=Kind.CHOICE, rule=Rule.FORWARD),
            FieldSpec(attribute="last_name", name="surname", title="Surname", placeholder="Lead {token}"),
        ),
    )
