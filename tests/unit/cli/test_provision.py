"""Which account `afterclick provision` speaks of."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from afterclick.cli import app
from afterclick.errors import AfterclickError


@pytest.mark.parametrize(
    ("variables", "words", "says", "hint"),
    [
        (
            ("HUBSPOT_ACCESS_TOKEN", "PIPEDRIVE_API_TOKEN"),
            [],
            "which connection",
            "Ready: hubspot, pipedrive.",
        ),
        ((), [], "which connection", "Ready: none."),
        (("HUBSPOT_ACCESS_TOKEN",), ["sales"], "no connection 'sales'", "Ready: hubspot."),
        (("SF_CLIENT_ID",), ["salesforce"], "no connection 'salesforce'", "Set SF_"),
    ],
)
def test_connection_that_is_not_clear_is_asked_for_with_those_there_are(
    variables: tuple[str, ...],
    words: list[str],
    says: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEBHOOK_SECRET", "whsec_3f9c0d51b7a84e62a0c4d8e1f2b39576")
    for name in variables:
        monkeypatch.setenv(name, "given")

    failure = CliRunner().invoke(app, ["provision", *words]).exception

    assert isinstance(failure, AfterclickError)
    assert says in failure.message
    assert hint in str(failure.hint)
