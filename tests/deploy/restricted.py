"""The *restricted* Pod Security Standard, as far as a manifest can break it.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
PROFILES = {"RuntimeDefault", "Localhost"}

Spec = Mapping[str, Any]


def violations(spec: Spec) -> list[str]:
    """Return what the standard forbids in a pod's spec; nothing if it is admitted."""
    return [*_of_pod(spec), *_of_containers(spec)]


def _of_pod(spec: Spec) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    for volume in spec.get("volumes", ()):
        for kind in volume.keys() - {"name"} - VOLUMES:
            yield f"volume {volume['name']} is of the kind {kind}"
    context = spec.get("securityContext", {})
    if context.get("sysctls"):
        yield "sysctls"
    if context.get("seLinuxOptions") or context.get("windowsOptions", {}).get("hostProcess"):
        yield "options of the host's security"
    if context.get("runAsUser") == 0:
        yield "the pod runs as root"


def _of_containers(spec: Spec) -> Iterator[str]:
    pod = spec.get("securityContext", {})
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind, ()):
            for problem in _of_container(container, pod):
                yield f"{container['name']}: {problem}"


def _of_container(container: Spec, pod: Spec) -> Iterator[str]:
    own = container.get("securityContext", {})
    profile = own.get("seccompProfile", pod.get("seccompProfile", {}))
    capabilities = own.get("capabilities", {})
    wrong = {
        "privileged": own.get("privileged", False),
        "may gain privileges": own.get("allowPrivilegeEscalation", True),
        "keeps capabilities": "ALL" not in capabilities.get("drop", ()),
        "adds capabilities": set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"},
        "may be root": own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True,
        "is root": own.get("runAsUser") == 0,
        "has no seccomp profile": profile.get("type") not in PROFILES,
        "unmasks /proc": own.get("procMount", "Default") != "Default",
        "takes a port of the host": any(port.get("hostPort") for port in container.get("ports", ())),
        "has another AppArmor profile": own.get("appArmorProfile", {}).get("type") == "Unconfined",
    }
    yield from (problem for problem, is_so in wrong.items() if is_so)
