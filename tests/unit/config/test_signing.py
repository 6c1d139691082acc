"""Secrets of apps: what Standard Webhooks asks of them, told at the start with the remedy."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from tests.support.signing import OTHER_SECRET, SECRET

from afterclick.config.load import load
from afterclick.config.signing import fault_of_standard_secret
from afterclick.errors import ConfigurationError, Fault


def faults(tmp_path: Path, **environ: str) -> list[Fault]:
    file = tmp_path / "afterclick.toml"
    file.touch()
    with pytest.raises(ConfigurationError) as caught:
        load(file, environ)
    return caught.value.faults


def app(name: str, secrets: str) -> dict[str, str]:
    variable = f"AFTERCLICK_SOURCES__{name.upper()}__"
    return {variable + "KIND": "app", variable + "SECRETS": secrets}


@pytest.mark.parametrize("length", [24, 32, 64, 100])
def test_base64_of_enough_bytes_is_a_secret(length: int) -> None:
    encoded = base64.b64encode(bytes(range(length))).decode()

    assert fault_of_standard_secret(f"whsec_{encoded}") is None


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is empty"),
        ("whsec_", "is empty"),
        ("whsec_changeme", "is a sample"),
        (SECRET.removeprefix("whsec_"), "does not begin with `whsec_`"),
        (SECRET.replace("whsec_", "WHSEC_"), "does not begin with `whsec_`"),
        # The sender's own look the same and are no base64.
        ("whsec_3f9c0d51b7a84e62-a0c4d8e1f2b3", "holds no base64"),
        (SECRET.rstrip("="), "holds no base64"),
        (SECRET.replace("A", "_", 1), "holds no base64"),
        ("whsec_" + base64.b64encode(bytes(range(23))).decode(), "holds 23 bytes"),
    ],
)
def test_what_is_no_secret_says_why(value: str, problem: str) -> None:
    assert problem in (fault_of_standard_secret(value) or "")


def test_fault_names_the_place_and_how_to_make_one(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, **app("shop", f"{SECRET},whsec_3f9c0d51b7a84e62"))

    assert fault.path == "sources.shop.secrets[1] (AFTERCLICK_SOURCES__SHOP__SECRETS)"
    assert "openssl rand -base64 32" in fault.remedy


def test_secret_of_the_sender_may_be_any_text(tmp_path: Path) -> None:
    file = tmp_path / "afterclick.toml"
    file.touch()

    assert load(file, {"WEBHOOK_SECRET": "whsec_3f9c0d51b7a84e62"}).sources["tolinku"].secrets


def test_two_apps_may_not_share_a_secret(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, **app("shop", f"{OTHER_SECRET},{SECRET}"), **app("web", SECRET))

    assert fault.path.startswith("sources.web.secrets[0]")
    assert "source `shop`" in fault.problem
    assert SECRET not in str(fault)


def test_file_that_turns_bad_is_not_taken(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    file = tmp_path / "afterclick.toml"
    file.touch()
    [source] = load(file, app("shop", f"file:{secret}")).sources["shop"].secrets
    secret.write_text("whsec_not-of-this-scheme")

    assert source.changed()
    assert not source.refresh()
    assert "holds no base64" in (source.problem or "")
    assert [one.reveal() for one in source.values] == [SECRET]
