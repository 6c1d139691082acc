"""compose.yaml fits Compose's own schema and the program."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from tests.deploy import dockerfile
from tests.deploy.program import DEFAULTS, DEPLOY, IMAGE, LEDGER, configured, tool, unknown_variables

FILE = DEPLOY / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICE: dict[str, Any] = COMPOSE["services"]["afterclick"]

MONITORING = {
    "./prometheus/prometheus.yml",
    "./prometheus/rules",
    "./grafana/provisioning",
    "./grafana/dashboards",
}
"""What Prometheus and Grafana are given."""


def test_file_fits_the_schema_of_compose() -> None:
    command = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_image_is_the_one_that_the_dockerfile_makes() -> None:
    assert SERVICE["image"] == IMAGE
    assert (DEPLOY / SERVICE["build"]["context"] / SERVICE["build"]["dockerfile"]).is_file()


def test_configuration_loads_and_connects(tmp_path: Path) -> None:
    secrets = {f"/run/secrets/{name}": f"{name}-3f9c0d51b7a84e62" for name in SERVICE["secrets"]}
    around = {**dockerfile.environment(), **SERVICE["environment"]}
    settings, plan = configured("", around, secrets, tmp_path)

    assert unknown_variables([*SERVICE["environment"]]) == []
    assert [one.name for one in plan.ready] == ["hubspot"]
    assert plan.faults == ()
    assert set(SERVICE["secrets"]) == set(COMPOSE["secrets"])
    assert settings.sources["tolinku"].secrets[0].follows_a_file
    assert str(PurePosixPath(settings.ledger.path).parent) == LEDGER
    assert SERVICE["volumes"] == [f"ledger:{LEDGER}"]


def test_only_the_public_port_is_published_and_only_on_loopback() -> None:
    published = [port for one in COMPOSE["services"].values() for port in one["ports"]]

    assert SERVICE["ports"] == [f"127.0.0.1:{DEFAULTS.port}:{DEFAULTS.port}"]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_nothing_but_the_ledger_can_be_written_and_a_stop_has_its_time() -> None:
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in SERVICE["security_opt"]
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) >= 2 * DEFAULTS.stop_grace + 5


def test_monitoring_is_asked_for_and_mounts_what_deploy_holds() -> None:
    others = {name: one for name, one in COMPOSE["services"].items() if name != "afterclick"}
    mounts = {mount for one in others.values() for mount in one["volumes"] if mount.startswith("./")}

    assert {name: one["profiles"] for name, one in others.items()} == {
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }
    assert {mount.split(":")[0] for mount in mounts} == MONITORING
    assert all(mount.endswith(":ro") for mount in mounts)
