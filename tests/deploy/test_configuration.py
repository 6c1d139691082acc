"""Every variable, file, command and secret in the manifests is one that the program has."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from tests.deploy import dockerfile
from tests.deploy.cluster import (
    APPLIED,
    Manifest,
    config_text,
    environment,
    mounts,
    of_kind,
    pods,
    rendered,
    selected,
    service_pod,
)
from tests.deploy.program import REFERENCE, configured, installed, parse, unknown_variables


def secret_keys(folder: str) -> set[str]:
    """Return the keys of the pod's Secret: its own, its store's, or those that the docs make by hand."""
    for one in rendered(folder):
        if one["kind"] == "ExternalSecret":
            return {entry["secretKey"] for entry in one["spec"]["data"]}
        if one["kind"] == "Secret":
            return set(one["data"])
    return {"webhook", "hubspot"}


@pytest.mark.parametrize("folder", APPLIED)
def test_variables_set_something_and_commands_exist(folder: str) -> None:
    for pod in pods(folder):
        for container in pod.containers:
            assert unknown_variables([*environment(container)]) == []
            parse(container["args"])


def test_a_variable_that_sets_nothing_is_noticed() -> None:
    names = ["AFTERCLICK_SERVER__PORTS", "AFTERCLICK_SOURCES__TOLINKU__SECRETS", "HUBSPOT_ACCESS_TOKENS"]

    assert unknown_variables(names) == ["AFTERCLICK_SERVER__PORTS", "HUBSPOT_ACCESS_TOKENS"]


@pytest.mark.parametrize("folder", APPLIED)
def test_the_whole_configuration_loads_and_connects(folder: str, tmp_path: Path) -> None:
    pod = service_pod(folder)
    container = pod.spec["containers"][0]
    (place,) = (path for path, kind, _ in mounts(pod, container) if kind == "secret")
    secrets = {f"{place}/{key}": f"{key}-3f9c0d51b7a84e62" for key in secret_keys(folder)}
    around = {**dockerfile.environment(), **environment(container)}
    text = config_text(folder)
    settings, plan = configured(text, around, secrets, tmp_path)

    assert set(REFERENCE.findall(text)) == set(secrets)
    assert [one.name for one in plan.ready] == [*settings.connections]
    assert [*plan.faults, *plan.half_set, *plan.skipped] == []
    writable = [path for path, kind, _ in mounts(pod, container) if kind in ("claim", "emptyDir")]
    assert str(PurePosixPath(settings.ledger.path).parent) in writable


def test_the_demo_reaches_its_sandboxes_and_nothing_else_of_the_cluster(tmp_path: Path) -> None:
    text = config_text("overlays/demo")
    secrets = dict.fromkeys(REFERENCE.findall(text), "demo-3f9c0d51b7a84e62")
    settings, _ = configured(text, {}, secrets, tmp_path)
    serving = service_pod("overlays/demo")
    services = {one["metadata"]["name"]: one for one in of_kind("overlays/demo", "Service")}
    for connection in settings.connections.values():
        host, _, port = connection.base_url.removeprefix("http://").partition(":")
        (target,) = services[host]["spec"]["ports"]
        assert target["port"] == int(port)
        (policy,) = _policies(services[host]["spec"]["selector"])
        (peer,) = policy["spec"]["ingress"][0]["from"]
        assert selected(serving.labels, peer["podSelector"]["matchLabels"])
        assert _egress_to(serving.labels, services[host]["spec"]["selector"])


def test_the_demo_has_every_crm_that_there_is(tmp_path: Path) -> None:
    text = config_text("overlays/demo")
    secrets = dict.fromkeys(REFERENCE.findall(text), "demo-3f9c0d51b7a84e62")
    settings, _ = configured(text, {}, secrets, tmp_path)
    arguments = [container["args"] for pod in pods("overlays/demo") for container in pod.containers]

    # Whoever adds a plugin adds its sandbox as those of the others are.
    for name in installed().plugins:
        assert name in settings.connections
        assert ["provision", name, "--apply"] in arguments
        assert ["sandbox", name] in [one[:2] for one in arguments]


def _policies(labels: Manifest) -> list[Manifest]:
    found = of_kind("overlays/demo", "NetworkPolicy")
    return [one for one in found if selected(labels, one["spec"]["podSelector"]["matchLabels"])]


def _egress_to(labels: Manifest, target: Manifest) -> bool:
    rules = [rule for one in _policies(labels) for rule in one["spec"].get("egress", ())]
    peers = [peer for rule in rules for peer in rule["to"]]
    return any(
        "podSelector" in peer and selected(target, peer["podSelector"]["matchLabels"]) for peer in peers
    )


@pytest.mark.parametrize("folder", APPLIED)
def test_the_network_lets_in_two_ports_and_lets_out_dns_and_https(folder: str) -> None:
    (policy,) = (one for one in of_kind(folder, "NetworkPolicy") if one["metadata"]["name"] == "afterclick")
    spec = policy["spec"]

    assert selected(service_pod(folder).labels, spec["podSelector"]["matchLabels"])
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert [[port["port"] for port in rule["ports"]] for rule in spec["ingress"]] == [["http"], ["admin"]]
    assert all(rule["from"] for rule in spec["ingress"])
    assert {port["port"] for rule in spec["egress"] for port in rule["ports"]} == {53, 443}
    (internet,) = (rule for rule in spec["egress"] if any("ipBlock" in peer for peer in rule["to"]))
    assert "169.254.0.0/16" in internet["to"][0]["ipBlock"]["except"]
