"""The file and the environment, and every fault in them at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from afterclick.config.connection import FieldOverride
from afterclick.config.load import load
from afterclick.config.model import Settings
from afterclick.config.secrets import Secret, mask
from afterclick.errors import ConfigurationError, Fault
from afterclick.model.journey import DAY

SECRET = "whsec_3f9c0d51b7a84e62"
OTHER = "whsec_77aa0d51b7a8ffff"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work where no configuration lies about."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(toml: str = "", **environ: str) -> Settings:
    path = Path("test.toml")
    path.write_text(toml, encoding="utf-8")
    return load(path, environ)


def faults(toml: str = "", **environ: str) -> dict[str, Fault]:
    with pytest.raises(ConfigurationError) as refused:
        loaded(toml, **environ)
    return {fault.path: fault for fault in refused.value.faults}


def secrets_of(settings: Settings, source: str) -> list[str]:
    return [secret.reveal() for one in settings.sources[source].secrets for secret in one.values]


# Where it comes from


def test_nothing_set_gives_the_defaults() -> None:
    assert load(None, {}) == Settings()


def test_file_of_the_working_directory_is_read() -> None:
    Path("afterclick.toml").write_text("server.port = 81", encoding="utf-8")

    assert load(None, {}).server.port == 81


def test_file_named_by_variable_is_read() -> None:
    Path("other.toml").write_text("server.port = 82", encoding="utf-8")

    assert load(None, {"AFTERCLICK_CONFIG": "other.toml"}).server.port == 82


def test_named_file_goes_before_the_variable() -> None:
    Path("a.toml").write_text("server.port = 83", encoding="utf-8")

    assert load("a.toml", {"AFTERCLICK_CONFIG": "missing.toml"}).server.port == 83


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read"), (b"a = ", "is not TOML"), (b"a = '\xff'", "is not UTF-8")],
)
def test_unreadable_file_is_a_fault(content: bytes | None, problem: str) -> None:
    path = Path("bad.toml")
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=problem):
        load(path, {})


def test_environment_goes_before_the_file() -> None:
    settings = loaded("server = {port = 81, host = '127.0.0.1'}", AFTERCLICK_SERVER__PORT="82")

    assert (settings.server.port, settings.server.host) == (82, "127.0.0.1")


def test_empty_variable_counts_as_not_set() -> None:
    assert loaded("server.port = 81", AFTERCLICK_SERVER__PORT=" ").server.port == 81


@pytest.mark.parametrize(
    "name", ["AFTERCLICK_PORT", "AFTERCLICK_SERVICE_HOST", "AFTERCLICK_PORT_80_TCP", "OTHER__KEY"]
)
def test_variables_that_a_cluster_makes_are_left_alone(name: str) -> None:
    assert load(None, {name: "tcp://10.0.0.1:80"}) == Settings()


def test_variable_means_the_name_that_the_file_spells() -> None:
    settings = loaded(
        "connections.hubspot-eu.plugin = 'hubspot'", AFTERCLICK_CONNECTIONS__HUBSPOT_EU__CREATES="false"
    )

    assert list(settings.connections) == ["hubspot-eu"]
    assert settings.connections["hubspot-eu"].creates is False


# What values look like


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("AFTERCLICK_SERVER__PORT", "0", 0),
        ("AFTERCLICK_SERVER__MAX_BODY", "1MiB", 1_048_576),
        ("AFTERCLICK_SERVER__KEEP_ALIVE", "2m", 120.0),
        ("AFTERCLICK_SERVER__BODY_TIMEOUT", "2.5", 2.5),
        ("AFTERCLICK_LEADS__STUBS", "ledger", "ledger"),
        ("AFTERCLICK_PRIVACY__KEEP_IP", "true", True),
        ("AFTERCLICK_IDENTITY__PERSONAL_PREFIXES", "invite, vip", ("invite", "vip")),
        ("AFTERCLICK_IDENTITY__PERSONAL_PREFIXES", '["a,b"]', ("a,b",)),
        ("AFTERCLICK_IDENTITY__PEPPER", "salted", Secret("salted")),
    ],
)
def test_variables_are_read_by_the_type_they_go_to(variable: str, text: str, expected: object) -> None:
    section, key = variable.removeprefix("AFTERCLICK_").lower().split("__")

    assert getattr(getattr(load(None, {variable: text}), section), key) == expected


@pytest.mark.parametrize(
    ("value", "seconds"), [("600", 600), ("0.5", 0.5), ("'10m'", 600), ("'3d'", 259_200)]
)
def test_file_takes_numbers_and_spans_alike(value: str, seconds: float) -> None:
    assert loaded(f"leads.stub_delay = {value}").leads.stub_delay == seconds


def test_webhook_secret_alone_makes_a_source() -> None:
    settings = load(None, {"WEBHOOK_SECRET": f" {SECRET} "})

    assert secrets_of(settings, "tolinku") == [SECRET]
    assert settings.sources["tolinku"].kind == "tolinku"
    assert settings.sources["tolinku"].space == "main"


def test_webhook_secret_may_be_several_and_references() -> None:
    settings = load(None, {"WEBHOOK_SECRET": f"{SECRET},env:OLD", "OLD": OTHER})

    assert secrets_of(settings, "tolinku") == [SECRET, OTHER]


def test_webhook_secret_may_hold_a_comma() -> None:
    assert secrets_of(load(None, {"WEBHOOK_SECRET": "abc,def12345"}), "tolinku") == ["abc,def12345"]


def test_webhook_secret_counts_besides_those_of_the_file() -> None:
    settings = loaded(f"[sources.tolinku]\nspace = 'shop'\nsecrets = ['{OTHER}']", WEBHOOK_SECRET=SECRET)

    assert secrets_of(settings, "tolinku") == [OTHER, SECRET]
    assert settings.sources["tolinku"].space == "shop"


def test_sources_can_be_set_in_the_environment() -> None:
    settings = load(
        None,
        {
            "AFTERCLICK_SOURCES__SHOP__SECRETS": f"{SECRET}, {OTHER}",
            "AFTERCLICK_SOURCES__SHOP__SPACE": "Shop.2",
        },
    )

    assert secrets_of(settings, "shop") == [SECRET, OTHER]
    assert settings.sources["shop"].space == "Shop.2"


def test_source_follows_a_file_of_secrets(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(SECRET, encoding="utf-8")
    source = loaded(f"sources.tolinku.secrets = ['file:{path}']").sources["tolinku"].secrets[0]

    assert source.follows_a_file


def test_fields_take_a_name_a_switch_or_a_table() -> None:
    settings = loaded(
        "[connections.hubspot.fields]\ncampaign = 'utm'\nplatform = false\n"
        "token = {rule = 'fill', max_length = 20}"
    )

    assert settings.connections["hubspot"].fields == {
        "campaign": "utm",
        "platform": False,
        "token": FieldOverride(rule="fill", max_length=20),
    }


def test_fields_can_be_set_in_the_environment() -> None:
    prefix = "AFTERCLICK_CONNECTIONS__HUBSPOT__FIELDS__"
    settings = load(
        None, {f"{prefix}CAMPAIGN": "utm", f"{prefix}PLATFORM": "false", f"{prefix}TOKEN__NAME": "link_token"}
    )

    assert settings.connections["hubspot"].fields == {
        "campaign": "utm",
        "platform": False,
        "token": FieldOverride(name="link_token"),
    }


def test_constants_keep_their_type() -> None:
    settings = loaded("[connections.hubspot.set_on_create]\nowner = 5\nsource = '5'\nfree = true")

    assert settings.connections["hubspot"].set_on_create == {"owner": 5, "source": "5", "free": True}


def test_settings_of_plugins_are_kept_concealed() -> None:
    settings = load(None, {"AFTERCLICK_CONNECTIONS__HUBSPOT__ACCESS_TOKEN": "pat-na1-8d3f"})

    assert settings.connections["hubspot"].own == {"access_token": Secret("pat-na1-8d3f")}
    assert "pat-na1" not in repr(settings)
    assert b"pat-na1" not in msgspec.json.encode(settings, enc_hook=mask)


def test_stages_keep_their_default_for_other_milestones() -> None:
    assert loaded("stages.signup = 'qualified'").stages == {"*": "customer", "signup": "qualified"}
    assert loaded("stages = {'*' = 'lead'}").stages == {"*": "lead"}


def test_policy_is_what_the_model_takes() -> None:
    settings = loaded(
        "identity = {window = '2d', personal_prefixes = ['/invite/', 'vip', '/'], pepper = 'salted'}\n"
        "referrals.created = 'code'"
    )
    policy = settings.policy()

    assert policy.window == 2 * DAY
    assert policy.personal_prefixes == {"invite", "vip"}
    assert (policy.referrals_created, policy.pepper) == ("code", "salted")


def test_ledger_path_is_relative_or_absolute() -> None:
    assert loaded("ledger.url = 'sqlite:///a/b.db'").ledger.path == "a/b.db"
    assert loaded("ledger.url = 'sqlite:////a/b.db'").ledger.path == "/a/b.db"


# Faults


def test_every_fault_is_reported_at_once() -> None:
    found = faults(
        "[server]\nprot = 1\nport = 70000\n[log]\nlevel = 'loud'\n[sources.web]\nspace = 'a b'\n",
        WEBHOOK_SECRET="",
        AFTERCLICK_SERVER__KEEP_ALIVE="soon",
        AFTERCLICK_LEDGR__URL="x",
    )

    assert set(found) == {
        "server.prot",
        "server.port",
        "log.level",
        "sources.web.space",
        "sources.web.secrets",
        "sources.tolinku.secrets[0] (WEBHOOK_SECRET)",
        "server.keep_alive (AFTERCLICK_SERVER__KEEP_ALIVE)",
        "ledgr (AFTERCLICK_LEDGR__URL)",
    }
    assert all(fault.problem and fault.remedy for fault in found.values())


@pytest.mark.parametrize(
    ("toml", "path", "meant"),
    [
        ("servre = {}", "servre", "server"),
        ("server.prot = 1", "server.prot", "port"),
        ("sync.linge = 1", "sync.linge", "linger"),
        ("connections.x.fields.token.nmae = 'a'", "connections.x.fields.token.nmae", "name"),
    ],
)
def test_unknown_keys_are_faults_that_guess(toml: str, path: str, meant: str) -> None:
    assert faults(toml)[path].remedy == f"Did you mean `{meant}`?"


def test_unknown_key_far_from_all_lists_them() -> None:
    assert faults("privacy.zzz = 1")["privacy.zzz"].remedy == "Known here: keep_ip."


@pytest.mark.parametrize(
    ("toml", "path", "problem"),
    [
        ("server = 5", "server", "is no table"),
        ("server.port = 'many'", "server.port", "a whole number"),
        ("server.port = -1", "server.port", ">= 0"),
        ("server.max_body = '1 horse'", "server.max_body", "is no size"),
        ("server.max_body = 10", "server.max_body", ">= 1024"),
        ("leads.stub_delay = 'later'", "leads.stub_delay", "is no duration"),
        ("leads.stub_delay = -1", "leads.stub_delay", ">= 0"),
        ("identity.window = 7", "identity.window", ">= 3600"),
        ("identity.personal_prefixes = 5", "identity.personal_prefixes", "is no list"),
        ("identity.personal_prefixes = ['a', {}]", "identity.personal_prefixes[1]", "text"),
        ("identity.pepper = 5", "identity.pepper", "is no text"),
        ("privacy.keep_ip = 'perhaps'", "privacy.keep_ip", "`true` or `false`"),
        ("stages.signup = 'winner'", "stages.signup", "invalid enum value 'winner'"),
        ("sources.tolinku = {}", "sources.tolinku.secrets", "is missing"),
        ("sources.tolinku.secrets = []", "sources.tolinku.secrets", "is empty"),
        ("sources.tolinku.secrets = 5", "sources.tolinku.secrets", "is no list"),
        (f"sources.Tolinku.secrets = ['{SECRET}']", "sources.Tolinku", "no possible name"),
        (f"sources.other.secrets = ['{SECRET}']", "sources.other", "meaning of its own"),
        ("connections.fold = {}", "connections.fold", "meaning of its own"),
        ("connections.x.spaces = ['a b']", "connections.x.spaces[0]", "regex"),
        ("connections.x.mode = 'dry'", "connections.x.mode", "invalid enum value 'dry'"),
        ("connections.x.daily_budget = -1", "connections.x.daily_budget", ">= 0"),
        ("connections.x.fields.token = 5", "connections.x.fields.token", "expected"),
        ("connections.x.fields.token.rule = 'key'", "connections.x.fields.token.rule", "'key'"),
        ("ledger.url = 'postgresql://h/d'", "ledger.url", "no address of a ledger"),
        ("ledger.url = 'sqlite:///'", "ledger.url", "no address of a ledger"),
        ("sync = {lease = 4, renew = 3}", "sync.renew", "more than half"),
        ("sync = {backoff_first = 9, backoff_max = 8}", "sync.backoff_first", "is longer than"),
        ("server = {port = 81, admin_port = 81}", "server.admin_port", "port of senders"),
    ],
)
def test_impossible_values_are_faults(toml: str, path: str, problem: str) -> None:
    fault = faults(toml)[path]

    assert problem in fault.problem
    assert fault.remedy


def test_both_ports_may_be_chosen_freely() -> None:
    settings = loaded("server = {port = 0, admin_port = 0}")

    assert settings.server.port == settings.server.admin_port == 0


@pytest.mark.parametrize(
    "environ", [{"WEBHOOK_SECRET": "whsec_sample_5151"}, {"AFTERCLICK_SOURCES__A__SECRETS": ""}]
)
def test_sample_and_empty_secrets_are_refused(environ: Mapping[str, str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(None, environ)

    assert len(refused.value.faults) == 1
    assert "5151" not in str(refused.value)
