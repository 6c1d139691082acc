"""Every pod is admitted under the restricted standard, and the check would notice one that is not."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tests.deploy.cluster import APPLIED, RESTORING, pods
from tests.deploy.restricted import violations

Change = Callable[[dict[str, Any], dict[str, Any]], object]

BREACHES: dict[str, Change] = {
    "host network": lambda spec, _: spec.update(hostNetwork=True),
    "host path": lambda spec, _: spec["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
    "sysctl": lambda spec, _: spec["securityContext"].update(sysctls=[{"name": "a", "value": "1"}]),
    "root pod": lambda spec, _: spec["securityContext"].update(runAsUser=0),
    "root container": lambda _, one: one["securityContext"].update(runAsUser=0),
    "perhaps root": lambda spec, _: spec["securityContext"].pop("runAsNonRoot"),
    "no seccomp": lambda spec, _: spec["securityContext"].pop("seccompProfile"),
    "unconfined": lambda _, one: one["securityContext"].update(seccompProfile={"type": "Unconfined"}),
    "privileged": lambda _, one: one["securityContext"].update(privileged=True),
    "escalation": lambda _, one: one["securityContext"].pop("allowPrivilegeEscalation"),
    "capability kept": lambda _, one: one["securityContext"].pop("capabilities"),
    "capability added": lambda _, one: one["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]),
    "host port": lambda _, one: one["ports"][0].update(hostPort=8080),
    "proc": lambda _, one: one["securityContext"].update(procMount="Unmasked"),
    "no context": lambda _, one: one.pop("securityContext"),
}


@pytest.mark.parametrize("folder", APPLIED)
def test_every_pod_is_admitted_without_exception(folder: str) -> None:
    found = {pod.owner["metadata"]["name"]: violations(pod.spec) for pod in pods(folder)}

    assert found
    assert not any(found.values()), found


def test_the_pod_for_a_restore_is_admitted_too() -> None:
    (container,) = RESTORING["spec"]["containers"]

    assert violations(RESTORING["spec"]) == []
    assert RESTORING["spec"]["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("folder", APPLIED)
def test_every_root_file_system_is_read_only_and_no_pod_has_a_token(folder: str) -> None:
    for pod in pods(folder):
        assert pod.spec["automountServiceAccountToken"] is False
        for container in pod.containers:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_noticed(breach: str) -> None:
    (pod,) = pods("overlays/single")
    spec = deepcopy(dict(pod.spec))
    BREACHES[breach](spec, spec["containers"][0])

    assert violations(spec)
