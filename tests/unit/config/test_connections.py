"""Which connections there are, and what is said of those that there are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from afterclick.config.connections import ConnectionPlan, ResolvedConnection, resolve_connections
from afterclick.config.load import load
from afterclick.plugin.types import PluginInfo

ACCOUNT = {"ACME_TOKEN": "t0p-5151", "ACME_ACCOUNT": "7"}


@pytest.fixture
def plan(acme: PluginInfo, tmp_path: Path) -> Any:
    """Return a function that resolves a configuration for the one plugin."""

    def resolve(toml: str = "", *, broken: tuple[str, ...] = (), **environ: str) -> ConnectionPlan:
        path = tmp_path / "test.toml"
        path.write_text(toml, encoding="utf-8")
        plugins = {} if "acme" in broken else {"acme": acme}
        return resolve_connections(load(path, environ), plugins, environ, broken=broken)

    return resolve


def only(plan: ConnectionPlan) -> ResolvedConnection:
    assert plan.faults == ()
    assert len(plan.ready) == 1
    return plan.ready[0]


# Where a connection comes from


def test_nothing_set_leaves_the_plugin_idle(plan: Any) -> None:
    found = plan()

    assert found.ready == found.half_set == found.faults == ()
    assert [(idle.plugin, idle.hint) for idle in found.idle] == [("acme", "Set ACME_TOKEN, ACME_ACCOUNT.")]


def test_plugin_without_variables_hints_at_a_table(plan: Any, acme: PluginInfo) -> None:
    bare = msgspec.structs.replace(acme, environment={})
    found = resolve_connections(load(None, {}), {"acme": bare}, {})

    assert found.idle[0].hint == "Add a table [connections.acme]."


def test_plugin_that_takes_one_credential_or_another_hints_at_the_first(acme: PluginInfo) -> None:
    class Either(msgspec.Struct):
        token: str = ""
        app: str = ""

    either = msgspec.structs.replace(
        acme, settings=Either, environment={"ACME_TOKEN": "token", "ACME_APP": "app"}
    )
    found = resolve_connections(load(None, {}), {"acme": either}, {})

    assert found.idle[0].hint == "Set ACME_TOKEN."


def test_credentials_in_the_environment_make_a_connection(plan: Any) -> None:
    found = only(plan(**ACCOUNT))

    assert (found.name, found.plugin, found.base_url) == ("acme", "acme", "https://api.acme.example")
    assert msgspec.structs.asdict(found.settings) == {"api_token": "t0p-5151", "account": 7, "plan": "small"}
    assert (found.spaces, found.creates, found.mode, found.time_zone) == (None, True, "live", "UTC")


def test_table_makes_a_connection(plan: Any) -> None:
    found = only(plan("[connections.acme]\napi_token = 't0p'\naccount = 7\nplan = 'large'"))

    assert msgspec.structs.asdict(found.settings) == {"api_token": "t0p", "account": 7, "plan": "large"}


def test_general_variables_make_a_connection(plan: Any) -> None:
    found = only(
        plan(AFTERCLICK_CONNECTIONS__ACME__API_TOKEN="t0p", AFTERCLICK_CONNECTIONS__ACME__ACCOUNT="7")
    )

    assert found.name == "acme"


def test_table_goes_before_the_plugins_variables(plan: Any) -> None:
    found = only(plan("connections.acme.account = 8", **ACCOUNT))

    assert msgspec.structs.asdict(found.settings)["account"] == 8


def test_variables_fill_the_only_connection_of_another_name(plan: Any) -> None:
    found = only(plan("connections.acme-eu = {plugin = 'acme', account = 8}", ACME_TOKEN="t0p"))

    assert found.name == "acme-eu"
    assert msgspec.structs.asdict(found.settings) == {"api_token": "t0p", "account": 8, "plan": "small"}


def test_variables_make_a_connection_besides_several_of_other_names(plan: Any) -> None:
    own = "plugin = 'acme', api_token = 't0p', account = 1"
    found = plan(f"[connections]\none = {{{own}}}\ntwo = {{{own}}}", **ACCOUNT)

    assert [one.name for one in found.ready] == ["acme", "one", "two"]


def test_variables_are_lent_to_no_second_connection(plan: Any) -> None:
    found = plan("connections.acme = {}\nconnections.eu = {plugin = 'acme', account = 8}", **ACCOUNT)

    assert [one.name for one in found.ready] == ["acme"]
    assert [(one.connection, one.missing) for one in found.half_set] == [("eu", ("api_token",))]


def test_plugins_variable_may_set_the_base_url(plan: Any) -> None:
    assert only(plan(ACME_URL="https://eu.acme.example/", **ACCOUNT)).base_url == "https://eu.acme.example"


def test_plugin_without_an_address_needs_one(acme: PluginInfo) -> None:
    nowhere = msgspec.structs.replace(acme, base_url="")
    found = resolve_connections(load(None, {}), {"acme": nowhere}, ACCOUNT)

    assert found.half_set[0].missing == ("ACME_URL",)


@pytest.mark.parametrize(
    ("toml", "environ", "missing"),
    [
        ("", {"ACME_TOKEN": "t"}, ("ACME_ACCOUNT",)),
        ("", {"ACME_ACCOUNT": "7", "ACME_TOKEN": " "}, ("ACME_TOKEN",)),
        ("connections.acme = {}", {}, ("ACME_TOKEN", "ACME_ACCOUNT")),
        ("connections.eu = {plugin = 'acme', account = 7, api_token = ''}", {}, ("api_token",)),
    ],
)
def test_half_set_connection_names_what_is_missing(
    plan: Any, toml: str, environ: dict[str, str], missing: tuple[str, ...]
) -> None:
    found = plan(toml, **environ)

    assert found.ready == found.idle == found.faults == ()
    assert found.half_set[0].missing == missing


def test_unknown_plugin_is_a_fault_that_lists_the_installed(plan: Any) -> None:
    found = plan("connections.acne = {}", **ACCOUNT)

    assert [(fault.path, fault.problem) for fault in found.faults] == [
        ("connections.acne", "no plugin `acne` is installed")
    ]
    assert found.faults[0].remedy == "Did you mean `acme`? Installed: acme."


def test_connection_of_a_broken_plugin_is_skipped(plan: Any) -> None:
    found = plan("connections.eu.plugin = 'acme'", broken=("acme",))

    assert (found.skipped, found.faults) == (("eu",), ())


def test_without_plugins_one_is_told_how_to_get_it(tmp_path: Path) -> None:
    settings = load(None, {"AFTERCLICK_CONNECTIONS__ACME__ACCOUNT": "1"})

    assert (
        resolve_connections(settings, {}, {}).faults[0].remedy
        == "Install one: `pip install afterclick-acme`."
    )


# Its settings


@pytest.mark.parametrize(
    ("toml", "path", "problem"),
    [
        ("acount = 7", "acount", "there is no such setting"),
        ("spacs = ['a']", "spacs", "there is no such setting"),
        ("account = 'seven'", "account", "a whole number"),
        ("plan = 'huge'", "plan", "regex"),
        ("base_url = 'http://acme.example'", "base_url", "in the clear"),
        ("time_zone = 'Mars/Base'", "time_zone", "no known time zone"),
        ("limits.brst = 5", "limits.brst", "no such limit"),
        ("limits.burst = 0", "limits.burst", "never let a call through"),
        ("stages.winner = 'Won'", "stages.winner", "there is no such setting"),
        ("fields.nonsense = 'x'", "fields.nonsense", "no lead has an attribute"),
        ("api_token = 'env:NOWHERE'", "api_token", "NOWHERE is not set"),
        ("api_token = 'changeme'", "api_token", "is a sample"),
    ],
)
def test_impossible_settings_are_faults(plan: Any, toml: str, path: str, problem: str) -> None:
    found = plan(f"[connections.acme]\n{toml}", **ACCOUNT)
    faults = {fault.path: fault for fault in found.faults}

    assert found.ready == ()
    assert problem in faults[f"connections.acme.{path}"].problem
    assert faults[f"connections.acme.{path}"].remedy


def test_all_faults_of_all_connections_are_found(plan: Any) -> None:
    found = plan(
        "[connections.acme]\nplan = 'huge'\ntime_zone = 'x'\n[connections.eu]\nplugin = 'acme'\n"
        "api_token = 't0p'\naccount = 0",
        **ACCOUNT,
    )

    assert {fault.path for fault in found.faults} == {
        "connections.acme.plan",
        "connections.acme.time_zone",
        "connections.eu.account",
    }


def test_faults_hold_no_credential(plan: Any) -> None:
    found = plan("[connections.acme]\nplan = 'huge'\naccount = 0", ACME_TOKEN="t0p-5151")

    assert found.faults
    assert "5151" not in repr(found.faults)


def test_secret_settings_may_be_references(plan: Any, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n", encoding="utf-8")

    by_file = only(plan(f"connections.acme = {{api_token = 'file:{tmp_path / 'key'}', account = 7}}"))
    by_variable = only(plan("connections.acme = {api_token = 'env:KEY', account = 7}", KEY="from-env"))

    assert msgspec.structs.asdict(by_file.settings)["api_token"] == "from-file"
    assert msgspec.structs.asdict(by_variable.settings)["api_token"] == "from-env"


def test_other_settings_are_taken_as_they_stand(plan: Any, acme: PluginInfo) -> None:
    open_ = msgspec.structs.replace(acme, secrets=())
    settings = load(None, {"AFTERCLICK_CONNECTIONS__ACME__API_TOKEN": "env:KEY"})
    found = only(resolve_connections(settings, {"acme": open_}, {"ACME_ACCOUNT": "7"}))

    assert msgspec.structs.asdict(found.settings)["api_token"] == "env:KEY"


def test_connection_shows_no_credential(plan: Any) -> None:
    assert "5151" not in repr(plan(**ACCOUNT))


def test_plain_http_can_be_allowed(plan: Any) -> None:
    found = only(plan("connections.acme = {base_url = 'http://crm.internal', allow_http = true}", **ACCOUNT))

    assert found.base_url == "http://crm.internal"


def test_limits_keep_their_time_and_take_our_amount(plan: Any) -> None:
    found = only(plan("connections.acme.limits.burst = 40", **ACCOUNT))

    assert [(one.bucket, one.amount, one.seconds) for one in found.limits] == [
        ("burst", 40, 10),
        ("search", 5, 1),
    ]


def test_connection_serves_the_spaces_it_names(plan: Any) -> None:
    some = only(plan("connections.acme.spaces = ['shop']", **ACCOUNT))

    assert some.serves("shop")
    assert not some.serves("main")
    assert only(plan(**ACCOUNT)).serves("main")


def test_connection_knows_whether_stubs_expire(plan: Any) -> None:
    assert only(plan("leads.expire_stubs = '90d'", **ACCOUNT)).expires
    assert not only(plan(**ACCOUNT)).expires


# The digest of its mapping


def test_digest_is_the_same_for_the_same_mapping(plan: Any) -> None:
    one = only(plan("connections.acme = {spaces = ['a']}", **ACCOUNT))

    assert one.mapping_digest == only(plan(**ACCOUNT)).mapping_digest
    assert len(one.mapping_digest) == 16


@pytest.mark.parametrize(
    "toml",
    [
        "fields.campaign = 'utm'",
        "fields.campaign = false",
        "fields.campaign = {rule = 'fill'}",
        "fields.last_touch_campaign = 'utm'",
        "set_on_create.owner = 5",
        "stages.customer = 'Done'",
        "time_zone = 'Etc/GMT+5'",
        "creates = false",
    ],
)
def test_digest_changes_with_what_is_written(plan: Any, toml: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A machine without time zones must not fail here.
    monkeypatch.setattr("afterclick.config.connections.is_time_zone", lambda name: True)
    changed = only(plan(f"[connections.acme]\n{toml}", **ACCOUNT))

    assert changed.mapping_digest != only(plan(**ACCOUNT)).mapping_digest
