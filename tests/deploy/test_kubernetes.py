"""The manifests fit the clusters that there are, and each other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest
import yaml
from tests.deploy import custom
from tests.deploy.cluster import (
    APPLIED,
    KUBERNETES,
    RESTORING,
    Manifest,
    environment,
    mounts,
    named,
    of_kind,
    pods,
    ports,
    rendered,
    selected,
    service_pod,
)
from tests.deploy.program import DEFAULTS, IMAGE, LEDGER, USER, admin_paths, tool

VERSIONS = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")


def faults(objects: list[Manifest], version: str, folder: Path) -> list[str]:
    """Return what a version of Kubernetes finds wrong, an unknown field included."""
    file = folder / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    command: list[str | Path] = [
        tool("kubernetes-validate"),
        "--strict",
        "--kubernetes-version",
        version,
        file,
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    passed = [line for line in told if " passed for " in line and f"against version {version}" in line]
    wrong = [line for line in told if line.startswith("ERROR")]
    assert len(passed) + len(wrong) == len(objects), told
    return wrong


def everything() -> list[Manifest]:
    """Return every object of every overlay, equal ones once."""
    found = [*(one for folder in APPLIED for one in rendered(folder)), RESTORING]
    return [one for number, one in enumerate(found) if one not in found[:number]]


@pytest.mark.parametrize("version", VERSIONS)
def test_objects_fit_the_schema_strictly(version: str, tmp_path: Path) -> None:
    built_in = [one for one in everything() if one["apiVersion"] not in custom.KINDS]

    assert faults(built_in, version, tmp_path) == []


def test_the_schemas_notice_a_misspelled_field(tmp_path: Path) -> None:
    stateful = named("overlays/single", "StatefulSet", "afterclick")
    wrong = {**stateful, "spec": {**stateful["spec"], "replica": 1}}
    (fault,) = faults([wrong], VERSIONS[-1], tmp_path)

    assert "'replica' was unexpected" in fault


def test_objects_of_operators_fit_their_kinds() -> None:
    found = [one for one in everything() if one["apiVersion"] in custom.KINDS]
    for one in found:
        msgspec.convert(one, custom.KINDS[one["apiVersion"]][one["kind"]])

    assert {one["kind"] for one in found} == {"ServiceMonitor", "PrometheusRule", "ExternalSecret"}


def test_every_overlay_and_component_is_rendered_by_a_test() -> None:
    folders = {str(path.parent.relative_to(KUBERNETES)) for path in KUBERNETES.rglob("kustomization.yaml")}
    used = (KUBERNETES / "examples/production/kustomization.yaml").read_text(encoding="utf-8")

    assert folders - {*APPLIED, "base"} == {f for f in folders if f.startswith("components/")}
    assert all(f"- ../../{folder}\n" in used for folder in folders if folder.startswith("components/"))


@pytest.mark.parametrize("folder", APPLIED)
def test_images_are_those_that_the_dockerfile_makes(folder: str) -> None:
    for pod in pods(folder):
        for container in pod.containers:
            assert container["image"].rpartition("/")[2] == IMAGE


@pytest.mark.parametrize("folder", APPLIED)
def test_ports_are_the_programs_and_services_lead_to_them(folder: str) -> None:
    serving = service_pod(folder)
    public, admin = named(folder, "Service", "afterclick"), named(folder, "Service", "afterclick-admin")

    assert ports(serving) == {"http": DEFAULTS.port, "admin": DEFAULTS.admin_port}
    assert [port["targetPort"] for port in public["spec"]["ports"]] == ["http"]
    assert [port["targetPort"] for port in admin["spec"]["ports"]] == ["admin"]
    for service in of_kind(folder, "Service"):
        reached = [pod for pod in pods(folder) if selected(pod.labels, service["spec"]["selector"])]
        assert len(reached) == 1
        for port in service["spec"]["ports"]:
            assert ports(reached[0])[port["targetPort"]] == port["port"]


@pytest.mark.parametrize("folder", APPLIED)
def test_the_admin_port_is_never_published(folder: str) -> None:
    assert not [
        one for one in of_kind(folder, "Service") if one["spec"].get("type", "ClusterIP") != "ClusterIP"
    ]
    for ingress in of_kind(folder, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            assert [path["backend"]["service"] for path in rule["http"]["paths"]] == [
                {"name": "afterclick", "port": {"name": "http"}}
            ]
        assert {rule["host"] for rule in ingress["spec"]["rules"]} == set(ingress["spec"]["tls"][0]["hosts"])


@pytest.mark.parametrize("folder", APPLIED)
def test_probes_ask_what_the_admin_port_answers(folder: str) -> None:
    (container,) = service_pod(folder).spec["containers"]
    asked = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}

    assert {probe["path"] for probe in asked.values()} <= admin_paths()
    assert {probe["port"] for probe in asked.values()} == {"admin"}
    # Ready is the ledger's word. Alive is not: a full disk must not restart what still folds and syncs.
    assert asked["readinessProbe"]["path"] == "/healthz/ready"
    assert asked["livenessProbe"]["path"] == "/healthz/live"
    assert environment(container)["AFTERCLICK_SERVER__ADMIN_HOST"] == "0.0.0.0"  # noqa: S104 - in the pod


@pytest.mark.parametrize("folder", APPLIED)
def test_a_stop_has_the_time_it_may_need(folder: str) -> None:
    # Requests and then batches may each take the grace period, and the ledger is closed after them.
    assert service_pod(folder).spec["terminationGracePeriodSeconds"] >= 2 * DEFAULTS.stop_grace + 5


@pytest.mark.parametrize("folder", APPLIED)
def test_two_never_serve_one_ledger(folder: str) -> None:
    owner = service_pod(folder).owner

    # A StatefulSet ends the old pod before it starts the new one; a Deployment need not.
    assert (owner["kind"], owner["spec"]["replicas"]) == ("StatefulSet", 1)
    assert owner["spec"]["updateStrategy"] == {"type": "RollingUpdate"}


@pytest.mark.parametrize("folder", ["overlays/single", "examples/production"])
def test_the_ledger_is_on_a_claim_that_outlives_the_pod(folder: str) -> None:
    serving = service_pod(folder)
    kinds = {path: kind for path, kind, _ in mounts(serving, serving.spec["containers"][0])}

    assert kinds[LEDGER] == "claim"
    assert set(serving.owner["spec"]["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    assert not of_kind(folder, "Namespace")


@pytest.mark.parametrize("folder", APPLIED)
def test_the_pods_user_is_the_images_and_owns_the_volumes(folder: str) -> None:
    for pod in pods(folder):
        context = pod.spec["securityContext"]
        assert context["runAsUser"] == context["runAsGroup"] == USER
        assert context.get("fsGroup", USER) == USER
    assert service_pod(folder).spec["securityContext"]["fsGroup"] == USER


def test_a_backup_is_put_back_as_the_services_user_on_its_volume() -> None:
    serving, spec = service_pod("overlays/single"), RESTORING["spec"]
    (container,), (volume,) = spec["containers"], spec["volumes"]
    (claim,) = serving.owner["spec"]["volumeClaimTemplates"]

    assert RESTORING["metadata"]["namespace"] == serving.owner["metadata"]["namespace"]
    assert volume["persistentVolumeClaim"]["claimName"] == f"{claim['metadata']['name']}-afterclick-0"
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == [LEDGER]
    assert container["image"] == IMAGE
    assert spec["securityContext"] == serving.spec["securityContext"]
    # No Service leads to it.
    assert not [
        one
        for one in of_kind("overlays/single", "Service")
        if selected(RESTORING["metadata"]["labels"], one["spec"]["selector"])
    ]


def test_prometheus_finds_the_admin_service() -> None:
    (monitor,) = of_kind("examples/production", "ServiceMonitor")
    admin = named("examples/production", "Service", "afterclick-admin")
    (endpoint,) = monitor["spec"]["endpoints"]

    assert selected(admin["metadata"]["labels"], monitor["spec"]["selector"]["matchLabels"])
    assert endpoint["port"] in {port["name"] for port in admin["spec"]["ports"]}
    assert endpoint["path"] in admin_paths()
    public = named("examples/production", "Service", "afterclick")
    assert not selected(public["metadata"]["labels"], monitor["spec"]["selector"]["matchLabels"])
