"""The Kubernetes manifests as kustomize renders them, and what a cluster would see in them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import yaml
from tests.deploy.program import DEPLOY, tool

from afterclick.config.environment import CONFIG_FILE

KUBERNETES = DEPLOY / "kubernetes"
APPLIED = ("overlays/single", "overlays/demo", "examples/production")
"""What people apply. Whoever adds an overlay adds it here."""

Manifest = Mapping[str, Any]


RESTORING: Manifest = yaml.safe_load((KUBERNETES / "restore.yaml").read_text(encoding="utf-8"))
"""The pod that holds the volume while a backup is put back."""


@cache
def rendered(folder: str) -> tuple[Manifest, ...]:
    """Return the objects of an overlay."""
    done = subprocess.run(
        [tool("kubectl"), "kustomize", KUBERNETES / folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


class Pod(NamedTuple):
    """A pod template, its labels and the object it belongs to."""

    owner: Manifest
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """Return every container, those that come first included."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]


def pods(folder: str) -> list[Pod]:
    """Return every pod template of an overlay."""
    templates = [
        (one, one["spec"]["template"]) for one in rendered(folder) if "template" in one.get("spec", {})
    ]
    return [Pod(owner, template["metadata"]["labels"], template["spec"]) for owner, template in templates]


def service_pod(folder: str) -> Pod:
    """Return the pod that serves."""
    (found,) = (pod for pod in pods(folder) if pod.spec["containers"][0].get("args") == ["serve"])
    return found


def of_kind(folder: str, kind: str) -> list[Manifest]:
    """Return the objects of one kind."""
    return [one for one in rendered(folder) if one["kind"] == kind]


def named(folder: str, kind: str, name: str) -> Manifest:
    """Return the only object of that kind and name."""
    (found,) = (one for one in of_kind(folder, kind) if one["metadata"]["name"] == name)
    return found


def selected(labels: Mapping[str, str], selector: Mapping[str, str]) -> bool:
    """Tell whether a selector takes an object with these labels."""
    return selector.items() <= labels.items()


def environment(container: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a container."""
    return {one["name"]: one["value"] for one in container.get("env", ())}


def ports(pod: Pod) -> dict[str, int]:
    """Return the named ports of a pod."""
    return {port["name"]: port["containerPort"] for one in pod.containers for port in one.get("ports", ())}


def mounts(pod: Pod, container: Mapping[str, Any]) -> Iterator[tuple[str, str, Manifest]]:
    """Yield path, kind of volume and volume for everything that is mounted."""
    volumes = {one["name"]: one for one in pod.spec.get("volumes", ())}
    claims = {one["metadata"]["name"]: one for one in pod.owner["spec"].get("volumeClaimTemplates", ())}
    for mount in container.get("volumeMounts", ()):
        if mount["name"] in claims:
            yield mount["mountPath"], "claim", claims[mount["name"]]
        else:
            (kind,) = volumes[mount["name"]].keys() - {"name"}
            yield mount["mountPath"], kind, volumes[mount["name"]][kind]


def config_text(folder: str) -> str:
    """Return the configuration that the pod mounts."""
    pod = service_pod(folder)
    container = pod.spec["containers"][0]
    path = PurePosixPath(environment(container)[CONFIG_FILE])
    mounted = {place: volume for place, kind, volume in mounts(pod, container) if kind == "configMap"}
    name = mounted[str(path.parent)]["name"]
    (found,) = (one for one in of_kind(folder, "ConfigMap") if one["metadata"]["name"] == name)
    text: str = found["data"][path.name]
    return text
