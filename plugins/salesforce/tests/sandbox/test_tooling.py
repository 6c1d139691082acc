"""What the Tooling API makes, where it makes anything."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import OpenAccount
from .soap import KEY


def definition(**more: Any) -> dict[str, Any]:
    whole = {"label": "Key", "type": "Text", "length": 64, "externalId": True, "unique": True}
    return {"FullName": KEY, "Metadata": {**whole, "caseSensitive": False, **more}}


@pytest.mark.parametrize("production", [False, True])
async def test_tooling_makes_fields_where_the_org_is_not_active(
    open_account: OpenAccount, production: bool
) -> None:
    account = await open_account(provisioned=False, production=production)
    path = "/tooling/sobjects/CustomField"
    as_user = await account.post(path, definition())
    account.token = account.sandbox.options.admin_token

    reply = await account.post(path, definition())

    assert as_user.status == 403
    if production:
        assert reply.message == "Save or update not supported in active organizations"
        return
    assert reply.status == 201
    assert reply.body["id"].startswith("00N")
    assert account.sandbox.org.tables["Lead"].sobject.fields["Deep_Link_Key__c"].unique
    assert (await account.post(path, definition())).code == "DUPLICATE_DEVELOPER_NAME"
    bad = {"FullName": "Lead.Other__c", "Metadata": definition(length=300)["Metadata"]}
    assert (await account.post(path, bad)).code == "FIELD_INTEGRITY_EXCEPTION"
    assert (await account.post(path, {})).code == "REQUIRED_FIELD_MISSING"
