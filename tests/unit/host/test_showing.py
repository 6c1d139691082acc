"""A request as it may be shown: as it would be sent, without what must stay secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from afterclick.host.showing import Curtain
from afterclick.plugin.http import Outgoing

SECRET = "s3cr3t-of-the-account"


def curtain() -> Curtain:
    """Return the curtain of a connection with one secret."""
    resolved = SimpleNamespace(
        settings=SimpleNamespace(key=SECRET, note=""), info=SimpleNamespace(secrets=["key", "note"])
    )
    return Curtain(cast("Any", resolved), sent_to="http://127.0.0.1:9", goes_to="https://crm.example")


def outgoing(**changes: Any) -> Outgoing:
    """Return a request to the connection's address."""
    given: dict[str, Any] = {
        "method": "post",
        "url": "http://127.0.0.1:9/leads",
        "reads": False,
        "headers": {},
    }
    return Outgoing(**(given | changes))


def test_the_request_is_shown_with_the_address_it_would_go_to() -> None:
    shown = curtain().show(outgoing(body=b'{"deep_link_token": "may-sale"}', params={"limit": "5"}))

    assert (shown.method, shown.url) == ("POST", "https://crm.example/leads?limit=5")
    assert shown.body == {"deep_link_token": "may-sale"}
    assert shown.reads is False


def test_what_is_a_secret_by_its_name_is_masked() -> None:
    shown = curtain().show(
        outgoing(
            headers={"Authorization": "Bearer abc", "X-Api-Token": "abc", "Accept": "text/plain"},
            form={"client_secret": "abc", "grant_type": "refresh_token", "refresh_token": "abc"},
            params={"api_token": "abc"},
        )
    )

    assert shown.headers == {"Authorization": "***", "X-Api-Token": "***", "Accept": "text/plain"}
    assert shown.body == {"client_secret": "***", "grant_type": "refresh_token", "refresh_token": "***"}
    assert shown.url == "https://crm.example/leads?api_token=***"


def test_a_configured_secret_is_masked_wherever_it_stands() -> None:
    shown = curtain().show(
        outgoing(
            url=f"http://127.0.0.1:9/{SECRET}/leads",
            headers={"X-Own": f"key {SECRET}"},
            body=f'["{SECRET}", "plain"]'.encode(),
        )
    )

    assert shown.url == "https://crm.example/***/leads"
    assert shown.headers == {"X-Own": "key ***"}
    assert shown.body == ["***", "plain"]


def test_a_body_that_is_no_json_is_shown_as_text() -> None:
    assert curtain().show(outgoing(body=b"a,b\n1,2")).body == "a,b\n1,2"
    assert curtain().show(outgoing()).body is None
