"""The reference of all settings, and the dump of those in force."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from afterclick.config.connection import CONNECTION_KEYS
from afterclick.config.describe import effective, plugin_markdown, reference_markdown, sections
from afterclick.config.environment import variable
from afterclick.config.load import load
from afterclick.plugin.types import PluginInfo

SECRET = "whsec_3f9c0d51b7a84e62"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where no configuration lies about."""
    monkeypatch.chdir(tmp_path)


def test_every_setting_is_described() -> None:
    rows = [row for section in sections() for row in section.rows]

    assert [row.path for row in rows if len(row.description) < 10 or not row.description.endswith(".")] == []
    assert all(section.title for section in sections())


def test_every_section_is_there() -> None:
    assert [section.path for section in sections()] == [
        "",
        "server",
        "ledger",
        "sources.<name>",
        "connections.<name>",
        "connections.<name>.fields.<attribute>",
        "leads",
        "identity",
        "referrals",
        "sync",
        "privacy",
        "retention",
        "log",
    ]


def test_every_setting_of_a_connection_is_there() -> None:
    rows = next(section.rows for section in sections() if section.path == "connections.<name>")

    assert tuple(row.key for row in rows) == CONNECTION_KEYS


@pytest.mark.parametrize(
    "line",
    [
        "| `port` | `AFTERCLICK_SERVER__PORT` | whole number | `8080` |",
        '| `stub_delay` | `AFTERCLICK_LEADS__STUB_DELAY` | span of time | `"10m"` |',
        '| `max_body` | `AFTERCLICK_SERVER__MAX_BODY` | size | `"256KiB"` |',
        "| `secrets` | `AFTERCLICK_SOURCES__<NAME>__SECRETS` | list of secrets | required |",
        '| `created` | `AFTERCLICK_REFERRALS__CREATED` | `auto`, `code`, `signup` | `"auto"` |',
        "| `pepper` | `AFTERCLICK_IDENTITY__PEPPER` | secret |  |",
        "| `keep_ip` | `AFTERCLICK_PRIVACY__KEEP_IP` | `true` or `false` | `false` |",
    ],
)
def test_reference_shows_variable_type_and_default(line: str) -> None:
    assert line in reference_markdown()


def test_plain_settings_have_the_variable_that_is_read() -> None:
    """What the reference calls a variable is one: set to its own default, it changes nothing."""
    expected = load(None, {})
    environ = {
        row.variable: row.default.strip("`").strip('"')
        for section in sections()
        for row in section.rows
        if row.default not in ("", "required") and "<" not in row.path
    }

    assert len(environ) > 20
    assert load(None, environ) == expected


def test_plugin_reference_shows_its_own_variables(acme: PluginInfo) -> None:
    text = plugin_markdown(acme)

    assert "| `api_token` | `ACME_TOKEN` | secret | required | The key of the API. |" in text
    assert '| `plan` | `AFTERCLICK_CONNECTIONS__ACME__PLAN` | text | `"small"` |' in text


def test_variable_of_a_path() -> None:
    assert variable("connections.hubspot-eu.base_url") == "AFTERCLICK_CONNECTIONS__HUBSPOT_EU__BASE_URL"


ENVIRON = {
    "WEBHOOK_SECRET": SECRET,
    "AFTERCLICK_SERVER__ADMIN_TOKEN": "admin-5151",
    "AFTERCLICK_IDENTITY__PEPPER": "pepper-5151",
    "AFTERCLICK_CONNECTIONS__ACME__API_TOKEN": "token-5151",
    "AFTERCLICK_CONNECTIONS__ACME__PLAN": "large",
    "AFTERCLICK_CONNECTIONS__ACME__FIELDS__TOKEN__RULE": "fill",
    "AFTERCLICK_STAGES__SIGNED_UP": "qualified",
}


def test_dump_is_toml_with_defaults_and_without_secrets(acme: PluginInfo) -> None:
    text = effective(load(None, ENVIRON), {"acme": acme})
    tree = tomllib.loads(text)

    assert "5151" not in text
    assert SECRET not in text
    assert tree["server"]["port"] == 8080
    assert tree["server"]["keep_alive"] == "75s"
    assert tree["sources"]["tolinku"]["secrets"] == ["***"]
    assert tree["stages"] == {"*": "customer", "signed_up": "qualified"}
    assert tree["connections"]["acme"]["plan"] == "large"
    assert tree["connections"]["acme"]["api_token"] == "***"
    assert tree["connections"]["acme"]["fields"] == {"token": {"rule": "fill"}}


def test_dump_masks_all_settings_of_unknown_plugins() -> None:
    tree = tomllib.loads(effective(load(None, ENVIRON)))

    assert tree["connections"]["acme"]["plan"] == "***"


def test_dump_names_the_place_of_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(SECRET, encoding="utf-8")
    settings = load(None, {"WEBHOOK_SECRET": f"file:{path},env:OTHER", "OTHER": SECRET})

    assert tomllib.loads(effective(settings))["sources"]["tolinku"]["secrets"] == [
        f"file:{path}",
        "env:OTHER",
    ]
